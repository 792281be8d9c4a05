#include "admin/topic_writes.h"

#include <fmt/format.h>

#include "msg/names.h"

namespace mq::admin {

using wire::RequestCode;

wire::CreateTopicHeader create_topic_header(const wire::TopicConfig& c) {
  return {.topic = c.topicName, .defaultTopic = std::string(kAutoCreateTopic), .readQueueNums = c.readQueueNums, .writeQueueNums = c.writeQueueNums,
          .perm = c.perm, .topicFilterType = c.topicFilterType, .topicSysFlag = c.topicSysFlag, .order = c.order, .force = false};
}

Result<> create_topic(Session& s, const std::string& addr, const wire::TopicConfig& c) {
  if (!is_valid_perm(c.perm)) {   // brokers take any number
    return client_failure(static_cast<int32_t>(wire::ResponseCode::NO_PERMISSION), fmt::format("topicPermission value: {} is invalid.", c.perm));
  }
  std::string attributes;
  for (const auto& [k, v] : c.attributes) attributes += (attributes.empty() ? "" : ",") + k + (k.starts_with('-') ? "" : "=" + v);
  wire::CreateTopicHeader h = create_topic_header(c);
  h.attributes = std::move(attributes);
  MQ_TRY_VOID(s.ask_plain<RequestCode::UPDATE_AND_CREATE_TOPIC>(addr, h));
  return {};
}

Result<> put_order_conf(Session& s, const std::string& topic, const std::string& conf) {
  for (const std::string& ns : s.namesrvs()) MQ_TRY_VOID(s.ask_plain<RequestCode::PUT_KV_CONFIG>(ns, {std::string(kOrderTopicNamespace), topic, conf}));
  return {};
}

}  // namespace mq::admin
