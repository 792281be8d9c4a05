// The clients of the delivery simulation, as applications use them: a producer of delayed, transactional and plain messages,
// a consumer that gives back what it cannot handle, consumers that take turns under locks, a reader that looks at what came
// of it. All know one broker by its address.
#pragma once

#include "clients.h"
#include "dealings.h"

namespace mq::sim {

/// Sends messages of all kinds until stopped, decides about its transactions and answers the broker's questions.
class Dealer final : public Peer {
 public:
  Dealer(env::SimMachine& machine, env::SimRng& dice, const Directory& directory, Dealings& dealings);
  ~Dealer() override { close(); }
  void start();
  /// No new messages; what is open is still decided, and questions are answered.
  void no_more() noexcept { sending_ = false; }
  int64_t acknowledged() const noexcept { return acknowledged_; }

 private:
  struct Half { int64_t queue_offset; int64_t phy; };
  void beat();
  void next();
  void send(Sent& sent, const std::string& extra_properties, int32_t sys_flag);
  void on_answer(uint64_t id, const remoting::Response<wire::SendMessageResponseHeader>& answer);
  void think_about(uint64_t id, Half half);
  static void decide(Sent& sent, int64_t now_ms, Decision decision);
  void end(const Sent& sent, Half half, bool asked);
  bool on_question(const wire::Frame& frame);

  Dealings& dealings_;
  bool sending_ = true;
  int64_t acknowledged_ = 0;
};

/// One member of the group "workers": handles Work and its retry topic, gives back what fails, commits its offsets.
class Worker final : public Peer {
 public:
  Worker(env::SimMachine& machine, env::SimRng& dice, const Directory& directory, Dealings& dealings);
  ~Worker() override { close(); }
  void start();

 private:
  struct Task { uint64_t id; int32_t reconsumeTimes; int64_t phy; };
  struct Place {
    QueueKey queue;
    int64_t next = -1;            // -1: the group's offset is not known yet
    std::vector<Task> tasks;      // of the batch under way
    int64_t behind = 0;           // where the batch ends
  };
  void step(Place& place);
  void ask_offset(Place& place);
  void pull(Place& place);
  void work(Place& place);
  void give_back(Place& place, const Task& task);
  void commit(Place& place);

  Dealings& dealings_;
  std::vector<Place> places_;
};

/// One of several members that lock queues of Ordered, handle their messages in order and let go again now and then.
class OrderlyWorker final : public Peer {
 public:
  OrderlyWorker(env::SimMachine& machine, const std::string& client_id, env::SimRng& dice, const Directory& directory,
                const env::SimWorld& world, Dealings& dealings);
  ~OrderlyWorker() override { close(); }
  void start();

 private:
  struct Place {
    QueueKey queue;
    int64_t locked_ms = -1;       // asked at; -1: not held
    bool leaving = false;         // an unlock is under way
    int64_t next = -1;
  };
  static constexpr int64_t kBelieveMs = 30'000;   // clients trust a lock for half of its life
  bool holds(const Place& place) const { return !place.leaving && place.locked_ms >= 0 && world_.now_ms() - place.locked_ms < kBelieveMs; }
  std::string lock_body(const std::vector<QueueKey>& queues) const;
  void lock_round();
  void unlock(Place& place);
  void step(Place& place);
  void ask_offset(Place& place);
  void pull(Place& place);
  void commit(Place& place);

  const std::string client_id_;
  const env::SimWorld& world_;
  Dealings& dealings_;
  std::vector<Place> places_;
};

/// Reads a topic from its beginning and keeps a Copy of each record.
class Reader final : public Consumer {
 public:
  Reader(env::SimMachine& machine, env::SimRng& dice, const Directory& directory, const std::string& topic, int32_t queues, Copies& copies)
      : Consumer(machine, "reader", dice, directory, topic, queues), copies_(copies) {}
  ~Reader() override { close(); }

 private:
  void message(const QueueKey& queue, const RecordView& record) override;
  bool counts_as_empty(int32_t code) const override { return code == static_cast<int32_t>(wire::ResponseCode::TOPIC_NOT_EXIST); }
  Copies& copies_;
};

}  // namespace mq::sim
