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

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

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

/// The number that eight decimal digits mean; false when they are not digits.
template <class T>
bool eight_digits(const char* p, T& out) noexcept {
  if constexpr (std::endian::native != std::endian::little) return false;
  uint64_t w;
  std::memcpy(&w, p, 8);
  if ((w & 0xF0F0F0F0F0F0F0F0) != 0x3030303030303030 || ((w + 0x0606060606060606) & 0xF0F0F0F0F0F0F0F0) != 0x3030303030303030) return false;
  w = (w & 0x0F0F0F0F0F0F0F0F) * (1 + (10 << 8)) >> 8;                         // pairs, fours, all eight
  w = (w & 0x00FF00FF00FF00FF) * (1 + (100 << 16)) >> 16;
  out = static_cast<T>((w & 0x0000FFFF0000FFFF) * (1 + (uint64_t{10'000} << 32)) >> 32);
  return true;
}

/// Java's parseInt/parseLong: an optional sign, digits, nothing else.
template <class T>
bool parse_number(std::string_view t, T& out) noexcept {
  if constexpr (std::is_integral_v<T>) {
    if (t.size() == 1 && t[0] >= '0' && t[0] <= '9') [[likely]] return out = static_cast<T>(t[0] - '0'), true;
    if (t.size() < std::numeric_limits<T>::digits10) {   // cannot overflow
      T v = 0;
      size_t i = 0;
      if constexpr (sizeof(T) == 8) {   // a time in milliseconds has 13: eight, and the last eight with three of them once more
        T last = 0;
        if (t.size() == 13 && eight_digits(t.data(), v) && eight_digits(t.data() + 5, last)) [[likely]] return out = v * 100'000 + last % 100'000, true;
        if (t.size() >= 8 && eight_digits(t.data(), v)) i = 8;
      }
      for (; i < t.size() && t[i] >= '0' && t[i] <= '9'; ++i) v = static_cast<T>(v * 10 + (t[i] - '0'));
      if (i == t.size() && i > 0) [[likely]] return out = v, true;
    }
  }
  if (t.size() > 1 && t[0] == '+' && t[1] != '-') t.remove_prefix(1);
  T v{};   // "1.5" begins like a number, yet is none: it changes nothing
  auto [end, ec] = std::from_chars(t.data(), t.data() + t.size(), v);
  if (ec != std::errc() || end != t.data() + t.size()) return false;
  out = v;
  return true;
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

namespace detail {

/// The names of a header's fields, in the order of its table.
template <class H>
inline constexpr auto kFieldNames = std::apply([](const auto&... f) { return std::array<std::string_view, sizeof...(f)>{f.name...}; }, H::fields());

inline bool same_name(std::string_view a, std::string_view b) noexcept {
  if (a.size() != b.size() || a[0] != b[0]) return false;   // no name is empty
  return a.size() == 1 || std::memcmp(a.data(), b.data(), a.size()) == 0;
}

/// Finds the place among the pairs of each name, of equal keys the last. A client writes a header's fields in the same
/// order each time, for the one-letter names that of the table, so the field behind the last match is tried first.
template <size_t N>
void find_places(const ExtFields& ext, const std::array<std::string_view, N>& names, FieldPlaces& places) noexcept {
  static_assert(N <= FieldPlaces::kMost);
  std::fill_n(places.at.begin(), N, FieldPlaces::kAbsent);
  places.table = &names;
  size_t guess = 0;
  const auto& pairs = ext.pairs();
  for (size_t p = 0; p < pairs.size(); ++p) {
    if (pairs[p].key.empty()) continue;
    for (size_t tried = 0; tried < N; ++tried) {
      const size_t i = guess;
      guess = guess + 1 == N ? 0 : guess + 1;
      if (!same_name(names[i], pairs[p].key)) continue;
      places.at[i] = static_cast<uint32_t>(p);
      break;
    }
  }
}

Failure missing_field(std::string_view name);
Failure bad_field(std::string_view name, std::string_view value);

}  // namespace detail

namespace detail {

/// A header as the last frame of a form had it, and which of its fields may differ in the next one.
template <class H>
struct RememberedHeader {
  struct Varying {
    uint8_t field;   // of the header's table
    uint8_t pair;    // of the form
  };
  H header;
  uint8_t count = 0;
  std::array<Varying, kFieldNames<H>.size()> varying;
};

template <class H>
consteval bool can_be_remembered() {
  if constexpr (!std::is_trivially_copyable_v<H> || !std::is_trivially_destructible_v<H> || kFieldNames<H>.empty()) return false;
  else return sizeof(RememberedHeader<H>) <= HeaderForm::kMostKept;
}

template <class H, size_t I>
bool assign_field(H& h, std::string_view text) {
  static constexpr auto kMember = std::get<I>(H::fields()).member;
  return assign(h.*kMember, text);
}

/// By field: gives it a value's text.
template <class H>
inline constexpr auto kAssign = []<size_t... I>(std::index_sequence<I...>) {
  return std::array<bool (*)(H&, std::string_view), sizeof...(I)>{&assign_field<H, I>...};
}(std::make_index_sequence<kFieldNames<H>.size()>());

/// `h` was decoded from fields of a form.
template <class H>
void remember(HeaderForm& form, const FieldPlaces& places, const H& h) {
  if (form.fields.size() > UINT8_MAX) return;
  RememberedHeader<H> r{.header = h};
  for (size_t i = 0; i < kFieldNames<H>.size(); ++i) {
    const uint32_t pair = places.at[i];
    if (pair == FieldPlaces::kAbsent) continue;
    if (form.fields[pair].varies) r.varying[r.count++] = {static_cast<uint8_t>(i), static_cast<uint8_t>(pair)};
    else (void)kAssign<H>[i](r.header, form.own_value(pair));   // views into the frame become views into the form
  }
  form.keep(r);
}

}  // namespace detail

/// The header of a frame whose form is known, as it was last time but for what may differ; null: decode_header() has to look at it. Valid until
/// the next frame is decoded.
template <class H>
const H* remembered_header(const ExtFields& ext) {
  if constexpr (detail::can_be_remembered<H>()) {
    HeaderForm* const form = ext.form();
    auto* const r = form ? form->kept<detail::RememberedHeader<H>>() : nullptr;
    if (!r) return nullptr;
    for (size_t i = 0; i < r->count; ++i) {
      if (!detail::kAssign<H>[r->varying[i].field](r->header, ext.value(r->varying[i].pair))) return nullptr;
    }
    return &r->header;
  } else {
    return nullptr;
  }
}

/// Fills a header from extFields. Errors: kInvalid naming the field.
template <class H>
Result<H> decode_header(const ExtFields& ext) {
  constexpr const auto& kNames = detail::kFieldNames<H>;
  Result<H> result;
  if constexpr (!kNames.empty()) {
    H& h = *result;
    FieldPlaces own;
    FieldPlaces& places = ext.form() ? ext.form()->places : own;
    if (places.table != &kNames) [[unlikely]] detail::find_places(ext, kNames, places);
    const ExtFields::Pair* const pairs = ext.pairs().data();
    const auto value = [&](size_t i) { return places.at[i] == FieldPlaces::kAbsent ? std::string_view() : pairs[places.at[i]].value; };
    size_t missing = kNames.size(), bad = kNames.size();   // the first of each; a missing one is told before a bad one
    const auto one = [&](size_t i, const auto& field) {
      const std::string_view text = value(i);
      if (!text.data()) {
        if (field.need == Need::kRequired) missing = std::min(missing, i);
      } else if (!detail::assign(h.*field.member, text)) {
        if (field.need != Need::kOptional) bad = std::min(bad, i);
      }
    };
    [&]<size_t... I>(std::index_sequence<I...>) {
      static constexpr auto kFields = H::fields();
      (one(I, std::get<I>(kFields)), ...);
    }(std::make_index_sequence<kNames.size()>());
    if (missing < kNames.size()) [[unlikely]] return detail::missing_field(kNames[missing]);
    if (bad < kNames.size()) [[unlikely]] return detail::bad_field(kNames[bad], value(bad));
    if constexpr (detail::can_be_remembered<H>()) {
      if (ext.form()) detail::remember(*ext.form(), places, h);
    }
  }
  return result;
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
