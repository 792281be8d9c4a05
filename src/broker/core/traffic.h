// What goes through a broker, per topic and per (topic, consumer group): plain counters of each loop, summed by whoever asks.
// The one source of numbers for /metrics and for the statistics of mqadmin.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/counter.h"

namespace mq::broker {

enum class MessageType : uint8_t { kNormal, kFifo, kDelay, kTransaction };
inline constexpr std::array<std::string_view, 4> kMessageTypeNames{"normal", "fifo", "delay", "transaction"};
inline constexpr std::array<double, 6> kSizeBounds{1024, 4096, 524288, 1048576, 2097152, 4194304};   // RocketMQ's message_size

/// Sums of one topic's stored sends. `T` is Counter (one writer) or int64_t (a sum).
template <class T>
struct TopicCounts {
  std::array<T, kMessageTypeNames.size()> put_nums{}, put_bytes{};   // by MessageType; bytes as stored
  std::array<T, kSizeBounds.size() + 1> put_sizes{};                 // messages by size
};
/// Sums of what one group pulled of one topic.
template <class T>
struct GroupCounts {
  T get_nums{}, get_bytes{}, send_back_nums{};
};

struct alignas(64) TopicTraffic : TopicCounts<Counter> {   // a cell is two cache lines
  void put(MessageType type, int64_t messages, int64_t bytes) noexcept;
};
struct GroupTraffic : GroupCounts<Counter> {
  void get(int64_t messages, int64_t bytes) noexcept {
    get_nums.add(messages);
    get_bytes.add(bytes);
  }
};

/// Cells are made on first use and never move or go: callers keep the reference. Badge of the cells: published, one writer, the
/// loop they were made for.
class Traffic {
 public:
  explicit Traffic(size_t loops);
  ~Traffic();
  /// Takes the loop's mutex: not for each message, keep the reference. Above 65,536 cells of a loop the rest share one.
  TopicTraffic& topic(size_t loop, std::string_view topic);
  GroupTraffic& group(size_t loop, std::string_view topic, std::string_view group);

  using TopicSum = TopicCounts<int64_t>;
  using GroupSum = GroupCounts<int64_t>;
  /// One topic, one (topic, group), summed over the loops; zeros when nothing was counted. Any thread.
  TopicSum topic_sum(std::string_view topic) const;
  GroupSum group_sum(std::string_view topic, std::string_view group) const;
  /// Every topic, then every (topic, group). Any thread; no mutex is held while `use` runs.
  void each_topic(const std::function<void(const std::string& topic, const TopicSum&)>& use) const;
  void each_group(const std::function<void(const std::string& topic, const std::string& group, const GroupSum&)>& use) const;

 private:
  struct Lane;
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace mq::broker
