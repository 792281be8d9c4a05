#include "admin/topic_writes.h"

namespace mq::admin {

using wire::RequestCode;

Result<> create_topic(Session& s, const std::string& addr, const wire::TopicConfig& c) {
  std::string attributes;
  for (const auto& [k, v] : c.attributes) attributes += (attributes.empty() ? "" : ",") + k + (k.starts_with('-') ? "" : "=" + v);
  wire::CreateTopicHeader h{.topic = c.topicName, .defaultTopic = "TBW102", .readQueueNums = c.readQueueNums, .writeQueueNums = c.writeQueueNums,
                            .perm = c.perm, .topicFilterType = c.topicFilterType, .topicSysFlag = c.topicSysFlag, .order = c.order,
                            .attributes = attributes, .force = false};
  MQ_TRY(const auto r, s.call<RequestCode::UPDATE_AND_CREATE_TOPIC>(addr, h));
  if (!r.ok()) return client_failure(r.code, r.remark);
  return {};
}

Result<> put_order_conf(Session& s, const std::string& topic, const std::string& conf) {
  for (const std::string& ns : s.namesrvs()) MQ_TRY_VOID(s.ask<RequestCode::PUT_KV_CONFIG>(ns, {std::string(kOrderNamespace), topic, conf}));
  return {};
}

}  // namespace mq::admin
