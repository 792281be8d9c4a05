#include "wire/send_response.h"

#include "base/check.h"
#include "base/copy_short.h"
#include "base/digits.h"
#include "wire/headers/send.h"
#include "wire/json_text.h"

namespace mq::wire {
namespace {

constexpr std::string_view kHead = "{\"code\":0,\"extFields\":{\"msgId\":\"";
constexpr char kQueueId[] = "\",\"queueId\":\"", kQueueOffset[] = "\",\"queueOffset\":\"", kTransactionId[] = "\",\"transactionId\":\"";
constexpr char kEnd[] = ",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":479}";
static_assert(kOurVersion == 479);

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
  void name(std::string_view t) noexcept {
    copy_short(p_, t.data(), t.size());
    p_ += t.size();
  }
  void number(int64_t v) noexcept { p_ = put_number(p_, v); }
  void ids(const OffsetMsgIds& ids, std::span<const PhyOffset> offsets) noexcept { p_ = ids.put(p_, offsets); }
  void offset(PhyOffset offset) noexcept { p_ = OffsetMsgIds::put_offset(p_, offset); }
  std::byte* at() const noexcept { return reinterpret_cast<std::byte*>(p_); }

 private:
  char* p_;
};

}  // namespace

SendResponseTemplate::SendResponseTemplate(const Host& store_host, std::string_view region, std::string_view trace_on)
    : ids_(store_host), region_(region), trace_on_(trace_on) {
  head_size_ = kLengths + kHead.size() + ids_.host().size();
  MQ_CHECK(head_size_ <= head_.size());
  Pen head(head_.data() + kLengths);
  head.text(kHead);
  head.text(ids_.host());

  ByteBuffer tail;
  tail.append(std::string_view("\",\"MSG_REGION\":\""));
  append_json_text(tail, region);
  tail.append(std::string_view("\",\"TRACE_ON\":\""));
  append_json_text(tail, trace_on);
  tail.append(std::string_view("\"},\"flag\":1,\"language\":\"JAVA\",\"opaque\":"));
  tail_ = tail.text();
}

void SendResponseTemplate::append(ByteBuffer& out, const SendAnswer& a) const {
  MQ_DCHECK(!a.stored_at.empty());
  // The id of a transaction is the client's text: it may hold anything.
  const bool usual = a.type == SerializeType::kJson && a.code == 0 && is_plain_json_text(a.transactionId);
  if (!usual) [[unlikely]] return append_generic(out, a);
  static constexpr size_t kOthers = sizeof kQueueId + sizeof kQueueOffset + sizeof kTransactionId + sizeof kEnd + 3 * kMostDigits;
  std::byte* const start = out.reserve(head_.size() + ids_.size(a.stored_at.size()) + a.transactionId.size() + tail_.size() + kOthers);
  std::memcpy(start, head_.data(), head_.size());   // of an IPv4 address too much, which is written over
  Pen pen(start + head_size_);
  pen.offset(a.stored_at.front());
  if (a.stored_at.size() > 1) {
    pen.literal(",");
    pen.ids(ids_, a.stored_at.subspan(1));
  }
  pen.literal(kQueueId);
  pen.number(a.queueId);
  pen.literal(kQueueOffset);
  pen.number(a.queueOffset);
  if (a.transactionId.data()) {
    pen.literal(kTransactionId);
    pen.name(a.transactionId);
  }
  pen.text(tail_);
  pen.number(a.opaque);
  pen.literal(kEnd);
  const auto bytes = static_cast<size_t>(pen.at() - start);
  store_be(start, static_cast<uint32_t>(bytes - 4));
  store_be(start + 4, static_cast<uint32_t>(bytes - kLengths));   // serialize type 0
  out.commit(bytes);
}

void SendResponseTemplate::append_generic(ByteBuffer& out, const SendAnswer& a) const {
  std::string msg_id(ids_.size(a.stored_at.size()), '\0');
  ids_.put(msg_id.data(), a.stored_at);
  const SendMessageResponseHeader h{.msgId = msg_id, .queueId = a.queueId, .queueOffset = a.queueOffset,
                                    .transactionId = a.transactionId, .MSG_REGION = region_, .TRACE_ON = trace_on_};
  encode_frame(out, {.type = a.type, .code = a.code, .opaque = a.opaque, .flag = kFlagResponse}, h);
}

}  // namespace mq::wire
