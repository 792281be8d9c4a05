#include "wire/send_response.h"

#include <gtest/gtest.h>

#include <random>

#include "msg/record.h"
#include "wire/headers/send.h"

namespace mq::wire {
namespace {

Host host_of(const char* ip) { return Host::parse(ip, 10911).value(); }

std::string generic(const Host& store_host, std::string_view region, const SendAnswer& a) {
  std::string ids;
  for (const PhyOffset at : a.stored_at) ids += (ids.empty() ? "" : ",") + offset_msg_id(store_host, at);
  const SendMessageResponseHeader h{.msgId = ids, .queueId = a.queueId, .queueOffset = a.queueOffset,
                                    .transactionId = a.transactionId, .MSG_REGION = region, .TRACE_ON = "true"};
  ByteBuffer out;
  encode_frame(out, {.type = a.type, .code = a.code, .opaque = a.opaque, .flag = kFlagResponse}, h);
  return std::string(out.text());
}

TEST(SendResponse, SameBytesAsTheGenericEncoder) {
  static constexpr std::string_view kKeys[] = {"0A01020300002A9F00000000075BCD15", "", "k", "a key of a client: 16", "an order-number of 33 characters",
                                               "an order-number of 34 characters!", "with \"quotes\"", "a back\\slash far behind the first sixteen",
                                               "\1", "a key as long as sixteen\x7F", "\xE4\xB8\xAD\xE6\x96\x87 is longer than sixteen bytes", "\xE2\x80\xA8", "0123456789abcdef\xC2\x85"};
  for (const Host& host : {host_of("10.1.2.3"), host_of("2001:db8::7")}) {
    for (const std::string region : {"DefaultRegion", "", "\"\xC2\x85\\"}) {
      const SendResponseTemplate pattern(host, region, "true");
      for (uint64_t seed = 1; seed <= 1000; ++seed) {
        std::mt19937_64 rng(seed);
        const auto number = [&] { return static_cast<int64_t>(rng() >> (rng() % 64)) * (rng() % 4 ? 1 : -1); };
        std::vector<PhyOffset> stored_at(rng() % 2 ? 1 : 1 + rng() % 40);
        for (PhyOffset& at : stored_at) at.bytes = number();
        SendAnswer a;
        a.type = rng() % 4 ? SerializeType::kJson : SerializeType::kRocketMq;
        if (rng() % 4 == 0) a.code = a.type == SerializeType::kJson ? static_cast<int32_t>(rng()) : static_cast<int16_t>(rng());
        a.opaque = static_cast<int32_t>(number());
        a.stored_at = stored_at;
        a.queueId = static_cast<int32_t>(number());
        a.queueOffset = number();
        if (rng() % 4) a.transactionId = kKeys[rng() % std::size(kKeys)];

        ByteBuffer got;
        got.append(std::string_view("before"));
        pattern.append(got, a);
        ASSERT_EQ(got.text(), "before" + generic(host, region, a)) << "seed " << seed;
      }
    }
  }
}

TEST(SendResponse, Extremes) {
  const Host host = host_of("10.1.2.3");
  const SendResponseTemplate pattern(host, "r", "true");
  const std::string long_key(5000, 'k');
  for (const int32_t n : {INT32_MIN, -1, 0, 9, 10, 99, 100, INT32_MAX}) {
    for (const int64_t offset : {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{9999}, int64_t{10'000}, int64_t{99'999'999}, int64_t{100'000'000}, INT64_MAX}) {
      for (const std::string_view key : {std::string_view(), std::string_view(long_key)}) {
        for (const int32_t code : {0, 10, n}) {
          const PhyOffset at{offset};
          const SendAnswer a{.code = code, .opaque = n, .stored_at = {&at, 1}, .queueId = n, .queueOffset = offset, .transactionId = key};
          ByteBuffer got;
          pattern.append(got, a);
          ASSERT_EQ(got.text(), generic(host, "r", a));
        }
      }
    }
  }
}

TEST(SendResponse, StaysWithinItsReservation) {
  // The longest numbers, behind so much that the buffer's end lies at every place: a sanitizer sees a byte too much.
  for (const char* const ip : {"10.1.2.3", "2001:db8::7"}) {
    const SendResponseTemplate pattern(host_of(ip), "", "");
    for (const size_t messages : {1, 2}) {
      const std::vector<PhyOffset> stored_at(messages, {INT64_MIN});
      for (size_t before = 1; before <= 512; ++before) {
        ByteBuffer out;
        out.resize(before);
        pattern.append(out, {.opaque = INT32_MIN, .stored_at = stored_at, .queueId = INT32_MIN, .queueOffset = INT64_MIN, .transactionId = ""});
        ASSERT_LE(out.size(), out.capacity()) << before;
      }
    }
  }
}

}  // namespace
}  // namespace mq::wire
