// Whether a host is this machine itself.
#pragma once

#include <string_view>

namespace mq::env {

/// `host` as in Endpoint: without brackets, or a name.
inline bool is_loopback(std::string_view host) noexcept { return host == "localhost" || host.starts_with("127.") || host == "::1"; }

}  // namespace mq::env
