#include "msg/record.h"

#include <gtest/gtest.h>

#include <random>

#include "msg/offset_msg_ids.h"

namespace mq {
namespace {

std::string from_hex(std::string_view hex) {
  std::string out;
  int half = -1;
  for (char c : hex) {
    if (c == ' ' || c == '\n') continue;
    const int d = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    if (half < 0) half = d;
    else out.push_back(static_cast<char>(half << 4 | d)), half = -1;
  }
  return out;
}

std::string to_text(const ByteBuffer& b) { return std::string(b.text()); }

// spec storage 2.1.2; CRC and hash were checked with Java.
constexpr std::string_view kGoldenV1 =
    "00000098daa320a769c865ed000000010000000000000000000000070000000000001000000000000000018bcfe56800"
    "7f0000010000d4310000018bcfe5687b7f00000100002a9f0000000000000000000000000000000e48656c6c6f20526f"
    "636b65744d5109546f7069635465737400264b455953014b45593002554e49515f4b4559014143313130303031025441"
    "4753015461674102";

MessageFields golden_fields() {
  MessageFields m;
  m.topic = "TopicTest";
  m.queueId = 1;
  m.queueOffset = 7;
  m.physicalOffset = 4096;
  m.bornTimestamp = 1700000000000;
  m.storeTimestamp = 1700000000123;
  m.bornHost = Host::parse("127.0.0.1", 54321).value();
  m.storeHost = Host::parse("127.0.0.1", 10911).value();
  m.body = as_bytes("Hello RocketMQ");
  m.properties = "KEYS\1KEY0\2UNIQ_KEY\1AC110001\2TAGS\1TagA\2";
  return m;
}

void expect_equal(const MessageFields& a, const MessageFields& b) {
  EXPECT_EQ(a.topic, b.topic);
  EXPECT_EQ(a.queueId, b.queueId);
  EXPECT_EQ(a.flag, b.flag);
  EXPECT_EQ(a.sysFlag, b.sysFlag);
  EXPECT_EQ(a.queueOffset, b.queueOffset);
  EXPECT_EQ(a.physicalOffset, b.physicalOffset);
  EXPECT_EQ(a.bornTimestamp, b.bornTimestamp);
  EXPECT_EQ(a.storeTimestamp, b.storeTimestamp);
  EXPECT_EQ(a.bornHost, b.bornHost);
  EXPECT_EQ(a.storeHost, b.storeHost);
  EXPECT_EQ(a.reconsumeTimes, b.reconsumeTimes);
  EXPECT_EQ(a.preparedTransactionOffset, b.preparedTransactionOffset);
  EXPECT_EQ(as_text(a.body), as_text(b.body));
  EXPECT_EQ(a.properties, b.properties);
}

TEST(Record, EncodesTheGoldenRecord) {
  ByteBuffer out;
  EXPECT_EQ(encode_record(golden_fields(), out).value(), 152u);
  EXPECT_EQ(to_text(out), from_hex(kGoldenV1));
  EXPECT_EQ(record_size(golden_fields()), 152u);
}

TEST(Record, DecodesTheGoldenRecord) {
  std::string bytes = from_hex(kGoldenV1);
  bytes += "what follows in the file";
  const auto r = decode_record(as_bytes(bytes), RecordCheck::kLengthsAndCrc);
  ASSERT_TRUE(r) << r.error().message();
  EXPECT_EQ(r->bytes.size(), 152u);
  EXPECT_EQ(r->magic, kMagicV1);
  EXPECT_EQ(r->bodyCRC, 0x69c865ed);
  expect_equal(r->m, golden_fields());
}

TEST(Record, DecodesWhatAClientSees) {   // spec protocol 11.1
  const std::string bytes = from_hex(
      "0000006d daa320a7 58932aac 00000002 00000000 0000000000000007 00000000000003e8 00000000 0000018bcfe56800 "
      "0a000001 000004d2 0000018bcfe56801 0a000002 00002a9f 00000000 0000000000000000 00000002 6869 06 546f70696341 "
      "000a 54414753 01 54616741 02");
  const auto r = decode_record(as_bytes(bytes), RecordCheck::kLengthsAndCrc);
  ASSERT_TRUE(r) << r.error().message();
  EXPECT_EQ(r->m.topic, "TopicA");
  EXPECT_EQ(as_text(r->m.body), "hi");
  EXPECT_EQ(r->m.bornHost.to_string(), "10.0.0.1:1234");
  EXPECT_EQ(r->m.storeHost.to_string(), "10.0.0.2:10911");
  ByteBuffer again;
  ASSERT_TRUE(encode_record(r->m, again));
  EXPECT_EQ(to_text(again), bytes);
}

TEST(Record, PlacesOfTheFieldsFilledInAtAppend) {
  for (bool born_v6 : {false, true}) {
    MessageFields m = golden_fields();
    if (born_v6) m.bornHost = Host::parse("fe80::1", 1).value();
    m.sysFlag = sys_flag::kPrepared;
    ByteBuffer out;
    ASSERT_TRUE(encode_record(m, out));
    const std::byte* p = out.data();
    EXPECT_EQ(load_be<int32_t>(p + kQueueIdAt), 1);
    EXPECT_EQ(load_be<int64_t>(p + kQueueOffsetAt), 7);
    EXPECT_EQ(load_be<int64_t>(p + kPhyOffsetAt), 4096);
    EXPECT_EQ(load_be<int32_t>(p + kSysFlagAt), sys_flag::kPrepared | (born_v6 ? sys_flag::kBornHostV6 : 0));
    EXPECT_EQ(load_be<int64_t>(p + kBornTimestampAt), 1700000000000);
    EXPECT_EQ(load_be<int64_t>(p + store_timestamp_at(born_v6)), 1700000000123);
  }
}

TEST(Record, VersionTwoFromATopicOf128Bytes) {
  for (size_t n : {127, 128, 255}) {
    MessageFields m = golden_fields();
    const std::string topic(n, 't');
    m.topic = topic;
    ByteBuffer out;
    ASSERT_TRUE(encode_record(m, out));
    const auto r = decode_record(out.view(), RecordCheck::kLengthsAndCrc);
    ASSERT_TRUE(r);
    EXPECT_EQ(r->magic, n > 127 ? kMagicV2 : kMagicV1);
    EXPECT_EQ(r->m.topic, topic);
    EXPECT_EQ(out.size(), 91 + 14 + n + 38 + (n > 127 ? 1 : 0));
  }
}

TEST(Record, DecodeUndoesEncode) {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    std::mt19937_64 rng(seed);
    auto text = [&](size_t max) {
      std::string s(rng() % (max + 1), 0);
      for (char& c : s) c = static_cast<char>(rng());
      return s;
    };
    const std::string topic = text(200), body = text(2000), properties = text(300);
    MessageFields m;
    m.topic = topic;
    m.body = as_bytes(body);
    m.properties = properties;
    m.queueId = static_cast<int32_t>(rng());
    m.flag = static_cast<int32_t>(rng());
    m.queueOffset = static_cast<int64_t>(rng());
    m.physicalOffset = static_cast<int64_t>(rng());
    m.bornTimestamp = static_cast<int64_t>(rng());
    m.storeTimestamp = static_cast<int64_t>(rng());
    m.reconsumeTimes = static_cast<int32_t>(rng());
    m.preparedTransactionOffset = static_cast<int64_t>(rng());
    m.bornHost = Host::parse(rng() % 2 ? "10.1.2.3" : "2001:db8::7", static_cast<int32_t>(rng() % 65536)).value();
    m.storeHost = Host::parse(rng() % 2 ? "10.1.2.3" : "2001:db8::7", 10911).value();
    m.sysFlag = static_cast<int32_t>(rng()) & ~0x30;
    m.sysFlag |= (m.bornHost.v6() ? 0x10 : 0) | (m.storeHost.v6() ? 0x20 : 0);
    ByteBuffer out;
    ASSERT_EQ(encode_record(m, out).value(), record_size(m)) << "seed " << seed;
    const auto r = decode_record(out.view(), RecordCheck::kLengthsAndCrc);
    ASSERT_TRUE(r) << "seed " << seed;
    expect_equal(r->m, m);

    // A record cut short is never taken; a changed bit never crashes the reader, and in the body it is noticed.
    EXPECT_FALSE(decode_record(out.view().first(out.size() - 1), RecordCheck::kLengths));
    const size_t at = rng() % out.size();
    out.data()[at] ^= std::byte{1} << (rng() % 8);
    const auto broken = decode_record(out.view(), RecordCheck::kLengthsAndCrc);
    const size_t body_at = 72 + m.bornHost.len + m.storeHost.len + 8;
    if (at >= body_at && at < body_at + body.size()) {
      EXPECT_FALSE(broken) << "seed " << seed;
    }
  }
}

TEST(Record, Refusals) {
  ByteBuffer out;
  MessageFields m = golden_fields();
  const std::string big(32768, 'x');
  m.properties = big;
  EXPECT_EQ(encode_record(m, out).error().code(), Errc::kTooLarge);
  m.properties = std::string_view(big).substr(1);
  EXPECT_TRUE(encode_record(m, out));
  m.topic = big;
  EXPECT_EQ(encode_record(m, out).error().code(), Errc::kTooLarge);

  const std::string good = from_hex(kGoldenV1);
  auto with = [&](size_t at, int value) {
    std::string s = good;
    s[at] = static_cast<char>(value);
    return decode_record(as_bytes(s), RecordCheck::kLengthsAndCrc).has_value();
  };
  EXPECT_TRUE(with(3, 0x98));
  EXPECT_FALSE(with(3, 0x97));          // one byte short
  EXPECT_FALSE(with(0, 0xff));          // negative size
  EXPECT_FALSE(with(7, 0xa6));          // not a magic
  EXPECT_FALSE(with(8, 0));             // CRC
  EXPECT_FALSE(with(84, 0xff));         // negative body length
  EXPECT_FALSE(with(88 + 14, 0x89));    // v1 topic length is signed
  EXPECT_FALSE(decode_record({}, RecordCheck::kLengths));
  std::string crc = good;
  crc[8] = 0;
  EXPECT_TRUE(decode_record(as_bytes(crc), RecordCheck::kLengths));
}

TEST(Record, Filler) {
  const std::string filler = from_hex("00001000cbd43194");
  EXPECT_TRUE(is_filler(as_bytes(filler)));
  EXPECT_FALSE(is_filler(as_bytes(filler).first(7)));
  EXPECT_FALSE(is_filler(as_bytes(from_hex(kGoldenV1))));
  EXPECT_EQ(decode_record(as_bytes(filler), RecordCheck::kLengths).error().code(), Errc::kCorrupt);
}

TEST(MsgId, Golden) {   // spec protocol 11.6
  const Host host = Host::parse("10.1.2.3", 10911).value();
  EXPECT_EQ(offset_msg_id(host, PhyOffset{123456789}), "0A01020300002A9F00000000075BCD15");
  for (std::string_view text : {"0A01020300002A9F00000000075BCD15", "0a01020300002a9f00000000075bcd15"}) {
    const auto id = parse_offset_msg_id(text).value();
    EXPECT_EQ(id.host, host);
    EXPECT_EQ(id.offset.bytes, 123456789);
  }
  const Host v6 = Host::parse("2001:db8::1", 10911).value();
  const std::string long_id = offset_msg_id(v6, PhyOffset{1});
  EXPECT_EQ(long_id, "20010DB800000000000000000000000100002A9F0000000000000001");
  EXPECT_EQ(parse_offset_msg_id(long_id).value().host, v6);
  for (const Host& h : {host, v6}) {
    std::string want = "before ", got = want;
    const std::vector<PhyOffset> offsets = {{0}, {123456789}, {0x7FFFFFFFFFFFFFFF}};
    for (const PhyOffset o : offsets) want += (o == offsets.front() ? "" : ",") + offset_msg_id(h, o);
    append_offset_msg_ids(got, h, offsets);
    EXPECT_EQ(got, want);
    append_offset_msg_ids(got, h, {});
    EXPECT_EQ(got, want);

    got = "before ";
    const OffsetMsgIds ids(h);
    const size_t before = got.size();
    got.resize(before + ids.size(offsets.size()));
    EXPECT_EQ(ids.put(got.data() + before, offsets), got.data() + got.size());
    EXPECT_EQ(got, want);
    EXPECT_EQ(want.substr(before, ids.host().size()), ids.host());
    EXPECT_EQ(ids.size(0), 0u);
    EXPECT_EQ(ids.put(got.data(), {}), got.data());
  }
  for (std::string_view bad : {"", "0A01", "0A01020300002A9F00000000075BCD1", "0A01020300002A9F00000000075BCD1G"}) {
    EXPECT_EQ(parse_offset_msg_id(bad).error().code(), Errc::kInvalid) << bad;
  }
}

TEST(Batch, GoldenPart) {   // spec protocol 11.5
  const std::string one = from_hex(
      "00000034 00000000 00000000 00000001 00000002 6869 001c 4b455953016b31 02 5741495401747275 65 02 54414753015461674102");
  const std::string two = one + one;
  BatchReader parts(as_bytes(two));
  BatchPart part;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(parts.next(part));
    EXPECT_EQ(part.flag, 1);
    EXPECT_EQ(as_text(part.body), "hi");
    EXPECT_EQ(part.properties, "KEYS\1k1\2WAIT\1true\2TAGS\1TagA\2");
  }
  EXPECT_FALSE(parts.next(part));
  EXPECT_TRUE(parts.ok());
}

TEST(Batch, OwnSizeIsIgnoredAndLengthsAreNot) {
  const std::string one = from_hex("00000034 00000000 00000000 00000001 00000002 6869 0003 610162");
  BatchPart part;
  for (int size : {0, -5, 1000}) {
    std::string s = one;
    store_be(s.data(), size);
    BatchReader parts(as_bytes(s));
    EXPECT_TRUE(parts.next(part)) << size;
    EXPECT_TRUE(parts.ok());
  }
  for (size_t n = 1; n < one.size(); ++n) {
    const std::vector<std::byte> cut(as_bytes(one).begin(), as_bytes(one).begin() + static_cast<ptrdiff_t>(n));   // a sanitizer sees a byte too much
    BatchReader parts(cut);
    EXPECT_FALSE(parts.next(part)) << n;
    EXPECT_FALSE(parts.ok());
    EXPECT_EQ(parts.rest().size(), n);
  }
  for (const size_t at : {16, 22}) {   // of the lengths, the body's and that of the properties
    std::string negative = one;
    negative[at] = '\xff';
    BatchReader parts(as_bytes(negative));
    EXPECT_FALSE(parts.next(part));
    EXPECT_FALSE(parts.ok());
  }
}

TEST(RecordSeries, SameBytesAsEachRecordAlone) {
  const std::string long_topic(200, 't'), much(32767, 'p');
  for (const bool born_v6 : {false, true}) {
    for (const bool store_v6 : {false, true}) {
      for (const std::string_view topic : {std::string_view("T"), std::string_view(long_topic)}) {
        for (const std::string_view more : {"", "CLUSTER\1c\2"}) {
          MessageFields m = golden_fields();
          m.bornHost = Host::parse(born_v6 ? "2001:db8::7" : "10.1.2.3", 4000).value();
          m.storeHost = Host::parse(store_v6 ? "2001:db8::8" : "10.1.2.4", 10911).value();
          m.topic = topic;
          m.more_properties = more;
          m.flag = 99;
          const RecordSeries series(m);
          ByteBuffer got, want;
          for (const std::string_view body : {"", "b", "a body of some more bytes"}) {
            for (const std::string_view properties : {std::string_view(), std::string_view("A\1b"), std::string_view("A\1b\2"), std::string_view(much)}) {
              for (const bool with_more : {false, true}) {
                m.flag = static_cast<int32_t>(want.size());
                m.body = as_bytes(body);
                m.properties = properties;
                m.more_properties = with_more ? more : std::string_view();
                const auto size = encode_record(m, want);
                EXPECT_EQ(series.append(m.flag, m.body, properties, with_more, got), size ? *size : 0);
              }
            }
          }
          EXPECT_EQ(got.text(), want.text());
        }
      }
    }
  }
}

}  // namespace
}  // namespace mq
