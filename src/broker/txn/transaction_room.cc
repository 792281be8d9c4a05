#include "broker/txn/transaction_room.h"

#include <utility>

#include "base/log.h"
#include "broker/core/slots.h"
#include "broker/core/stored_message.h"
#include "broker/txn/transaction_checker.h"
#include "msg/names.h"
#include "msg/properties.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using remoting::Responder;
using store::PutStatus;
using wire::EndTransactionHeader;
using wire::ResponseCode;

namespace {

Logger log("transaction");

/// How a failed commit is answered (spec protocol 4.6).
std::pair<ResponseCode, std::string_view> answer_of_commit(PutStatus status) {
  switch (status) {
    case PutStatus::kPutOk:
    case PutStatus::kFlushDiskTimeout: return {ResponseCode::SUCCESS, {}};
    case PutStatus::kCreateMappedFileFailed: return {ResponseCode::SYSTEM_ERROR, "Create mapped file failed."};
    case PutStatus::kMessageIllegal:
      return {ResponseCode::MESSAGE_ILLEGAL,
              "The message is illegal, maybe msg body or properties length not matched. msg body length limit 128k, msg properties "
              "length limit 32k."};
    case PutStatus::kServiceNotAvailable: return {ResponseCode::SERVICE_NOT_AVAILABLE, "Service not available now."};
    case PutStatus::kOsPageCacheBusy: return {ResponseCode::SYSTEM_ERROR, "OS page cache busy, please try another machine"};
    case PutStatus::kUnknownError: break;
  }
  return {ResponseCode::SYSTEM_ERROR, "UNKNOWN_ERROR"};
}

constexpr std::string_view kNotPutBack = "Put message back to RMQ_SYS_TRANS_HALF_TOPIC failed.";
constexpr std::string_view kNothingToPutBack = "Exception was thrown when putting message back to RMQ_SYS_TRANS_HALF_TOPIC.";

}  // namespace

/// The decisions of one loop. Badge: owned by that loop.
class TransactionRoom::Lane final : public PutSink {
 public:
  Lane(BrokerContext& broker, PutPipeline& pipeline) : broker_(broker), pipeline_(pipeline) {}

  Answer end(const EndTransactionHeader& h, Request& request) {
    if (h.commitOrRollback == 0) return request.later();   // QUIRK: no answer
    if (h.commitOrRollback != sys_flag::kCommit && h.commitOrRollback != sys_flag::kRollback) {
      return request.refuse(ResponseCode::SYSTEM_ERROR, "commitOrRollback field wrong");
    }
    const auto bytes = broker_.store.record_at({h.commitLogOffset});
    const auto half = bytes ? decode_record(bytes->bytes, RecordCheck::kLengths) : Result<RecordView>(std::unexpected(bytes.error()));
    if (!half) return request.refuse(ResponseCode::SYSTEM_ERROR, "Find prepared transaction message failed");
    if (std::string_view wrong = mismatch(*half, h); !wrong.empty()) return request.refuse(ResponseCode::SYSTEM_ERROR, wrong);
    if (!h.fromTransactionCheck && decided_too_late(*half)) return request.refuse(ResponseCode::ILLEGAL_OPERATION, {});
    if (h.commitOrRollback == sys_flag::kRollback) {
      decided_.push_back(h.tranStateTableOffset);
      return request.ok();
    }
    return commit(*half, h, request);
  }

  /// Puts a half message back among those that are checked, as if never asked about: mostly one that was given up.
  Answer resume(const wire::ResumeCheckHalfMessageHeader& h, Request& request) {
    const auto id = parse_offset_msg_id(h.msgId.value_or(""));
    const auto bytes = id ? broker_.store.record_at(id->offset) : Result<env::PinnedBytes>(std::unexpected(id.error()));
    const auto half = bytes ? decode_record(bytes->bytes, RecordCheck::kLengths) : Result<RecordView>(std::unexpected(bytes.error()));
    // Java puts whatever stands there into the half topic; what no producer can be asked about would stay in it for good.
    if (!half || find_property(half->m.properties, prop::kRealTopic).empty()) return request.refuse(ResponseCode::SYSTEM_ERROR, kNothingToPutBack);
    PutMessage m = put_again(*half);
    const std::string properties = with_property(half->m.properties, kCheckTimes, "0");
    m.fields.topic = kHalfTopic;
    m.fields.queueId = 0;
    m.fields.properties = properties;
    const uint32_t slot = pending_.take();
    pending_[slot] = {request.responder(), Pending::Kind::kResume};
    pipeline_.put(m, *this, slot);
    return request.later();
  }

  void on_put(uint32_t slot, const PutResult& result) noexcept override {
    if (slot == kOpSlot) {
      if (result.status != PutStatus::kPutOk) log.warn("an op message was not stored; its half messages are checked again");
      return;
    }
    Pending p = std::exchange(pending_[slot], {});
    pending_.give_back(slot);
    if (p.kind == Pending::Kind::kResume) {
      (void)(result.status == PutStatus::kPutOk ? p.responder.ok() : p.responder.refuse(ResponseCode::SYSTEM_ERROR, kNotPutBack));
    } else {
      refused_ = result.status != PutStatus::kPutOk;
      const auto [code, remark] = answer_of_commit(result.status);
      (void)p.responder.answer(code, wire::NoHeader{}, remark);
    }
  }

  /// Before the turn's append: an op message for each half message that the turn decided. They stand in the same write as
  /// the commits, so a crash cannot leave a commit without its op message.
  void write_ops() {
    static constexpr std::string_view kProperties("TAGS\x01" "d\x02", 7);
    for (const int64_t half_offset : decided_) {
      const std::string body = std::to_string(half_offset);
      PutMessage m;
      m.fields.topic = kOpHalfTopic;
      m.fields.bornTimestamp = broker_.env.clock().now_ms();
      m.fields.bornHost = m.fields.storeHost = broker_.store_host;
      m.fields.body = as_bytes(body);
      m.fields.properties = kProperties;
      m.tagsCode = tags_code("d");
      m.wait = m.may_rewrite = false;
      pipeline_.put(m, *this, kOpSlot);
    }
    decided_.clear();
  }

 private:
  /// Who waits for a put, and for which.
  struct Pending {
    enum class Kind : uint8_t { kCommit, kResume };
    Responder responder;
    Kind kind = Kind::kCommit;
  };
  static constexpr uint32_t kOpSlot = UINT32_MAX;

  static std::string_view mismatch(const RecordView& half, const EndTransactionHeader& h) {
    if (find_property(half.m.properties, prop::kProducerGroup) != h.producerGroup) return "The producer group wrong";
    if (half.m.queueOffset != h.tranStateTableOffset) return "The transaction state table offset wrong";
    if (half.m.physicalOffset != h.commitLogOffset) return "The commit log offset wrong";
    return {};
  }

  bool decided_too_late(const RecordView& half) const {
    if (!find_property(half.m.properties, kImmunityTime).data()) return false;
    const int64_t seconds = property_number(half.m.properties, kImmunityTime, -1);
    const int64_t immunity = seconds < 0 ? broker_.config.transactionTimeOut() : seconds * 1000;
    return broker_.env.clock().now_ms() - half.m.bornTimestamp > immunity;
  }

  Answer commit(const RecordView& half, const EndTransactionHeader& h, Request& request) {
    PutMessage m = put_again(half);
    m.fields.topic = find_property(half.m.properties, prop::kRealTopic);
    m.fields.queueId = real_queue_id(half.m.properties);
    m.fields.sysFlag = (m.fields.sysFlag & ~sys_flag::kTransactionMask) | sys_flag::kCommit;
    m.fields.preparedTransactionOffset = h.commitLogOffset;
    m.wait = find_property(half.m.properties, prop::kWait) != "false";
    m.may_rewrite = true;   // a delay level of the half message counts now
    const uint32_t slot = pending_.take();
    pending_[slot] = {request.responder(), Pending::Kind::kCommit};
    refused_ = false;
    decided_.push_back(h.tranStateTableOffset);   // before the put, which may be appended at once
    pipeline_.put(m, *this, slot);
    if (refused_) std::erase(decided_, h.tranStateTableOffset);
    return request.later();
  }

  BrokerContext& broker_;
  PutPipeline& pipeline_;
  std::vector<int64_t> decided_;        // half queue offsets, in this turn
  bool refused_ = false;                // the last commit was refused before it reached the log
  Slots<Pending> pending_;
};

/// The periodic part.
class TransactionRoom::Checker : public TransactionChecker {
 public:
  using TransactionChecker::TransactionChecker;
  env::Periodic timer;
};

TransactionRoom::TransactionRoom(BrokerContext& broker, const Registries& meta, PutPipeline& pipeline)
    : checker_(std::make_unique<Checker>(broker, meta, pipeline)), broker_(broker) {
  for (size_t i = 0; i <= broker.io_loops.size(); ++i) lanes_.push_back(std::make_unique<Lane>(broker, pipeline));
  pipeline.add_gatherer([this] { lanes_[broker_.loop_index()]->write_ops(); });
  pipeline.add_rewrite([](PutMessage& m, std::deque<std::string>& scratch) {
    // A commit keeps TRAN_MSG (QUIRK of the stored properties) and is told by its sysFlag.
    if ((m.fields.sysFlag & sys_flag::kTransactionMask) != sys_flag::kCommit && is_transactional(m)) make_half(m, scratch);
    return PutStatus::kPutOk;
  });
}

TransactionRoom::~TransactionRoom() = default;

void TransactionRoom::start() {
  broker_.env.run_on(*broker_.ctl, [this] {
    const int64_t period = broker_.config.transactionCheckInterval();
    checker_->timer = env::Periodic(*broker_.ctl, period, period, [this] { checker_->round(); });
  });
}

void TransactionRoom::stop() {
  broker_.env.run_on(*broker_.ctl, [this] {
    checker_->timer.stop();
    checker_->stop();
  });
}

Answer TransactionRoom::end(const EndTransactionHeader& h, Request& request) { return lanes_[broker_.loop_index()]->end(h, request); }
Answer TransactionRoom::resume(const wire::ResumeCheckHalfMessageHeader& h, Request& request) { return lanes_[broker_.loop_index()]->resume(h, request); }

}  // namespace mq::broker
