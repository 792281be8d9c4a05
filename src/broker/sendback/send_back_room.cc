#include "broker/sendback/send_back_room.h"

#include <fmt/format.h>

#include "broker/core/slots.h"
#include "broker/core/stored_message.h"
#include "msg/names.h"
#include "msg/properties.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using remoting::Responder;
using store::PutStatus;
using wire::ConsumerSendMsgBackHeader;
using wire::ResponseCode;

namespace {

constexpr int32_t kVersionWithMaxTimes = 121;   // V3_4_9: the request's maxReconsumeTimes counts
constexpr int32_t kFirstRetryLevel = 3;

}  // namespace

class SendBackRoom::Lane final : public PutSink {
 public:
  Lane(BrokerContext& broker, const Registries& meta, PutPipeline& pipeline, size_t loop)
      : broker_(broker), meta_(meta), pipeline_(pipeline), loop_(loop) {}

  Answer send_back(const ConsumerSendMsgBackHeader& h, Request& request) {
    const auto group = meta_.groups.find_or_create(h.group);
    if (!group) {
      return request.refuse(ResponseCode::SUBSCRIPTION_GROUP_NOT_EXIST, fmt::format("subscription group not exist, {} {}", h.group, wire::kFaqTail));
    }
    if (!(broker_.config.brokerPermission() & perm::kWrite)) {
      return request.refuse(ResponseCode::NO_PERMISSION, fmt::format("the broker[{}] sending message is forbidden", broker_.ip));
    }
    if (group->retryQueueNums <= 0) return request.ok();   // QUIRK: dropped, and told to be well
    const std::string retry_topic = std::string(kRetryPrefix) + h.group;
    const TopicRef topic = meta_.topics.create_internal(retry_topic, group->retryQueueNums, perm::kRead | perm::kWrite, h.unitMode ? 2 : 0);
    if (!topic) return request.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("topic[{}] not exist", retry_topic));
    if (!(topic->config()->perm & perm::kWrite)) {
      return request.refuse(ResponseCode::NO_PERMISSION, fmt::format("the topic[{}] sending message is forbidden", retry_topic));
    }
    const auto bytes = broker_.store.record_at({h.offset});
    const auto record = bytes ? decode_record(bytes->bytes, RecordCheck::kLengths) : Result<RecordView>(std::unexpected(bytes.error()));
    if (!record) return request.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("look message by offset failed, {}", h.offset));
    return put(h, request, *record, *group, retry_topic);
  }

  void on_put(uint32_t slot, const PutResult& result) noexcept override {
    // QUIRK: FLUSH_DISK_TIMEOUT counts as a failure here, although the message is stored.
    Pending p = std::move(pending_[slot]);
    pending_.give_back(slot);
    if (result.status == PutStatus::kPutOk) {
      p.traffic->send_back_nums.add();
      (void)p.responder.ok();
    } else {
      (void)p.responder.refuse(ResponseCode::SYSTEM_ERROR, to_string(result.status));
    }
  }

 private:
  struct Pending {
    Responder responder;
    GroupTraffic* traffic = nullptr;
  };

  Answer put(const ConsumerSendMsgBackHeader& h, Request& request, const RecordView& record, const wire::SubscriptionGroupConfig& group,
             const std::string& retry_topic) {
    PutMessage m = put_again(record);
    std::string properties(record.m.properties);
    if (!find_property(properties, prop::kRetryTopic).data()) properties = with_property(properties, prop::kRetryTopic, record.m.topic);
    if (!find_property(properties, prop::kOriginMessageId).data()) {
      properties = with_property(properties, prop::kOriginMessageId, offset_msg_id(record.m.storeHost, {record.m.physicalOffset}));
    }
    int32_t max_times = group.retryMaxTimes;
    if (h.maxReconsumeTimes && request.frame().version >= kVersionWithMaxTimes) max_times = *h.maxReconsumeTimes;
    const int32_t times = record.m.reconsumeTimes;
    const bool dead = times >= max_times || h.delayLevel < 0;
    const std::string dlq_topic = std::string(kDlqPrefix) + h.group;
    if (dead) {
      meta_.topics.create_internal(dlq_topic, 1, perm::kRead | perm::kWrite, 0);
      properties = with_property(properties, prop::kDelay, "0");
      m.fields.topic = dlq_topic;
      m.fields.queueId = 0;
    } else {
      properties = with_property(properties, prop::kDelay, std::to_string(h.delayLevel == 0 ? kFirstRetryLevel + times : h.delayLevel));
      m.fields.topic = retry_topic;
      m.fields.queueId = static_cast<int32_t>(broker_.env.rng().below(static_cast<uint64_t>(group.retryQueueNums)));
      m.may_rewrite = true;
    }
    properties = with_property(properties, prop::kWait, "false");
    m.fields.properties = properties;
    m.fields.sysFlag &= ~sys_flag::kTransactionMask;
    m.fields.reconsumeTimes = times + 1;
    m.fields.storeHost = broker_.store_host;
    m.wait = true;   // told to be given back: with SYNC_FLUSH it must be on the disk, as the consumer passes the original now

    const uint32_t slot = pending_.take();
    pending_[slot] = {request.responder(), &broker_.traffic->group(loop_, record.m.topic, h.group)};
    pipeline_.put(m, *this, slot);
    return request.later();
  }

  BrokerContext& broker_;
  const Registries meta_;
  PutPipeline& pipeline_;
  const size_t loop_;
  Slots<Pending> pending_;
};

SendBackRoom::SendBackRoom(BrokerContext& broker, const Registries& meta, PutPipeline& pipeline) : broker_(broker) {
  for (size_t i = 0; i < broker.io_loops.size(); ++i) lanes_.push_back(std::make_unique<Lane>(broker, meta, pipeline, i));
}

SendBackRoom::~SendBackRoom() = default;

Answer SendBackRoom::send_back(const ConsumerSendMsgBackHeader& h, Request& request) {
  return lanes_[broker_.io_index()]->send_back(h, request);
}

}  // namespace mq::broker
