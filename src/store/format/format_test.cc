// The store's files byte for byte, with the vectors that RocketMQ's own classes gave (spec storage 2.1.2, 2.2, 2.8, 2.9).
#include <gtest/gtest.h>

#include "env/sim.h"
#include "msg/record.h"
#include "store/checkpoint.h"
#include "store/format/consume_queue_entry.h"
#include "store/format/segment_name.h"
#include "store/index_file.h"
#include "store/record_entry.h"

namespace mq::store {
namespace {

std::string hex(ByteView bytes) {
  std::string out;
  for (const std::byte b : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    out += kDigits[static_cast<int>(b) >> 4];
    out += kDigits[static_cast<int>(b) & 15];
  }
  return out;
}

MessageFields vector_message() {
  static constexpr std::string_view kBody = "Hello RocketMQ", kProperties = "KEYS\1KEY0\2UNIQ_KEY\1" "AC110001\2TAGS\1TagA\2";
  return {.topic = "TopicTest", .queueId = 1, .queueOffset = 7, .physicalOffset = 4096, .bornTimestamp = 1700000000000, .storeTimestamp = 1700000000123,
          .bornHost = *Host::parse("127.0.0.1", 54321), .storeHost = *Host::parse("127.0.0.1", 10911), .body = as_bytes(kBody), .properties = kProperties};
}

constexpr const char* kRecordV1 =
    "00000098daa320a769c865ed000000010000000000000000000000070000000000001000000000000000018bcfe56800"
    "7f0000010000d4310000018bcfe5687b7f00000100002a9f0000000000000000000000000000000e48656c6c6f20526f"
    "636b65744d5109546f7069635465737400264b455953014b45593002554e49515f4b4559014143313130303031025441"
    "4753015461674102";

/// Version 1 stands in msg/record_test.cc. The same message under a topic of 130 bytes: another magic, two bytes of topic length.
TEST(Format, RecordV2) {
  const std::string topic = "%RETRY%" + std::string(123, 'g');
  MessageFields m = vector_message();
  m.topic = topic;
  ByteBuffer bytes;
  ASSERT_EQ(encode_record(m, bytes).value(), 152U - 9 + 130 + 1);
  std::string expected = kRecordV1;
  expected.replace(0, 16, "00000112daa320ab");
  expected.replace(102 * 2, 10 * 2, "0082" + hex(as_bytes(topic)));
  EXPECT_EQ(hex(bytes.view()), expected);
  const auto r = decode_record(bytes.view(), RecordCheck::kLengthsAndCrc);
  ASSERT_TRUE(r);
  EXPECT_EQ(r->m.topic, topic);
}

TEST(Format, ConsumeQueueEntry) {
  ByteBuffer bytes;
  ASSERT_TRUE(encode_record(vector_message(), bytes));
  const CqEntry e = entry_of(*decode_record(bytes.view(), RecordCheck::kLengths), {});
  std::array<std::byte, CqEntry::kBytes> slot;
  e.store(slot.data());
  EXPECT_EQ(hex(slot), "0000000000001000" "00000098" "000000000027a807");
  EXPECT_EQ(CqEntry::load(slot.data()), e);
  CqEntry::prefill().store(slot.data());
  EXPECT_EQ(hex(slot), "0000000000000000" "7fffffff" "0000000000000000");
}

TEST(Format, ConsumeQueueEntryOfADelayedMessage) {
  MessageFields m = vector_message();
  m.topic = "SCHEDULE_TOPIC_XXXX";
  m.properties = "DELAY\1" "3\2TAGS\1TagA\2";
  ByteBuffer bytes;
  ASSERT_TRUE(encode_record(m, bytes));
  const auto r = *decode_record(bytes.view(), RecordCheck::kLengths);
  EXPECT_EQ(entry_of(r, [](int32_t level) { return int64_t{level} * 1000; }).tagsCode, 1700000003123);
}

TEST(Format, TagsCodes) {
  EXPECT_EQ(tags_code("TagA"), 2598919);
  EXPECT_EQ(tags_code("中文"), 646394);
  EXPECT_EQ(tags_code("😀"), 1772899);
  EXPECT_EQ(tags_code("polygenelubricants"), -2147483648LL);
  EXPECT_EQ(tags_code(""), 0);
}

TEST(Format, SegmentNames) {
  EXPECT_EQ(segment_name(1073741824), "00000000001073741824");
  EXPECT_EQ(parse_segment_name("00000000001073741824"), 1073741824);
  EXPECT_EQ(parse_segment_name("0000000000107374182"), std::nullopt);
  EXPECT_EQ(parse_segment_name("0000000000107374182x"), std::nullopt);
  EXPECT_EQ(parse_segment_name("90000000000000000000"), std::nullopt);
}

/// Header, slot and entries as the spec's rules make them.
TEST(Format, IndexFile) {
  const IndexLayout full{5'000'000, 20'000'000};
  EXPECT_EQ(full.file_bytes(), 420'000'040);
  const int32_t hash = index_hash("TopicTest", "KEY0");
  EXPECT_EQ(hash, 0x62c3592d);
  EXPECT_EQ(hash % full.slots, 1969517);

  env::SimWorld world(1);
  env::FileSystem& fs = world.machine("m").env().fs();
  ASSERT_TRUE(fs.make_dirs("/index"));
  const IndexLayout layout{10, 20};
  {
    auto file = IndexFile::open(fs, "/index/20231114221320123", layout).value();
    const std::array keys{IndexKey{hash, 4096, 1700000000123}, IndexKey{hash, 8192, 1700000005999}};   // the same slot, 5 s later
    ASSERT_EQ(file->put(keys).value(), 2u);
    ASSERT_TRUE(file->sync());
  }
  const std::string bytes = env::read_file(fs, "/index/20231114221320123").value();
  const auto part = [&](int64_t at, size_t n) { return hex(as_bytes(bytes).subspan(static_cast<size_t>(at), n)); };
  EXPECT_EQ(static_cast<int64_t>(bytes.size()), layout.file_bytes());
  EXPECT_EQ(part(0, 40), "0000018bcfe5687b" "0000018bcfe57f6f" "0000000000001000" "0000000000002000" "00000001" "00000003");
  EXPECT_EQ(part(layout.slot_at(hash % 10), 4), "00000002");
  EXPECT_EQ(part(layout.entry_at(0), 20), std::string(40, '0'));   // never used
  EXPECT_EQ(part(layout.entry_at(1), 20), "62c3592d" "0000000000001000" "00000000" "00000000");
  EXPECT_EQ(part(layout.entry_at(2), 20), "62c3592d" "0000000000002000" "00000005" "00000001");
}

TEST(Format, Checkpoint) {
  env::SimWorld world(1);
  env::FileSystem& fs = world.machine("m").env().fs();
  const CheckpointData data{.physicMsgTimestamp = 1700000000123, .logicsMsgTimestamp = 1700000000100, .indexMsgTimestamp = 5, .masterFlushedOffset = 6,
                            .confirmPhyOffset = 7, .recoverFrom = 4096, .cleanEnd = -1};
  {
    Checkpoint file(fs, "/checkpoint");
    ASSERT_TRUE(file.load());
    ASSERT_TRUE(file.save(data, true));
  }
  std::string bytes = env::read_file(fs, "/checkpoint").value();
  EXPECT_EQ(bytes.size(), 4096U);
  EXPECT_EQ(hex(as_bytes(bytes).first(40)), "0000018bcfe5687b" "0000018bcfe56864" "0000000000000005" "0000000000000006" "0000000000000007");
  EXPECT_EQ(hex(as_bytes(bytes).subspan(40, 984)), std::string(984 * 2, '0'));   // RocketMQ's part is 40 bytes
  EXPECT_EQ(bytes.substr(1024, 8), "MerlinMQ");
  EXPECT_EQ(hex(as_bytes(bytes).subspan(1032, 16)), "0000000000001000" "ffffffffffffffff");
  EXPECT_EQ(data.min_timestamp(), 1700000000100 - 3000);
  EXPECT_EQ(Checkpoint::read(fs, "/checkpoint").value(), data);
  // RocketMQ has moved its times since: what we noted is void, what it noted counts.
  auto file = fs.open("/checkpoint", env::Open::kReadWrite).value();
  ASSERT_TRUE(file->write(7, as_bytes("\x7c")));
  const CheckpointData read = Checkpoint::read(fs, "/checkpoint").value();
  EXPECT_EQ(read.physicMsgTimestamp, 1700000000124);
  EXPECT_EQ(read.recoverFrom, -1);
}

}  // namespace
}  // namespace mq::store
