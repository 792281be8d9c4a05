#include "wire/shape_cache.h"

#include <algorithm>
#include <cstring>

#include "wire/codec_internal.h"
#include "wire/json_escape.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace mq::wire {
namespace {

constexpr size_t kBlock = 16;
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

}  // namespace

struct ShapeCache::Shape {
  /// Part of a value: bytes taken as they are, then what one escape means.
  struct Run {
    uint16_t from = 0;
    uint16_t size = 0;
    char escaped = 0;
    bool ends = false;      // the value's last: no escape follows
  };
  struct Field {
    uint16_t key_at = 0;
    uint16_t key_size = 0;
    uint16_t value_at = 0;  // of a value without escapes
    uint16_t value_size = 0;
    uint16_t runs = 0;      // of a value with escapes; 0 = none
  };

  size_t size = 0;          // of the header
  std::vector<char> like;   // the header it was learnt from
  std::vector<char> mask;   // kFixed or 0 for each byte
  std::vector<Field> fields;
  std::vector<Run> runs;    // of all values, in order
  FieldPlaces places;       // of the last kind of header read from such frames
  size_t opaque_at = 0;
  size_t opaque_size = 0;
  int32_t code = 0, flag = 0, version = 0;
  uint8_t language = kLanguageJava;
  bool has_ext = false;

  bool decode(const char* header, const char* readable, Frame& out);
  bool learn(std::string_view header, const Frame& decoded);

 private:
  const char* learn_ext(const char* p, const char* end);
  const char* learn_value(const char* p, const char* end, Field& field);
  void free(const char* from, const char* to) noexcept { std::fill(mask.begin() + (from - start_), mask.begin() + (to - start_), '\0'); }

  const char* start_ = nullptr;   // of the header being learnt
};

bool ShapeCache::Shape::decode(const char* header, const char* readable, Frame& out) {
  if (!fits(header, like.data(), mask.data(), size)) return false;
  uint64_t opaque = 0;
  const char* const digits = header + opaque_at;
  for (const char *c = digits, *const last = c + opaque_size; c < last; ++c) {
    const unsigned digit = static_cast<unsigned char>(*c) - unsigned{'0'};
    if (digit > 9) return false;
    opaque = opaque * 10 + digit;
  }
  // A leading zero is a number to some parsers and none to others: the other decoder shall say.
  if ((*digits == '0' && opaque_size > 1) || opaque > INT32_MAX) return false;
  out.code = code;
  out.language = language;
  out.version = version;
  out.opaque = static_cast<int32_t>(opaque);
  out.has_opaque = true;
  out.flag = flag;
  out.remark = {};

  if (!has_ext) return out.ext.clear(), true;
  if (out.scratch.size() < size + kBlock) out.scratch.resize(size + kBlock);
  char* to = out.scratch.data();
  const Run* run = runs.data();
  auto pair = out.ext.refill(fields.size(), places).begin();
  for (const Field *field = fields.data(), *const last_field = field + fields.size(); field < last_field; ++field, ++pair) {
    const Field f = *field;   // what is written below might be it, as far as the compiler knows
    pair->key = {header + f.key_at, f.key_size};
    if (f.runs == 0) {
      pair->value = {header + f.value_at, f.value_size};
      continue;
    }
    char* const value = to;
    for (const Run* const last = run + f.runs; run < last; ++run) {
      const char* from = header + run->from;
      if (static_cast<size_t>(readable - from) >= run->size + kBlock) [[likely]] {
        for (size_t k = 0; k < run->size; k += kBlock) std::memcpy(to + k, from + k, kBlock);   // scratch has that room
      } else {
        std::memcpy(to, from, run->size);
      }
      to += run->size;
      *to = run->escaped;
      to += run->ends ? 0 : 1;
    }
    pair->value = {value, static_cast<size_t>(to - value)};
  }
  return true;
}

/// Takes the header as a shape when it has the plain form all clients write; `decoded` is what it means.
bool ShapeCache::Shape::learn(std::string_view header, const Frame& decoded) {
  if (header.size() < kBlock || header.size() > kMaxShapeBytes || !decoded.has_opaque || decoded.remark.data()) return false;
  size = header.size();
  start_ = header.data();
  like.assign(header.begin(), header.end());
  mask.assign(size, kFixed);
  code = decoded.code;
  flag = decoded.flag;
  version = decoded.version;
  language = decoded.language;

  const char* p = header.data();
  const char* const end = p + size;
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
      free(p - opaque_size, p);
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
  return depth == 0 && opaque_size != 0 && fields.size() == decoded.ext.pairs().size();
}

/// Behind the opening brace of extFields: `"key":"value"` with commas between. Returns the place behind the closing one.
const char* ShapeCache::Shape::learn_ext(const char* p, const char* end) {
  if (p < end && *p == '}') return p + 1;
  while (p < end && *p == '"') {
    Field field;
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
    fields.push_back(field);
    if (*p == '}') return p + 1;
    if (*p != ',') return nullptr;
    ++p;
  }
  return nullptr;
}

/// Behind the opening quote of a value. Returns the place behind the closing one.
const char* ShapeCache::Shape::learn_value(const char* p, const char* end, Field& field) {
  field.value_at = static_cast<uint16_t>(p - start_);
  for (const char* from = p; p < end;) {
    if (is_plain(*p)) {
      ++p;
      continue;
    }
    free(from, p);
    Run run{static_cast<uint16_t>(from - start_), static_cast<uint16_t>(p - from), 0, false};
    if (*p == '"') {
      if (field.runs == 0) {
        field.value_size = run.size;
      } else {
        run.ends = true;
        runs.push_back(run);
        ++field.runs;
      }
      return p + 1;
    }
    if (*p != '\\' || end - p < 7 || std::memcmp(p, "\\u00", 4) != 0 || p[4] >= '8' || internal::hex_digit(p[4]) < 0 || internal::hex_digit(p[5]) < 0) return nullptr;
    run.escaped = static_cast<char>(internal::hex_digit(p[4]) << 4 | internal::hex_digit(p[5]));
    runs.push_back(run);
    ++field.runs;
    p += 6;
    from = p;
  }
  return nullptr;
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
  if (slot.shape && slot.shape->size == header_bytes && slot.shape->decode(header, readable, out)) [[likely]] {
    out.type = SerializeType::kJson;
    out.body = frame.subspan(8 + header_bytes);
    slot.misses = 0;
    ++hits_;
    return {};
  }
  auto result = decode_frame(frame, out);
  if (result && (!slot.shape || ++slot.misses >= kMissesBeforeChange)) learn(frame, out);
  return result;
}

void ShapeCache::learn(ByteView frame, const Frame& decoded) {
  const size_t header_bytes = load_be<uint32_t>(frame.data() + 4) & 0xFFFFFF;
  Slot& slot = slots_[header_bytes % kSlots];
  slot.misses = 0;
  const char* const header = reinterpret_cast<const char*>(frame.data()) + 8;
  auto shape = std::make_unique<Shape>();
  Frame again;
  if (!shape->learn({header, header_bytes}, decoded) || !shape->decode(header, reinterpret_cast<const char*>(frame.data()) + frame.size(), again)) return;
  // Two keys of one name, a second spelling of a member: whatever the walk over the header took otherwise shows here.
  bool same = again.opaque == decoded.opaque && again.ext.present() == decoded.ext.present();
  for (size_t i = 0; same && i < shape->fields.size(); ++i) {
    const auto &a = again.ext.pairs()[i], &b = decoded.ext.pairs()[i];
    same = a.key == b.key && a.value == b.value;
  }
  if (same) slot.shape = std::move(shape);
}

}  // namespace mq::wire
