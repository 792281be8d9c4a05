#include "msg/record.h"

#include <algorithm>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "base/check.h"
#include "base/crc32.h"

namespace mq {
namespace {

constexpr size_t kMaxTopicV1 = 127;
constexpr size_t kMaxTopic = 32767;

size_t host_size(const Host& h) noexcept { return h.len + size_t{4}; }
bool is_v2(const MessageFields& m) noexcept { return m.topic.size() > kMaxTopicV1; }

/// Writes big-endian values one behind the other; the caller has reserved the room.
class Put {
 public:
  explicit Put(std::byte* p) : p_(p) {}
  template <class T>
  void be(T v) noexcept {
    store_be(p_, v);
    p_ += sizeof v;
  }
  void bytes(const void* from, size_t n) noexcept {
    if (n) std::memcpy(p_, from, n);
    p_ += n;
  }
  void host(const Host& h) noexcept {
    bytes(h.ip.data(), h.len);
    be(h.port);
  }
  const std::byte* at() const noexcept { return p_; }

 private:
  std::byte* p_;
};

/// The mirror image: takes values off the front; what is missing turns `ok` false and gives zeros.
class Take {
 public:
  explicit Take(ByteView b) : rest_(b) {}
  template <class T>
  T be() noexcept {
    const ByteView b = bytes(sizeof(T));
    return b.empty() ? T{} : load_be<T>(b.data());
  }
  ByteView bytes(size_t n) noexcept {
    if (n > rest_.size()) {
      ok_ = false;
      return {};
    }
    const ByteView b = rest_.first(n);
    rest_ = rest_.subspan(n);
    return b;
  }
  /// A length field that must not be negative.
  template <class T>
  size_t length() noexcept {
    const T n = be<T>();
    if (n < 0) ok_ = false;
    return n < 0 ? 0 : static_cast<size_t>(n);
  }
  void host(Host& h, bool v6) noexcept {
    h.len = v6 ? 16 : 4;
    const ByteView ip = bytes(h.len);
    if (!ip.empty()) std::memcpy(h.ip.data(), ip.data(), ip.size());
    h.port = be<int32_t>();
  }
  bool ok() const noexcept { return ok_; }
  ByteView rest() const noexcept { return rest_; }

 private:
  ByteView rest_;
  bool ok_ = true;
};

/// Each byte's two digits.
constexpr auto kHexPairs = [] {
  std::array<std::array<char, 2>, 256> pairs{};
  for (size_t b = 0; b < 256; ++b) pairs[b] = {"0123456789ABCDEF"[b >> 4], "0123456789ABCDEF"[b & 15]};
  return pairs;
}();

#ifdef __SSE2__
__m128i hex_digits(__m128i halves) noexcept {
  const __m128i letters = _mm_and_si128(_mm_cmpgt_epi8(halves, _mm_set1_epi8(9)), _mm_set1_epi8('A' - '0' - 10));
  return _mm_add_epi8(_mm_add_epi8(halves, _mm_set1_epi8('0')), letters);
}
#endif

/// 2 n upper-case digits.
void put_hex(char* hex, const std::byte* raw, size_t n) noexcept {
  size_t i = 0;
#ifdef __SSE2__
  const __m128i low = _mm_set1_epi8(15);
  for (; i + 16 <= n; i += 16, hex += 32) {   // all there is of an id with an IPv4 address
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(raw + i));
    const __m128i high_halves = _mm_and_si128(_mm_srli_epi16(bytes, 4), low), low_halves = _mm_and_si128(bytes, low);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(hex), hex_digits(_mm_unpacklo_epi8(high_halves, low_halves)));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(hex + 16), hex_digits(_mm_unpackhi_epi8(high_halves, low_halves)));
  }
#endif
  for (; i < n; ++i, hex += 2) std::memcpy(hex, kHexPairs[static_cast<size_t>(raw[i])].data(), 2);
}

/// The 16 digits of a number.
inline void put_hex_of_8(char* hex, int64_t v) noexcept {
#ifdef __SSE2__
  const __m128i low = _mm_set1_epi8(15), bytes = _mm_cvtsi64_si128(static_cast<int64_t>(__builtin_bswap64(static_cast<uint64_t>(v))));
  const __m128i halves = _mm_unpacklo_epi8(_mm_and_si128(_mm_srli_epi16(bytes, 4), low), _mm_and_si128(bytes, low));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(hex), hex_digits(halves));
#else
  std::byte raw[8];
  store_be(raw, v);
  put_hex(hex, raw, sizeof raw);
#endif
}

Failure corrupt(std::string_view what) { return fail(Errc::kCorrupt, std::string(what)); }

}  // namespace

namespace {

bool misses_separator(std::string_view properties, std::string_view more) noexcept {
  return !more.empty() && !properties.empty() && properties.back() != '\2';
}

}  // namespace

size_t properties_size(const MessageFields& m) noexcept {
  return m.properties.size() + misses_separator(m.properties, m.more_properties) + m.more_properties.size();
}

size_t record_size(const MessageFields& m) noexcept {
  return 74 + host_size(m.bornHost) + host_size(m.storeHost) + m.body.size() + (is_v2(m) ? 2 : 1) + m.topic.size() + properties_size(m);
}

namespace {

/// All before the body.
void put_head(Put& put, const MessageFields& m, size_t size, int32_t body_crc) noexcept {
  int32_t flags = m.sysFlag & ~(sys_flag::kBornHostV6 | sys_flag::kStoreHostV6);
  if (m.bornHost.v6()) flags |= sys_flag::kBornHostV6;
  if (m.storeHost.v6()) flags |= sys_flag::kStoreHostV6;
  put.be(static_cast<int32_t>(size));
  put.be(is_v2(m) ? kMagicV2 : kMagicV1);
  put.be(body_crc);
  put.be(m.queueId);
  put.be(m.flag);
  put.be(m.queueOffset);
  put.be(m.physicalOffset);
  put.be(flags);
  put.be(m.bornTimestamp);
  put.host(m.bornHost);
  put.be(m.storeTimestamp);
  put.host(m.storeHost);
  put.be(m.reconsumeTimes);
  put.be(m.preparedTransactionOffset);
  put.be(static_cast<int32_t>(m.body.size()));
}

/// The body and all behind it.
inline void put_rest(Put& put, ByteView body, std::string_view topic, bool v2, size_t properties_bytes, std::string_view properties, bool separator,
                     std::string_view more) noexcept {
  put.bytes(body.data(), body.size());
  if (v2) {
    put.be(static_cast<int16_t>(topic.size()));
  } else {
    put.be(static_cast<int8_t>(topic.size()));
  }
  put.bytes(topic.data(), topic.size());
  put.be(static_cast<int16_t>(properties_bytes));
  put.bytes(properties.data(), properties.size());
  if (separator) put.be(int8_t{2});
  put.bytes(more.data(), more.size());
}

}  // namespace

Result<size_t> encode_record(const MessageFields& m, ByteBuffer& out) {
  if (m.topic.size() > kMaxTopic) return fail(Errc::kTooLarge, "the topic has more than 32767 bytes");
  const size_t properties = properties_size(m);
  if (properties > kMaxPropertiesBytes) return fail(Errc::kTooLarge, "the properties have more than 32767 bytes");
  const size_t size = record_size(m);
  if (size > INT32_MAX) return fail(Errc::kTooLarge, "the record has more than 2 GiB");
  Put put(out.reserve(size));
  put_head(put, m, size, crc31(m.body));
  put_rest(put, m.body, m.topic, is_v2(m), properties, m.properties, misses_separator(m.properties, m.more_properties), m.more_properties);
  out.commit(size);
  MQ_DCHECK(put.at() == out.data() + out.size());
  return size;
}

RecordSeries::RecordSeries(const MessageFields& shared) noexcept
    : v2_(is_v2(shared)), topic_(shared.topic), more_(shared.more_properties) {
  MessageFields bare = shared;
  bare.body = {};
  bare.properties = bare.more_properties = {};
  bare_size_ = record_size(bare);
  Put put(head_.data());
  put_head(put, bare, 0, 0);
  head_size_ = static_cast<size_t>(put.at() - head_.data());
}

size_t RecordSeries::append(int32_t flag, ByteView body, std::string_view properties, bool more, ByteBuffer& out) const {
  const std::string_view added = more ? more_ : std::string_view();
  const bool separator = misses_separator(properties, added);
  const size_t properties_bytes = properties.size() + separator + added.size();
  const size_t size = bare_size_ + body.size() + properties_bytes;
  if (properties_bytes > kMaxPropertiesBytes || size > INT32_MAX) return 0;
  std::byte* const record = out.reserve(std::max(size, kMostHead));
  std::memcpy(record, head_.data(), kMostHead);   // of an IPv4 host too much, which is written over
  store_be(record, static_cast<int32_t>(size));
  store_be(record + kBodyCrcAt, crc31(body));
  store_be(record + kFlagAt, flag);
  store_be(record + head_size_ - 4, static_cast<int32_t>(body.size()));
  Put put(record + head_size_);
  put_rest(put, body, topic_, v2_, properties_bytes, properties, separator, added);
  out.commit(size);
  MQ_DCHECK(put.at() == record + size);
  return size;
}

Result<RecordView> decode_record(ByteView bytes, RecordCheck check) {
  if (bytes.size() < 8) return corrupt("a record has at least 8 bytes");
  RecordView r;
  const int32_t size = load_be<int32_t>(bytes.data());
  if (size < 8) return corrupt("a record has at least 8 bytes");
  if (static_cast<size_t>(size) > bytes.size()) return corrupt("the record's size is beyond the data");
  r.bytes = bytes.first(static_cast<size_t>(size));

  Take take(r.bytes.subspan(4));
  r.magic = take.be<int32_t>();
  if (r.magic != kMagicV1 && r.magic != kMagicV2) return corrupt("not the magic of a record");
  MessageFields& m = r.m;
  r.bodyCRC = take.be<int32_t>();
  m.queueId = take.be<int32_t>();
  m.flag = take.be<int32_t>();
  m.queueOffset = take.be<int64_t>();
  m.physicalOffset = take.be<int64_t>();
  m.sysFlag = take.be<int32_t>();
  m.bornTimestamp = take.be<int64_t>();
  take.host(m.bornHost, m.sysFlag & sys_flag::kBornHostV6);
  m.storeTimestamp = take.be<int64_t>();
  take.host(m.storeHost, m.sysFlag & sys_flag::kStoreHostV6);
  m.reconsumeTimes = take.be<int32_t>();
  m.preparedTransactionOffset = take.be<int64_t>();
  m.body = take.bytes(take.length<int32_t>());
  m.topic = as_text(take.bytes(r.magic == kMagicV2 ? take.length<int16_t>() : take.length<int8_t>()));
  m.properties = as_text(take.bytes(take.length<int16_t>()));
  if (!take.ok() || !take.rest().empty()) return corrupt("the record's lengths do not add up to its size");
  // Java compares no CRC of an empty body, so neither do we.
  if (check == RecordCheck::kLengthsAndCrc && !m.body.empty() && crc31(m.body) != r.bodyCRC) {
    return corrupt("the body's CRC does not fit");
  }
  return r;
}

bool is_filler(ByteView bytes) noexcept {
  return bytes.size() >= 8 && load_be<int32_t>(bytes.data() + 4) == kMagicFiller;
}

std::string offset_msg_id(const Host& store_host, PhyOffset offset) {
  std::string id;
  append_offset_msg_id(id, store_host, offset);
  return id;
}

void append_offset_msg_id(std::string& out, const Host& store_host, PhyOffset offset) {
  std::byte raw[28];
  Put put(raw);
  put.host(store_host);
  put.be(offset.bytes);
  const size_t n = host_size(store_host) + 8;
  const size_t before = out.size();
  out.resize(before + 2 * n);
  put_hex(out.data() + before, raw, n);
}

void append_offset_msg_ids(std::string& out, const Host& store_host, std::span<const PhyOffset> offsets) {
  if (offsets.empty()) return;
  std::byte raw[20];
  Put(raw).host(store_host);
  std::array<char, 2 * sizeof raw> host;
  const size_t host_digits = 2 * host_size(store_host), one = host_digits + 16 + 1, before = out.size();
  put_hex(host.data(), raw, host_digits / 2);
  out.resize(before + offsets.size() * one - 1);
  char* at = out.data() + before;
  for (size_t i = 0; i < offsets.size(); ++i, at += one) {
    if (i > 0) at[-1] = ',';
    std::memcpy(at, host.data(), host_digits);
    put_hex_of_8(at + host_digits, offsets[i].bytes);
  }
}

Result<MsgId> parse_offset_msg_id(std::string_view text) {
  if (text.size() != 32 && text.size() != 56) return fail(Errc::kInvalid, "a message id has 32 or 56 characters");
  std::byte raw[28];
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    unsigned digit = 0;
    if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
    else if (c >= 'A' && c <= 'F') digit = static_cast<unsigned>(c - 'A' + 10);
    else if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a' + 10);
    else return fail(Errc::kInvalid, "a message id is written in hexadecimal digits");
    const auto b = static_cast<std::byte>(digit);
    raw[i / 2] = i % 2 ? raw[i / 2] | b : b << 4;
  }
  Take take(ByteView(raw, text.size() / 2));
  MsgId id;
  take.host(id.host, text.size() == 56);
  id.offset.bytes = take.be<int64_t>();
  return id;
}

}  // namespace mq
