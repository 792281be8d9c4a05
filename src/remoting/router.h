// From a request code to a room's handler. A room lists its routes as a type; mounting folds them into a sorted table:
//
//   class PullRoom {
//    public:
//     remoting::Answer pull(const wire::PullMessageHeader& h, remoting::Request& request);
//     using routes = remoting::Routes<remoting::Route<wire::RequestCode::PULL_MESSAGE, &PullRoom::pull>>;
//   };
//   router.mount(pull_room);
//
// A handler that throws, a header that does not decode: SYSTEM_ERROR with the text. An unmounted code:
// REQUEST_CODE_NOT_SUPPORTED, remark " request type <code> not supported".
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <exception>
#include <vector>

#include "remoting/request.h"
#include "wire/requests.h"

namespace mq::remoting {

template <wire::RequestCode C, auto Fn>
struct Route {
  static constexpr wire::RequestCode code = C;
  static constexpr auto fn = Fn;
};
template <class... R>
struct Routes {
  static constexpr bool has(wire::RequestCode code) noexcept { return ((R::code == code) || ...); }
};

/// Asked before every request of a router, also those that no room serves. Any loop.
class Gate {
 public:
  virtual ~Gate() = default;
  /// False: not to be handled; the gate has answered.
  virtual bool admit(Request& request) noexcept = 0;
};

/// Filled once at start, then read by all loops without a lock (badge: published by the start of the servers).
class Router {
 public:
  template <class Room>
  void mount(Room& room) {
    mount_routes(room, typename Room::routes{});
  }
  /// The gate outlives the router; null: everybody is admitted. Before the servers start.
  void set_gate(Gate* gate) noexcept { gate_ = gate; }
  /// Handles one request to its answer. `main_port`: false on listenPort-2, where Ports::kMain codes are unknown.
  void dispatch(Request& request, bool main_port) const noexcept;
  bool has(int32_t code) const noexcept { return find(code) != nullptr; }

 private:
  using Thunk = Answer (*)(void* room, Request& request);
  struct Entry {
    int32_t code;
    bool main_only;
    void* room;
    Thunk thunk;
  };

  template <class Room, class... R>
  void mount_routes(Room& room, Routes<R...>) {
    (add(Entry{static_cast<int32_t>(R::code), wire::RequestInfo<R::code>::ports == wire::Ports::kMain, &room, &thunk<Room, R>}), ...);
  }
  template <class Room, class R>
  static Answer thunk(void* room, Request& request) {
    using H = typename wire::RequestInfo<R::code>::Request;
    if (const H* known = wire::remembered_header<H>(request.frame().ext)) return (static_cast<Room*>(room)->*R::fn)(*known, request);
    auto header = wire::decode_header<H>(request.frame().ext);
    if (!header) return request.refuse(wire::ResponseCode::SYSTEM_ERROR, header.error().message());
    return (static_cast<Room*>(room)->*R::fn)(*header, request);
  }
  void add(Entry e);   // a code mounted twice is a bug
  const Entry* find(int32_t code) const noexcept;

  static constexpr int32_t kDirect = 1024;   // codes below it are found by one load; the rest (POP's 2000xx) by search

  Gate* gate_ = nullptr;
  std::vector<Entry> entries_;                  // sorted by code
  std::array<uint16_t, kDirect> direct_{};      // code -> 1 + place in entries_
};

}  // namespace mq::remoting
