#include "base/yaml.h"

#include <yaml-cpp/yaml.h>

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
    default: out << value.as_string();
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
