#include "broker/send/send_room.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/copy_short.h"
#include "base/text.h"
#include "broker/core/slots.h"
#include "broker/core/uniq_key.h"
#include "broker/meta/send_checks.h"
#include "broker/meta/topic_cache.h"
#include "broker/send/properties_rewrite.h"
#include "broker/send/put_answer.h"
#include "broker/send/waiting_sessions.h"
#include "msg/names.h"
#include "msg/properties.h"
#include "wire/send_response.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using remoting::Responder;
using wire::ResponseCode;

namespace {

constexpr int32_t kVersionWithMaxTimes = 121;   // V3_4_9: the request's maxReconsumeTimes counts

/// What an answer needs once the store has spoken.
struct PendingSend {
  uint32_t session = 0;            // in WaitingSessions
  int32_t opaque = 0;
  bool oneway = false;
  TopicTraffic* traffic = nullptr;
  MessageType type = MessageType::kNormal;
  int32_t queue_id = 0;
  uint8_t key_size = 0;
  std::array<char, 64> key{};      // transactionId = UNIQ_KEY; longer ones (not made by any client) go to long_key
  std::string long_key;

  void set_key(std::string_view k) {
    long_key.clear();
    key_size = 0;
    if (k.size() > key.size()) {
      long_key = k;
    } else if (!k.empty()) {   // that of a batch, which may have none
      copy_short(key.data(), k.data(), k.size());
      key_size = static_cast<uint8_t>(k.size());
    }
  }
  /// A view without data when there is none, so that the field is left out.
  std::string_view transaction_id() const noexcept {
    if (!long_key.empty()) return long_key;
    return key_size ? std::string_view(key.data(), key_size) : std::string_view();
  }
};

}  // namespace

/// The sends of one io loop.
class SendRoom::Lane final : public PutSink {
 public:
  Lane(BrokerContext& broker, const Registries& meta, PutPipeline& pipeline, size_t loop)
      : broker_(broker),
        meta_(meta),
        pipeline_(pipeline),
        topics_(meta.topics, broker.store, *broker.traffic, loop),
        checks_(broker, meta, topics_),
        rewriter_(broker.config.regionId(), broker.config.traceOn(), broker.cluster),
        uniq_(broker.store_host, static_cast<int32_t>(getpid()), broker.env.clock(), broker.env.rng()),
        stored_(broker.store_host, checks_.response_header().MSG_REGION, checks_.response_header().TRACE_ON) {}

  Answer send(const wire::SendMessageHeader& h, Request& request) {
    PutMessage m;
    TopicCache::Entry* topic = nullptr;
    if (auto refusal = checks_.topic(h, topic)) return checks_.refuse(request, *refusal);
    const wire::TopicConfig& config = *TopicCache::config(*topic);
    int32_t queue_id = h.queueId;
    if (queue_id < 0) queue_id = checks_.any_queue(config);
    if (auto refusal = checks_.queue(request, config, queue_id)) return checks_.refuse(request, *refusal);

    if (is_retry_topic(h.topic) && gives_up(h, request)) return send_dead(h, request);
    const SendProperties seen = scan_properties(h.properties, request.frame().ext.form());
    if (is_transaction(seen) && broker_.config.rejectTransactionMessage()) {
      return checks_.refuse(request, {ResponseCode::NO_PERMISSION,
                              fmt::format("the broker[{}] sending transaction message is forbidden", broker_.ip)});
    }

    int32_t level = 0;
    if (!seen.delay.empty() && !wire::detail::parse_number(seen.delay, level)) {
      return checks_.refuse(request, {ResponseCode::SYSTEM_ERROR, fmt::format("the property DELAY must be a number: \"{}\"", seen.delay)});
    }

    if (seen.timed) {
      if (auto refusal = checks_.timer(h.properties, level)) return checks_.refuse(request, *refusal);
    }

    fill(m, h, request, *topic, config, queue_id);
    if (h.batch) return send_batch(h, request, m, seen, *topic);

    std::string_view new_key;
    if (seen.uniq_key.empty()) new_key = uniq_.next();
    rewriter_.rewrite(m.fields, seen, new_key, properties_);
    m.uniq_key = seen.uniq_key.empty() ? new_key : seen.uniq_key;
    m.keys = seen.keys;
    m.keys_known = !seen.special && properties_size(m.fields) > h.properties.size();   // nothing was left out for want of room
    m.tagsCode = tags_code(seen.tags);
    m.wait = seen.wait != "false";
    m.may_rewrite = seen.special;
    const uint32_t slot = take_slot(request, *topic, type_of(seen), queue_id, seen.uniq_key.empty() ? new_key : seen.uniq_key);
    const bool no_body = m.fields.body.empty() && request.frame().version >= wire::kVersion5;   // brokers of 4.x store it
    if (no_body || is_inner_batch(h, seen)) [[unlikely]] {
      on_put(slot, {.status = store::PutStatus::kMessageIllegal});
    } else {
      pipeline_.put(m, *this, slot);
    }
    return request.later();
  }

  void on_put(uint32_t slot, const PutResult& r) noexcept override {
    PendingSend& p = pending_[slot];
    answer(p, r);
    sessions_.let_go(p.session);
    pending_.give_back(slot);
  }

 private:
  // --- the message ----------------------------------------------------------------------------------------------------

  void fill(PutMessage& m, const wire::SendMessageHeader& h, const Request& request, TopicCache::Entry& topic,
            const wire::TopicConfig& config, int32_t queue_id) {
    MessageFields& f = m.fields;
    f.topic = topic.topic->name();
    f.queueId = queue_id;
    f.flag = h.flag;
    f.sysFlag = h.sysFlag;
    if (config.topicFilterType == "MULTI_TAG") f.sysFlag |= sys_flag::kMultiTags;
    f.bornTimestamp = h.bornTimestamp;
    f.bornHost = request.session().peer();
    f.storeHost = broker_.store_host;
    f.reconsumeTimes = h.reconsumeTimes;
    f.body = request.body();
    f.properties = h.properties;
    m.queue = topics_.queue(topic, queue_id);
    m.key_hash_start = topic.key_hash_start;
    m.may_give_up = true;
  }

  /// A consumer sends a message to its retry topic that it has tried too often (spec semantics 3.5). One that consumes in order only
  /// sends what it gives up: its retries stay with it. 4.x clients have at most as many tries as are allowed, as their brokers see to.
  bool gives_up(const wire::SendMessageHeader& h, const Request& request) {
    const std::string_view name = h.topic.substr(kRetryPrefix.size());
    if (meta_.locks.any_held(name)) return true;
    const auto group = meta_.groups.find_or_create(name);
    int32_t max_times = group ? group->retryMaxTimes : 16;
    if (h.maxReconsumeTimes && request.frame().version >= kVersionWithMaxTimes) max_times = *h.maxReconsumeTimes;
    return h.reconsumeTimes > max_times || (h.reconsumeTimes == max_times && request.frame().version < wire::kVersion5);
  }

  Answer send_dead(const wire::SendMessageHeader& h, Request& request) {
    const std::string topic = std::string(kDlqPrefix) + std::string(h.topic.substr(kRetryPrefix.size()));
    meta_.topics.create_internal(topic, 1, perm::kRead | perm::kWrite, 0);
    TopicCache::Entry* entry = topics_.find(topic);
    if (!entry) return checks_.refuse(request, {ResponseCode::TOPIC_NOT_EXIST, fmt::format("topic[{}] not exist", topic)});
    const std::string properties = with_property(h.properties, prop::kDelay, "-1");
    const SendProperties seen = scan_properties(properties);
    PutMessage m;
    fill(m, h, request, *entry, *TopicCache::config(*entry), 0);
    const std::string_view new_key = seen.uniq_key.empty() ? uniq_.next() : std::string_view();
    m.fields.properties = properties;
    rewriter_.rewrite(m.fields, seen, new_key, properties_);
    m.tagsCode = tags_code(seen.tags);
    m.may_rewrite = false;
    const uint32_t slot = take_slot(request, *entry, MessageType::kNormal, h.queueId < 0 ? 0 : h.queueId, seen.uniq_key.empty() ? new_key : seen.uniq_key);
    pipeline_.put(m, *this, slot);
    return request.later();
  }

  Answer send_batch(const wire::SendMessageHeader& h, Request& request, PutMessage& m, const SendProperties& seen, TopicCache::Entry& topic) {
    if (h.topic.size() > 127) {
      return checks_.refuse(request, {ResponseCode::MESSAGE_ILLEGAL, fmt::format("message topic length too long {}", h.topic.size())});
    }
    if (is_retry_topic(h.topic)) {
      return checks_.refuse(request, {ResponseCode::MESSAGE_ILLEGAL,
                              fmt::format("batch request does not support retry group {}", h.topic)});
    }
    int32_t delay = 0;
    const bool delayed = wire::detail::parse_number(seen.delay, delay) && delay > 0;
    const uint32_t slot = take_slot(request, topic, type_of(seen), m.fields.queueId, seen.uniq_key);
    if ((h.sysFlag & sys_flag::kTransactionMask) || delayed || is_inner_batch(h, seen)) {
      on_put(slot, {.status = store::PutStatus::kMessageIllegal});
      return request.later();
    }
    m.wait = seen.wait != "false";
    m.fields.properties = {};
    m.fields.more_properties = rewriter_.additions(h.properties, properties_);
    m.uniq_key = seen.uniq_key;
    m.keys = seen.keys;
    if (!seen.tags.empty()) m.tagsCode = tags_code(seen.tags);
    pipeline_.put_batch(m, *this, slot);
    return request.later();
  }

  /// Several messages as one, which only queues of batches can hold; there are none here.
  static bool is_inner_batch(const wire::SendMessageHeader& h, const SendProperties& seen) noexcept {
    return seen.inner || (h.sysFlag & sys_flag::kInnerBatch);
  }

  static bool is_transaction(const SendProperties& seen) noexcept { return equal_ignoring_case(seen.tran_msg, "true"); }

  static MessageType type_of(const SendProperties& seen) noexcept {
    if (is_transaction(seen)) return MessageType::kTransaction;
    return seen.special ? MessageType::kDelay : MessageType::kNormal;
  }

  uint32_t take_slot(const Request& request, TopicCache::Entry& topic, MessageType type, int32_t queue_id, std::string_view key) {
    const uint32_t slot = pending_.take();
    PendingSend& p = pending_[slot];
    p.session = sessions_.hold(request.session_ref());
    p.opaque = request.frame().opaque;
    p.oneway = request.frame().is_oneway();
    p.traffic = &topics_.puts(topic);
    p.type = type;
    p.queue_id = queue_id;
    p.set_key(key);
    return slot;
  }

  // --- answers --------------------------------------------------------------------------------------------------------

  [[gnu::always_inline]] void answer(const PendingSend& p, const PutResult& r) {
    const bool ok = r.status == store::PutStatus::kPutOk;
    if (!ok) {
      const PutAnswer a = answer_of(r, broker_);
      if (!a.stored) {
        (void)Responder(sessions_[p.session], remoting::kAnswerType, p.opaque, p.oneway).answer(a.code, checks_.response_header(), a.remark);
        return;
      }
    }
    const std::span<const PhyOffset> stored_at = r.parts.empty() ? std::span(&r.phy, 1) : r.parts;
    p.traffic->put(p.type, static_cast<int64_t>(stored_at.size()), static_cast<int64_t>(r.bytes));
    if (p.oneway) return;
    ByteBuffer* const out = sessions_[p.session]->output();
    if (!out) return;
    const ResponseCode code = ok ? ResponseCode::SUCCESS : ResponseCode::FLUSH_DISK_TIMEOUT;
    stored_.append(*out, {.type = remoting::kAnswerType, .code = static_cast<int32_t>(code), .opaque = p.opaque, .stored_at = stored_at,
                          .queueId = p.queue_id, .queueOffset = r.queue_offset.index, .transactionId = p.transaction_id()});
  }

  BrokerContext& broker_;
  const Registries meta_;
  PutPipeline& pipeline_;
  TopicCache topics_;
  SendChecks checks_;
  PropertiesRewriter rewriter_;
  UniqKeyMaker uniq_;
  const wire::SendResponseTemplate stored_;   // the answers to messages that were stored
  ByteBuffer properties_;                 // of the message being sent
  Slots<PendingSend> pending_;
  WaitingSessions sessions_;
};

SendRoom::SendRoom(BrokerContext& broker, const Registries& meta, PutPipeline& pipeline) : broker_(broker) {
  for (size_t i = 0; i < broker.io_loops.size(); ++i) lanes_.push_back(std::make_unique<Lane>(broker, meta, pipeline, i));
}

SendRoom::~SendRoom() = default;

Answer SendRoom::send(const wire::SendMessageHeader& h, Request& request) { return lanes_[broker_.io_index()]->send(h, request); }

}  // namespace mq::broker
