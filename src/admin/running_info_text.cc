#include "admin/running_info_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "admin/java_text.h"
#include "base/time_text.h"
#include "wire/bodies/client.h"

namespace mq::admin {

namespace {

constexpr int64_t kBlockedMs = 60'000;
constexpr int64_t kSettledMs = 120'000;   // from then on a consumer's subscriptions are taken as they are

/// yyyyMMddHHmmssSSS in the local zone.
std::string date_digits(const Json& ms) {
  const int64_t t = ms.as_int();
  return time_text(local_time(t), "%Y%m%d%H%M%S") + fmt::format("{:03}", millis_of(t));
}

/// Members of a table by queue in the order of MessageQueue.compareTo.
std::vector<std::pair<wire::MessageQueue, const Json*>> by_queue(const Json& table) {
  std::vector<std::pair<wire::MessageQueue, const Json*>> rows;
  for (const auto& [key, value] : table.members()) rows.emplace_back(wire::message_queue_from(key), &value);
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  return rows;
}

std::string process_queue_text(const Json& p) {
  const auto number = [&](std::string_view name) { return p[name].as_int(); };
  return fmt::format(
      "ProcessQueueInfo [commitOffset={}, cachedMsgMinOffset={}, cachedMsgMaxOffset={}, cachedMsgCount={}, cachedMsgSizeInMiB={}, "
      "transactionMsgMinOffset={}, transactionMsgMaxOffset={}, transactionMsgCount={}, locked={}, tryUnlockTimes={}, lastLockTimestamp={}, droped={}, "
      "lastPullTimestamp={}, lastConsumeTimestamp={}]",
      number("commitOffset"), number("cachedMsgMinOffset"), number("cachedMsgMaxOffset"), number("cachedMsgCount"), number("cachedMsgSizeInMiB"),
      number("transactionMsgMinOffset"), number("transactionMsgMaxOffset"), number("transactionMsgCount"), p["locked"].as_bool(),
      number("tryUnlockTimes"), date_digits(p["lastLockTimestamp"]), p["droped"].as_bool(), date_digits(p["lastPullTimestamp"]),
      date_digits(p["lastConsumeTimestamp"]));
}

std::string pop_queue_text(const Json& p) {
  return fmt::format("PopProcessQueueInfo [waitAckCount:{}, droped:{}, lastPopTimestamp:{}]", p["waitAckCount"].as_int(), p["droped"].as_bool(),
                     p["lastPopTimestamp"].as_int());
}

std::string queue_row(const wire::MessageQueue& q, size_t topic_width, std::string_view last) {
  return fmt::format("{}  {}  {}  {}\n", pad(q.topic, topic_width), pad(q.brokerName, 32), pad(std::to_string(q.queueId), 4), last);
}
std::string queue_heading(std::string_view title, size_t topic_width, std::string_view last) {
  return fmt::format("\n\n#Consumer {}#\n{}  {}  {}  {}\n", title, pad("#Topic", topic_width), pad("#Broker Name", 32), pad("#QID", 4), pad(last, 20));
}

std::string status_text(const Json& table) {
  std::string text = fmt::format("\n\n#Consumer RT&TPS#\n{:<64}  {:>14} {:>14} {:>14} {:>14} {:>18} {:>25}\n", "#Topic", "#Pull RT", "#Pull TPS",
                                 "#Consume RT", "#ConsumeOK TPS", "#ConsumeFailed TPS", "#ConsumeFailedMsgsInHour");
  std::map<std::string, const Json*> topics;
  for (const auto& [topic, status] : table.members()) topics[topic.as_string()] = &status;
  for (const auto& [topic, s] : topics) {
    const auto number = [&](std::string_view name, size_t width) { return pad_left(fixed((*s)[name].as_double(), 2), width); };
    text += fmt::format("{}  {} {} {} {} {} {}\n", pad(topic, 32), number("pullRT", 14), number("pullTPS", 14), number("consumeRT", 14),
                        number("consumeOKTPS", 14), number("consumeFailedTPS", 18), pad_left(std::to_string((*s)["consumeFailedMsgs"].as_int()), 25));
  }
  return text;
}

std::string pairs_text(const Json& object) {
  std::map<std::string, std::string> sorted;
  for (const auto& [key, value] : object.members()) sorted[key.as_string()] = value.is_string() ? value.as_string() : to_text(value);
  std::string text;
  for (const auto& [key, value] : sorted) text += fmt::format("{}: {}\n", pad(key, 40), value);
  return text;
}

/// "topic@expression" of each subscription.
std::set<std::string> subscriptions_of(const Json& info) {
  std::set<std::string> found;
  for (const Json& s : info["subscriptionSet"].items()) found.insert(s["topic"].as_string() + "@" + s["subString"].as_string());
  return found;
}

}  // namespace

std::string running_info_text(const Json& info) {
  std::string text = "#Consumer Properties#\n" + pairs_text(info["properties"]);

  text += "\n\n#Consumer Subscription#\n";
  std::vector<wire::SubscriptionData> subscriptions;
  for (const Json& s : info["subscriptionSet"].items()) subscriptions.push_back(wire::subscription_from(s));
  std::sort(subscriptions.begin(), subscriptions.end(), [](const auto& a, const auto& b) { return a.topic + "@" + a.subString < b.topic + "@" + b.subString; });
  int32_t i = 0;
  for (const wire::SubscriptionData& s : subscriptions) {
    text += fmt::format("{:03} Topic: {} ClassFilter: {} SubExpression: {}\n", ++i, pad(s.topic, 40), pad(s.classFilterMode ? "true" : "false", 8), s.subString);
  }

  const auto queues = by_queue(info["mqTable"]);
  text += queue_heading("Offset", 64, "#Consumer Offset");
  // QUIRK: narrower than the heading.
  for (const auto& [q, p] : queues) text += queue_row(q, 32, pad(std::to_string((*p)["commitOffset"].as_int()), 20));
  text += queue_heading("MQ Detail", 64, "#ProcessQueueInfo");
  for (const auto& [q, p] : queues) text += queue_row(q, 64, process_queue_text(*p));
  text += queue_heading("Pop Detail", 32, "#ProcessQueueInfo");
  for (const auto& [q, p] : by_queue(info["mqPopTable"])) text += queue_row(q, 32, pop_queue_text(*p));
  text += status_text(info["statusTable"]);
  text += "\n\n#User Consume Info#\n" + pairs_text(info["userConsumerInfo"]);
  if (const Json* stacks = info.find("jstack"); stacks && !stacks->is_null()) text += "\n\n#Consumer jstack#\n" + stacks->as_string();
  return text;
}

bool is_push_consumer(const Json& info) { return info["properties"]["PROP_CONSUME_TYPE"].as_string() == "CONSUME_PASSIVELY"; }

bool same_subscriptions(const std::map<std::string, Json>& clients, int64_t now_ms) {
  if (clients.empty()) return true;
  const Json& first = clients.begin()->second;
  const int64_t started = first["properties"]["PROP_CONSUMER_START_TIMESTAMP"].as_int();
  if (!is_push_consumer(first) || now_ms - started <= kSettledMs) return true;
  return std::all_of(clients.begin(), clients.end(), [&](const auto& c) { return subscriptions_of(c.second) == subscriptions_of(first); });
}

std::string queue_complaints(const std::string& client_id, const Json& info, int64_t now_ms) {
  std::string text;
  if (!is_push_consumer(info)) return text;
  const bool orderly = info["properties"]["PROP_CONSUMEORDERLY"].as_bool();
  for (const auto& [q, p] : by_queue(info["mqTable"])) {
    const std::string who = client_id + " " + queue_text(q);
    if (orderly && !(*p)["locked"].as_bool()) {
      text += fmt::format("{} can't lock for a while, {}ms\n", who, now_ms - (*p)["lastLockTimestamp"].as_int());
    } else if (orderly && (*p)["droped"].as_bool() && (*p)["tryUnlockTimes"].as_int() > 0) {
      text += fmt::format("{} unlock {} times, still failed\n", who, (*p)["tryUnlockTimes"].as_int());
    } else if (const int64_t idle = now_ms - (*p)["lastConsumeTimestamp"].as_int(); !orderly && idle > kBlockedMs && (*p)["cachedMsgCount"].as_int() > 0) {
      text += fmt::format("{} can't consume for a while, maybe blocked, {}ms\n", who, idle);
    }
  }
  return text;
}

}  // namespace mq::admin
