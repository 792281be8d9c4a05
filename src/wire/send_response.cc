#include "wire/send_response.h"

#include <charconv>

#include "wire/headers/send.h"
#include "wire/json_text.h"

namespace mq::wire {
namespace {

constexpr size_t kMostNumbers = 11 + 11 + 20 + 11;   // the digits of code, queueId, queueOffset and opaque

/// Writes into room that was reserved for the whole answer.
class Pen {
 public:
  explicit Pen(std::byte* at) noexcept : p_(reinterpret_cast<char*>(at)) {}
  template <size_t N>
  void literal(const char (&text)[N]) noexcept {
    std::memcpy(p_, text, N - 1);
    p_ += N - 1;
  }
  void text(std::string_view t) noexcept {
    if (!t.empty()) std::memcpy(p_, t.data(), t.size());
    p_ += t.size();
  }
  void number(int64_t v) noexcept {
    if (v >= 0 && v < 10) *p_++ = static_cast<char>('0' + v);
    else p_ = std::to_chars(p_, p_ + 20, v).ptr;
  }
  template <class T>
  void be(T v) noexcept {
    store_be(p_, v);
    p_ += sizeof v;
  }
  /// A field of a ROCKETMQ header.
  void field(std::string_view key, std::string_view value) noexcept {
    be(static_cast<int16_t>(key.size()));
    text(key);
    be(static_cast<int32_t>(value.size()));
    text(value);
  }
  char* at() const noexcept { return p_; }

 private:
  char* p_;
};

std::string_view digits(char (&text)[20], int64_t v) noexcept {
  return {text, static_cast<size_t>(std::to_chars(text, text + 20, v).ptr - text)};
}

}  // namespace

SendResponseTemplate::SendResponseTemplate(std::string_view region, std::string_view trace_on)
    : region_(region), trace_on_(trace_on) {
  ByteBuffer json;
  json.append(std::string_view("\",\"MSG_REGION\":\""));
  append_json_text(json, region);
  json.append(std::string_view("\",\"TRACE_ON\":\""));
  append_json_text(json, trace_on);
  json.append(std::string_view("\"},\"flag\":1,\"language\":\"JAVA\",\"opaque\":"));
  json_tail_ = json.text();

  binary_tail_.resize(2 + 10 + 4 + region.size() + 2 + 8 + 4 + trace_on.size());
  Pen pen(reinterpret_cast<std::byte*>(binary_tail_.data()));
  pen.field("MSG_REGION", region);
  pen.field("TRACE_ON", trace_on);
}

void SendResponseTemplate::append(ByteBuffer& out, const SendAnswer& a) const {
  if (a.type == SerializeType::kRocketMq) return append_binary(out, a);
  // The id of a transaction is the client's text: it may hold anything.
  if (!a.msgId.data() || !(a.plain_id || is_plain_json_text(a.msgId)) || !is_plain_json_text(a.transactionId)) [[unlikely]] return append_generic(out, a);
  append_json(out, a);
}

void SendResponseTemplate::append_json(ByteBuffer& out, const SendAnswer& a) const {
  static constexpr size_t kLiterals = 8 + 8 + 23 + 13 + 17 + 19 + 48;   // the lengths, then the literals below
  std::byte* const start = out.reserve(kLiterals + kMostNumbers + a.msgId.size() + a.transactionId.size() + json_tail_.size());
  Pen pen(start + 8);
  pen.literal("{\"code\":");
  pen.number(a.code);
  pen.literal(",\"extFields\":{\"msgId\":\"");
  pen.text(a.msgId);
  pen.literal("\",\"queueId\":\"");
  pen.number(a.queueId);
  pen.literal("\",\"queueOffset\":\"");
  pen.number(a.queueOffset);
  if (a.transactionId.data()) {
    pen.literal("\",\"transactionId\":\"");
    pen.text(a.transactionId);
  }
  pen.text(json_tail_);
  pen.number(a.opaque);
  pen.literal(",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":479}");
  static_assert(kOurVersion == 479);
  const size_t bytes = static_cast<size_t>(reinterpret_cast<std::byte*>(pen.at()) - start);
  store_be(start, static_cast<uint32_t>(bytes - 4));
  store_be(start + 4, static_cast<uint32_t>(bytes - 8));   // serialize type 0
  out.commit(bytes);
}

void SendResponseTemplate::append_binary(ByteBuffer& out, const SendAnswer& a) const {
  static constexpr size_t kFixed = 8 + 17 + 4 + (2 + 5 + 4) + (2 + 7 + 4) + (2 + 11 + 4) + (2 + 13 + 4);
  char queue_id[20], queue_offset[20];
  std::byte* const start = out.reserve(kFixed + kMostNumbers + a.msgId.size() + a.transactionId.size() + binary_tail_.size());
  Pen pen(start + 8);
  pen.be(static_cast<int16_t>(a.code));
  pen.be(static_cast<int8_t>(kLanguageJava));
  pen.be(static_cast<int16_t>(kOurVersion));
  pen.be(a.opaque);
  pen.be(kFlagResponse);
  pen.be(int32_t{0});   // no remark
  char* const ext = pen.at();
  pen.be(int32_t{0});
  if (a.msgId.data()) pen.field("msgId", a.msgId);
  pen.field("queueId", digits(queue_id, a.queueId));
  pen.field("queueOffset", digits(queue_offset, a.queueOffset));
  if (a.transactionId.data()) pen.field("transactionId", a.transactionId);
  pen.text(binary_tail_);
  store_be(ext, static_cast<int32_t>(pen.at() - ext - 4));
  const size_t bytes = static_cast<size_t>(reinterpret_cast<std::byte*>(pen.at()) - start);
  store_be(start, static_cast<uint32_t>(bytes - 4));
  store_be(start + 4, static_cast<uint32_t>(1u << 24 | (bytes - 8)));
  out.commit(bytes);
}

void SendResponseTemplate::append_generic(ByteBuffer& out, const SendAnswer& a) const {
  const SendMessageResponseHeader h{.msgId = a.msgId, .queueId = a.queueId, .queueOffset = a.queueOffset,
                                    .transactionId = a.transactionId, .MSG_REGION = region_, .TRACE_ON = trace_on_};
  encode_frame(out, {.type = a.type, .code = a.code, .opaque = a.opaque, .flag = kFlagResponse}, h);
}

}  // namespace mq::wire
