// The check before every request with aclEnable (ACL 1.0). Source: spec semantics 27.3.
#pragma once

#include "auth/gate.h"
#include "auth/plain_files.h"

namespace mq::auth {

/// Any loop.
class PlainGate final : public remoting::Gate {
 public:
  explicit PlainGate(const PlainFiles& files) : files_(files) {}
  bool admit(remoting::Request& request) noexcept override;
  int64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

 private:
  /// Empty: admitted. Else what is told to the client; `why` is for the operator.
  std::string check(const remoting::Request& request, std::string& why) const;

  const PlainFiles& files_;
  std::atomic<int64_t> refused_{0};   // badge: published
  RefusalLog lines_;
};

}  // namespace mq::auth
