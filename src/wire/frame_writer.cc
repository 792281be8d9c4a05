#include "base/check.h"
#include "base/digits.h"
#include "wire/frame.h"
#include "wire/json_text.h"

namespace mq::wire {
namespace {

constexpr size_t kMaxHeaderBytes = (1 << 24) - 1;

void append_number(ByteBuffer& out, int64_t v) {
  char* to = reinterpret_cast<char*>(out.reserve(kMostDigits));
  out.commit(static_cast<size_t>(put_number(to, v) - to));
}

}  // namespace

FrameWriter::FrameWriter(ByteBuffer& out, const FrameHead& head, bool with_ext)
    : out_(out), head_(head), start_(out.size()), ext_at_(0), with_ext_(with_ext) {
  out_.reserve(256);
  out_.commit(8);   // the two length words, filled in by finish
  if (head_.type == SerializeType::kJson) {
    out_.append(std::string_view("{\"code\":"));
    append_number(out_, head_.code);
    return;
  }
  out_.append_be(static_cast<int16_t>(head_.code));   // QUIRK: 16 bits; 200050 arrives as 3442
  out_.push(static_cast<char>(head_.language));
  out_.append_be(static_cast<int16_t>(head_.version));
  out_.append_be(head_.opaque);
  out_.append_be(head_.flag);
  out_.append_be(static_cast<int32_t>(head_.remark.size()));
  out_.append(head_.remark);
  ext_at_ = out_.size();
  out_.append_be(int32_t{0});
}

void FrameWriter::open_field(std::string_view key) {
  out_.append(any_ ? std::string_view(",\"") : std::string_view(",\"extFields\":{\""));
  out_.append(key);
  any_ = true;
}

void FrameWriter::field(std::string_view key, std::string_view value) {
  if (!value.data()) return;
  if (head_.type == SerializeType::kJson) {
    open_field(key);
    out_.append("\":\"", 3);
    append_json_text(out_, value);
    out_.push('"');
    return;
  }
  MQ_CHECK(key.size() <= INT16_MAX);
  out_.append_be(static_cast<int16_t>(key.size()));
  out_.append(key);
  out_.append_be(static_cast<int32_t>(value.size()));
  out_.append(value);
  any_ = true;
}

void FrameWriter::field(std::string_view key, int64_t value) {
  char text[kMostDigits];
  field(key, std::string_view(text, static_cast<size_t>(put_number(text, value) - text)));
}

void FrameWriter::field(std::string_view key, bool value) { field(key, value ? std::string_view("true") : std::string_view("false")); }

void FrameWriter::finish(ByteView body) {
  finish_without_body(body.size());
  out_.append(body);
}

void FrameWriter::close_json() {
  if (any_) {
    out_.push('}');
  } else if (with_ext_) {
    out_.append(std::string_view(",\"extFields\":{}"));
  }
  out_.append(std::string_view(",\"flag\":"));
  append_number(out_, head_.flag);
  if (const std::string_view language = language_name(head_.language); !language.empty()) {
    out_.append(std::string_view(",\"language\":\""));
    out_.append(language);
    out_.push('"');
  }
  out_.append(std::string_view(",\"opaque\":"));
  append_number(out_, head_.opaque);
  if (head_.remark.data()) {
    out_.append(std::string_view(",\"remark\":\""));
    append_json_text(out_, head_.remark);
    out_.push('"');
  }
  out_.append(std::string_view(",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":"));
  append_number(out_, head_.version);
  out_.push('}');
}

void FrameWriter::finish_without_body(size_t body_size) {
  if (head_.type == SerializeType::kJson) {
    close_json();
  } else {
    store_be(out_.data() + ext_at_, static_cast<int32_t>(out_.size() - ext_at_ - 4));
  }
  const size_t header = out_.size() - start_ - 8;
  MQ_CHECK(header <= kMaxHeaderBytes);
  MQ_CHECK(body_size <= INT32_MAX - header - 4);
  store_be(out_.data() + start_, static_cast<uint32_t>(4 + header + body_size));
  store_be(out_.data() + start_ + 4, static_cast<uint32_t>(static_cast<uint32_t>(head_.type) << 24 | header));
}

}  // namespace mq::wire
