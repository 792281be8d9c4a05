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

Endpoint Endpoint::of_ip(ByteView ip, uint16_t port) {
  static constexpr unsigned char kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (ip.size() == 16 && std::memcmp(ip.data(), kMapped, sizeof kMapped) == 0) ip = ip.subspan(12);
  char text[INET6_ADDRSTRLEN] = "";
  ::inet_ntop(ip.size() == 16 ? AF_INET6 : AF_INET, ip.data(), text, sizeof text);
  return {text, port};
}

std::vector<std::byte> Endpoint::ip_bytes() const {
  std::byte raw[16];
  size_t size = 0;
  if (::inet_pton(AF_INET, host.c_str(), raw) == 1) size = 4;
  else if (::inet_pton(AF_INET6, host.c_str(), raw) == 1) size = 16;
  return {raw, raw + size};
}

}  // namespace mq::env
