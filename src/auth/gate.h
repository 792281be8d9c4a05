// The check that comes before every request: who signed it (authentication), whether that user may do it (authorization). ACL 2.0.
// Source: spec semantics 28.3, 28.4.
#pragma once

#include <array>
#include <atomic>
#include <string>
#include <vector>

#include "auth/accounts.h"
#include "auth/config.h"
#include "base/log.h"
#include "remoting/router.h"

namespace mq::auth {

/// Lines about refusals for the operator: of each kind (user and remark) one a second, of all kinds together at most kKinds. Any thread.
class RefusalLog {
 public:
  void write(const remoting::Request& request, std::string_view remark, std::string_view why) noexcept;

 private:
  static constexpr size_t kKinds = 64;
  struct Limit : RateLimit {
    Limit() : RateLimit(1000) {}
  };
  std::array<Limit, kKinds> limits_;
};

/// Made when access control is on; a router without a gate asks nothing. Any loop; its answer is the client's, its log line the operator's.
class Gate final : public remoting::Gate {
 public:
  /// `cluster` is the name of this server's cluster. What `config` says at this moment counts.
  Gate(const AuthConfig& config, const Accounts& accounts, std::string cluster);
  bool admit(remoting::Request& request) noexcept override;
  /// Requests refused so far.
  int64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

 private:
  struct Refusal {
    std::string remark;   // empty: admitted
    std::string why;      // for the log only
  };
  Refusal check(const remoting::Request& request) const;
  Refusal authenticate(const wire::Frame& frame, std::string_view name, const Account* account) const;
  Refusal authorize(const remoting::Request& request, std::string_view name, const Account* account) const;

  const Accounts& accounts_;
  const std::string cluster_;
  const bool authentication_, authorization_;
  const std::vector<int32_t> unsigned_codes_, unchecked_codes_;   // the white lists, sorted
  std::atomic<int64_t> refused_{0};   // badge: published
  RefusalLog lines_;
};

}  // namespace mq::auth
