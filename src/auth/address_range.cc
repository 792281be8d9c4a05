#include "auth/address_range.h"

#include "base/numbers.h"

namespace mq::auth {

Result<AddressRange> AddressRange::parse(std::string_view text) {
  const size_t slash = text.find('/');
  MQ_TRY(const Host ip, Host::parse(text.substr(0, slash), 0));
  AddressRange range{ip, ip.len * 8};
  if (slash == std::string_view::npos) return range;
  const auto bits = parse_int64(text.substr(slash + 1));
  if (!bits || *bits < 0 || *bits > range.bits) return fail(Errc::kInvalid, "no such prefix length: " + std::string(text));
  range.bits = static_cast<int>(*bits);
  return range;
}

bool AddressRange::contains(const Host& other) const noexcept {
  if (ip.len != other.len) return false;
  const size_t whole = static_cast<size_t>(bits) / 8;
  if (std::memcmp(ip.ip.data(), other.ip.data(), whole) != 0) return false;
  const int rest = bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::byte>(0xff << (8 - rest));
  return (ip.ip[whole] & mask) == (other.ip[whole] & mask);
}

}  // namespace mq::auth
