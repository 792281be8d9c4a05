// updateTopicPerm, updateOrderConf, allocateMQ, cleanExpiredCQ, cleanUnusedTopic, deleteExpiredCommitLog. Source: spec mqadmin 3.4, 3.9, 3.10, 6.5.
#include <fmt/format.h>

#include <algorithm>

#include "admin/command.h"
#include "admin/java_text.h"
#include "admin/topic_writes.h"
#include "base/split.h"
#include "msg/names.h"
#include "msg/share.h"

namespace mq::admin {

namespace {

using wire::MessageQueue;
using wire::RequestCode;

Result<> set_perm(Session& s, const std::string& addr, const wire::TopicConfig& c, int32_t old_perm) {
  MQ_TRY_VOID(create_topic(s, addr, c));
  s.print("update topic perm from {} to {} in {} success.\n", old_perm, c.perm, addr);
  return {};
}

/// QUIRK: queue counts of all brokers become those of the first one in the route.
Result<> update_perm(Session& s, const Options& o) {
  MQ_TRY(const auto route, s.route(o.get("t")));
  MQ_TRY(const int32_t perm, o.int32("p", 6));
  if (route.queueDatas.empty()) return client_failure("the topic has no queue");
  const wire::QueueData& first = route.queueDatas.front();
  wire::TopicConfig config;
  config.topicName = o.get("t");
  config.readQueueNums = first.readQueueNums;
  config.writeQueueNums = first.writeQueueNums;
  config.topicSysFlag = first.topicSysFlag;
  config.perm = perm;
  if (const auto addr = o.find("b")) {
    const auto broker = std::find_if(route.brokerDatas.begin(), route.brokerDatas.end(), [&](const wire::BrokerData& b) {
      const auto master = b.brokerAddrs.find(0);
      return master != b.brokerAddrs.end() && master->second == *addr;
    });
    if (broker == route.brokerDatas.end()) {
      s.write("updateTopicPerm error broker not exit or broker is not master!.\n");
      return {};
    }
    const auto queue = std::find_if(route.queueDatas.begin(), route.queueDatas.end(), [&](const auto& q) { return q.brokerName == broker->brokerName; });
    const bool known = queue != route.queueDatas.end();
    const int32_t old_perm = known ? queue->perm : 0;
    if (known && old_perm == config.perm) {
      s.write("new perm equals to the old one!\n");
      return {};
    }
    MQ_TRY_VOID(set_perm(s, *addr, config, old_perm));
    s.print("{}.\n", config.to_text());
    return {};
  }
  MQ_TRY(const auto masters, s.masters(o.get("c")));
  for (const std::string& addr : masters) MQ_TRY_VOID(set_perm(s, addr, config, first.perm));
  return {};
}

Result<> order_conf(Session& s, const Options& o) {
  const std::string topic = o.get("t"), method = o.get("m"), conf = o.get("v");
  if (method == "get") {
    MQ_TRY(const auto r, s.ask_namesrv<RequestCode::GET_KV_CONFIG>({std::string(kOrderTopicNamespace), topic}));
    s.print("get orderConf success. topic=[{}], orderConf=[{}] ", topic, r.header.value.value_or("null"));
  } else if (method == "put") {
    if (conf.empty()) return fail(Errc::kInvalid, "please set orderConf with option -v.");
    MQ_TRY_VOID(put_order_conf(s, topic, conf));
    s.print("update orderConf success. topic=[{}], orderConf=[{}]", topic, conf);
  } else if (method == "delete") {
    for (const std::string& ns : s.namesrvs()) MQ_TRY_VOID(s.ask_plain<RequestCode::DELETE_KV_CONFIG>(ns, {std::string(kOrderTopicNamespace), topic}));
    s.print("delete orderConf success. topic=[{}]", topic);
  } else {
    s.write(usage_of("updateOrderConf"));
  }
  return {};
}

Result<> allocate(Session& s, const Options& o) {
  MQ_TRY(const auto route, s.route(o.get("t")));
  std::vector<MessageQueue> queues = Session::readable_queues(o.get("t"), route);
  // QUIRK: Java divides the queues in the order of its hash set.
  hash_order_by(queues, queue_hash);
  const std::string list = o.get("i");
  const std::vector<std::string_view> clients = split(list, ",");
  std::vector<size_t> order(clients.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  hash_order(order, [&](size_t i) { return clients[i]; });
  Json result = Json::object();
  for (const size_t i : order) {
    Json mine = Json::array();
    const Share share = average_share(queues.size(), clients.size(), i);
    for (size_t at = share.from; at < share.from + share.count; ++at) mine.push(to_json(queues[at]));
    result.add(std::string(clients[i]), std::move(mine));
  }
  const Json answer = Json::object().add("result", std::move(result));
  s.record(answer);
  s.print("{}\n", to_text(answer));
  return {};
}

/// To every broker of the address, the cluster, or all clusters; tells how it went at the last one.
template <RequestCode C>
Result<> clean(Session& s, const Options& o) {
  std::vector<std::string> brokers;
  if (const auto addr = o.find("b")) {
    brokers.push_back(*addr);
  } else {
    MQ_TRY(const wire::ClusterInfo info, s.cluster_info());
    for (const auto& [cluster, names] : info.clusterAddrTable) {
      if (o.has("c") && o.get("c") != cluster) continue;
      MQ_TRY(const auto more, s.all_brokers(cluster));
      brokers.insert(brokers.end(), more.begin(), more.end());
    }
  }
  bool done = false;
  for (const std::string& addr : brokers) {
    MQ_TRY_VOID(s.ask_plain<C>(addr));
    done = true;
  }
  s.write(done ? "success" : "false");
  return {};
}

}  // namespace

void add_maintenance_commands(std::vector<Command>& to) {
  const OptionSpec topic{"t", "topic", true, true, "topic name"};
  to.push_back({"updateTopicPerm", "UpdateTopicPermSubCommand", "Update topic perm.",
                {{"b", "brokerAddr", true, false, "create topic to which broker"}, {"c", "clusterName", true, false, "create topic to which cluster"},
                 topic, {"p", "perm", true, true, "set topic's permission(2|4|6), intro[2:W; 4:R; 6:RW]"}},
                update_perm, "bc"});
  to.push_back({"updateOrderConf", "UpdateOrderConfCommand", "Create or update or delete order conf.",
                {topic, {"v", "orderConf", true, false, "set order conf [eg. brokerName1:num;brokerName2:num]"},
                 {"m", "method", true, true, "option type [eg. put|get|delete"}},
                order_conf});
  to.push_back({"allocateMQ", "AllocateMQSubCommand", "Allocate MQ.",
                {topic, {"i", "ipList", true, true, "ipList"}}, allocate, {}, extra::kJson});
  const OptionSpec broker{"b", "brokerAddr", true, false, "Broker address"}, cluster{"c", "cluster", true, false, "clustername"};
  to.push_back({"cleanExpiredCQ", "CleanExpiredCQSubCommand", "Clean expired ConsumeQueue on broker.", {broker, cluster},
                clean<RequestCode::CLEAN_EXPIRED_CONSUMEQUEUE>});
  to.push_back({"cleanUnusedTopic", "CleanUnusedTopicCommand", "Clean unused topic on broker.", {broker, cluster},
                clean<RequestCode::CLEAN_UNUSED_TOPIC>});
  to.push_back({"deleteExpiredCommitLog", "DeleteExpiredCommitLogSubCommand", "Delete expired CommitLog files.", {broker, cluster},
                clean<RequestCode::DELETE_EXPIRED_COMMITLOG>});
}

}  // namespace mq::admin
