// Codes and languages to their names and back.
#include <array>

#include "wire/frame.h"
#include "wire/requests.h"
#include "wire/response_code.h"

namespace mq::wire {
namespace {

// Ordinals of LanguageCode.
constexpr std::array<std::string_view, 14> kLanguages = {"JAVA", "CPP",  "DOTNET", "PYTHON", "DELPHI", "ERLANG", "RUBY",
                                                         "OTHER", "HTTP", "GO",     "PHP",    "OMS",    "RUST",   "NODE_JS"};

constexpr char upper(char c) noexcept { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; }

}  // namespace

std::string_view to_string(RequestCode code) noexcept {
  switch (code) {
#define X(number, name, ...) \
  case RequestCode::name: return #name;
    MQ_ALL_REQUESTS(X)
#undef X
  }
  return {};
}

std::string_view to_string(ResponseCode code) noexcept {
  switch (code) {
#define X(number, name) \
  case ResponseCode::name: return #name;
    MQ_RESPONSE_CODES(X)
#undef X
  }
  return {};
}

std::string_view language_name(uint8_t ordinal) noexcept {
  return ordinal < kLanguages.size() ? kLanguages[ordinal] : std::string_view();
}

std::optional<uint8_t> language_ordinal(std::string_view name) noexcept {
  for (uint8_t i = 0; i < kLanguages.size(); ++i) {
    const std::string_view known = kLanguages[i];
    if (known.size() != name.size()) continue;
    size_t same = 0;
    while (same < name.size() && upper(name[same]) == known[same]) ++same;
    if (same == name.size()) return i;
  }
  return std::nullopt;
}

}  // namespace mq::wire
