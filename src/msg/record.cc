#include "msg/record.h"

#include <algorithm>

#include "base/check.h"
#include "base/copy_short.h"
#include "base/crc32.h"
#include "msg/offset_msg_ids.h"

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
  void name(std::string_view text) noexcept {
    copy_short(p_, text.data(), text.size());
    p_ += text.size();
  }
  /// At least 12 bytes must follow: of an IPv4 address all 16 bytes are written, too.
  void host(const Host& h) noexcept {
    std::memcpy(p_, h.ip.data(), sizeof h.ip);
    p_ += h.len;
    be(h.port);
  }
  std::byte* at() const noexcept { return p_; }

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

Failure corrupt(std::string_view what) { return fail(Errc::kCorrupt, std::string(what)); }

/// Whether a 0x02 goes between the two.
inline bool misses_separator(std::string_view properties, std::string_view more) noexcept {
  return !more.empty() && !properties.empty() && properties.back() != '\2';
}

/// All of a record but its properties.
size_t bare_size(const MessageFields& m) noexcept {
  return 74 + host_size(m.bornHost) + host_size(m.storeHost) + m.body.size() + (is_v2(m) ? 2 : 1) + m.topic.size();
}

/// All before the body. Takes and gives the pen by value, so that it stays in a register.
inline Put put_head(Put put, const MessageFields& m, size_t size, int32_t body_crc) noexcept {
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
  return put;
}

/// The body and all behind it.
inline Put put_rest(Put put, ByteView body, std::string_view topic, bool v2, size_t properties_bytes, std::string_view properties, bool separator,
                    std::string_view more) noexcept {
  put.bytes(body.data(), body.size());
  if (v2) {
    put.be(static_cast<int16_t>(topic.size()));
  } else {
    put.be(static_cast<int8_t>(topic.size()));
  }
  put.name(topic);
  put.be(static_cast<int16_t>(properties_bytes));
  put.bytes(properties.data(), properties.size());
  if (separator) put.be(int8_t{2});
  put.bytes(more.data(), more.size());
  return put;
}

}  // namespace

size_t properties_size(const MessageFields& m) noexcept {
  return m.properties.size() + misses_separator(m.properties, m.more_properties) + m.more_properties.size();
}

size_t record_size(const MessageFields& m) noexcept { return bare_size(m) + properties_size(m); }

Result<size_t> encode_record(const MessageFields& m, ByteBuffer& out) {
  if (m.topic.size() > kMaxTopic) return fail(Errc::kTooLarge, "the topic has more than 32767 bytes");
  const bool separator = misses_separator(m.properties, m.more_properties);
  const size_t properties = m.properties.size() + separator + m.more_properties.size();
  if (properties > kMaxPropertiesBytes) return fail(Errc::kTooLarge, "the properties have more than 32767 bytes");
  const size_t size = bare_size(m) + properties;
  if (size > INT32_MAX) return fail(Errc::kTooLarge, "the record has more than 2 GiB");
  std::byte* const record = out.reserve(size);
  const Put body = put_head(Put(record), m, size, crc31(m.body));
  [[maybe_unused]] const Put end = put_rest(body, m.body, m.topic, is_v2(m), properties, m.properties, separator, m.more_properties);
  MQ_DCHECK(end.at() == record + size);
  out.commit(size);
  return size;
}

RecordSeries::RecordSeries(const MessageFields& shared) noexcept
    : v2_(is_v2(shared)), topic_(shared.topic), more_(shared.more_properties) {
  MessageFields bare = shared;
  bare.body = {};
  bare.properties = bare.more_properties = {};
  bare_size_ = record_size(bare);
  head_size_ = static_cast<size_t>(put_head(Put(head_.data()), bare, 0, 0).at() - head_.data());
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
  [[maybe_unused]] const Put end = put_rest(Put(record + head_size_), body, topic_, v2_, properties_bytes, properties, separator, added);
  MQ_DCHECK(end.at() == record + size);
  out.commit(size);
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

void append_offset_msg_id(std::string& out, const Host& store_host, PhyOffset offset) { append_offset_msg_ids(out, store_host, {&offset, 1}); }

void append_offset_msg_ids(std::string& out, const Host& store_host, std::span<const PhyOffset> offsets) {
  const OffsetMsgIds ids(store_host);
  const size_t before = out.size();
  out.resize(before + ids.size(offsets.size()));
  ids.put(out.data() + before, offsets);
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
