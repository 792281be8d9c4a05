// The check-back rounds: which half messages are undecided, which are asked about again, which are given up.
// Badge of all state: owned by ctl. Source: spec semantics 8.3, storage 3.12.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/core/put_pipeline.h"
#include "broker/meta/registries.h"
#include "msg/record.h"

namespace mq::broker {

/// What a round does with a half message that no op message has decided.
enum class HalfFate : uint8_t {
  kTooYoung,    // not yet: the round ends here, as those behind it are younger
  kImmune,      // its own immunity time is not over: it moves to the end of the queue
  kCheck,       // it moves to the end of the queue and its producer is asked
  kGiveUp,      // checked often enough or older than the log keeps: to TRANS_CHECK_MAX_TIME_TOPIC
};

struct CheckRules {
  int64_t timeout_ms = 6000;          // transactionTimeOut
  int64_t max_checks = 15;            // transactionCheckMax
  int64_t max_age_ms = 72 * 3'600'000LL;   // fileReservedTime
};

/// Pure. `now_ms` is the round's start.
HalfFate fate_of(const RecordView& half, const CheckRules& rules, int64_t now_ms) noexcept;

class TransactionChecker : public PutSink {
 public:
  TransactionChecker(BrokerContext& broker, const Registries& meta, PutPipeline& pipeline);
  /// On ctl. One round; goes on over several turns until it is through.
  void round();
  void stop() { stopped_ = true; }
  void on_put(uint32_t slot, const PutResult& result) noexcept override;

 private:
  /// A half message that was put again in this turn.
  struct Moved {
    int64_t half_offset = 0;
    HalfFate fate = HalfFate::kCheck;
    std::vector<std::byte> record;    // a copy, for the question to the producer
  };
  static constexpr int32_t kBatch = 64;
  static constexpr size_t kMaxDone = 1'000'000;

  void step();
  void batch_ended();
  void finish_round();
  bool read_ops();
  bool visit(int64_t offset);
  void move(const RecordView& half, int64_t offset, HalfFate fate);
  void ask_producer(const Moved& moved, const PutResult& place);

  BrokerContext& broker_;
  const Registries meta_;
  PutPipeline& pipeline_;
  store::QueueRef half_queue_, op_queue_;
  std::set<int64_t> done_;            // half offsets at or behind half_next_ that an op message has decided
  int64_t op_next_ = -1;              // next op message to read
  struct OpRecord { int64_t op_offset; int64_t highest; };
  std::vector<OpRecord> ops_;         // op messages read and not yet wholly behind half_next_
  int64_t half_next_ = -1;            // everything before it is decided, moved or given up
  int64_t round_start_ms_ = 0;
  bool in_round_ = false;
  bool stopped_ = false;
  std::vector<Moved> moved_;          // by slot
  int32_t under_way_ = 0;
  int64_t first_failed_ = -1;
  size_t next_producer_ = 0;
};

}  // namespace mq::broker
