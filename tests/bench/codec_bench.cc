// What the codecs cost per message, in nanoseconds of one core.
#include <benchmark/benchmark.h>

#include <array>

#include "msg/record.h"
#include "wire/header_codec.h"
#include "wire/headers/pull.h"
#include "wire/headers/send.h"
#include "wire/send_response.h"
#include "wire/shape_cache.h"

namespace mq {
namespace {

using namespace wire;

/// The header a Java 5.3.3 producer sends for a message of 128 bytes.
SendMessageHeaderV2 send_header() {
  SendMessageHeaderV2 h;
  h.producerGroup = "bench_producer_group";
  h.topic = "BenchTopic";
  h.defaultTopic = "TBW102";
  h.defaultTopicQueueNums = 4;
  h.queueId = 3;
  h.bornTimestamp = 1764046000123;
  h.properties = "UNIQ_KEY\1AC1100022A9F18B4AAC2000000000001\2WAIT\1true\2TAGS\1TagA\2KEYS\1order-12345678";
  h.maxReconsumeTimes = 16;
  return h;
}

std::string send_frame(SerializeType type, size_t body_bytes, const SendMessageHeaderV2& header = send_header()) {
  ByteBuffer out;
  const std::string body(body_bytes, 'b');
  FrameWriter w(out, {.type = type, .code = 310, .opaque = 123456}, true);
  write_fields(w, header);
  w.field("n", std::string_view("broker-a"));
  w.finish(as_bytes(body));
  return std::string(out.text());
}

void decode_frame_of(benchmark::State& state, SerializeType type, size_t body_bytes) {
  const std::string bytes = send_frame(type, body_bytes);
  Frame f;
  for (auto _ : state) {
    benchmark::DoNotOptimize(decode_frame(as_bytes(bytes), f).has_value());
    benchmark::ClobberMemory();
  }
  state.counters["header"] = static_cast<double>(load_be<uint32_t>(bytes.data() + 4) & 0xFFFFFF);
}
BENCHMARK_CAPTURE(decode_frame_of, json_128, SerializeType::kJson, 128);
BENCHMARK_CAPTURE(decode_frame_of, json_no_body, SerializeType::kJson, 0);
BENCHMARK_CAPTURE(decode_frame_of, binary_128, SerializeType::kRocketMq, 128);

/// Frames of one form that differ as those of one producer do: in topic, queue, time, id and key.
std::array<std::string, 2> frames_of_a_form() {
  SendMessageHeaderV2 other = send_header();
  other.topic = "MarchTopic";
  other.queueId = 2;
  other.bornTimestamp += 7;
  other.properties = "UNIQ_KEY\1AC1100022A9F18B4AAC2000000000002\2WAIT\1true\2TAGS\1TagA\2KEYS\1order-12345679";
  return {send_frame(SerializeType::kJson, 128), send_frame(SerializeType::kJson, 128, other)};
}

/// Through the cache of shapes, the form known; with or without the send's header out of it.
void decode_known_shape(benchmark::State& state, bool with_header) {
  const auto frames = frames_of_a_form();
  ShapeCache shapes;
  Frame f;
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(shapes.decode(as_bytes(frames[i++ % frames.size()]), f).has_value());
    if (with_header) {
      const SendMessageHeaderV2* h = remembered_header<SendMessageHeaderV2>(f.ext);
      benchmark::DoNotOptimize(h ? h->queueId : decode_header<SendMessageHeaderV2>(f.ext)->queueId);
    }
    benchmark::ClobberMemory();
  }
  if (shapes.hits() + 2 < i) state.SkipWithError("the form is not known");
}
BENCHMARK_CAPTURE(decode_known_shape, alone, false);
BENCHMARK_CAPTURE(decode_known_shape, with_header, true);

/// What that saves: parsed, and the header looked up by names.
void decode_parsed_with_header(benchmark::State& state) {
  const auto frames = frames_of_a_form();
  Frame f;
  size_t i = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(decode_frame(as_bytes(frames[i++ % frames.size()]), f).has_value());
    benchmark::DoNotOptimize(decode_header<SendMessageHeaderV2>(f.ext)->queueId);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(decode_parsed_with_header);

/// Its form new: parsed and learnt.
void decode_new_shape(benchmark::State& state) {
  const std::string bytes = send_frame(SerializeType::kJson, 128);
  Frame f;
  for (auto _ : state) {
    ShapeCache shapes;
    benchmark::DoNotOptimize(shapes.decode(as_bytes(bytes), f).has_value());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(decode_new_shape);

void decode_send_header(benchmark::State& state, SerializeType type) {
  const std::string bytes = send_frame(type, 128);
  Frame f;
  if (!decode_frame(as_bytes(bytes), f)) return state.SkipWithError("no frame");
  for (auto _ : state) {
    auto h = decode_header<SendMessageHeaderV2>(f.ext);
    benchmark::DoNotOptimize(h);
  }
}
BENCHMARK_CAPTURE(decode_send_header, json, SerializeType::kJson);

void decode_pull_header(benchmark::State& state) {
  ByteBuffer out;
  FrameWriter w(out, {.code = 11, .opaque = 5}, true);
  // In the order of Java's HashMap.
  for (auto [k, v] : std::initializer_list<std::pair<std::string_view, std::string_view>>{
           {"queueId", "3"}, {"maxMsgNums", "32"}, {"sysFlag", "3"}, {"suspendTimeoutMillis", "15000"}, {"commitOffset", "12345"},
           {"topic", "BenchTopic"}, {"queueOffset", "12345"}, {"expressionType", "TAG"}, {"subVersion", "1764046000123"},
           {"consumerGroup", "bench_consumer_group"}}) {
    w.field(k, v);
  }
  w.finish();
  Frame f;
  if (!decode_frame(out.view(), f)) return state.SkipWithError("no frame");
  for (auto _ : state) {
    auto h = decode_header<PullMessageHeader>(f.ext);
    benchmark::DoNotOptimize(h);
  }
}
BENCHMARK(decode_pull_header);

void encode_send_response(benchmark::State& state, SerializeType type) {
  ByteBuffer out;
  const SendMessageResponseHeader h{.msgId = "0A01020300002A9F00000000075BCD15", .queueId = 3, .queueOffset = 123456,
                                    .transactionId = "AC1100022A9F18B4AAC2000000000001", .MSG_REGION = "DefaultRegion", .TRACE_ON = "true"};
  for (auto _ : state) {
    out.clear();
    encode_frame(out, {.type = type, .code = 0, .opaque = 123456, .flag = 1}, h);
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK_CAPTURE(encode_send_response, json, SerializeType::kJson);
BENCHMARK_CAPTURE(encode_send_response, binary, SerializeType::kRocketMq);

void send_response_template(benchmark::State& state) {
  ByteBuffer out;
  const SendResponseTemplate pattern(Host::parse("10.1.2.3", 10911).value(), "DefaultRegion", "true");
  const PhyOffset stored_at{123456789};
  for (auto _ : state) {
    out.clear();
    pattern.append(out, {.opaque = 123456, .stored_at = {&stored_at, 1}, .queueId = 3, .queueOffset = 123456,
                         .transactionId = "AC1100022A9F18B4AAC2000000000001"});
    benchmark::DoNotOptimize(out.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(send_response_template);

MessageFields message(ByteView body) {
  MessageFields m;
  m.topic = "BenchTopic";
  m.queueId = 3;
  m.bornTimestamp = m.storeTimestamp = 1764046000123;
  m.bornHost = m.storeHost = Host::parse("127.0.0.1", 10911).value();
  m.body = body;
  m.properties = send_header().properties;
  return m;
}

void encode_record(benchmark::State& state) {
  const std::string body(static_cast<size_t>(state.range(0)), 'b');
  const MessageFields m = message(as_bytes(body));
  ByteBuffer out;
  for (auto _ : state) {
    out.clear();
    benchmark::DoNotOptimize(mq::encode_record(m, out).has_value());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(encode_record)->Arg(128)->Arg(1024);

void decode_record(benchmark::State& state, RecordCheck check) {
  const std::string body(static_cast<size_t>(state.range(0)), 'b');
  ByteBuffer out;
  if (!mq::encode_record(message(as_bytes(body)), out)) return state.SkipWithError("no record");
  for (auto _ : state) {
    auto r = mq::decode_record(out.view(), check);
    benchmark::DoNotOptimize(r);
  }
}
BENCHMARK_CAPTURE(decode_record, lengths, RecordCheck::kLengths)->Arg(1024);
BENCHMARK_CAPTURE(decode_record, crc, RecordCheck::kLengthsAndCrc)->Arg(1024);

}  // namespace
}  // namespace mq
