// Who waits for answers to what was sent.
#pragma once

#include <cstddef>
#include <cstdint>

#include "broker/core/slots.h"
#include "remoting/request.h"

namespace mq::broker {

/// The sessions that wait for answers. One whose sends come together is held once for all of them: its reference count, which all threads
/// share, is not touched for each. Badge: owned by one loop.
class WaitingSessions {
 public:
  /// Holds it until as many let_go() were called. Its number.
  uint32_t hold(const remoting::SessionRef& session) {
    if (held_[last_].session != session) {
      last_ = held_.take();
      held_[last_].session = session;
    }
    ++held_[last_].sends;
    return last_;
  }
  /// Of a number that is held.
  const remoting::SessionRef& operator[](uint32_t number) noexcept { return held_[number].session; }
  void let_go(uint32_t number) {
    Held& held = held_[number];
    if (--held.sends > 0) return;
    held.session = nullptr;
    held_.give_back(number);
  }

 private:
  struct Held {
    remoting::SessionRef session;
    size_t sends = 0;
  };
  Slots<Held> held_;
  uint32_t last_ = held_.take();   // at first one that holds nobody
};

}  // namespace mq::broker
