#include "remoting/router.h"

#include "base/check.h"

#include <fmt/core.h>

#include "base/log.h"

namespace mq::remoting {
namespace {

Logger log("remoting");
RateLimit exception_lines{1000};

/// Java names exception class, message and first stack frame; clients don't parse it. We have the message.
void answer_exception(Request& request, std::string_view what) {
  int64_t swallowed = 0;
  if (exception_lines.allow(request.loop().clock().mono_ms(), swallowed)) {
    log.error("request {} of {} failed: {} ({} more such lines)", request.frame().code, request.session().peer_text(), what, swallowed);
  }
  (void)request.refuse(wire::ResponseCode::SYSTEM_ERROR, what);
}

}  // namespace

void Router::add(Entry e) {
  MQ_CHECK(!has(e.code));
  const auto at = std::ranges::lower_bound(entries_, e.code, {}, &Entry::code);
  entries_.insert(at, e);
  for (size_t i = 0; i < entries_.size(); ++i) {
    const int32_t code = entries_[i].code;
    if (code >= 0 && code < kDirect) direct_[static_cast<size_t>(code)] = static_cast<uint16_t>(i + 1);
  }
}

const Router::Entry* Router::find(int32_t code) const noexcept {
  if (code >= 0 && code < kDirect) [[likely]] {
    const uint16_t place = direct_[static_cast<size_t>(code)];
    return place ? &entries_[place - 1u] : nullptr;
  }
  const auto at = std::ranges::lower_bound(entries_, code, {}, &Entry::code);
  return at != entries_.end() && at->code == code ? &*at : nullptr;
}

void Router::dispatch(Request& request, bool main_port) const noexcept {
  if (gate_ && !gate_->admit(request)) return;
  const int32_t code = request.frame().code;
  const Entry* entry = find(code);
  if (!entry || (entry->main_only && !main_port)) {
    char remark[64];
    const auto end = fmt::format_to_n(remark, sizeof remark, " request type {} not supported", code);
    (void)request.refuse(wire::ResponseCode::REQUEST_CODE_NOT_SUPPORTED, {remark, end.size});
    return;
  }
  try {
    (void)entry->thunk(entry->room, request);
  } catch (const std::exception& e) {
    answer_exception(request, e.what());
  } catch (...) {
    answer_exception(request, "unknown exception");
  }
}

}  // namespace mq::remoting
