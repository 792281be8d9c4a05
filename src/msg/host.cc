#include "msg/host.h"

#include <arpa/inet.h>
#include <fmt/core.h>

#include <cstring>

namespace mq {

Result<Host> Host::parse(std::string_view ip_text, int32_t port) {
  char text[INET6_ADDRSTRLEN + 1];
  if (ip_text.size() >= sizeof text) return fail(Errc::kInvalid, "\"" + std::string(ip_text) + "\" is not a numeric IP address");
  std::memcpy(text, ip_text.data(), ip_text.size());
  text[ip_text.size()] = 0;

  Host h;
  h.port = port;
  if (inet_pton(AF_INET, text, h.ip.data()) == 1) return h;
  if (inet_pton(AF_INET6, text, h.ip.data()) != 1) {
    return fail(Errc::kInvalid, "\"" + std::string(ip_text) + "\" is not a numeric IP address");
  }
  static constexpr uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (std::memcmp(h.ip.data(), kMapped, sizeof kMapped) == 0) {
    std::memmove(h.ip.data(), h.ip.data() + 12, 4);
    std::memset(h.ip.data() + 4, 0, 12);   // so that equal hosts compare equal
    return h;
  }
  h.len = 16;
  return h;
}

std::string Host::to_string() const {
  const auto byte = [&](size_t i) { return static_cast<unsigned>(ip[i]); };
  if (!v6()) return fmt::format("{}.{}.{}.{}:{}", byte(0), byte(1), byte(2), byte(3), port);
  // Java writes all eight groups and shortens nothing: 0:0:0:0:0:0:0:1.
  std::string out = "[";
  for (size_t i = 0; i < 16; i += 2) {
    out += fmt::format("{}{:x}", i ? ":" : "", load_be<uint16_t>(ip.data() + i));
  }
  return out + fmt::format("]:{}", port);
}

}  // namespace mq
