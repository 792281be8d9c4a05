// The check that comes before every request: who signed it (authentication), whether that user may do it (authorization). ACL 2.0.
// Source: spec semantics 28.3, 28.4.
#pragma once

#include <string>
#include <vector>

#include "auth/accounts.h"
#include "auth/checking_gate.h"
#include "auth/config.h"

namespace mq::auth {

/// Made when access control is on; a router without a gate asks nothing. Any loop.
class Gate final : public CheckingGate {
 public:
  /// `cluster` is the name of this server's cluster. What `config` says at this moment counts.
  Gate(const AuthConfig& config, const Accounts& accounts, std::string cluster);

 private:
  Refusal check(const remoting::Request& request) const override;
  Refusal check_failed(std::string_view what) const override;
  void answer(remoting::Request& request, const std::string& remark) const override;
  Refusal authenticate(const wire::Frame& frame, std::string_view name, const Account* account) const;
  Refusal authorize(const remoting::Request& request, std::string_view name, const Account* account) const;

  const Accounts& accounts_;
  const std::string cluster_;
  const bool authentication_, authorization_;
  const std::vector<int32_t> unsigned_codes_, unchecked_codes_;   // the white lists, sorted
};

}  // namespace mq::auth
