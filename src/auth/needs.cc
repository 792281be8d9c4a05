#include "auth/needs.h"

#include <algorithm>
#include <array>

#include "base/split.h"
#include "base/text.h"
#include "msg/names.h"
#include "wire/bodies/client.h"

namespace mq::auth {

namespace {

constexpr ActionSet kPub = actions(Action::kPub), kSub = actions(Action::kSub), kGet = actions(Action::kGet), kUpdate = actions(Action::kUpdate),
                    kCreate = actions(Action::kCreate), kDelete = actions(Action::kDelete), kSubGet = actions(Action::kSub, Action::kGet),
                    kSubUpdate = actions(Action::kSub, Action::kUpdate), kPubSubGet = actions(Action::kPub, Action::kSub, Action::kGet);

struct FieldOf {
  std::string_view name;         // empty: none
  ResourceType type = ResourceType::kUnknown;
  std::string_view separator;    // for lists of names
};
struct Row {
  int32_t code;
  ActionSet any_of;
  std::array<FieldOf, 3> fields;   // a field that is absent is not asked about
  bool cluster = false;            // without any of them: this server's cluster
};

constexpr FieldOf topic(std::string_view field = "topic") { return {field, ResourceType::kTopic, {}}; }
constexpr FieldOf group(std::string_view field = "consumerGroup") { return {field, ResourceType::kGroup, {}}; }
constexpr FieldOf cluster(std::string_view field = "clusterName") { return {field, ResourceType::kCluster, {}}; }
constexpr FieldOf topics(std::string_view field, std::string_view separator) { return {field, ResourceType::kTopic, separator}; }
constexpr FieldOf groups(std::string_view field, std::string_view separator) { return {field, ResourceType::kGroup, separator}; }
constexpr Row of_cluster(int32_t code, ActionSet any_of, FieldOf field = {}) { return {code, any_of, {field}, true}; }

/// RocketMQ's annotations of header classes, by code.
constexpr std::array kRows{
    Row{12, kSubGet, {topic()}}, Row{17, kCreate, {topic()}}, Row{29, kGet, {topic()}}, Row{30, kGet, {topic()}}, Row{31, kGet, {topic()}},
    Row{32, kGet, {topic()}}, Row{33, kGet, {topic()}},
    of_cluster(100, kUpdate), of_cluster(101, kGet), of_cluster(102, kUpdate), of_cluster(103, kUpdate, cluster()), of_cluster(104, kUpdate, cluster()),
    Row{202, kGet, {topic()}}, Row{203, kGet, {group()}}, of_cluster(204, kGet), of_cluster(205, kUpdate),
    Row{207, kDelete, {group("groupName")}}, Row{208, kGet, {group(), topic(), topics("topicList", ";")}}, Row{215, kDelete, {topic()}},
    of_cluster(216, kUpdate, cluster()), of_cluster(217, kUpdate), of_cluster(219, kGet),
    Row{222, kUpdate, {group("group"), topic()}}, Row{223, kGet, {topic(), group("group")}},
    Row{300, kGet, {topic()}}, Row{303, kGet, {topic(), group("group")}}, Row{307, kGet, {group()}},
    Row{308, kGet, {groups("filterGroups", ","), group("compareGroup"), topic()}}, Row{309, kSub, {group(), topic()}},
    Row{314, kUpdate, {group("destGroup"), topic()}}, of_cluster(315, kGet), of_cluster(317, kGet),
    of_cluster(318, kUpdate), of_cluster(319, kGet),   // a NameServer's; a Java NameServer asks nobody
    Row{321, kGet, {topic(), group()}}, of_cluster(322, kGet, cluster()), Row{323, kUpdate, {topic()}}, of_cluster(327, kUpdate), of_cluster(328, kGet),
    Row{343, kGet, {group("group")}}, Row{345, kGet, {group("group"), topic()}}, Row{351, kGet, {topic()}}, Row{352, kGet, {group("group")}},
    Row{353, kUpdate, {group("group"), topic()}}, Row{354, kGet, {topic()}}, of_cluster(355, kGet), Row{370, kPub, {topic()}},
    Row{901, kGet, {cluster()}}, of_cluster(902, kUpdate), of_cluster(903, kUpdate, cluster("brokerClusterName")), of_cluster(904, kUpdate, cluster()),
    of_cluster(905, kUpdate), of_cluster(906, kUpdate), of_cluster(908, kUpdate), of_cluster(1001, kUpdate), of_cluster(1002, kUpdate, cluster()),
    of_cluster(1003, kUpdate, cluster()), of_cluster(1004, kGet), of_cluster(1008, kUpdate), of_cluster(1011, kUpdate, cluster()),
    of_cluster(1012, kGet, cluster()), of_cluster(1013, kUpdate, cluster()),
    of_cluster(3001, kUpdate), of_cluster(3002, kUpdate), of_cluster(3003, kUpdate), of_cluster(3004, kGet), of_cluster(3005, kGet),
    of_cluster(3006, kUpdate), of_cluster(3007, kUpdate), of_cluster(3008, kUpdate), of_cluster(3009, kGet), of_cluster(3010, kGet),
    Row{200050, kSub, {group(), topic()}}, Row{200051, kSub, {group(), topic()}}, Row{200052, kSub, {topic(), group()}},
    Row{200053, kSub, {group(), topic()}}, Row{200054, kSub, {group(), topic()}}, Row{200055, kGet, {group(), topic()}},
};
static_assert(std::ranges::is_sorted(kRows, {}, &Row::code));

class Finder {
 public:
  Finder(const wire::Frame& frame, Needs& out) : frame_(frame), out_(out) {}

  std::string_view field(std::string_view name) const noexcept { return frame_.ext.find(name); }
  void need(ResourceType type, std::string_view name, ActionSet any_of) { out_.list.push_back({type, name, any_of}); }
  void need_topic(std::string_view name, ActionSet any_of) { need(ResourceType::kTopic, name, any_of); }
  void need_group(std::string_view name, ActionSet any_of) { need(ResourceType::kGroup, without_retry_prefix(name), any_of); }
  void need_topic_unless_retry(std::string_view name, ActionSet any_of) {
    if (!is_retry_topic(name)) need_topic(name, any_of);
  }
  /// A send to a retry topic is the consumer's.
  void need_send(std::string_view to, std::string_view group) {
    if (is_retry_topic(to)) need_group(is_blank(group) ? to : group, kSub);
    else need_topic(to, kPub);
  }
  std::string_view keep(std::string text) { return out_.kept.emplace_back(std::move(text)); }

  Result<> need_heartbeat() {
    MQ_TRY(wire::HeartbeatData beat, wire::heartbeat_from(as_text(frame_.body)));
    for (wire::ConsumerData& c : beat.consumers) {
      need_group(keep(std::move(c.groupName)), kSub);
      for (wire::SubscriptionData& s : c.subscriptionDataSet) need_topic_unless_retry(keep(std::move(s.topic)), kSub);
    }
    return {};
  }
  Result<> need_locks() {
    MQ_TRY(const Json body, parse_json(as_text(frame_.body)));
    need_group(keep(body["consumerGroup"].as_string()), kSub);
    for (const Json& queue : body["mqSet"].items()) need_topic_unless_retry(keep(queue["topic"].as_string()), kSub);
    return {};
  }
  void need_row(const Row& row, std::string_view cluster) {
    for (const FieldOf& f : row.fields) {
      const std::string_view value = f.name.empty() ? std::string_view() : field(f.name);
      if (!value.data()) continue;
      if (f.separator.empty()) need_named(f.type, value, row.any_of);
      else for (const std::string_view one : split(value, f.separator)) if (!one.empty()) need_named(f.type, one, row.any_of);
    }
    if (out_.list.empty() && row.cluster) need(ResourceType::kCluster, cluster, row.any_of);
  }

 private:
  void need_named(ResourceType type, std::string_view name, ActionSet any_of) {
    if (type == ResourceType::kTopic && is_retry_topic(name)) need_group(name, any_of);
    else need(type, name, any_of);
  }

  const wire::Frame& frame_;
  Needs& out_;
};

}  // namespace

Result<> find_needs(const wire::Frame& frame, std::string_view cluster, Needs& out) {
  out.list.clear();
  out.kept.clear();
  if (frame.ext.empty()) return {};
  Finder f(frame, out);
  switch (frame.code) {
    case 10: f.need_send(f.field("topic"), f.field("group")); return {};
    case 310:
    case 320: f.need_send(f.field("b"), f.field("a")); return {};
    case 11:
      f.need_topic_unless_retry(f.field("topic"), kSub);
      f.need_group(f.field("consumerGroup"), kSub);
      return {};
    case 14:
      f.need_topic_unless_retry(f.field("topic"), kSubGet);
      f.need_group(f.field("consumerGroup"), kSubGet);
      return {};
    case 15:
      f.need_topic_unless_retry(f.field("topic"), kSubUpdate);
      f.need_group(f.field("consumerGroup"), kSubUpdate);
      return {};
    case 34: return f.need_heartbeat();
    case 35:
      if (!is_blank(f.field("consumerGroup"))) f.need_group(f.field("consumerGroup"), kSub);
      return {};
    case 36: f.need_group(f.field("group"), kSub); return {};
    case 37:
      if (!is_blank(f.field("topic"))) f.need_topic(f.field("topic"), kPub);
      return {};
    case 38: f.need_group(f.field("consumerGroup"), kSubGet); return {};
    case 41:
    case 42: return f.need_locks();
    case 105:
      if (is_retry_topic(f.field("topic"))) f.need_group(f.field("topic"), kSubGet);
      else f.need_topic(f.field("topic"), kPubSubGet);
      return {};
    default: break;
  }
  const auto row = std::ranges::lower_bound(kRows, frame.code, {}, &Row::code);
  if (row != kRows.end() && row->code == frame.code) f.need_row(*row, cluster);
  return {};
}

}  // namespace mq::auth
