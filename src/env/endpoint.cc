#include <arpa/inet.h>

#include <charconv>
#include <cstring>

#include "env/net.h"

namespace mq::env {

std::string Endpoint::to_string() const {
  std::string text = is_v6() ? "[" + host + "]" : host;
  return text.append(":").append(std::to_string(port));
}

Result<Endpoint> Endpoint::parse(std::string_view text) {
  const auto bad = [&](const char* why) { return fail(Errc::kInvalid, std::string(why) + ": \"" + std::string(text) + "\""); };
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return bad("an address needs host:port");
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);
  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  if (host.empty()) return bad("the host is missing");
  Endpoint e;
  const auto [end, ec] = std::from_chars(port.data(), port.data() + port.size(), e.port);
  if (ec != std::errc() || end != port.data() + port.size()) return bad("the port must be a number from 0 to 65535");
  e.host = host;
  return e;
}

std::vector<std::byte> Endpoint::ip_bytes() const {
  std::byte raw[16];
  size_t size = 0;
  if (::inet_pton(AF_INET, host.c_str(), raw) == 1) size = 4;
  else if (::inet_pton(AF_INET6, host.c_str(), raw) == 1) size = 16;
  return {raw, raw + size};
}

}  // namespace mq::env
