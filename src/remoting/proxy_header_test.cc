#include "remoting/proxy_header.h"

#include <gtest/gtest.h>

namespace mq::remoting {
namespace {

using namespace std::string_literals;
using State = ProxyHeader::State;

const std::string kSignature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string v2(uint8_t command, uint8_t family, const std::string& rest) {
  const auto length = static_cast<uint16_t>(rest.size());
  return kSignature + static_cast<char>(command) + static_cast<char>(family) + static_cast<char>(length >> 8) + static_cast<char>(length & 255) + rest;
}

struct Case {
  std::string bytes;
  State state;
  std::string source;   // "" for none
};

TEST(ProxyHeader, IsReadAsJavaReadsIt) {
  const std::string four = "\x0a\x01\x01\x01\x0a\x01\x01\x02\x10\xe1\x2a\x9f"s;
  const std::string six = "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\x10\xe1\x2a\x9f"s;
  const std::string mapped = "\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x01\x01\x01\0\0\0\0\0\0\0\0\0\0\xff\xff\x0a\x01\x01\x02\x10\xe1\x2a\x9f"s;
  const Case cases[] = {
      {"PROXY TCP4 10.1.1.1 10.1.1.2 4321 10911\r\n", State::kComplete, "10.1.1.1:4321"},
      {"PROXY TCP6 2001:db8:0:0::1 ::1 4321 10911\r\n", State::kComplete, "[2001:db8::1]:4321"},
      {"PROXY UNKNOWN\r\n", State::kComplete, ""},
      {"PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n", State::kComplete, ""},
      {"PROXY TCP4 10.1.1.1 10.1.1.2 0 10911\r\n", State::kBad, ""},
      {"PROXY TCP4 10.1.1.1 10.1.1.2 70000 10911\r\n", State::kBad, ""},
      {"PROXY TCP4 10.1.1.1 10.1.1.2 4321 +911\r\n", State::kBad, ""},
      {"PROXY TCP4 10.1.1.1 10.1.1.2 4321\r\n", State::kBad, ""},
      {"PROXY TCP4 10.1.1.1 10.1.1.2 4321 10911 9\r\n", State::kBad, ""},
      {"PROXY TCP4  10.1.1.1 10.1.1.2 4321 10911\r\n", State::kBad, ""},
      {"PROXY TCP4 ::1 ::2 4321 10911\r\n", State::kBad, ""},
      {"PROXY TCP6 10.1.1.1 10.1.1.2 4321 10911\r\n", State::kBad, ""},
      {"PROXY TCP4 10.1.1.300 10.1.1.2 4321 10911\r\n", State::kBad, ""},
      {"PROXY UDP4 10.1.1.1 10.1.1.2 4321 10911\r\n", State::kBad, ""},
      {"PROXY \r\n", State::kBad, ""},
      {"PROXY TCP4 10.1.1.1 10.1.1.2 4321 10911", State::kIncomplete, ""},
      {"P", State::kIncomplete, ""},
      {"PROXY TCP4 " + std::string(100, '1'), State::kBad, ""},
      {"POST / HTTP/1.1\r\n", State::kNone, ""},
      {"\0\0\1\0"s, State::kNone, ""},
      {"\x16\x03\x01", State::kNone, ""},
      {v2(0x21, 0x11, four), State::kComplete, "10.1.1.1:4321"},
      {v2(0x21, 0x12, four), State::kComplete, "10.1.1.1:4321"},
      {v2(0x21, 0x21, six), State::kComplete, "[2001:db8::1]:4321"},
      {v2(0x21, 0x21, mapped), State::kComplete, "10.1.1.1:4321"},
      {v2(0x21, 0x11, four + "\x03\0\x04" "crcc"s), State::kComplete, "10.1.1.1:4321"},
      {v2(0x21, 0x11, std::string(8, '\x0a') + std::string(4, '\0')), State::kComplete, ""},
      {v2(0x20, 0x11, four), State::kComplete, ""},
      {v2(0x20, 0x00, ""), State::kComplete, ""},
      {v2(0x20, 0x77, "x"), State::kComplete, ""},
      {v2(0x21, 0x00, "left alone"), State::kComplete, ""},
      {v2(0x21, 0x31, std::string(216, '/')), State::kComplete, ""},
      {v2(0x21, 0x31, std::string(215, '/')), State::kBad, ""},
      {v2(0x21, 0x11, four.substr(1)), State::kBad, ""},
      {v2(0x21, 0x21, six.substr(1)), State::kBad, ""},
      {v2(0x21, 0x13, four), State::kBad, ""},
      {v2(0x22, 0x11, four), State::kBad, ""},
      {v2(0x11, 0x11, four), State::kBad, ""},
      {v2(0x21, 0x11, std::string(65'535, '\1')), State::kComplete, "1.1.1.1:257"},
      {kSignature.substr(0, 11) + "X", State::kNone, ""},
  };
  for (const Case& c : cases) {
    const std::string name = c.bytes.substr(0, 60);
    const ProxyHeader h = read_proxy_header(as_bytes(c.bytes));
    ASSERT_EQ(h.state, c.state) << name << " " << h.why;
    EXPECT_EQ(h.source ? h.source->to_string() : "", c.source) << name;
    EXPECT_EQ(h.why.empty(), c.state != State::kBad) << name;
    if (c.state != State::kComplete) continue;
    EXPECT_EQ(h.bytes, c.bytes.size()) << name;
    EXPECT_EQ(read_proxy_header(as_bytes(c.bytes + "and the first frame")).bytes, c.bytes.size()) << name;
    for (size_t n = 1; n < std::min<size_t>(c.bytes.size(), 300); ++n) {
      EXPECT_EQ(read_proxy_header(as_bytes(std::string_view(c.bytes).substr(0, n))).state, State::kIncomplete) << name << " " << n;
    }
  }
}

}  // namespace
}  // namespace mq::remoting
