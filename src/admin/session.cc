#include "admin/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "admin/java_text.h"

namespace mq::admin {

namespace {

constexpr std::string_view kFaq = "https://rocketmq.apache.org/docs/bestPractice/06FAQ";

std::string with_faq(std::string text) {
  if (text.find("\nSee ") == std::string::npos) text += fmt::format("\nFor more information, please visit the url, {}", kFaq);
  return text;
}

}  // namespace

Failure client_failure(int32_t code, std::string_view text) {
  return fail(Errc::kRefused, with_faq(fmt::format("CODE: {}  DESC: {}", code, text)));
}

Failure client_failure(std::string_view text) { return fail(Errc::kRefused, with_faq(std::string(text))); }

Failure broker_failure(const remoting::ResponseBase& r, std::string_view addr) {
  return fail(Errc::kRefused, with_faq(fmt::format("CODE: {}  DESC: {} BROKER: {}", r.code, r.remark, addr)));
}

Session::Session(env::Env& env, std::vector<std::string> namesrvs, const remoting::Tls* tls, wire::Credentials credentials)
    : env_(env), namesrvs_(std::move(namesrvs)), client_(env, {.tls = tls, .credentials = std::move(credentials)}) {}

void Session::write(std::string_view text) {
  if (!records_) std::fwrite(text.data(), 1, text.size(), stdout);
}

static void write_to_stderr(const std::string& line) {
  std::fflush(stdout);
  std::fwrite(line.data(), 1, line.size(), stderr);
}

void Session::complain(const Error& failure) { write_to_stderr(failure.message() + "\n"); }

void Session::show_remark(const std::string& addr, const std::string& remark) {
  if (!remark.empty()) write_to_stderr(addr + ": " + remark + "\n");
}

std::string Session::call_text(const Error& error, std::string_view addr, int64_t timeout_ms, std::string_view shown) {
  if (error.code() == Errc::kTimeout) return fmt::format("wait response on the channel </{}> timeout, {}(ms)", addr, timeout_ms);
  return fmt::format("connect to {} failed ({})", shown.empty() ? addr : shown, error.message());
}

Result<std::string> Session::query_message(const std::string& addr, const std::string& topic, const std::string& key, int32_t max, int64_t begin_ms,
                                           int64_t end_ms, bool unique) {
  constexpr int64_t kTimeoutMs = 15'000;
  auto r = client_.call_raw(addr, wire::RequestInfo<wire::RequestCode::QUERY_MESSAGE>::code,
                            {{"topic", topic}, {"key", key}, {"maxNum", std::to_string(max)}, {"beginTimestamp", std::to_string(begin_ms)},
                             {"endTimestamp", std::to_string(end_ms)}, {"_UNIQUE_KEY_QUERY", unique ? "true" : "false"}},
                            {}, kTimeoutMs);
  if (!r) return fail(Errc::kIo, call_text(r.error(), addr, kTimeoutMs));
  if (r->code == static_cast<int32_t>(wire::ResponseCode::QUERY_NOT_FOUND)) return std::string();
  if (r->code != 0) return broker_failure(*r, addr);
  return std::move(r->body);
}

Result<wire::TopicRouteData> Session::route(const std::string& topic) {
  MQ_TRY(const auto r, ask_namesrv<wire::RequestCode::GET_ROUTEINFO_BY_TOPIC>({.topic = topic}));
  return wire::topic_route_from(r.body);
}

Result<wire::ClusterInfo> Session::cluster_info() {
  MQ_TRY(const auto r, ask_namesrv<wire::RequestCode::GET_BROKER_CLUSTER_INFO>());
  return wire::cluster_info_from(r.body);
}

Result<std::vector<std::string>> Session::topics() {
  MQ_TRY(const auto r, ask_namesrv<wire::RequestCode::GET_ALL_TOPIC_LIST_FROM_NAMESERVER>());
  MQ_TRY(auto list, wire::topic_list_from(r.body));
  return std::move(list.topicList);
}

Result<std::vector<wire::BrokerData>> Session::brokers_in(const std::string& cluster) {
  MQ_TRY(const wire::ClusterInfo info, cluster_info());
  std::vector<wire::BrokerData> found;
  const auto names = info.clusterAddrTable.find(cluster);
  if (names == info.clusterAddrTable.end()) {
    print("[error] {}", kNoCluster);
    return found;
  }
  for (const std::string& name : names->second) {
    if (const auto broker = info.brokerAddrTable.find(name); broker != info.brokerAddrTable.end()) found.push_back(broker->second);
  }
  return found;
}

Result<std::vector<std::string>> Session::masters(const std::string& cluster) {
  MQ_TRY(const auto brokers, brokers_in(cluster));
  std::vector<std::string> found;
  for (const wire::BrokerData& b : brokers) if (b.brokerAddrs.contains(0)) found.push_back(b.brokerAddrs.at(0));
  hash_order(found, [](const std::string& s) { return std::string_view(s); });
  return found;
}

Result<std::vector<std::string>> Session::all_brokers(const std::string& cluster) {
  MQ_TRY(const auto brokers, brokers_in(cluster));
  std::vector<std::string> found;
  for (const wire::BrokerData& b : brokers) for (const auto& [id, addr] : b.brokerAddrs) found.push_back(addr);
  hash_order(found, [](const std::string& s) { return std::string_view(s); });
  return found;
}

Result<std::vector<Session::HeadedBroker>> Session::headed_brokers(const std::string& cluster) {
  MQ_TRY(const auto brokers, brokers_in(cluster));
  std::vector<HeadedBroker> found;
  for (const wire::BrokerData& b : brokers) {
    const std::string master = b.brokerAddrs.contains(0) ? b.brokerAddrs.at(0) : "NO_MASTER";
    if (b.brokerAddrs.contains(0)) found.push_back({"Master: " + master, master});
    for (const auto& [id, addr] : b.brokerAddrs) {
      if (id != 0) found.push_back({fmt::format("My Master: {}=====Slave: {}", master, addr), addr});
    }
  }
  return found;
}

std::string Session::address_of(const wire::BrokerData& b) { return b.brokerAddrs.empty() ? "" : b.brokerAddrs.begin()->second; }

std::string Session::address_in(const wire::TopicRouteData& route, std::string_view broker) {
  for (const wire::BrokerData& b : route.brokerDatas) if (b.brokerName == broker) return address_of(b);
  return {};
}

std::vector<std::pair<std::string, std::string>> Session::brokers_of(const wire::TopicRouteData& route) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const wire::BrokerData& b : route.brokerDatas) {
    if (std::string addr = address_of(b); !addr.empty()) found.emplace_back(b.brokerName, std::move(addr));
  }
  return found;
}

std::vector<wire::MessageQueue> Session::readable_queues(const std::string& topic, const wire::TopicRouteData& route) {
  std::vector<wire::MessageQueue> queues;
  for (const wire::QueueData& q : route.queueDatas) {
    if (!(q.perm & 4)) continue;
    for (int32_t i = 0; i < q.readQueueNums; ++i) queues.push_back({topic, q.brokerName, i});
  }
  return queues;
}

}  // namespace mq::admin
