// The ROCKETMQ header (type 1):
//
//   int16 code | byte language | int16 version | int32 opaque | int32 flag | int32 remark length, remark
//   | int32 ext length, ext = (int16 key length, key, int32 value length, value) ...
#include "wire/codec_internal.h"

namespace mq::wire::internal {
namespace {

constexpr size_t kFixedBytes = 17;   // up to and with the remark's length

/// All bytes or-ed together, for texts that are mostly short; only the top bits of the answer's bytes count.
uint64_t or_of(std::string_view t) noexcept {
  const char* p = t.data();
  size_t n = t.size();
  uint64_t all = 0;
  for (; n >= 8; p += 8, n -= 8) {
    uint64_t v;
    std::memcpy(&v, p, 8);
    all |= v;
  }
  for (; n > 0; ++p, --n) all |= static_cast<unsigned char>(*p);
  return all;
}

Failure bad(const char* why) { return fail(Errc::kCorrupt, std::string("ROCKETMQ header: ") + why); }

}  // namespace

Result<> decode_binary_header(ByteView header, Frame& out) {
  reset_head(out);
  const std::byte* p = header.data();
  const std::byte* const end = p + header.size();
  if (header.size() < kFixedBytes + 4) return bad("cut short");
  out.code = load_be<int16_t>(p);
  const auto language = static_cast<uint8_t>(p[2]);
  out.language = language_name(language).empty() ? 255 : language;
  out.version = load_be<int16_t>(p + 3);
  out.opaque = load_be<int32_t>(p + 5);
  out.flag = load_be<int32_t>(p + 9);
  const auto remark_bytes = load_be<int32_t>(p + 13);
  p += kFixedBytes;
  if (remark_bytes < 0 || remark_bytes > end - p - 4) return bad("the remark does not fit");
  if (remark_bytes > 0) out.remark = as_text({p, static_cast<size_t>(remark_bytes)});
  p += remark_bytes;
  uint64_t seen = or_of(out.remark);

  const auto ext_bytes = load_be<int32_t>(p);
  p += 4;
  if (ext_bytes > end - p) return bad("extFields do not fit");
  // QUIRK: a negative length counts as none, and the request is executed.
  if (ext_bytes > 0) out.ext.set_present();
  const std::byte* const ext_end = p + std::max(ext_bytes, 0);
  while (p < ext_end) {
    // Java looks at the end of extFields only between two pairs: the last one may go beyond it.
    if (end - p < 2) return bad("a key is cut short");
    const auto key_bytes = load_be<int16_t>(p);
    p += 2;
    if (key_bytes < 0 || key_bytes > end - p - 4) return bad("a key does not fit");
    const std::string_view key = as_text({p, static_cast<size_t>(key_bytes)});
    p += key_bytes;
    const auto value_bytes = load_be<int32_t>(p);
    p += 4;
    if (value_bytes < 0 || value_bytes > end - p) return bad("a value does not fit");
    // An empty value decodes to null; an empty key too, and no header has a field of that name.
    std::string_view value;
    if (value_bytes > 0) value = as_text({p, static_cast<size_t>(value_bytes)});
    if (key_bytes > 0) out.ext.add(key, value);
    p += value_bytes;
    seen |= or_of(key) | or_of(value);
  }
  if (seen & 0x8080808080808080u) [[unlikely]] repair_text(out);
  return {};
}

}  // namespace mq::wire::internal
