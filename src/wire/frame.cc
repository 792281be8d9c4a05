#include "wire/frame.h"

#include <algorithm>

#include "base/utf8.h"
#include "wire/codec_internal.h"

namespace mq::wire {
namespace {

/// Other protocols whose first four bytes are known; as a length all of them are far beyond the limit.
std::string_view look_alike(const char* p) noexcept {
  static constexpr std::pair<std::string_view, std::string_view> kKnown[] = {
      {"GET ", "an HTTP request"},  {"POST", "an HTTP request"}, {"PUT ", "an HTTP request"},    {"HEAD", "an HTTP request"},
      {"DELE", "an HTTP request"},  {"OPTI", "an HTTP request"}, {"PATC", "an HTTP request"},    {"CONN", "an HTTP request"},
      {"TRAC", "an HTTP request"},  {"HTTP", "an HTTP answer"},  {"PRI ", "HTTP/2, as of a gRPC client: it needs a proxy, usually at port 8081"},
      {"SSH-", "SSH"},
      {"PROX", "a PROXY protocol header"}, {"\r\n\r\n", "a PROXY protocol header"},
  };
  for (const auto& [start, name] : kKnown) {
    if (std::memcmp(p, start.data(), 4) == 0) return name;
  }
  if (p[0] == 0x16 && p[1] == 0x03) return "a TLS hello";
  return {};
}

FrameSize bad(std::string_view why) noexcept { return {FrameSize::State::kBad, 0, why}; }

}  // namespace

FrameSize probe_frame(ByteView stream) noexcept {
  if (stream.size() < 4) return {};
  const auto total = load_be<uint32_t>(stream.data());
  if (total < 4 || total > kMaxFrameBytes - 4) {
    const std::string_view other = look_alike(reinterpret_cast<const char*>(stream.data()));
    if (!other.empty()) return bad(other);
    return bad(total < 4 ? "a frame length below 4" : "a frame length above 16777216");
  }
  const size_t bytes = size_t{total} + 4;
  if (stream.size() >= 8) {
    const auto word = load_be<uint32_t>(stream.data() + 4);
    if (word >> 24 > 1) return bad("an unknown serialize type");
    if ((word & 0xFFFFFF) > total - 4) return bad("a header longer than its frame");
  }
  return {stream.size() < bytes ? FrameSize::State::kIncomplete : FrameSize::State::kComplete, bytes, {}};
}

Result<> decode_frame(ByteView bytes, Frame& out) {
  const FrameSize size = probe_frame(bytes);
  if (size.state == FrameSize::State::kBad) return fail(Errc::kCorrupt, std::string(size.why));
  if (size.state == FrameSize::State::kIncomplete || size.bytes != bytes.size()) {
    return fail(Errc::kCorrupt, "the frame's length is not that of its bytes");
  }
  const auto word = load_be<uint32_t>(bytes.data() + 4);
  const size_t header_bytes = word & 0xFFFFFF;
  const ByteView header = bytes.subspan(8, header_bytes);
  out.type = static_cast<SerializeType>(word >> 24);
  out.body = bytes.subspan(8 + header_bytes);
  if (out.type == SerializeType::kRocketMq) return internal::decode_binary_header(header, out);
  return internal::decode_json_header(header, bytes.data() + bytes.size(), out);
}

void ExtFields::list_form() const {
  pairs_.resize(form_->fields.size());
  for (size_t i = 0; i < pairs_.size(); ++i) pairs_[i] = {form_->key(i, header_), value(i)};
  listed_ = true;
}

namespace internal {

void reset_head(Frame& out) noexcept {
  out.code = 0;
  out.language = kLanguageJava;
  out.version = 0;
  out.opaque = 0;
  out.has_opaque = true;
  out.flag = 0;
  out.remark = {};
  out.ext.clear();
}

void repair_text(Frame& out) {
  bool fine = is_utf8(out.remark);
  size_t room = 3 * out.remark.size();   // each malformed byte may become the three bytes of U+FFFD
  for (const auto& pair : out.ext.pairs()) {
    fine = fine && is_utf8(pair.key) && is_utf8(pair.value);
    room += 3 * (pair.key.size() + pair.value.size());
  }
  if (fine) return;

  ByteBuffer text;
  std::vector<char> kept(room);
  char* to = kept.data();
  const auto repaired = [&](std::string_view t) -> std::string_view {
    if (!t.data()) return t;
    text.clear();
    append_repaired(text, t);
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    to += text.size();
    return {to - text.size(), text.size()};
  };
  out.remark = repaired(out.remark);
  ExtFields ext;
  if (out.ext.present()) ext.set_present();
  for (const auto& pair : out.ext.pairs()) {
    const std::string_view key = repaired(pair.key);
    ext.add(key, repaired(pair.value));
  }
  out.ext = std::move(ext);
  out.scratch = std::move(kept);
}

}  // namespace internal
}  // namespace mq::wire
