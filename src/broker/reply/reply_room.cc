#include "broker/reply/reply_room.h"

#include <fmt/format.h>

#include "broker/core/ask_client.h"
#include "broker/core/slots.h"
#include "broker/meta/send_checks.h"
#include "broker/meta/topic_cache.h"
#include "msg/names.h"
#include "msg/properties.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using remoting::Responder;
using wire::RequestCode;
using wire::ResponseCode;

namespace {

constexpr int64_t kPushTimeoutMs = 10'000;

/// One reply between its request and its answer.
struct Reply {
  Responder responder;
  wire::ReplyMessageHeader header;   // as pushed, but for the time of the push in its properties
  std::string body;
  Host born_host;
  int32_t queue_id = 0;              // where it is stored
  ResponseCode code = ResponseCode::SUCCESS;
  std::string remark;
};

}  // namespace

class ReplyRoom::Lane final : public PutSink {
 public:
  Lane(BrokerContext& broker, const Registries& meta, PutPipeline& pipeline, size_t loop)
      : broker_(broker),
        meta_(meta),
        pipeline_(pipeline),
        loop_(*broker.io_loops[loop]),
        topics_(meta.topics, broker.store, *broker.traffic, loop),
        checks_(broker, meta, topics_) {}

  Answer reply(const wire::SendMessageHeader& h, Request& request) {
    TopicCache::Entry* topic = nullptr;
    if (auto refusal = checks_.topic(h, topic)) return checks_.refuse(request, *refusal);
    const wire::TopicConfig& config = *TopicCache::config(*topic);
    const int32_t queue_id = h.queueId < 0 ? checks_.any_queue(config) : h.queueId;
    if (auto refusal = checks_.queue(request, config, queue_id)) return checks_.refuse(request, *refusal);

    auto reply = std::make_shared<Reply>();
    reply->queue_id = queue_id;
    reply->responder = request.responder();
    reply->header = pushed(h, request);
    reply->body = request.body_text();
    reply->born_host = request.session().peer();
    push(reply);
    return request.later();
  }

  void on_put(uint32_t slot, const PutResult& r) noexcept override {
    const std::shared_ptr<Reply> reply = std::move(stored_[slot]);
    stored_.give_back(slot);
    if (r.status != store::PutStatus::kPutOk) return answer(*reply, "0", 0, 0);   // QUIRK: that it could not be stored is not told
    std::string id;
    append_offset_msg_id(id, broker_.store_host, r.phy);
    answer(*reply, id, reply->queue_id, r.queue_offset.index);
  }

 private:
  wire::ReplyMessageHeader pushed(const wire::SendMessageHeader& h, const Request& request) const {
    const wire::SendMessageResponseHeader common = checks_.response_header();
    std::string properties = with_property(h.properties, prop::kMsgRegion, common.MSG_REGION);
    properties = with_property(properties, prop::kTraceOn, common.TRACE_ON);
    return {.producerGroup = std::string(h.producerGroup),
            .topic = std::string(h.topic),
            .defaultTopic = std::string(h.defaultTopic),
            .defaultTopicQueueNums = h.defaultTopicQueueNums,
            .queueId = h.queueId,
            .sysFlag = h.sysFlag,
            .bornTimestamp = h.bornTimestamp,
            .flag = h.flag,
            .properties = std::move(properties),
            .reconsumeTimes = h.reconsumeTimes,
            .unitMode = h.unitMode,
            .bornHost = request.session().peer().to_string(),
            .storeHost = broker_.addr,
            .storeTimestamp = broker_.env.clock().now_ms()};
  }

  void push(const std::shared_ptr<Reply>& reply) {
    const std::string asker(find_property(reply->header.properties, prop::kReplyToClient));
    if (asker.empty()) return finish(reply, "reply message properties[REPLY_TO_CLIENT] is null");
    const remoting::SessionRef session = meta_.clients.producer(asker);
    if (!session) return finish(reply, fmt::format("push reply message fail, channel of <{}> not found.", asker));
    wire::ReplyMessageHeader header = reply->header;
    header.properties = with_property(header.properties, prop::kPushReplyTime, std::to_string(broker_.env.clock().now_ms()));
    ask<RequestCode::PUSH_REPLY_MESSAGE_TO_CLIENT>(session, loop_, header, reply->body, kPushTimeoutMs,
                                                   [this, reply, asker](const Said& said) {
                                                     const bool ok = said.answered && said.code == 0;
                                                     finish(reply, ok ? "" : fmt::format("push reply message to {}fail.", asker));
                                                   });
  }

  /// `why_not`: "" when the asker has it. Stores the reply either way.
  void finish(const std::shared_ptr<Reply>& reply, std::string why_not) {
    if (!why_not.empty()) {
      reply->code = ResponseCode::SYSTEM_ERROR;
      reply->remark = std::move(why_not);
    }
    TopicCache::Entry* topic = broker_.config.storeReplyMessageEnable() ? topics_.find(reply->header.topic) : nullptr;
    if (!topic) return answer(*reply, "0", 0, 0);
    PutMessage m;
    m.fields.topic = topic->topic->name();
    m.fields.queueId = reply->queue_id;
    m.fields.flag = reply->header.flag;
    m.fields.sysFlag = reply->header.sysFlag;
    m.fields.bornTimestamp = reply->header.bornTimestamp;
    m.fields.bornHost = reply->born_host;
    m.fields.storeHost = broker_.store_host;
    m.fields.reconsumeTimes = reply->header.reconsumeTimes;
    m.fields.body = as_bytes(reply->body);
    m.fields.properties = reply->header.properties;
    m.queue = topics_.queue(*topic, reply->queue_id);
    m.tagsCode = tags_code(find_property(reply->header.properties, prop::kTags));
    const uint32_t slot = stored_.take();
    stored_[slot] = reply;
    pipeline_.put(m, *this, slot);
  }

  void answer(Reply& reply, std::string_view id, int32_t queue_id, int64_t queue_offset) const {
    wire::SendMessageResponseHeader header = checks_.response_header();
    header.msgId = id;
    header.queueId = queue_id;
    header.queueOffset = queue_offset;
    (void)reply.responder.answer(reply.code, header, reply.remark.empty() ? std::string_view() : std::string_view(reply.remark));
  }

  BrokerContext& broker_;
  const Registries meta_;
  PutPipeline& pipeline_;
  env::Loop& loop_;
  TopicCache topics_;
  SendChecks checks_;
  Slots<std::shared_ptr<Reply>> stored_;   // those being stored
};

ReplyRoom::ReplyRoom(BrokerContext& broker, const Registries& meta, PutPipeline& pipeline) : broker_(broker) {
  for (size_t i = 0; i < broker.io_loops.size(); ++i) lanes_.push_back(std::make_unique<Lane>(broker, meta, pipeline, i));
}

ReplyRoom::~ReplyRoom() = default;

Answer ReplyRoom::reply(const wire::SendMessageHeader& h, Request& request) { return lanes_[broker_.io_index()]->reply(h, request); }

}  // namespace mq::broker
