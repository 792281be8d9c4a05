#include "wire/send_response.h"

#include <gtest/gtest.h>

#include <random>

#include "wire/headers/send.h"

namespace mq::wire {
namespace {

TEST(SendResponse, SameBytesAsTheGenericEncoder) {
  static constexpr std::string_view kIds[] = {"0A01020300002A9F00000000075BCD15", "", "one,two,three", "with \"quotes\"", "\1", "\xE4\xB8\xAD", "\xE2\x80\xA8"};
  for (const std::string region : {"DefaultRegion", "", "\"\xC2\x85\\"}) {
    const SendResponseTemplate pattern(region, "true");
    for (uint64_t seed = 1; seed <= 1000; ++seed) {
      std::mt19937_64 rng(seed);
      SendAnswer a;
      a.type = rng() % 2 ? SerializeType::kJson : SerializeType::kRocketMq;
      a.code = a.type == SerializeType::kJson ? static_cast<int32_t>(rng()) : static_cast<int16_t>(rng());
      a.opaque = static_cast<int32_t>(rng() >> (rng() % 64));
      a.queueId = static_cast<int32_t>(rng() >> (rng() % 64));
      a.queueOffset = static_cast<int64_t>(rng() >> (rng() % 64));
      if (rng() % 8) a.msgId = kIds[rng() % std::size(kIds)];
      a.plain_id = a.msgId.find_first_not_of("0123456789ABCDEF,") == std::string_view::npos && rng() % 2;
      if (rng() % 4) a.transactionId = kIds[rng() % std::size(kIds)];

      ByteBuffer got, want;
      got.append(std::string_view("before"));
      pattern.append(got, a);
      const SendMessageResponseHeader h{.msgId = a.msgId, .queueId = a.queueId, .queueOffset = a.queueOffset,
                                        .transactionId = a.transactionId, .MSG_REGION = region, .TRACE_ON = "true"};
      want.append(std::string_view("before"));
      encode_frame(want, {.type = a.type, .code = a.code, .opaque = a.opaque, .flag = kFlagResponse}, h);
      ASSERT_EQ(got.text(), want.text()) << "seed " << seed;
    }
  }
}

TEST(SendResponse, StaysWithinItsReservation) {
  // The longest numbers, behind so much that the buffer's end lies at every place: a sanitizer sees a byte too much.
  const SendResponseTemplate pattern("r", "true");
  for (const SerializeType type : {SerializeType::kJson, SerializeType::kRocketMq}) {
    for (size_t before = 1; before <= 512; ++before) {
      ByteBuffer out;
      out.resize(before);
      pattern.append(out, {.type = type, .code = INT32_MIN, .opaque = INT32_MIN, .msgId = "", .queueId = INT32_MIN,
                           .queueOffset = INT64_MIN, .transactionId = ""});
      ASSERT_LE(out.size(), out.capacity()) << before;
    }
  }
}

}  // namespace
}  // namespace mq::wire
