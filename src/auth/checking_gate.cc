#include "auth/checking_gate.h"

#include "wire/requests.h"
#include "wire/signature.h"

namespace mq::auth {

namespace {

Logger log("auth");

std::string code_text(int32_t code) {
  const std::string_view name = wire::to_string(static_cast<wire::RequestCode>(code));
  return name.empty() ? std::to_string(code) : std::string(name);
}

/// What a client sent, for a log line: one line of readable length.
std::string printable(std::string_view text) {
  constexpr size_t kShown = 500;
  std::string shown(text.substr(0, kShown));
  for (char& c : shown) if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  return shown;
}

}  // namespace

bool CheckingGate::admit(remoting::Request& request) noexcept {
  Refusal refusal;
  try {
    refusal = check(request);
  } catch (const std::exception& e) {
    refusal = check_failed(e.what());
  }
  if (refusal.remark.empty()) [[likely]] return true;
  refused_.fetch_add(1, std::memory_order_relaxed);
  log_refusal(request, refusal);
  answer(request, refusal.remark);
  return false;
}

void CheckingGate::log_refusal(const remoting::Request& request, const Refusal& refusal) noexcept {
  const std::string_view user = request.frame().ext.find(wire::kAccessKey);
  const size_t kind = (std::hash<std::string_view>()(user) ^ std::hash<std::string_view>()(refusal.remark)) % kKinds;
  int64_t swallowed = 0;
  if (!limits_[kind].allow(request.loop().clock().mono_ms(), swallowed)) return;
  log.warn("refused {} of {} as {}: {} {} ({} more such lines)", code_text(request.frame().code), request.session().peer_text(),
           user.data() ? printable(user) : "nobody", printable(refusal.remark), printable(refusal.why), swallowed);
}

}  // namespace mq::auth
