// The check before every request with aclEnable (ACL 1.0). Source: spec semantics 27.3.
#pragma once

#include "auth/checking_gate.h"
#include "auth/plain_files.h"

namespace mq::auth {

/// Any loop.
class PlainGate final : public CheckingGate {
 public:
  explicit PlainGate(const PlainFiles& files) : files_(files) {}

 private:
  Refusal check(const remoting::Request& request) const override;
  Refusal check_failed(std::string_view what) const override { return {std::string(what), {}}; }
  void answer(remoting::Request& request, const std::string& remark) const override;

  const PlainFiles& files_;
};

}  // namespace mq::auth
