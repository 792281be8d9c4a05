#include "broker/txn/transaction_checker.h"

#include "base/log.h"
#include "broker/core/stored_message.h"
#include "broker/txn/half_messages.h"
#include "msg/names.h"
#include "msg/properties.h"
#include "wire/requests.h"

namespace mq::broker {

namespace {

Logger log("transaction");

/// The record with another topic, queue id and properties, as CHECK_TRANSACTION_STATE carries it.
ByteBuffer as_real_message(ByteView record, int64_t queue_offset, PhyOffset phy) {
  ByteBuffer out;
  const auto half = decode_record(record, RecordCheck::kLengths);
  if (!half) return out;
  MessageFields f = half->m;
  f.topic = find_property(half->m.properties, prop::kRealTopic);
  f.queueId = real_queue_id(half->m.properties);
  const std::string properties = with_property(half->m.properties, prop::kWait, "false");   // QUIRK: only in what the producer sees
  f.properties = properties;
  f.queueOffset = queue_offset;
  f.physicalOffset = phy.bytes;
  if (!encode_record(f, out)) out.clear();
  return out;
}

}  // namespace

HalfFate fate_of(const RecordView& half, const CheckRules& rules, int64_t now_ms) noexcept {
  const std::string_view p = half.m.properties;
  const int64_t age = now_ms - half.m.bornTimestamp;
  if (property_number(p, kCheckTimes, 0) >= rules.max_checks || age > rules.max_age_ms) return HalfFate::kGiveUp;
  if (half.m.storeTimestamp >= now_ms) return HalfFate::kTooYoung;
  if (find_property(p, kImmunityTime).data()) {
    const int64_t seconds = property_number(p, kImmunityTime, -1);
    const int64_t immunity = seconds < 0 ? rules.timeout_ms : seconds * 1000;
    return age <= immunity ? HalfFate::kImmune : HalfFate::kCheck;
  }
  // A negative age: the clock went back; asking once too often is harmless.
  return age >= 0 && age <= rules.timeout_ms ? HalfFate::kTooYoung : HalfFate::kCheck;
}

TransactionChecker::TransactionChecker(BrokerContext& broker, const Registries& meta, PutPipeline& pipeline)
    : broker_(broker), meta_(meta), pipeline_(pipeline), half_queue_(broker.store.queue(kHalfTopic, 0)),
      op_queue_(broker.store.queue(kOpHalfTopic, 0)) {}

void TransactionChecker::round() {
  if (in_round_ || stopped_) return;
  in_round_ = true;
  round_start_ms_ = broker_.env.clock().now_ms();
  if (half_next_ < 0) {
    half_next_ = meta_.offsets.find(kTransGroup, kHalfTopic, 0).value_or(0);
    op_next_ = meta_.offsets.find(kTransGroup, kOpHalfTopic, 0).value_or(0);
  }
  half_next_ = std::clamp(half_next_, broker_.store.min_offset(*half_queue_).index, broker_.store.max_offset(*half_queue_).index);
  op_next_ = std::clamp(op_next_, broker_.store.min_offset(*op_queue_).index, broker_.store.max_offset(*op_queue_).index);
  step();
}

/// Works through a bounded part of the round, then lets the loop's turn end: puts get their places there.
void TransactionChecker::step() {
  if (stopped_) return;
  if (!read_ops()) {
    broker_.ctl->after(0, [this] { step(); });
    return;
  }
  moved_.clear();
  under_way_ = 1;   // the loop below: what comes back at once does not end the batch
  first_failed_ = -1;
  const int64_t max = broker_.store.max_offset(*half_queue_).index;
  int32_t looked_at = 0;
  bool more = true;
  while (more && half_next_ < max && looked_at++ < kBatch * 16 && moved_.size() < kBatch) {
    if (done_.erase(half_next_) > 0) {
      ++half_next_;
      continue;
    }
    more = visit(half_next_);
    if (more) ++half_next_;
  }
  if (--under_way_ > 0) return;   // on_put goes on
  if (moved_.empty() && (!more || half_next_ >= max)) return finish_round();
  batch_ended();
}

/// Reads op messages up to the end, a bounded number at a time. True when all are read.
bool TransactionChecker::read_ops() {
  const int64_t max = broker_.store.max_offset(*op_queue_).index;
  for (int32_t n = 0; op_next_ < max && n < 1024; ++n, ++op_next_) {
    const auto entry = broker_.store.entry_at(*op_queue_, {op_next_});
    if (!entry) continue;
    const auto bytes = broker_.store.record_at(entry->phy);
    if (!bytes) continue;
    const auto record = decode_record(bytes->bytes, RecordCheck::kLengths);
    if (!record) continue;
    int64_t highest = -1;
    for (int64_t half : parse_op_body(as_text(record->m.body))) {
      highest = std::max(highest, half);
      if (half >= half_next_ && done_.size() < kMaxDone) done_.insert(half);
    }
    ops_.push_back({op_next_, highest});
  }
  return op_next_ >= max;
}

/// Looks at one undecided half message. False: the round ends before it.
bool TransactionChecker::visit(int64_t offset) {
  const auto entry = broker_.store.entry_at(*half_queue_, {offset});
  if (!entry) return true;
  const auto bytes = broker_.store.record_at(entry->phy);
  const auto half = bytes ? decode_record(bytes->bytes, RecordCheck::kLengths) : Result<RecordView>(std::unexpected(bytes.error()));
  if (!half) {
    log.warn("half message {} cannot be read and is passed over: {}", offset, half.error().message());
    return true;
  }
  const CheckRules rules{.timeout_ms = broker_.config.transactionTimeOut(),
                         .max_checks = broker_.config.transactionCheckMax(),
                         .max_age_ms = int64_t{broker_.store_config.fileReservedTime()} * 3'600'000};
  const HalfFate fate = fate_of(*half, rules, round_start_ms_);
  if (fate == HalfFate::kTooYoung) return false;
  move(*half, offset, fate);
  return true;
}

void TransactionChecker::move(const RecordView& half, int64_t offset, HalfFate fate) {
  PutMessage m = put_again(half);
  std::string properties;
  const int64_t checks = property_number(half.m.properties, kCheckTimes, 0);
  // QUIRK: one that is given up for its age counts as checked once more.
  if (fate == HalfFate::kCheck || (fate == HalfFate::kGiveUp && checks < broker_.config.transactionCheckMax())) {
    properties = with_property(half.m.properties, kCheckTimes, std::to_string(checks + 1));
    m.fields.properties = properties;
  }
  if (fate == HalfFate::kGiveUp) {
    meta_.topics.create_internal(kMaxTimeTopic, 1, perm::kRead | perm::kWrite, 0);
    m.fields.topic = kMaxTimeTopic;
    log.warn("half message {} of producer group {} is given up after {} checks and kept in {}", offset,
             find_property(half.m.properties, prop::kProducerGroup), checks, kMaxTimeTopic);
  }
  m.fields.queueId = 0;
  ByteBuffer copy;
  if (fate == HalfFate::kCheck && !encode_record(m.fields, copy)) return;
  Moved& moved = moved_.emplace_back(Moved{offset, fate, {}});
  moved.record.assign(copy.view().begin(), copy.view().end());
  ++under_way_;
  pipeline_.put(m, *this, static_cast<uint32_t>(moved_.size() - 1));
}

void TransactionChecker::on_put(uint32_t slot, const PutResult& result) noexcept {
  const Moved& moved = moved_[slot];
  --under_way_;
  const bool stored = result.status == store::PutStatus::kPutOk || result.status == store::PutStatus::kFlushDiskTimeout;
  if (!stored) {
    if (first_failed_ < 0 || moved.half_offset < first_failed_) first_failed_ = moved.half_offset;
  } else if (moved.fate == HalfFate::kCheck) {
    ask_producer(moved, result);
  }
  if (under_way_ == 0) batch_ended();
}

void TransactionChecker::batch_ended() {
  if (first_failed_ >= 0) {
    half_next_ = first_failed_;   // the next round tries again
    finish_round();
  } else {
    const bool posted = broker_.ctl->post([this] { step(); });
    if (!posted) finish_round();
  }
}

void TransactionChecker::finish_round() {
  in_round_ = false;
  done_.erase(done_.begin(), done_.lower_bound(half_next_));
  // The op progress may only pass op messages that are wholly used.
  size_t used = 0;
  while (used < ops_.size() && ops_[used].highest < half_next_) ++used;
  ops_.erase(ops_.begin(), ops_.begin() + static_cast<std::ptrdiff_t>(used));
  meta_.offsets.commit(kTransGroup, kHalfTopic, 0, half_next_);
  meta_.offsets.commit(kTransGroup, kOpHalfTopic, 0, ops_.empty() ? op_next_ : ops_.front().op_offset);
}

/// CHECK_TRANSACTION_STATE to one live producer of the group, in turn.
void TransactionChecker::ask_producer(const Moved& moved, const PutResult& place) {
  const auto half = decode_record(moved.record, RecordCheck::kLengths);
  if (!half) return;
  const std::string_view group = find_property(half->m.properties, prop::kProducerGroup);
  const auto producers = meta_.clients.producers(group);
  remoting::SessionRef session;
  for (size_t i = 0; i < producers.size() && !session; ++i) {
    const auto& candidate = producers[next_producer_++ % producers.size()];
    if (candidate.session->open()) session = candidate.session;
  }
  if (!session) {
    log.info("no producer of group {} is connected to decide half message {}", group, moved.half_offset);
    return;
  }
  wire::CheckTransactionStateHeader header;
  header.topic = kHalfTopic;
  header.tranStateTableOffset = place.queue_offset.index;
  header.commitLogOffset = place.phy.bytes;
  header.msgId = header.transactionId = find_property(half->m.properties, prop::kUniqKey);
  header.offsetMsgId = offset_msg_id(broker_.store_host, place.phy);
  header.bname = broker_.broker_name;
  ByteBuffer body = as_real_message(moved.record, place.queue_offset.index, place.phy);
  auto send = [session, header = std::move(header), body = std::move(body)]() mutable {
    if (!session->open()) return;
    const wire::FrameHead head{.code = wire::RequestInfo<wire::RequestCode::CHECK_TRANSACTION_STATE>::code,
                               .opaque = session->next_opaque(), .flag = wire::kFlagOneway};
    wire::encode_frame(session->connection().out(), head, header, body.view());
  };
  if (!session->loop().post(std::move(send))) log.warn("a transaction check of group {} is dropped: the loop's queue is full", group);
}

}  // namespace mq::broker
