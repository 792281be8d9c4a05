#include "wire/shape_cache.h"

#include <algorithm>
#include <cstring>
#include <tuple>

#include "wire/codec_internal.h"
#include "wire/header_codec.h"
#include "wire/json_escape.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mq::wire {
namespace {

constexpr size_t kBlock = HeaderForm::kBlock;
constexpr size_t kMaxShapeBytes = 4096;
constexpr size_t kMaxOpaqueDigits = 10;
constexpr char kFixed = '\xFF';          // in a mask: the byte must be the template's

bool is_plain(char c) noexcept { return c >= 0x20 && c != '"' && c != '\\'; }   // bytes above 0x7F are negative
bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// The members besides opaque and extFields that a header of plain form has.
constexpr std::array<std::string_view, 5> kFixedKeys = {"code", "flag", "language", "serializeTypeCurrentRPC", "version"};

/// The header is the template where the mask is fixed, and plain text elsewhere. `size` is at least kBlock.
using Fits = bool (*)(const char* header, const char* like, const char* mask, size_t size) noexcept;

#if defined(__x86_64__)
bool fits_by_16(const char* header, const char* like, const char* mask, size_t size) noexcept {
  const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\'), blank = _mm_set1_epi8(0x20);
  __m128i wrong = _mm_setzero_si128();
  for (size_t i = 0, last = size - 16;; i = std::min(i + 16, last)) {   // the last overlaps: nothing is read behind the header
    const __m128i h = _mm_loadu_si128(reinterpret_cast<const __m128i*>(header + i));
    const __m128i t = _mm_loadu_si128(reinterpret_cast<const __m128i*>(like + i));
    const __m128i m = _mm_loadu_si128(reinterpret_cast<const __m128i*>(mask + i));
    const __m128i special = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(h, quote), _mm_cmpeq_epi8(h, slash)), _mm_cmplt_epi8(h, blank));
    wrong = _mm_or_si128(wrong, _mm_or_si128(_mm_and_si128(_mm_xor_si128(h, t), m), _mm_andnot_si128(m, special)));
    if (i == last) break;
  }
  return _mm_movemask_epi8(_mm_cmpeq_epi8(wrong, _mm_setzero_si128())) == 0xFFFF;
}

[[gnu::target("avx2")]] bool fits_by_32(const char* header, const char* like, const char* mask, size_t size) noexcept {
  if (size < 32) return fits_by_16(header, like, mask, size);
  const __m256i quote = _mm256_set1_epi8('"'), slash = _mm256_set1_epi8('\\'), blank = _mm256_set1_epi8(0x20);
  __m256i wrong = _mm256_setzero_si256();
  for (size_t i = 0, last = size - 32;; i = std::min(i + 32, last)) {
    const __m256i h = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(header + i));
    const __m256i t = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(like + i));
    const __m256i m = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(mask + i));
    const __m256i special = _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(h, quote), _mm256_cmpeq_epi8(h, slash)), _mm256_cmpgt_epi8(blank, h));
    wrong = _mm256_or_si256(wrong, _mm256_or_si256(_mm256_and_si256(_mm256_xor_si256(h, t), m), _mm256_andnot_si256(m, special)));
    if (i == last) break;
  }
  return _mm256_testz_si256(wrong, wrong);
}

Fits choose_fits() noexcept {
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx2") ? fits_by_32 : fits_by_16;
}
#else
bool fits_by_1(const char* header, const char* like, const char* mask, size_t size) noexcept {
  for (size_t i = 0; i < size; ++i) {
    if (mask[i] == kFixed ? header[i] != like[i] : !is_plain(header[i])) return false;
  }
  return true;
}

Fits choose_fits() noexcept { return fits_by_1; }
#endif

const Fits fits = choose_fits();

/// False when the text is no number, or one that this decoder leaves to the other: a leading zero is a number to some parsers and none to others.
/// Eight bytes that end with it can be read.
bool read_opaque(std::string_view digits, int32_t& out) noexcept {
  if (!is_digit(digits[0]) || (digits[0] == '0' && digits.size() > 1)) return false;
  if (digits.size() > 8) return detail::parse_number(digits, out);
  uint64_t text;   // at once, zeros in place of what stands before it
  std::memcpy(&text, digits.data() + digits.size() - 8, 8);
  const uint64_t own = ~uint64_t{0} << 8 * (8 - digits.size());
  text = (text & own) | (0x3030303030303030 & ~own);
  return detail::eight_digits(reinterpret_cast<const char*>(&text), out);
}

}  // namespace

struct ShapeCache::Shape {
  HeaderForm form;
  std::vector<char> mask;   // kFixed or 0 for each byte
  size_t opaque_at = 0;
  size_t opaque_size = 0;
  int32_t code = 0, flag = 0, version = 0;
  uint8_t language = kLanguageJava;
  bool has_ext = false;
  int refused = 0;          // headers of its length that it could not be widened to

  size_t size() const noexcept { return form.like.size(); }
  bool decode(const char* header, const char* readable, Frame& out);
  bool learn(std::string_view header, const Frame& decoded);
  bool widen(const Shape& other);

 private:
  const char* learn_ext(const char* p, const char* end);
  const char* learn_value(const char* p, const char* end, HeaderForm::Field& field);

  const char* start_ = nullptr;   // of the header being learnt
};

bool ShapeCache::Shape::decode(const char* header, const char* readable, Frame& out) {
  if (!fits(header, form.like.data(), mask.data(), size())) return false;
  if (!read_opaque({header + opaque_at, opaque_size}, out.opaque)) return false;
  out.code = code;
  out.language = language;
  out.version = version;
  out.has_opaque = true;
  out.flag = flag;
  out.remark = {};

  if (!has_ext) return out.ext.clear(), true;
  if (out.scratch.size() < form.room) out.scratch.resize(form.room);
  out.ext.set_form(form, header, readable, out.scratch.data());
  return true;
}

/// Takes the header as a shape when it has the plain form all clients write; `decoded` is what it means.
bool ShapeCache::Shape::learn(std::string_view header, const Frame& decoded) {
  if (header.size() < kBlock || header.size() > kMaxShapeBytes || !decoded.has_opaque || decoded.remark.data()) return false;
  start_ = header.data();
  form.like.assign(header.begin(), header.end());
  mask.assign(size(), kFixed);
  code = decoded.code;
  flag = decoded.flag;
  version = decoded.version;
  language = decoded.language;

  const char* p = header.data();
  const char* const end = p + size();
  static constexpr std::string_view kExt = "\"extFields\":{", kOpaque = "\"opaque\":";
  int depth = 0;
  while (p < end) {
    const std::string_view rest(p, static_cast<size_t>(end - p));
    if (depth == 1 && rest.starts_with(kExt)) {
      if (has_ext) return false;
      has_ext = true;
      p = learn_ext(p + kExt.size(), end);
      if (!p) return false;
    } else if (depth == 1 && rest.starts_with(kOpaque)) {
      p += kOpaque.size();
      if (opaque_size != 0) return false;
      opaque_at = static_cast<size_t>(p - start_);
      while (p < end && is_digit(*p)) ++p, ++opaque_size;
      if (opaque_size == 0 || opaque_size > kMaxOpaqueDigits || p == end || (*p != ',' && *p != '}')) return false;
      std::fill_n(mask.begin() + static_cast<ptrdiff_t>(opaque_at), opaque_size, '\0');
    } else if (*p == '"') {   // any other string stays as it is
      const char* const text = ++p;
      while (p < end && is_plain(*p)) ++p;
      if (end - p < 2 || *p != '"') return false;
      const std::string_view key(text, static_cast<size_t>(p - text));
      ++p;
      // Two spellings of one member ("opaque", "Opaque") make a header whose shape says too little.
      if (*p == ':' && (depth != 1 || std::find(kFixedKeys.begin(), kFixedKeys.end(), key) == kFixedKeys.end())) return false;
    } else {
      if (*p == '\'' || *p == '/') return false;   // other quotes, comments
      depth += *p == '{' ? 1 : *p == '}' ? -1 : 0;
      ++p;
    }
  }
  form.settle();
  return depth == 0 && opaque_size != 0 && form.fields.size() == decoded.ext.pairs().size();
}

/// Behind the opening brace of extFields: `"key":"value"` with commas between. Returns the place behind the closing one.
const char* ShapeCache::Shape::learn_ext(const char* p, const char* end) {
  if (p < end && *p == '}') return p + 1;
  while (p < end && *p == '"') {
    HeaderForm::Field field;
    const char* const key = ++p;
    while (p < end && *p != '"') {
      if (!is_plain(*p)) return nullptr;
      ++p;
    }
    if (end - p < 4 || p[1] != ':' || p[2] != '"') return nullptr;
    field.key_at = static_cast<uint16_t>(key - start_);
    field.key_size = static_cast<uint16_t>(p - key);
    p = learn_value(p + 3, end, field);
    if (!p || p == end) return nullptr;
    form.fields.push_back(field);
    if (*p == '}') return p + 1;
    if (*p != ',') return nullptr;
    ++p;
  }
  return nullptr;
}

/// Behind the opening quote of a value. Returns the place behind the closing one.
const char* ShapeCache::Shape::learn_value(const char* p, const char* end, HeaderForm::Field& field) {
  field.value_at = static_cast<uint16_t>(p - start_);
  field.first_run = static_cast<uint16_t>(form.runs.size());
  field.room_at = static_cast<uint32_t>(form.room);
  for (const char* from = p; p < end;) {
    if (is_plain(*p)) {
      ++p;
      continue;
    }
    HeaderForm::Run run{.from = static_cast<uint16_t>(from - start_), .size = static_cast<uint16_t>(p - from)};
    if (*p == '"') {
      if (field.runs == 0) {
        field.value_size = run.size;
      } else {
        run.ends = true;
        form.runs.push_back(run);
        ++field.runs;
        form.room += run.size + 1u + kBlock;
      }
      return p + 1;
    }
    if (*p != '\\' || end - p < 7 || std::memcmp(p, "\\u00", 4) != 0 || p[4] >= '8' || internal::hex_digit(p[4]) < 0 || internal::hex_digit(p[5]) < 0) return nullptr;
    run.escaped = static_cast<char>(internal::hex_digit(p[4]) << 4 | internal::hex_digit(p[5]));
    form.runs.push_back(run);
    ++field.runs;
    form.room += run.size + 1u;
    p += 6;
    from = p;
  }
  return nullptr;
}

/// Lets those values vary in which another header of the same form differs. False, and nothing is changed, when it is not of the same form.
bool ShapeCache::Shape::widen(const Shape& other) {
  const auto places = [](const Shape& s) { return std::tuple(s.size(), s.form.fields.size(), s.form.runs.size(), s.opaque_at, s.opaque_size); };
  if (places(*this) != places(other)) return false;
  const char *const a = form.like.data(), *const b = other.form.like.data();
  std::vector<char> wider = mask;
  std::vector<HeaderForm::Field> fields = form.fields;
  std::vector<HeaderForm::Run> runs = form.runs;
  const auto differs = [&](size_t at, size_t size) {
    if (std::memcmp(a + at, b + at, size) == 0) return false;
    std::fill_n(wider.begin() + static_cast<ptrdiff_t>(at), size, '\0');
    return true;
  };
  for (size_t i = 0; i < fields.size(); ++i) {
    HeaderForm::Field& f = fields[i];
    const HeaderForm::Field& o = other.form.fields[i];
    if (f.value_at != o.value_at || f.value_size != o.value_size || f.runs != o.runs) return false;
    if (f.runs == 0) f.varies |= differs(f.value_at, f.value_size);
    for (size_t r = f.first_run; r < size_t{f.first_run} + f.runs; ++r) {
      if (runs[r].from != other.form.runs[r].from || runs[r].size != other.form.runs[r].size) return false;
      runs[r].varies |= differs(runs[r].from, runs[r].size);
      f.varies |= runs[r].varies;
    }
  }
  if (!fits(b, a, wider.data(), size())) return false;   // they differ in more than values
  mask = std::move(wider);
  form.fields = std::move(fields);
  form.runs = std::move(runs);
  form.settle();
  return true;
}

ShapeCache::ShapeCache() = default;
ShapeCache::~ShapeCache() = default;

Result<> ShapeCache::decode(ByteView frame, Frame& out) {
  if (frame.size() < 8) return decode_frame(frame, out);
  const auto word = load_be<uint32_t>(frame.data() + 4);
  const size_t header_bytes = word & 0xFFFFFF;
  const bool json = word >> 24 == static_cast<uint8_t>(SerializeType::kJson);
  if (!json || header_bytes > kMaxShapeBytes || size_t{load_be<uint32_t>(frame.data())} + 4 != frame.size() || header_bytes + 8 > frame.size()) {
    return decode_frame(frame, out);
  }
  Slot& slot = slots_[header_bytes % kSlots];
  const char* const header = reinterpret_cast<const char*>(frame.data()) + 8;
  const char* const readable = reinterpret_cast<const char*>(frame.data()) + frame.size();
  if (slot.shape && slot.shape->size() == header_bytes && slot.shape->decode(header, readable, out)) [[likely]] {
    out.type = SerializeType::kJson;
    out.body = frame.subspan(8 + header_bytes);
    slot.misses = 0;
    ++hits_;
    return {};
  }
  auto result = decode_frame(frame, out);
  if (result) learn({header, header_bytes}, readable, out, slot);
  return result;
}

/// A header that no shape fits: it widens that of its length, or becomes the shape of its slot when that is not seen any more.
void ShapeCache::learn(std::string_view header, const char* readable, const Frame& decoded, Slot& slot) {
  ++slot.misses;
  const bool may_widen = slot.shape && slot.shape->size() == header.size() && slot.shape->refused < kMostRefused;
  const bool may_replace = !slot.shape || slot.misses >= kMissesBeforeChange;
  if (!may_widen && !may_replace) return;
  auto shape = std::make_unique<Shape>();
  Frame again;
  if (!shape->learn(header, decoded) || !shape->decode(header.data(), readable, again)) {
    if (may_widen) ++slot.shape->refused;
    return;
  }
  // Two keys of one name, a second spelling of a member: whatever the walk over the header took otherwise shows here.
  const auto &a = again.ext.pairs(), &b = decoded.ext.pairs();
  const auto same = [](const ExtFields::Pair& x, const ExtFields::Pair& y) { return x.key == y.key && x.value == y.value; };
  if (again.opaque != decoded.opaque || again.ext.present() != decoded.ext.present() || !std::ranges::equal(a, b, same)) return;
  if (may_widen && slot.shape->widen(*shape)) {
    slot.misses = 0;
  } else if (may_replace) {
    slot = {std::move(shape), 0};
  } else {
    ++slot.shape->refused;
  }
}

}  // namespace mq::wire
