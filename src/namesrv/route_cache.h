// Encoded route bodies, so that a lookup costs a hash and a copy.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/string_hash.h"
#include "namesrv/route_table.h"

namespace mq::namesrv {

/// The two JSON forms of a route (spec protocol 3.5).
enum class RouteForm : uint8_t {
  kPlain,     // fastjson's own: {0:"ip:port"}
  kBrowser,   // standard JSON: {"0":"ip:port"}, for clients from 4.9.4 on
};

/// One body per (topic, form), made at the first question after a change. Bounded: at kLimitBytes all is dropped.
/// Badge: owned by the NameServer's loop.
class RouteCache final : public RouteListener {
 public:
  static constexpr size_t kLimitBytes = 64 << 20;

  /// Null when not cached.
  const std::string* find(std::string_view topic, RouteForm form) const;
  const std::string& put(std::string_view topic, RouteForm form, std::string body);
  void topic_changed(std::string_view topic) override;
  void all_changed() override;
  size_t size_bytes() const noexcept { return size_bytes_; }

 private:
  using Bodies = std::array<std::string, 2>;   // by RouteForm; empty: not there (a body is never empty)

  std::unordered_map<std::string, Bodies, StringHash, std::equal_to<>> bodies_;
  size_t size_bytes_ = 0;   // of all bodies and keys
};

}  // namespace mq::namesrv
