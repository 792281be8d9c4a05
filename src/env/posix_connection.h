// A TCP connection of a posix loop.
#pragma once

#include <sys/socket.h>

#include "env/net.h"
#include "env/posix_loop.h"
#include "env/stream_filter.h"

namespace mq::env {

/// From accept() or connect(): "::ffff:1.2.3.4" becomes "1.2.3.4".
Endpoint endpoint_of(const sockaddr_storage& address);

/// Badge: owned by loop. The loop owns the object too: made by adopt(), destroyed in the turn in which it died.
///
/// Output: `out_` holds what was appended and not yet taken by the kernel, from `sent_` on; pinned pieces stand beside it
/// with the position in `out_` before which they go out. Input: the loop's scratch buffer is handed to the handler
/// directly; only what it leaves is kept, in `rest_`.
///
/// With a filter `out_` holds what is still to be filtered (pinned pieces are copied into it) and `filtered_->wire` what is to be
/// sent; `rest_` is what the handler left of the filtered input.
class PosixConnection final : public Connection, public Pollable {
 public:
  static constexpr size_t kHighWater = 1 << 20;
  static constexpr size_t kLowWater = 256 << 10;
  static constexpr size_t kSendNow = 256 << 10;     // output that doesn't wait for the end of the turn
  static constexpr size_t kCopyPinned = 2048;       // pinned pieces up to this size are cheaper copied
  static constexpr int64_t kLingerMs = 5000;        // how long close() waits for a peer that does not read

  PosixConnection(PosixLoop& loop, int fd, Endpoint peer);
  ~PosixConnection() override;

  ByteBuffer& out() noexcept override {
    if (!dirty_ || out_.size() - sent_ >= kSendNow || dead_) [[unlikely]] before_output();
    return out_;
  }
  void send_pinned(PinnedBytes bytes) override;
  size_t unsent() const noexcept override { return out_.size() - sent_ + pinned_bytes_ + wire_left_; }
  bool congested() const noexcept override { return unsent() > kHighWater; }
  void pause(bool paused) noexcept override;
  void yield() noexcept override;
  void close(bool abort = false) noexcept override;
  bool closing() const noexcept override { return closing_; }
  const Endpoint& peer() const noexcept override { return peer_; }
  const Endpoint& local() const noexcept override;
  void set_handler(ConnectionHandler* handler) noexcept override { handler_ = handler; }
  void set_filter(std::unique_ptr<StreamFilter> filter) override;
  int64_t last_active_ms() const noexcept override { return last_active_ms_; }

  void on_events(uint32_t events) noexcept override;

 private:
  friend class PosixLoop;
  friend class PosixNet;
  struct Pin {
    size_t at;          // goes out before out_[at]
    PinnedBytes bytes;  // the part not yet sent
  };

  struct Filtered {
    std::unique_ptr<StreamFilter> filter;
    ByteBuffer wire;            // what is to be sent, from `sent` on
    size_t sent = 0;
    bool begun = false;         // until then rest_ is what the filter begins with
  };

  void before_output() noexcept;
  void readable() noexcept;
  ssize_t receive(std::byte* to, size_t size) noexcept;
  void hand_over(ByteView bytes) noexcept;
  void hand_over_rest() noexcept;
  size_t call_handler(ByteView bytes) noexcept;
  void redeliver() noexcept;
  void flush() noexcept;
  ssize_t send_some(bool& everything) noexcept;
  void touch_pins() const noexcept;
  ssize_t send_pieces(bool& everything) noexcept;
  void feed(ByteView raw) noexcept;
  void apply_filter(bool finish) noexcept;
  ssize_t send_wire(bool& everything) noexcept;
  void advance(size_t bytes) noexcept;
  void wait_for_room() noexcept;
  void fall_mute() noexcept;
  void linger() noexcept;
  void update_interest() noexcept;
  void finish_later(Error why) noexcept;
  void end(Error why) noexcept;
  bool rest_is_due() const noexcept { return waiting_ && !rest_.empty(); }
  /// Who puts off what came need not be given more: a peer that sends faster than it is served would fill the memory.
  bool has_enough() const noexcept { return waiting_ && rest_.size() >= PosixLoop::kRestBytes; }
  void die(Error why) noexcept;
  void bury() noexcept;

  PosixLoop& loop_;
  int fd_;
  ConnectionHandler* handler_ = nullptr;
  ByteBuffer out_;
  size_t sent_ = 0;               // front of out_ already taken by the kernel
  std::vector<Pin> pins_;
  size_t first_pin_ = 0;
  size_t pinned_bytes_ = 0;
  size_t wire_left_ = 0;          // of filtered_->wire
  std::unique_ptr<Filtered> filtered_;
  ByteBuffer rest_;
  size_t place_ = 0;              // in the loop's list
  uint32_t interest_ = 0;         // as epoll knows it
  int64_t last_active_ms_;
  TimerId linger_timer_ = 0;
  bool dirty_ = false;            // in the loop's list of those with output
  bool blocked_ = false;          // waits for EPOLLOUT
  bool was_high_ = false;         // owes the handler an on_drained
  bool paused_ = false;
  bool closing_ = false;
  bool dead_ = false;
  bool mute_ = false;             // the peer takes nothing any more; what it had sent is still read
  bool waiting_ = false;          // in the loop's list of rests to hand over again
  bool served_ = false;           // the handler took something the last time
  std::unique_ptr<Error> why_;
  std::unique_ptr<Error> ended_;  // why nothing more comes, while a rest is due
  Endpoint peer_;
  mutable Endpoint local_;        // asked for when first needed
};

}  // namespace mq::env
