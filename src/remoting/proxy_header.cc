#include "remoting/proxy_header.h"

#include <algorithm>

#include "base/numbers.h"
#include "base/split.h"

namespace mq::remoting {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kV1 = "PROXY ";
constexpr std::string_view kV2 = "\r\n\r\n\0\r\nQUIT\n"sv;
constexpr size_t kV2Head = 16;   // signature, version and command, family, length

ProxyHeader bad(std::string_view why) { return {.state = ProxyHeader::State::kBad, .bytes = 0, .source = {}, .why = why}; }
ProxyHeader incomplete() { return {.state = ProxyHeader::State::kIncomplete, .bytes = 0, .source = {}, .why = {}}; }

/// 1 to 65535, digits only.
std::optional<uint16_t> port_of(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; })) return std::nullopt;
  const auto port = parse_int64(text);
  if (!port || *port < 1 || *port > 65535) return std::nullopt;
  return static_cast<uint16_t>(*port);
}

/// `line` without its end: "PROXY TCP4 192.0.2.1 198.51.100.1 56324 10911".
ProxyHeader read_line(std::string_view line, size_t bytes) {
  ProxyHeader found{.state = ProxyHeader::State::kComplete, .bytes = bytes, .source = {}, .why = {}};
  const std::vector<std::string_view> words = split(line, " ");
  if (words.size() < 2) return bad("the PROXY line names no protocol");
  if (words[1] == "UNKNOWN") return found;   // the rest of the line is to be ignored
  const bool v6 = words[1] == "TCP6";
  if (!v6 && words[1] != "TCP4") return bad("the PROXY line names neither TCP4 nor TCP6 nor UNKNOWN");
  if (words.size() != 6) return bad("the PROXY line has not six words");
  const auto port = port_of(words[4]);
  if (!port || !port_of(words[5])) return bad("the PROXY line has a port that is none");
  const env::Endpoint source{std::string(words[2]), *port}, target{std::string(words[3]), 0};
  const auto ip = source.ip_bytes();
  if (const size_t size = v6 ? 16 : 4; ip.size() != size || target.ip_bytes().size() != size) {
    return bad("the PROXY line has an address that is none of its family");
  }
  found.source = env::Endpoint::of_ip(ip, *port);
  return found;
}

ProxyHeader read_v1(std::string_view text) {
  const size_t end = text.substr(0, ProxyHeader::kMaxLine).find("\r\n");
  if (end != std::string_view::npos) return read_line(text.substr(0, end), end + 2);
  return text.size() < ProxyHeader::kMaxLine ? incomplete() : bad("the PROXY line does not end");
}

ProxyHeader read_v2(ByteView bytes) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  if (bytes.size() > 12 && (at(12) >> 4 != 2 || (at(12) & 15) > 1)) return bad("the PROXY header has an unknown version or command");
  if (bytes.size() < kV2Head) return incomplete();
  const size_t length = load_be<uint16_t>(bytes.data() + 14);
  const bool local = (at(12) & 15) == 0;   // the balancer's own check: its connection counts as what it is
  size_t least = 0;
  size_t ip_bytes = 0;
  switch (at(13)) {
    case 0x00: break;
    case 0x11: case 0x12: least = 12, ip_bytes = 4; break;    // TCP, UDP over IPv4
    case 0x21: case 0x22: least = 36, ip_bytes = 16; break;   // over IPv6
    case 0x31: case 0x32: least = 216; break;                 // unix sockets: paths, no port
    default: if (!local) return bad("the PROXY header has an unknown family");
  }
  if (!local && length < least) return bad("the PROXY header is too short for its addresses");
  if (bytes.size() < kV2Head + length) return incomplete();
  ProxyHeader found{.state = ProxyHeader::State::kComplete, .bytes = kV2Head + length, .source = {}, .why = {}};
  if (local || ip_bytes == 0) return found;
  // Both addresses, both ports; the type-length-value pieces behind them are of no use here.
  const ByteView addresses = bytes.subspan(kV2Head);
  const auto port = load_be<uint16_t>(addresses.data() + 2 * ip_bytes);
  if (port != 0) found.source = env::Endpoint::of_ip(addresses.first(ip_bytes), port);
  return found;
}

bool begins(std::string_view text, std::string_view with) {
  return text.substr(0, with.size()) == with.substr(0, text.size());
}

}  // namespace

ProxyHeader read_proxy_header(ByteView bytes) {
  const std::string_view text = as_text(bytes);
  if (begins(text, kV1)) return text.size() < kV1.size() ? incomplete() : read_v1(text);
  if (begins(text, kV2)) return text.size() < kV2.size() ? incomplete() : read_v2(bytes);
  return {};
}

}  // namespace mq::remoting
