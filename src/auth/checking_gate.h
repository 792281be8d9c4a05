// What the gates of ACL 2.0 and 1.0 share: a check, the answer to who fails it, the log line about it.
#pragma once

#include <array>
#include <atomic>
#include <string>
#include <string_view>

#include "base/log.h"
#include "remoting/router.h"

namespace mq::auth {

/// Any loop. The answer is the client's, the log line the operator's: of each kind (user and remark) one a second, of all kinds together
/// at most kKinds.
class CheckingGate : public remoting::Gate {
 public:
  bool admit(remoting::Request& request) noexcept final;
  /// Requests refused so far.
  int64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

 protected:
  struct Refusal {
    std::string remark;   // empty: admitted
    std::string why;      // for the log only
  };
  virtual Refusal check(const remoting::Request& request) const = 0;
  /// What it comes to when check() throws.
  virtual Refusal check_failed(std::string_view what) const = 0;
  virtual void answer(remoting::Request& request, const std::string& remark) const = 0;

 private:
  void log_refusal(const remoting::Request& request, const Refusal& refusal) noexcept;

  static constexpr size_t kKinds = 64;
  struct Limit : RateLimit {
    Limit() : RateLimit(1000) {}
  };
  std::array<Limit, kKinds> limits_;
  std::atomic<int64_t> refused_{0};   // badge: published
};

}  // namespace mq::auth
