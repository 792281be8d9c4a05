#include "wire/frame.h"

#include <gtest/gtest.h>

#include "wire/requests.h"
#include "wire/response_code.h"
#include "wire/test_util.h"

namespace mq::wire {
namespace {

constexpr std::string_view kJsonRequest =
    R"({"code":105,"extFields":{"topic":"TopicA"},"flag":0,"language":"JAVA","opaque":5,"serializeTypeCurrentRPC":"JSON","version":479})";
constexpr std::string_view kBinaryRequest =
    "0000002a 01000026 0069 00 01df 00000005 00000000 00000000 00000011 0005 746f706963 00000006 546f70696341";

std::string decoded(uint8_t type, std::string_view header) {
  // The bytes stand alone in memory, so that a sanitizer sees every read beyond them.
  const std::string bytes = framed(type, header);
  const std::vector<std::byte> exact(as_bytes(bytes).begin(), as_bytes(bytes).end());
  Frame f;
  const auto r = decode_frame(exact, f);
  if (!r) return r.error().code() == Errc::kCorrupt ? "close" : "silent";
  return describe(f);
}

TEST(Frame, GoldenRequestJson) {
  ByteBuffer out;
  FrameWriter w(out, {.code = 105, .opaque = 5}, true);
  w.field("topic", std::string_view("TopicA"));
  w.finish();
  EXPECT_EQ(out.text(), framed(0, kJsonRequest));
  EXPECT_EQ(out.text().substr(0, 11), from_hex("0000008400000080 7b2263"));   // as the spec shows it
  EXPECT_EQ(decoded(0, kJsonRequest), "code=105 version=479 opaque=5 {topic=TopicA,}");
}

TEST(Frame, GoldenResponsesJson) {
  ByteBuffer out;
  FrameWriter(out, {.code = 0, .opaque = 5, .flag = 1}, false).finish();
  EXPECT_EQ(out.text().substr(8),
            R"({"code":0,"flag":1,"language":"JAVA","opaque":5,"serializeTypeCurrentRPC":"JSON","version":479})");
  out.clear();
  FrameWriter(out, {.code = 17, .opaque = 1, .flag = 1, .remark = "No topic \"x\"\nSee \xE4\xB8\xAD\xE6\x96\x87/url"}, false).finish();
  EXPECT_EQ(out.text().substr(8),
            "{\"code\":17,\"flag\":1,\"language\":\"JAVA\",\"opaque\":1,\"remark\":\"No topic \\\"x\\\"\\nSee \xE4\xB8\xAD\xE6\x96\x87/url\","
            "\"serializeTypeCurrentRPC\":\"JSON\",\"version\":479}");
  out.clear();
  FrameWriter(out, {.code = 0, .opaque = 5, .flag = 1}, true).finish(as_bytes("BODY"));
  EXPECT_EQ(out.text(), framed(0, R"({"code":0,"extFields":{},"flag":1,"language":"JAVA","opaque":5,"serializeTypeCurrentRPC":"JSON","version":479})", "BODY"));
}

TEST(Frame, GoldenRequestBinary) {
  ByteBuffer out;
  FrameWriter w(out, {.type = SerializeType::kRocketMq, .code = 105, .opaque = 5}, true);
  w.field("topic", std::string_view("TopicA"));
  w.field("absent", std::string_view());
  w.finish();
  EXPECT_EQ(out.text(), from_hex(kBinaryRequest));
  Frame f;
  ASSERT_TRUE(decode_frame(out.view(), f));
  EXPECT_EQ(f.type, SerializeType::kRocketMq);
  EXPECT_EQ(describe(f), "code=105 version=479 opaque=5 {topic=TopicA,}");
}

TEST(Frame, GoldenSendResponseBinary) {
  const std::string golden = from_hex(
      "00000062 0100005e 0000 00 01df 00000007 00000001 00000000 00000049 0005 6d73674964 00000001 4d 0007 71756575654964 "
      "00000001 33 000b 71756575654f6666736574 00000001 39 000a 4d53475f524547494f4e 0000000d 44656661756c74526567696f6e");
  ByteBuffer out;
  const SendMessageResponseHeader h{.msgId = "M", .queueId = 3, .queueOffset = 9, .MSG_REGION = "DefaultRegion"};
  encode_frame(out, {.type = SerializeType::kRocketMq, .code = 0, .opaque = 7, .flag = 1}, h);
  EXPECT_EQ(out.text(), golden);
  Frame f;
  ASSERT_TRUE(decode_frame(as_bytes(golden), f));
  EXPECT_TRUE(f.is_response());
  EXPECT_EQ(describe(f), "code=0 version=479 opaque=7 flag=1 {MSG_REGION=DefaultRegion,msgId=M,queueId=3,queueOffset=9,}");
}

TEST(Frame, CodesBeyond16BitsAreCutInBinary) {
  ByteBuffer out;
  FrameWriter(out, {.type = SerializeType::kRocketMq, .code = 200050}, false).finish();
  Frame f;
  ASSERT_TRUE(decode_frame(out.view(), f));
  EXPECT_EQ(f.code, 3442);
}

// Each line was put through the NettyDecoder of 5.3.3 (fastjson 1.2.83) and gave what stands beside it; "close" is
// where it closed the connection. An opaque that was missing is drawn by the receiver, so none is shown.
TEST(Frame, JsonAsLenientAsJava) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "close"},
      {"[1]", "close"},
      {"null", "close"},
      {"\"x\"", "close"},
      {"5", "close"},
      {"{}", "code=0"},
      {"{\"code\":1} \n\t", "code=1"},
      {"  {\"code\":1}", "code=1"},
      {"{\"code\" : 2 , \"flag\" : 1}", "code=2 flag=1"},
      {"\xEF\xBB\xBF{\"code\":2}", "code=2"},
      {std::string_view("{\"code\":2}\0", 11), "code=2"},
      {R"({"code":1}x)", "close"},
      {R"({"code":2}{"code":3})", "close"},
      {R"({"code":2)", "close"},
      {R"({"extFields":{"a":"b"})", "close"},
      {R"({"remark":"abc)", "close"},
      {R"({"code":2 "flag":1})", "close"},
      {R"({"code":5,})", "code=5"},
      {R"({"code":2,,"flag":1})", "code=2 flag=1"},
      {R"({,"code":2})", "code=2"},
      {R"(/*c*/{"code":2/*x*/,"flag":1}//x)", "code=2 flag=1"},
      {R"({code:5})", "code=5"},
      {R"({'code':5})", "code=5"},
      {R"({"code":"12"})", "code=12"},
      {R"({"code":105.0})", "code=105"},
      {R"({"code":105.7})", "code=105"},
      {R"({"code":1e2})", "code=100"},
      {R"({"code":true})", "code=1"},
      {R"({"code":null})", "code=0"},
      {R"({"code":""})", "code=0"},
      {R"({"code":02})", "code=2"},
      {R"({"code":+2})", "code=2"},
      {R"({"code":-2})", "code=-2"},
      {R"({"code":"abc"})", "close"},
      {R"({"code":" 2"})", "close"},
      {R"({"code":[1]})", "close"},
      {R"({"code":{}})", "close"},
      {R"({"code":0x10})", "close"},
      {R"({"code":2147483648})", "close"},
      {R"({"code":"2147483648"})", "close"},
      {R"({"flag":"2"})", "code=0 flag=2"},
      {R"({"flag":2.9})", "code=0 flag=2"},
      {R"({"flag":false})", "code=0"},
      {R"({"version":99999})", "code=0 version=99999"},
      {R"({"opaque":3000000000})", "close"},
      {R"({"opaque":-5})", "code=0 opaque=-5"},
      {R"({"opaque":"7"})", "code=0 opaque=7"},
      {R"({"opaque":null})", "code=0"},
      {R"({"opaque":""})", "code=0"},
      {R"({"Code":5,"ext_fields":{"a":"b"}})", "code=5 {a=b,}"},
      {R"({"CODE":8})", "code=8"},
      {R"({"c_o-de":8})", "code=8"},
      {R"({"co de":8})", "code=0"},
      {R"({"language":"cpp"})", "code=0 language=CPP"},
      {R"({"language":"zzz"})", "code=0 language=?"},
      {R"({"language":9})", "code=0 language=GO"},
      {R"({"language":99})", "close"},
      {R"({"language":null})", "code=0 language=?"},
      {R"({"language":"9"})", "code=0 language=?"},
      {R"({"remark":"a\u4e2d\n\"q\\"})", "code=0 remark=a\xE4\xB8\xAD\n\"q\\;"},
      {R"({"remark":""})", "code=0 remark=;"},
      {R"({"remark":5})", "code=0 remark=5;"},
      {R"({"remark":null})", "code=0"},
      {"{\"remark\":\"tab\there\nx\"}", "code=0 remark=tab\there\nx;"},
      {R"({"serializeTypeCurrentRPC":1,"code":4})", "code=4"},
      {R"({"serializeTypeCurrentRPC":"FOO","code":4})", "code=4"},
      {R"({"body":"AAAA","customHeader":{"x":1},"code":4})", "code=4"},
      {R"({"x":{"y":[1,{"z":"}"}]},"code":3})", "code=3"},
      {R"({"a":undefined,"code":2})", "code=2"},
      {R"({"code":1,"code":2})", "code=2"},
      {R"({"extFields":{"a":"1","a":"2"}})", "code=0 {a=2,}"},
      {R"({"extFields":{"a":5,"b":true,"c":1.5,"d":null,"e":"x","f":[1,2],"g":{"z":1}}})",
       "code=0 {a=5,b=true,c=1.5,d=<null>,e=x,f=[1,2],g={\"z\":1},}"},
      {R"({"extFields":{"a":1e3,"b":-0,"c":1.50,"d":12345678901234567890,"e":0.1}})",
       "code=0 {a=1E+3,b=-0,c=1.50,d=12345678901234567890,e=0.1,}"},
      {R"({"extFields":null})", "code=0"},
      {R"({"extFields":{}})", "code=0 {}"},
      {R"({"extFields":[]})", "close"},
      {R"({"extFields":"x"})", "close"},
      {R"({"extFields":5})", "close"},
      {R"({"extFields":{a:1}})", "code=0 {a=1,}"},
      {R"({'extFields':{'a':'b'}})", "code=0 {a=b,}"},
      {R"({"extFields":{"a":1,}})", "code=0 {a=1,}"},
      {R"({"extFields":{5:"x"}})", "close"},
      {R"({"extFields":{"b":"\q"}})", "close"},
      {R"({"extFields":{"a":"\u12"}})", "close"},
      {R"({"extFields":{"$ref":"$"}})", "code=0 {$ref=$,}"},
      {"{\"extFields\":{\"a\":\"b\xE2\x80\xA8\"}}", "code=0 {a=b\xE2\x80\xA8,}"},
  };
  for (const auto& [header, want] : cases) EXPECT_EQ(decoded(0, header), want) << header;
}

TEST(Frame, BinaryAsLenientAsJava) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "close"},
      {"0069", "close"},
      {"0069 00 01df 00000005 00000000 00000000", "close"},                         // no ext length
      {"0069 00 01df 00000005 00000000 00000000 00000000", "code=105 version=479 opaque=5"},
      {"0069 00 01df 00000005 00000000 00000000 ffffffff 0005", "code=105 version=479 opaque=5"},   // counts as none
      {"0069 00 01df 00000005 00000000 00000000 00000000 aabb", "code=105 version=479 opaque=5"},
      {"0069 00 01df 00000005 00000000 7fffffff 00000000", "close"},
      {"0069 00 01df 00000005 00000000 ffffffff 00000000", "close"},
      {"0069 ff 01df 00000005 00000000 00000000 00000000", "code=105 language=? version=479 opaque=5"},
      {"0069 0e 01df 00000005 00000000 00000000 00000000", "code=105 language=? version=479 opaque=5"},
      {"ff69 01 01df 00000005 00000002 00000001 61 00000000", "code=-151 language=CPP version=479 opaque=5 flag=2 remark=a;"},
      {"0069 00 01df 00000005 00000000 00000000 7fffffff 0000 00000000", "close"},
      {"0069 00 01df 00000005 00000000 00000000 00000003 0001 61", "close"},
      {"0069 00 01df 00000005 00000000 00000000 00000007 0001 61 ffffffff", "close"},
      {"0069 00 01df 00000005 00000000 00000000 00000003 ffff 61", "close"},
      {"0069 00 01df 00000005 00000000 00000000 00000007 0001 61 00000000", "code=105 version=479 opaque=5 {a=<null>,}"},
      {"0069 00 01df 00000005 00000000 00000000 00000006 0000 00000000", "code=105 version=479 opaque=5 {}"},
      {"0069 00 01df 00000005 00000000 00000000 00000008 0001 61 00000001 62 0001 63 00000001 64", "code=105 version=479 opaque=5 {a=b,}"},
      {"0069 00 01df 00000005 00000000 00000000 00000010 0001 61 00000001 62 0001 61 00000001 63", "code=105 version=479 opaque=5 {a=c,}"},
      {"0069 00 01df 00000005 00000000 00000002 c328 00000008 0001 ff 00000001 62", "code=105 version=479 opaque=5 remark=\xEF\xBF\xBD(; {\xEF\xBF\xBD=b,}"},
  };
  for (const auto& [header, want] : cases) EXPECT_EQ(decoded(1, from_hex(header)), want) << header;
}

TEST(Frame, MalformedUtf8InJsonClosesTheConnection) {
  EXPECT_EQ(decoded(0, "{\"extFields\":{\"\xC3\xA9\":\"a\xE4\xB8\xADz\\n\"},\"remark\":\"\xF0\x9F\x98\x80\"}"),
            "code=0 remark=\xF0\x9F\x98\x80; {\xC3\xA9=a\xE4\xB8\xADz\n,}");
  for (std::string_view bad : {"\xFF", "a\xE4\xB8z", "\xC0\x80", "\xB8\xAD"}) {
    EXPECT_EQ(decoded(0, "{\"extFields\":{\"a\":\"" + std::string(bad) + "\"}}"), "close");
    EXPECT_EQ(decoded(0, "{\"extFields\":{\"" + std::string(bad) + "\":\"a\"}}"), "close");
  }
}

TEST(Frame, Escapes) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"(\b\t\n\v\f\r\"\'\/\\)", "\b\t\n\v\f\r\"'/\\"},
      {R"(\u0041\u00e9\u4e2d\uD83D\uDE00)", "A\xC3\xA9\xE4\xB8\xAD\xF0\x9F\x98\x80"},
      {R"(\x41\xe9)", "A\xC3\xA9"},
      {R"(\1\7)", "\1\7"},
      {R"(\ud83d)", "?"},
      {R"(\ude00x)", "?x"},
      {R"(\ud83d\u0041)", "?A"},
      {R"(\\\\\"\\")", ""},   // the last quote ends it, and what follows is no JSON
  };
  for (const auto& [text, want] : cases) {
    const std::string header = "{\"remark\":\"" + std::string(text) + "\"}";
    EXPECT_EQ(decoded(0, header), want.empty() ? "close" : "code=0 remark=" + std::string(want) + ";") << text;
  }
}

TEST(Frame, NestingIsLimited) {
  for (const int depth : {500, 5000}) {
    std::string header = "{\"x\":" + std::string(static_cast<size_t>(depth), '[') + std::string(static_cast<size_t>(depth), ']') + ",\"code\":1}";
    EXPECT_EQ(decoded(0, header), depth < 512 ? "code=1" : "close");
  }
}

TEST(Frame, WritesAllThatFastjsonEscapes) {
  ByteBuffer out;
  std::string text;
  for (int c = 0; c < 0x80; ++c) text.push_back(static_cast<char>(c));
  text += "\xC2\x80\xC2\x9F\xC2\xA0\xE2\x80\xA7\xE2\x80\xA8\xE2\x80\xA9\xE2\x80\xAA\xE4\xB8\xAD";
  FrameWriter w(out, {.type = SerializeType::kJson, .remark = text}, false);
  w.finish();
  const std::string_view json = out.text();
  const size_t from = json.find("\"remark\":\"") + 10;
  EXPECT_EQ(json.substr(from, json.find("\",\"serialize") - from),
            R"(\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000B\f\r\u000E\u000F\u0010\u0011\u0012\u0013\u0014\u0015\u0016)"
            R"(\u0017\u0018\u0019\u001A\u001B\u001C\u001D\u001E\u001F !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_)"
            R"(`abcdefghijklmnopqrstuvwxyz{|}~\u007F\u0080\u009F)"
            "\xC2\xA0\xE2\x80\xA7\\u2028\\u2029\xE2\x80\xAA\xE4\xB8\xAD");
  Frame f;
  ASSERT_TRUE(decode_frame(out.view(), f));
  EXPECT_EQ(f.remark, text);
}

/// Random UTF-8 with a taste for what must be escaped.
std::string random_text(std::mt19937_64& rng, size_t max) {
  static constexpr std::string_view kPieces[] = {"a", "Z", "0", "\"", "\\", "\n", "\1", "\2", "\x1F", "\x7F", "/", "{", ":", ",",
                                                 "\xC2\x85", "\xC3\xA9", "\xE2\x80\xA8", "\xE4\xB8\xAD", "\xF0\x9F\x98\x80", "plain text"};
  std::string s;
  for (size_t n = rng() % (max + 1); n > 0; --n) s += kPieces[rng() % std::size(kPieces)];
  return s;
}

TEST(Frame, DecodeUndoesEncode) {
  Frame f;   // used again and again, as a connection does
  for (uint64_t seed = 1; seed <= 2000; ++seed) {
    std::mt19937_64 rng(seed);
    FrameHead head;
    head.type = rng() % 2 ? SerializeType::kJson : SerializeType::kRocketMq;
    const bool json = head.type == SerializeType::kJson;
    head.code = json ? static_cast<int32_t>(rng()) : static_cast<int16_t>(rng());
    head.opaque = static_cast<int32_t>(rng());
    head.flag = static_cast<int32_t>(rng());
    head.version = json ? static_cast<int32_t>(rng()) : static_cast<int16_t>(rng());
    head.language = static_cast<uint8_t>(rng() % 14);
    const std::string remark = random_text(rng, 100);
    if (rng() % 2 && (json || !remark.empty())) head.remark = remark;
    const std::string body = random_text(rng, 200);

    ByteBuffer out;
    out.append(std::string_view("what stood before"));
    const size_t start = out.size();
    const bool with_ext = rng() % 2;
    FrameWriter w(out, head, with_ext);
    std::map<std::string, std::string> ext;
    for (uint64_t n = rng() % 12; n > 0; --n) {
      const std::string key = "k" + std::to_string(rng() % 20);
      const std::string value = rng() % 2 ? random_text(rng, 60) : std::to_string(static_cast<int64_t>(rng()));
      w.field(key, value);
      ext[key] = value.empty() && !json ? "<null>" : value;
    }
    w.finish(as_bytes(body));

    const std::vector<std::byte> exact(out.view().begin() + static_cast<ptrdiff_t>(start), out.view().end());
    ASSERT_EQ(probe_frame(exact).state, FrameSize::State::kComplete) << "seed " << seed;
    const auto r = decode_frame(exact, f);
    ASSERT_TRUE(r) << "seed " << seed << ": " << r.error().message();
    EXPECT_EQ(f.code, head.code);
    EXPECT_EQ(f.opaque, head.opaque);
    EXPECT_TRUE(f.has_opaque);
    EXPECT_EQ(f.flag, head.flag);
    EXPECT_EQ(f.version, head.version);
    EXPECT_EQ(f.language, head.language);
    EXPECT_EQ(f.remark, head.remark) << "seed " << seed;
    EXPECT_EQ(f.remark.data() == nullptr, head.remark.data() == nullptr) << "seed " << seed;
    EXPECT_EQ(ext_of(f), ext) << "seed " << seed;
    EXPECT_EQ(f.ext.present(), !ext.empty() || (json && with_ext)) << "seed " << seed;
    EXPECT_EQ(as_text(f.body), body);
  }
}

TEST(Frame, BrokenBytesAreInputNotBugs) {
  ByteBuffer out;
  Frame f;
  for (uint64_t seed = 1; seed <= 4000; ++seed) {
    std::mt19937_64 rng(seed);
    out.clear();
    FrameWriter w(out, {.type = seed % 2 ? SerializeType::kJson : SerializeType::kRocketMq, .code = 310, .remark = "r\n"}, true);
    w.field("b", std::string_view("Topic\1Test"));
    w.field("e", int64_t{3});
    w.finish(as_bytes("body"));
    std::vector<std::byte> bytes(out.view().begin(), out.view().end());
    for (int n = 1 + static_cast<int>(rng() % 3); n > 0; --n) {
      static constexpr std::string_view kNasty = "\"\\{}[]:,'/u0\xFF\x80 ";
      bytes[8 + rng() % (bytes.size() - 8)] = static_cast<std::byte>(rng() % 2 ? kNasty[rng() % kNasty.size()] : static_cast<char>(rng()));
    }
    if (decode_frame(bytes, f)) describe(f);   // reads every view, under the sanitizers
  }
}

TEST(Frame, SteadyStateKeepsItsMemory) {
  const std::string bytes = framed(0, R"({"code":310,"extFields":{"a":"g","b":"t","i":"A\u00011\u0002"},"flag":0,"opaque":5})");
  Frame f;
  ASSERT_TRUE(decode_frame(as_bytes(bytes), f));
  const void* scratch = f.scratch.data();
  const void* pairs = f.ext.pairs().data();
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(decode_frame(as_bytes(bytes), f));
    EXPECT_EQ(f.scratch.data(), scratch);
    EXPECT_EQ(f.ext.pairs().data(), pairs);
    EXPECT_EQ(f.ext.find("i"), "A\1""1\2");
    // A plain string is a view into the input.
    EXPECT_GE(f.ext.find("b").data(), bytes.data());
    EXPECT_LT(f.ext.find("b").data(), bytes.data() + bytes.size());
  }
}

TEST(ProbeFrame, Sizes) {
  const std::string one = framed(0, kJsonRequest, "body");
  for (size_t n = 0; n < one.size(); ++n) {
    const FrameSize s = probe_frame(as_bytes(one).first(n));
    EXPECT_EQ(s.state, FrameSize::State::kIncomplete) << n;
    EXPECT_EQ(s.bytes, n < 4 ? 0 : one.size()) << n;
  }
  const std::string two = one + one;
  EXPECT_EQ(probe_frame(as_bytes(two)).state, FrameSize::State::kComplete);
  EXPECT_EQ(probe_frame(as_bytes(two)).bytes, one.size());
}

TEST(ProbeFrame, WhatIsNoFrame) {
  const std::pair<std::string, std::string_view> cases[] = {
      {from_hex("00fffffc00000000"), ""},                                   // 16777216 with its length field
      {from_hex("00fffffd00000000"), "a frame length above 16777216"},
      {from_hex("00000000"), "a frame length below 4"},
      {from_hex("00000003"), "a frame length below 4"},
      {from_hex("ffffffff"), "a frame length above 16777216"},
      {from_hex("00000014 00000010"), ""},
      {from_hex("00000014 00000011"), "a header longer than its frame"},
      {from_hex("00000014 02000000"), "an unknown serialize type"},
      {"GET / HTTP/1.1\r\n", "an HTTP request"},
      {"POST /x", "an HTTP request"},
      {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/2, as of a gRPC client: it needs a proxy, usually at port 8081"},
      {from_hex("16030100f8"), "a TLS hello"},
      {"PROXY TCP4 ", "a PROXY protocol header"},
      {from_hex("0d0a0d0a000d0a51"), "a PROXY protocol header"},
  };
  for (const auto& [bytes, why] : cases) {
    const FrameSize s = probe_frame(as_bytes(bytes));
    EXPECT_EQ(s.why, why) << bytes;
    EXPECT_EQ(s.state, why.empty() ? FrameSize::State::kIncomplete : FrameSize::State::kBad) << bytes;
  }
}

TEST(Names, CodesAndLanguages) {
  EXPECT_EQ(to_string(RequestCode::SEND_MESSAGE_V2), "SEND_MESSAGE_V2");
  EXPECT_EQ(to_string(static_cast<RequestCode>(9999)), "");
  EXPECT_EQ(to_string(ResponseCode::SUBSCRIPTION_GROUP_NOT_EXIST), "SUBSCRIPTION_GROUP_NOT_EXIST");
  EXPECT_EQ(to_string(static_cast<ResponseCode>(999)), "");
  EXPECT_EQ(language_name(9), "GO");
  EXPECT_EQ(language_name(13), "NODE_JS");
  EXPECT_EQ(language_name(14), "");
  EXPECT_EQ(language_ordinal("cpp"), 1);
  EXPECT_EQ(language_ordinal("node_js"), 13);
  EXPECT_EQ(language_ordinal("C++"), std::nullopt);
}

TEST(Versions, HaveTheNamesOfTheirReleases) {   // spec protocol 2
  const std::pair<int32_t, std::string_view> cases[] = {
      {0, "V3_0_0_SNAPSHOT"}, {15, "V3_0_0_FINAL"}, {26, "V3_0_6_SNAPSHOT"}, {37, "V3_0_11"}, {62, "V3_1_8_SNAPSHOT"}, {67, "V3_2_0"},
      {86, "V3_3_1_SNAPSHOT"}, {121, "V3_4_9"}, {213, "V4_0_0"}, {252, "V4_2_0_SNAPSHOT"}, {317, "V4_5_2"}, {409, "V4_9_8"}, {413, "V5_0_0"},
      {479, "V5_3_3"}, {513, "V5_5_0"}, {612, "HIGHER_VERSION"}, {9999, "HIGHER_VERSION"}};
  for (const auto& [number, name] : cases) EXPECT_EQ(version_name(number), name);
}

}  // namespace
}  // namespace mq::wire
