// Helpers of this module's tests: hexadecimal text and frames as text.
#pragma once

#include <map>
#include <random>
#include <string>

#include "wire/frame.h"

namespace mq::wire {

inline std::string from_hex(std::string_view hex) {
  std::string out;
  int half = -1;
  for (char c : hex) {
    if (c == ' ' || c == '\n') continue;
    const int d = c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
    if (half < 0) {
      half = d;
    } else {
      out.push_back(static_cast<char>(half << 4 | d));
      half = -1;
    }
  }
  return out;
}

inline std::string framed(uint8_t type, std::string_view header, std::string_view body = {}) {
  std::string out(8, 0);
  store_be(out.data(), static_cast<uint32_t>(4 + header.size() + body.size()));
  store_be(out.data() + 4, static_cast<uint32_t>(static_cast<uint32_t>(type) << 24 | header.size()));
  return out.append(header).append(body);
}

/// extFields as a client would see it: the last of equal keys.
inline std::map<std::string, std::string> ext_of(const Frame& f) {
  std::map<std::string, std::string> m;
  for (const auto& [key, value] : f.ext.pairs()) m[std::string(key)] = value.data() ? std::string(value) : "<null>";
  return m;
}

/// Everything a frame says, in one line; what has its default is left out.
inline std::string describe(const Frame& f) {
  std::string s = "code=" + std::to_string(f.code);
  if (f.language != kLanguageJava) s += " language=" + (f.language == 255 ? "?" : std::string(language_name(f.language)));
  if (f.version) s += " version=" + std::to_string(f.version);
  if (f.has_opaque) s += " opaque=" + std::to_string(f.opaque);
  if (f.flag) s += " flag=" + std::to_string(f.flag);
  if (f.remark.data()) s += " remark=" + std::string(f.remark) + ";";
  if (f.ext.present()) {
    s += " {";
    for (const auto& [key, value] : ext_of(f)) s += key + "=" + value + ",";
    s += "}";
  }
  if (!f.body.empty()) s += " body=" + std::string(as_text(f.body));
  return s;
}

}  // namespace mq::wire
