// One stored message: the record of the CommitLog, which is also the element of PULL, QUERY and VIEW bodies.
//
//   int32 totalSize | int32 magic | int32 bodyCRC | int32 queueId | int32 flag | int64 queueOffset | int64 physicalOffset
//   | int32 sysFlag | int64 bornTimestamp | bornHost 8/20 | int64 storeTimestamp | storeHost 8/20 | int32 reconsumeTimes
//   | int64 preparedTransactionOffset | int32 bodyLength, body | topicLength (1 byte in v1, 2 in v2), topic
//   | int16 propertiesLength, properties
//
// Source: spec storage 2.1.1. Pure functions over bytes.
#pragma once

#include <array>
#include <optional>
#include <span>

#include "base/byte_buffer.h"
#include "base/result.h"
#include "msg/host.h"
#include "msg/types.h"

namespace mq {

inline constexpr int32_t kMagicV1 = -626843481;        // 0xDAA320A7
inline constexpr int32_t kMagicV2 = -626843477;        // 0xDAA320AB
inline constexpr int32_t kMagicFiller = -875286124;    // 0xCBD43194: the rest of the file is blank
inline constexpr size_t kMaxPropertiesBytes = 32767;

/// Places of fields of which some are filled in later, relative to the record's start; the same for v1 and v2.
inline constexpr size_t kBodyCrcAt = 8;
inline constexpr size_t kQueueIdAt = 12;
inline constexpr size_t kFlagAt = 16;
inline constexpr size_t kQueueOffsetAt = 20;
inline constexpr size_t kPhyOffsetAt = 28;
inline constexpr size_t kSysFlagAt = 36;
inline constexpr size_t kBornTimestampAt = 40;
/// storeTimestamp stands behind bornHost: 56 with IPv4, 68 with IPv6.
inline constexpr size_t store_timestamp_at(bool born_v6) { return born_v6 ? 68 : 56; }

/// A message to be encoded; the views are only read.
struct MessageFields {
  std::string_view topic;
  int32_t queueId = 0;
  int32_t flag = 0;
  int32_t sysFlag = 0;               // host bits are set by the encoder
  int64_t queueOffset = 0;
  int64_t physicalOffset = 0;
  int64_t bornTimestamp = 0;         // ms
  int64_t storeTimestamp = 0;        // ms
  Host bornHost;
  Host storeHost;
  int32_t reconsumeTimes = 0;
  int64_t preparedTransactionOffset = 0;
  ByteView body;
  std::string_view properties;       // name 0x01 value 0x02 ...
  std::string_view more_properties;  // written behind them, after the 0x02 that may be missing there; of a decoded record empty
};

/// Bytes of the record's properties.
size_t properties_size(const MessageFields& m) noexcept;

/// Bytes of the record; version 2 when the topic is longer than 127 bytes.
size_t record_size(const MessageFields& m) noexcept;
/// Appends the record to `out`, body CRC included (CRC-32 & 0x7FFFFFFF).
/// Errors: kTooLarge for topic (> 32767 bytes) or properties (> 32767 bytes).
Result<size_t> encode_record(const MessageFields& m, ByteBuffer& out);

/// Encodes records that have all but flag, body and properties in common: what they share is laid out once.
class RecordSeries {
 public:
  /// `shared`: its flag, body and properties don't count; its views must live as long as this. The topic has at most 32767 bytes.
  explicit RecordSeries(const MessageFields& shared) noexcept;
  /// Appends the record that encode_record would make of them, with the shared more_properties or, when `more` is false, without.
  /// Its bytes; 0 where encode_record fails: nothing is appended then.
  size_t append(int32_t flag, ByteView body, std::string_view properties, bool more, ByteBuffer& out) const;

 private:
  static constexpr size_t kMostHead = 72 + 2 * 20;
  std::array<std::byte, kMostHead> head_{};   // up to the body's length, which is at its end
  size_t head_size_ = 0;
  size_t bare_size_ = 0;              // of the record without body and properties
  bool v2_ = false;
  std::string_view topic_, more_;
};

/// A record read in place.
struct RecordView {
  ByteView bytes;                    // the whole record
  int32_t magic = 0;
  int32_t bodyCRC = 0;
  MessageFields m;                   // views into `bytes`
};

enum class RecordCheck : uint8_t { kLengths, kLengthsAndCrc };

/// Reads the record at the start of `bytes` (which may be longer). Errors: kCorrupt when a length, the magic or (with
/// kLengthsAndCrc) the body's CRC does not fit. A filler is not a record: kCorrupt.
Result<RecordView> decode_record(ByteView bytes, RecordCheck check);

/// The 20-byte filler test: the int32 size and magic at the start of `bytes` (at least 8 bytes).
bool is_filler(ByteView bytes) noexcept;

/// offsetMsgId: upper-case hex of storeHost and physical offset, 32 or 56 characters.
std::string offset_msg_id(const Host& store_host, PhyOffset offset);
void append_offset_msg_id(std::string& out, const Host& store_host, PhyOffset offset);
/// Of many records, with a comma between two.
void append_offset_msg_ids(std::string& out, const Host& store_host, std::span<const PhyOffset> offsets);
struct MsgId { Host host; PhyOffset offset; };
/// Errors: kInvalid.
Result<MsgId> parse_offset_msg_id(std::string_view text);

/// One part of a batch body (spec protocol 11.5).
struct BatchPart {
  int32_t flag = 0;
  ByteView body;
  std::string_view properties;
};
/// Reads the parts in place, front to back. A part's own size and CRC fields are ignored, as Java does.
class BatchReader {
 public:
  explicit BatchReader(ByteView body) noexcept : rest_(body) {}
  /// False at the end, and before a part whose lengths go beyond the body; ok() tells which.
  bool next(BatchPart& part) noexcept {
    static constexpr size_t kFixed = 20;   // size, magic, CRC, flag, the body's length
    const std::byte* const p = rest_.data();
    const size_t size = rest_.size();
    if (size < kFixed + 2) return false;
    const auto body = load_be<int32_t>(p + 16);
    if (body < 0 || static_cast<size_t>(body) > size - kFixed - 2) return false;
    const size_t properties_at = kFixed + static_cast<size_t>(body) + 2;
    const auto properties = load_be<int16_t>(p + properties_at - 2);
    if (properties < 0 || static_cast<size_t>(properties) > size - properties_at) return false;
    part.flag = load_be<int32_t>(p + 12);
    part.body = rest_.subspan(kFixed, static_cast<size_t>(body));
    part.properties = as_text(rest_.subspan(properties_at, static_cast<size_t>(properties)));
    rest_ = rest_.subspan(properties_at + static_cast<size_t>(properties));
    return true;
  }
  /// All that came before the end was whole.
  bool ok() const noexcept { return rest_.empty(); }
  ByteView rest() const noexcept { return rest_; }

 private:
  ByteView rest_;
};

}  // namespace mq
