// TopicConfig, DataVersion and the tables that carry them: topics.json, REGISTER_BROKER, GET_ALL_TOPIC_CONFIG.
// Source: spec protocol 6.1, 10.3, storage 2.13.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace mq::wire {

/// Moves when a table changes; two are equal when all three members are.
struct DataVersion {
  int64_t stateVersion = 0;
  int64_t timestamp = 0;   // ms of the last change
  int64_t counter = 0;

  void next(int64_t now_ms) { timestamp = now_ms; ++counter; }
  bool operator==(const DataVersion&) const = default;
};
Json to_json(const DataVersion& v);
DataVersion data_version_from(const Json& j);

/// "{a=1, b=2}": a map of attributes as Java's toString prints it.
std::string attributes_text(const std::map<std::string, std::string>& attributes);

struct TopicConfig {
  std::string topicName;
  int32_t readQueueNums = 16;
  int32_t writeQueueNums = 16;
  int32_t perm = 6;
  std::string topicFilterType = "SINGLE_TAG";
  int32_t topicSysFlag = 0;
  bool order = false;
  std::map<std::string, std::string> attributes;

  bool operator==(const TopicConfig&) const = default;
  /// "TopicConfig [topicName=..., readQueueNums=...]": Java's toString, part of remarks and tool output.
  std::string to_text() const;
  /// "TopicA 4 4 6 SINGLE_TAG {}": the line of the compressed registration body.
  std::string encode_line() const;
  static Result<TopicConfig> decode_line(std::string_view line);
};
Json to_json(const TopicConfig& c);
TopicConfig topic_config_from(const Json& j);

/// TopicConfigSerializeWrapper / TopicConfigAndMappingSerializeWrapper.
struct TopicConfigTable {
  DataVersion dataVersion;
  DataVersion mappingDataVersion;
  std::map<std::string, TopicConfig> topicConfigTable;
  Json topicQueueMappingInfoMap;     // kept as they came; null when absent
  Json topicQueueMappingDetailMap;
};
/// `v5`: with the mapping members (5.x).
Json to_json(const TopicConfigTable& t, bool v5 = true);
TopicConfigTable topic_config_table_from(const Json& j);

struct RegisterBrokerBody {
  TopicConfigTable topics;
  std::vector<std::string> filterServerList;
  bool has_filter_servers = false;   // the list was there, maybe empty
};
std::string encode_register_body(const RegisterBrokerBody& body);                   // JSON
Result<std::string> encode_register_body_compressed(const RegisterBrokerBody& body);  // zlib form, with mapping part
/// Any of the forms by their first byte; `version` of the sender decides about old JSON and the mapping part.
/// Errors: kCorrupt. Limits the inflated size to 64 MiB.
Result<RegisterBrokerBody> decode_register_body(std::string_view bytes, int32_t version);

}  // namespace mq::wire
