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

std::string version_name(int32_t version) {
  static constexpr std::array<std::string_view, 16> kFirst = {
      "V3_0_0_SNAPSHOT", "V3_0_0_ALPHA1", "V3_0_0_BETA1", "V3_0_0_BETA2", "V3_0_0_BETA3", "V3_0_0_BETA4", "V3_0_0_BETA5",
      "V3_0_0_BETA6_SNAPSHOT", "V3_0_0_BETA6", "V3_0_0_BETA7_SNAPSHOT", "V3_0_0_BETA7", "V3_0_0_BETA8_SNAPSHOT", "V3_0_0_BETA8",
      "V3_0_0_BETA9_SNAPSHOT", "V3_0_0_BETA9", "V3_0_0_FINAL"};
  // A line of releases: the number of its first snapshot, its major and minor number, and the first patch number.
  struct Line { int32_t from, major, minor, patch; };
  static constexpr std::array<Line, 3> kThree = {Line{66, 3, 2, 0}, Line{46, 3, 1, 0}, Line{16, 3, 0, 1}};
  if (version < 0) return std::to_string(version);
  if (version < static_cast<int32_t>(kFirst.size())) return std::string(kFirst[static_cast<size_t>(version)]);
  if (version >= 612) return "HIGHER_VERSION";
  const auto text = [version](const Line& line) {
    const int32_t n = version - line.from;
    return "V" + std::to_string(line.major) + "_" + std::to_string(line.minor) + "_" + std::to_string(line.patch + n / 2) + (n % 2 == 0 ? "_SNAPSHOT" : "");
  };
  if (version >= 212) {
    const int32_t n = (version - 212) / 20;   // ten patches a minor, two numbers a patch
    return text({212 + 20 * n, 4 + n / 10, n % 10, 0});
  }
  if (version >= 86) return text({86 + 18 * ((version - 86) / 18), 3, 3 + (version - 86) / 18, 1});
  for (const Line& line : kThree) if (version >= line.from) return text(line);
  return std::to_string(version);
}

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
