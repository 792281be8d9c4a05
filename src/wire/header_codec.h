// Header structs and their field tables: decoding from extFields, encoding into a frame, all from one declaration.
//
//   struct PullMessageHeader {
//     std::string_view consumerGroup;  ...
//     static constexpr auto fields() {
//       using H = PullMessageHeader;
//       return std::tuple{required("consumerGroup", &H::consumerGroup), optional("subscription", &H::subscription)};
//     }
//   };
//
// Member types: std::string, std::string_view (valid as long as the frame), bool, int32_t, int64_t, double, and
// std::optional of these. A field that is absent, null or does not parse:
//   required  -> decode fails with kInvalid "required field <name> missing" (answered SYSTEM_ERROR)
//   optional  -> keeps its default
//   strict    -> absent keeps the default, but a value that does not parse fails (Java's fast headers)
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "base/result.h"
#include "wire/frame.h"

namespace mq::wire {

enum class Need : uint8_t { kRequired, kOptional, kStrict };

template <class H, class M>
struct Field {
  std::string_view name;
  M H::*member;
  Need need;
};
template <class H, class M>
constexpr Field<H, M> required(std::string_view name, M H::*m) { return {name, m, Need::kRequired}; }
template <class H, class M>
constexpr Field<H, M> optional(std::string_view name, M H::*m) { return {name, m, Need::kOptional}; }
template <class H, class M>
constexpr Field<H, M> strict(std::string_view name, M H::*m) { return {name, m, Need::kStrict}; }

/// A header without fields.
struct NoHeader {
  static constexpr auto fields() { return std::tuple{}; }
  bool operator==(const NoHeader&) const = default;
};

namespace detail {

template <class T> struct is_optional : std::false_type {};
template <class T> struct is_optional<std::optional<T>> : std::true_type {};

/// Java's parseInt/parseLong: an optional sign, digits, nothing else.
template <class T>
bool parse_number(std::string_view t, T& out) noexcept {
  if (t.size() > 1 && t[0] == '+' && t[1] != '-') t.remove_prefix(1);
  auto [end, ec] = std::from_chars(t.data(), t.data() + t.size(), out);
  return ec == std::errc() && end == t.data() + t.size();
}
inline bool parse_bool(std::string_view t) noexcept {
  if (t.size() != 4) return false;
  auto lower = [](char c) { return static_cast<char>(c | 0x20); };
  return lower(t[0]) == 't' && lower(t[1]) == 'r' && lower(t[2]) == 'u' && lower(t[3]) == 'e';
}

template <class T>
bool assign(T& to, std::string_view text) {
  if constexpr (is_optional<T>::value) {
    typename T::value_type v{};
    if (!assign(v, text)) return false;
    to = std::move(v);
    return true;
  } else if constexpr (std::is_same_v<T, bool>) {
    to = parse_bool(text);
    return true;
  } else if constexpr (std::is_arithmetic_v<T>) {
    return parse_number(text, to);
  } else {
    to = T(text);
    return true;
  }
}

template <class T>
void put(FrameWriter& w, std::string_view name, const T& v) {
  if constexpr (is_optional<T>::value) {
    if (v) put(w, name, *v);
  } else if constexpr (std::is_same_v<T, bool>) {
    w.field(name, v);
  } else if constexpr (std::is_integral_v<T>) {
    w.field(name, static_cast<int64_t>(v));
  } else if constexpr (std::is_same_v<T, std::string_view>) {
    if (v.data()) w.field(name, v);
  } else {
    w.field(name, std::string_view(v));
  }
}

}  // namespace detail

/// Fills a header from extFields. Errors: kInvalid naming the field.
template <class H>
Result<H> decode_header(const ExtFields& ext) {
  H h;
  const char* missing = nullptr;
  std::string_view bad_name, bad_value;
  std::apply(
      [&](const auto&... f) {
        [[maybe_unused]] auto one = [&](const auto& field) {
          const std::string_view text = ext.find(field.name);
          if (!text.data()) {
            if (field.need == Need::kRequired && !missing) missing = field.name.data();
            return;
          }
          if (!detail::assign(h.*field.member, text)) {
            if (field.need != Need::kOptional && !bad_name.data()) bad_name = field.name, bad_value = text;
          }
        };
        (one(f), ...);
      },
      H::fields());
  if (missing) return fail(Errc::kInvalid, std::string("required field ") + missing + " missing");
  if (bad_name.data()) {
    return fail(Errc::kInvalid, "field " + std::string(bad_name) + " has the value \"" + std::string(bad_value) + "\", a number is needed");
  }
  return h;
}

/// Writes a header's fields; absent optionals and null views are left out.
template <class H>
void write_fields(FrameWriter& w, const H& h) {
  std::apply([&](const auto&... f) { (detail::put(w, f.name, h.*f.member), ...); }, H::fields());
}

/// One whole frame with a header struct.
template <class H>
void encode_frame(ByteBuffer& out, const FrameHead& head, const H& header, ByteView body = {}) {
  FrameWriter w(out, head, !std::is_same_v<H, NoHeader>);
  write_fields(w, header);
  w.finish(body);
}

}  // namespace mq::wire
