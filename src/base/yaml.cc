#include "base/yaml.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <iterator>

#include "base/text.h"

namespace mq {
namespace {

constexpr int kMaxValues = 100'000;
constexpr int kMaxDepth = 100;

struct TooLarge {};

Json json_of(const YAML::Node& node, int& values, int depth) {
  if (++values > kMaxValues || depth > kMaxDepth) throw TooLarge();
  switch (node.Type()) {
    case YAML::NodeType::Scalar: return node.Scalar();
    case YAML::NodeType::Sequence: {
      Json list = Json::array();
      for (const YAML::Node& item : node) list.push(json_of(item, values, depth + 1));
      return list;
    }
    case YAML::NodeType::Map: {
      Json object = Json::object();
      for (const auto& member : node) {
        if (member.first.IsScalar()) object.set(member.first.Scalar(), json_of(member.second, values, depth + 1));
      }
      return object;
    }
    default: return {};
  }
}

/// Java's parser (YAML 1.1) would take this string for another value: 0777 for 511, 1e9 or 2026-01-01 for what they say, "off" for false.
/// What it gives back as it was ("12345678", true and false where they are meant) stays plain.
bool reads_otherwise(const std::string& s) {
  static constexpr std::string_view kWords[] = {"y", "n", "yes", "no", "on", "off", "null", "~", ".inf", "-.inf", "+.inf", ".nan"};
  if (std::any_of(std::begin(kWords), std::end(kWords), [&](std::string_view word) { return equal_ignoring_case(word, s); })) return true;
  if (s.find_first_of("+-.0123456789") != 0 || s.find_first_not_of("+-.:_0123456789abcdefABCDEFxXoTZtz ") != std::string::npos) return false;
  const std::string_view digits = std::string_view(s).substr(s[0] == '-');
  const bool plain = !digits.empty() && digits.size() <= 18 && digits.find_first_not_of("0123456789") == std::string_view::npos && (digits[0] != '0' || s == "0");
  return !plain;
}

void emit(YAML::Emitter& out, const Json& value) {
  switch (value.kind()) {
    case Json::Kind::kNull: out << YAML::Null; break;
    case Json::Kind::kArray:
      out << YAML::BeginSeq;
      for (const Json& item : value.items()) emit(out, item);
      out << YAML::EndSeq;
      break;
    case Json::Kind::kObject:
      out << YAML::BeginMap;
      for (const auto& [key, item] : value.members()) {
        out << YAML::Key << key.as_string() << YAML::Value;
        emit(out, item);
      }
      out << YAML::EndMap;
      break;
    case Json::Kind::kBool: out << value.as_bool(); break;
    case Json::Kind::kInt: out << value.as_int(); break;
    default:
      if (reads_otherwise(value.as_string())) out << YAML::SingleQuoted;
      out << value.as_string();
  }
}

}  // namespace

Result<Json> parse_yaml(std::string_view text) {
  try {
    int values = 0;
    return json_of(YAML::Load(std::string(text)), values, 0);
  } catch (const YAML::Exception& e) {
    const char* hint = e.msg.find("alias") != std::string::npos ? "; a value that begins with * needs quotes: \"*\"" : "";
    return fail(Errc::kCorrupt, "line " + std::to_string(e.mark.line + 1) + ", column " + std::to_string(e.mark.column + 1) + ": " + e.msg + hint);
  } catch (const TooLarge&) {
    return fail(Errc::kTooLarge, "too many values, or too deep");
  } catch (const std::exception& e) {
    return fail(Errc::kCorrupt, e.what());
  }
}

std::string to_yaml(const Json& value) {
  YAML::Emitter out;
  emit(out, value);
  return std::string(out.c_str(), out.size()) + "\n";
}

}  // namespace mq
