// What one loop puts in a turn, appended once at its end. While the disk dawdles, appends are made by a loop of their own, so that
// pulls, heartbeats and commits go on; what is put meanwhile gathers and follows in one write.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "broker/core/put_pipeline.h"

namespace mq::broker {

/// The turn batch of one io loop or ctl. Badge: owned by that loop; what is handed over is the append loop's until it comes back.
class TurnBatch {
 public:
  struct Ticket {
    PutSink* sink;
    uint32_t slot;
    bool wait;                 // with SYNC_FLUSH: answer after the disk
    bool may_give_up;          // may be refused when it waits too long
    int64_t since_ms = 0;      // mono; 0: in this turn
  };

  TurnBatch(BrokerContext& broker, env::Loop& loop, const std::vector<std::function<void()>>& gatherers)
      : broker_(broker), store_(broker.store), loop_(loop), gatherers_(gatherers) {}

  ByteBuffer& bytes() noexcept { return batch_.bytes; }
  std::vector<int32_t>& key_hashes() noexcept { return batch_.key_hashes; }
  std::vector<store::AppendPart>& parts() noexcept { return batch_.parts; }
  /// True when so much waits for the disk already that a message that may give up had better do so now.
  bool full() const noexcept;
  /// Begins an item at the end of the batch, which its caller fills in and then adds.
  store::AppendItem& next() { return batch_.items.emplace_back(); }
  /// Adds what next() began.
  void add(const Ticket& ticket) {
    tickets_.push_back(ticket);
    if (away_) [[unlikely]] return wait_for_other(tickets_.back());
    if (batch_.bytes.size() > (ticket.may_give_up ? kTurnBytes : kMostTurnBytes) && !gathering_) end_of_turn();
  }
  /// The end of a turn, or of a part of it that has become large: rooms add what they gathered, then all is appended.
  void end_of_turn() noexcept;
  /// Any thread.
  WaitingPuts waiting() const noexcept { return {waiting_count_.load(std::memory_order_relaxed), waiting_since_ms_.load(std::memory_order_relaxed)}; }

 private:
  /// A batch on its way through the append loop.
  struct Away {
    store::AppendBatch batch;
    std::vector<Ticket> tickets;
  };
  /// Results that are complete but for the disk. Recycled, so that a steady load allocates nothing.
  struct Waiting {
    std::vector<std::pair<Ticket, PutResult>> results;
    std::vector<size_t> part_ends;        // of result i in `parts`
    std::vector<PhyOffset> parts;
    PhyOffset end{};

    void add(const Ticket& t, const PutResult& r);
    void clear();
  };

  // Between the messages of producers a turn batch larger than this is appended: what is read, written and answered then lies in the
  // processor's second cache. Rooms that put several messages are not interrupted before it is very large.
  static constexpr size_t kTurnBytes = 160 << 10;
  static constexpr size_t kMostTurnBytes = 4 << 20;

  void wait_for_other(Ticket& ticket);
  void finish() noexcept;
  bool hand_over();
  void send_back(const std::shared_ptr<Away>& away);
  void come_back(Away& away) noexcept;
  void deliver(store::AppendBatch& batch, std::vector<Ticket>& tickets) noexcept;
  void watch_waiting();
  void publish() noexcept;
  void give_up() noexcept;
  std::span<const PhyOffset> list_parts(const store::AppendBatch& batch, const store::AppendItem& item);
  std::unique_ptr<Waiting> take_waiting();
  void wait_for_disk(std::unique_ptr<Waiting> waiting);

  BrokerContext& broker_;
  store::Store& store_;
  env::Loop& loop_;
  const std::vector<std::function<void()>>& gatherers_;
  store::AppendBatch batch_;
  std::vector<Ticket> tickets_;                  // one for each item of batch_
  std::vector<PhyOffset> parts_;                 // of the result being delivered
  std::vector<std::unique_ptr<Waiting>> idle_;
  std::shared_ptr<Away> spare_;                  // memory for the next Away
  bool away_ = false;                            // a batch is with the append loop; nothing may overtake it
  bool gathering_ = false;                       // rooms add what must stand in the same append
  bool watched_ = false;                         // a timer looks at what waits
  int64_t turn_ms_ = 0;                          // mono, of this turn's messages when they wait; 0: not looked up yet
  std::atomic<size_t> waiting_count_{0};         // badge: published
  std::atomic<int64_t> waiting_since_ms_{0};     // badge: published
};

}  // namespace mq::broker
