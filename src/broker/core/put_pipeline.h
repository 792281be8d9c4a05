// From a checked message to its place in the log: an ordered list of rewrites, encoding, and the turn batch of each io
// loop, which is appended once at the end of the turn.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "broker/core/context.h"
#include "msg/record.h"

namespace mq::broker {

/// A message on its way into the log. The views must live until put() returns.
struct PutMessage {
  MessageFields fields;              // offsets and storeTimestamp stay zero
  store::QueueRef queue;             // of fields.topic and fields.queueId; null: the pipeline looks it up
  int64_t tagsCode = 0;
  int64_t deliver_delay_ms = -1;     // SCHEDULE_TOPIC_XXXX: tagsCode becomes storeTimestamp + this
  std::optional<int32_t> key_hash_start;   // store::index_hash_start(fields.topic), by a caller that has it
  bool keys_known = false;           // uniq_key and keys are all the index keys that the record's properties have
  std::string_view uniq_key;         // UNIQ_KEY
  std::string_view keys;             // KEYS
  bool wait = true;                  // WAIT property: with SYNC_FLUSH, answer after the disk
  bool may_give_up = false;          // while the disk dawdles it may be refused: when too much waits, or when its client is about to
  bool may_rewrite = true;           // false: the caller knows that no rewrite applies (no DELAY, TRAN_MSG ... property)
};

/// What the caller learns, later in the same turn (ASYNC_FLUSH on a quick disk) or after the disk (SYNC_FLUSH, or a disk that dawdles).
struct PutResult {
  store::PutStatus status = store::PutStatus::kUnknownError;
  PhyOffset phy{};
  QueueOffset queue_offset{};
  int64_t store_timestamp = 0;
  size_t bytes = 0;
  std::span<const PhyOffset> parts;  // of a batch: where each part is; empty for a single message. Dies with the call
  int64_t waited_ms = 0;             // kOsPageCacheBusy: 0: it was not let in, too much waits
  size_t waiting = 0;                // kOsPageCacheBusy: how many waited with it
};

/// Receives results on the loop that put. `slot` is the caller's own number. Implemented by rooms; no allocation per put.
class PutSink {
 public:
  virtual ~PutSink() = default;
  virtual void on_put(uint32_t slot, const PutResult& result) noexcept = 0;
};

/// What waits for a disk that dawdles.
struct WaitingPuts {
  size_t count = 0;
  int64_t since_ms = 0;              // mono, of the first; 0: nothing waits
};

/// Looks at a message before it is encoded and may change it (topic, properties, delay) or refuse it.
/// `scratch` keeps what the changed views point to until put() returns.
using PutRewrite = std::function<store::PutStatus(PutMessage& message, std::deque<std::string>& scratch)>;

/// One for the broker; each io loop and ctl has its own batch inside (badge: owned by loop).
class PutPipeline {
 public:
  explicit PutPipeline(BrokerContext& broker);
  ~PutPipeline();
  /// In the assembly only, before the servers start. Run in this order.
  void add_rewrite(PutRewrite rewrite);

  /// In the assembly only. Run on a loop just before its turn batch is appended; what it puts goes into the same append.
  void add_gatherer(std::function<void()> gatherer);

  /// Ends the assembly: from now on each loop appends what it has put at the end of its turns.
  void start();

  /// On an io loop or ctl. Checks sizes (spec storage 2.1.10), rewrites, encodes into the turn batch. The result comes to
  /// sink.on_put(slot); a refusal comes at once, from inside put().
  void put(PutMessage& message, PutSink& sink, uint32_t slot);
  /// A batch body (spec protocol 11.5): its parts become neighbours in the log. `message.fields.body` is the batch
  /// encoding, the other fields are shared by the parts; each part keeps its own flag, body and properties, to which
  /// `message.fields.more_properties` is appended as long as there is room; what these hold of UNIQ_KEY, KEYS and TAGS is told by
  /// `message.uniq_key`, `keys` and `tagsCode`. Not rewritten.
  void put_batch(PutMessage& message, PutSink& sink, uint32_t slot);
  /// Of all loops. Any thread.
  WaitingPuts waiting() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace mq::broker
