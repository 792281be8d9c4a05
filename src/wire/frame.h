// The remoting frame: int32 total, 1 byte serialize type + 3 bytes header length, header, body (spec protocol 1.1).
// Pure functions over bytes; decoding keeps views into the input and allocates nothing in steady state.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/byte_buffer.h"
#include "base/result.h"
#include "wire/header_form.h"

namespace mq::wire {

enum class SerializeType : uint8_t { kJson = 0, kRocketMq = 1 };

inline constexpr size_t kMaxFrameBytes = 16 << 20;   // with the length field
inline constexpr int32_t kFlagResponse = 1;
inline constexpr int32_t kFlagOneway = 2;
/// The name of a release number, as MQVersion gives it: "V5_3_3" for 479, "V4_2_0_SNAPSHOT" for 252.
std::string version_name(int32_t version);
inline constexpr int32_t kVersion5 = 413;            // V5_0_0: older clients know other names and rules
inline constexpr int32_t kOurVersion = 479;          // V5_3_3: what our answers carry
inline constexpr uint8_t kLanguageJava = 0;          // ordinal; our answers say JAVA as Java's servers do

/// The key-value pairs of extFields in order of arrival; a later pair of the same key wins. Those of a header whose form is known are
/// listed when somebody asks for them.
class ExtFields {
 public:
  struct Pair {
    std::string_view key;
    std::string_view value;     // data() == nullptr: null
  };
  void clear() noexcept { pairs_.clear(); present_ = false; form_ = nullptr; }
  void add(std::string_view key, std::string_view value) {
    list();
    form_ = nullptr;
    pairs_.push_back({key, value});
  }
  /// The value, or a view with data() == nullptr.
  std::string_view find(std::string_view key) const noexcept {
    if (form_) {
      for (size_t i = form_->fields.size(); i-- > 0;) if (form_->key(i, header_) == key) return value(i);
      return {};
    }
    for (size_t i = pairs_.size(); i-- > 0;) if (pairs_[i].key == key) return pairs_[i].value;
    return {};
  }
  const std::vector<Pair>& pairs() const {
    list();
    return pairs_;
  }
  bool empty() const noexcept { return form_ ? form_->fields.empty() : pairs_.empty(); }
  bool present() const noexcept { return present_; }     // extFields was in the header at all
  void set_present() noexcept { present_ = true; }

  /// Makes it the fields of `header`, which is of that form. All of them outlive what is read from here; `readable` and `scratch` as
  /// for HeaderForm::value().
  void set_form(HeaderForm& form, const char* header, const char* readable, char* scratch) noexcept {
    present_ = true;
    listed_ = false;
    form_ = &form;
    header_ = header;
    readable_ = readable;
    scratch_ = scratch;
  }
  /// Null when the header's form is not known.
  HeaderForm* form() const noexcept { return form_; }
  /// The i-th value of the form.
  std::string_view value(size_t i) const noexcept { return form_->value(i, header_, readable_, scratch_); }

 private:
  void list() const {
    if (form_ && !listed_) list_form();
  }
  void list_form() const;

  mutable std::vector<Pair> pairs_;
  bool present_ = false;
  mutable bool listed_ = false;          // pairs_ holds those of the form
  HeaderForm* form_ = nullptr;
  const char* header_ = nullptr;
  const char* readable_ = nullptr;
  char* scratch_ = nullptr;
};

/// A decoded frame. Views point into the input or into `scratch` (unescaped text); valid until the next decode into
/// this object and as long as the input lives.
struct Frame {
  SerializeType type = SerializeType::kJson;
  int32_t code = 0;
  uint8_t language = kLanguageJava;   // LanguageCode ordinal; 255 when the name is unknown
  int32_t version = 0;
  int32_t opaque = 0;
  bool has_opaque = true;
  int32_t flag = 0;
  std::string_view remark;            // data() == nullptr: none
  ExtFields ext;
  ByteView body;
  std::vector<char> scratch;          // reserved before decoding; never reallocated while views point into it

  bool is_response() const noexcept { return flag & kFlagResponse; }
  bool is_oneway() const noexcept { return flag & kFlagOneway; }
};

/// What the bytes at the front of a stream are.
struct FrameSize {
  enum class State : uint8_t { kIncomplete, kComplete, kBad } state = State::kIncomplete;
  size_t bytes = 0;        // of the complete frame, length field included; with kIncomplete the bytes needed if known
  std::string_view why;    // kBad: what is wrong, and which other protocol it looks like (HTTP, HTTP/2, TLS)
};
FrameSize probe_frame(ByteView stream) noexcept;

/// Decodes one complete frame (as measured by probe_frame). Lenient as Java's server (spec protocol 1.3, 1.4 and the
/// corrections). Errors: kCorrupt = the connection is to be closed; kInvalid = Java answers nothing and keeps the
/// connection.
Result<> decode_frame(ByteView bytes, Frame& out);

/// What leads a frame: everything but extFields and body.
struct FrameHead {
  SerializeType type = SerializeType::kJson;
  int32_t code = 0;
  int32_t opaque = 0;
  int32_t flag = 0;
  int32_t version = kOurVersion;
  uint8_t language = kLanguageJava;
  std::string_view remark;            // data() == nullptr: none
};

/// Writes one frame in pieces, so that header structs put their fields straight into the output:
///   FrameWriter w(out, head); w.field("queueId", 3); w.finish(body);
/// JSON keys come in fastjson's order (code, extFields, flag, language, opaque, remark, serializeTypeCurrentRPC,
/// version).
class FrameWriter {
 public:
  /// `with_ext`: an extFields object is written even when no field follows.
  FrameWriter(ByteBuffer& out, const FrameHead& head, bool with_ext);
  /// A value with data() == nullptr is null: no field is written. Keys are plain text that needs no escapes.
  void field(std::string_view key, std::string_view value);
  void field(std::string_view key, int64_t value);
  void field(std::string_view key, bool value);
  /// Ends the header and appends the body.
  void finish(ByteView body = {});
  /// Ends the header for a body of `body_size` bytes that the caller sends itself behind it.
  void finish_without_body(size_t body_size);

 private:
  void open_field(std::string_view key);
  void close_json();

  ByteBuffer& out_;
  const FrameHead head_;
  size_t start_;          // of the frame in out_
  size_t ext_at_;         // binary: where the ext length stands
  bool any_ = false;
  bool with_ext_;
};

std::string_view language_name(uint8_t ordinal) noexcept;     // "JAVA", "CPP", ... ; empty when out of range
std::optional<uint8_t> language_ordinal(std::string_view name) noexcept;

}  // namespace mq::wire
