#include "wire/bodies/topic_config.h"

#include <zlib.h>

#include <memory>

#include "base/bytes.h"
#include "base/numbers.h"

namespace mq::wire {

namespace {

constexpr size_t kMaxInflated = 64 << 20;
constexpr int32_t kVersionWithJsonBody = 37;      // V3_0_11: RegisterBrokerBody instead of TopicConfigSerializeWrapper
constexpr int32_t kVersionWithMapping = 413;      // V5_0_0: the compressed form ends with the queue mappings

std::string perm_text(int32_t perm) {
  return {perm & 4 ? 'R' : '-', perm & 2 ? 'W' : '-', perm & 1 ? 'X' : '-'};
}

Json attributes_json(const std::map<std::string, std::string>& attributes) {
  Json j = Json::object();
  for (const auto& [k, v] : attributes) j.add(k, v);
  return j;
}

Result<std::string> inflate_all(std::string_view bytes) {
  z_stream z{};
  if (inflateInit(&z) != Z_OK) return fail(Errc::kCorrupt, "zlib cannot start");
  const std::unique_ptr<z_stream, int (*)(z_stream*)> end(&z, inflateEnd);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
  z.avail_in = static_cast<uInt>(bytes.size());
  std::string out;
  char block[65536];
  int status = Z_OK;
  while (status == Z_OK) {
    z.next_out = reinterpret_cast<Bytef*>(block);
    z.avail_out = sizeof block;
    status = inflate(&z, Z_NO_FLUSH);
    if (status != Z_OK && status != Z_STREAM_END) return fail(Errc::kCorrupt, "the registration body is not a zlib stream");
    out.append(block, sizeof block - z.avail_out);
    if (out.size() > kMaxInflated) return fail(Errc::kTooLarge, "the registration body inflates to more than 64 MiB");
  }
  return out;
}

/// Length-prefixed pieces of the compressed form.
class Pieces {
 public:
  explicit Pieces(std::string_view bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }
  Result<int32_t> number() {
    if (rest_.size() < 4) return fail(Errc::kCorrupt, "the registration body ends early");
    const auto v = load_be<int32_t>(rest_.data());
    rest_.remove_prefix(4);
    return v;
  }
  Result<std::string_view> text() {
    MQ_TRY(const int32_t size, number());
    if (size < 0 || static_cast<size_t>(size) > rest_.size()) return fail(Errc::kCorrupt, "a length in the registration body is wrong");
    const std::string_view t = rest_.substr(0, static_cast<size_t>(size));
    rest_.remove_prefix(t.size());
    return t;
  }

 private:
  std::string_view rest_;
};

void append_piece(std::string& out, std::string_view text) {
  char size[4];
  store_be(size, static_cast<int32_t>(text.size()));
  out.append(size, 4).append(text);
}

void read_filter_servers(const Json& list, RegisterBrokerBody& body) {
  body.has_filter_servers = list.is_array();
  for (const Json& s : list.items()) body.filterServerList.push_back(s.as_string());
}

Result<RegisterBrokerBody> decode_compressed(std::string_view bytes, int32_t version) {
  MQ_TRY(const std::string plain, inflate_all(bytes));
  Pieces in(plain);
  RegisterBrokerBody body;
  MQ_TRY(const std::string_view version_text, in.text());
  MQ_TRY(const Json version_json, parse_json(version_text));
  body.topics.dataVersion = data_version_from(version_json);
  MQ_TRY(const int32_t topics, in.number());
  for (int32_t i = 0; i < topics; ++i) {
    MQ_TRY(const std::string_view line, in.text());
    MQ_TRY(TopicConfig config, TopicConfig::decode_line(line));
    std::string name = config.topicName;
    body.topics.topicConfigTable.insert_or_assign(std::move(name), std::move(config));
  }
  MQ_TRY(const std::string_view filter_text, in.text());
  if (!filter_text.empty()) {
    MQ_TRY(const Json filters, parse_json(filter_text));
    read_filter_servers(filters, body);
  }
  if (version < kVersionWithMapping || in.empty()) return body;
  MQ_TRY(const int32_t mappings, in.number());
  body.topics.topicQueueMappingInfoMap = Json::object();
  for (int32_t i = 0; i < mappings; ++i) {
    MQ_TRY(const std::string_view text, in.text());
    MQ_TRY(Json info, parse_json(text));
    std::string topic = info["topic"].as_string();
    body.topics.topicQueueMappingInfoMap.add(std::move(topic), std::move(info));
  }
  return body;
}

}  // namespace

Json to_json(const DataVersion& v) {
  return Json::object().add("counter", v.counter).add("stateVersion", v.stateVersion).add("timestamp", v.timestamp);
}

DataVersion data_version_from(const Json& j) {
  return {j["stateVersion"].as_int(), j["timestamp"].as_int(), j["counter"].as_int()};
}

std::string attributes_text(const std::map<std::string, std::string>& attributes) {
  std::string text = "{";
  for (const auto& [k, v] : attributes) text += (text.size() > 1 ? ", " : "") + k + "=" + v;
  return text + "}";
}

std::string TopicConfig::to_text() const {
  return "TopicConfig [topicName=" + topicName + ", readQueueNums=" + std::to_string(readQueueNums) + ", writeQueueNums=" +
         std::to_string(writeQueueNums) + ", perm=" + perm_text(perm) + ", topicFilterType=" + topicFilterType + ", topicSysFlag=" +
         std::to_string(topicSysFlag) + ", order=" + (order ? "true" : "false") + ", attributes=" + attributes_text(attributes) + "]";
}

std::string TopicConfig::encode_line() const {
  return topicName + " " + std::to_string(readQueueNums) + " " + std::to_string(writeQueueNums) + " " + std::to_string(perm) + " " +
         topicFilterType + " " + mq::to_text(attributes_json(attributes));
}

Result<TopicConfig> TopicConfig::decode_line(std::string_view line) {
  std::vector<std::string_view> words;
  std::string_view rest = line;
  while (words.size() < 5) {
    const size_t blank = rest.find(' ');
    words.push_back(rest.substr(0, blank));
    if (blank == std::string_view::npos) {
      rest = {};
      break;
    }
    rest.remove_prefix(blank + 1);
  }
  if (words.size() < 5) return fail(Errc::kCorrupt, "a topic line of the registration body has fewer than 5 words");
  TopicConfig c;
  c.topicName = words[0];
  const auto read = parse_int64(words[1]), write = parse_int64(words[2]), perm = parse_int64(words[3]);
  if (!read || !write || !perm) return fail(Errc::kCorrupt, "a topic line of the registration body holds no number: " + std::string(line));
  c.readQueueNums = static_cast<int32_t>(*read);
  c.writeQueueNums = static_cast<int32_t>(*write);
  c.perm = static_cast<int32_t>(*perm);
  c.topicFilterType = words[4];
  if (!rest.empty()) {
    if (const auto j = parse_json(rest)) for (const auto& [k, v] : j->members()) c.attributes[k.as_string()] = v.as_string();
  }
  return c;
}

Json to_json(const TopicConfig& c) {
  return Json::object()
      .add("attributes", attributes_json(c.attributes))
      .add("order", c.order)
      .add("perm", c.perm)
      .add("readQueueNums", c.readQueueNums)
      .add("topicFilterType", c.topicFilterType)
      .add("topicName", c.topicName)
      .add("topicSysFlag", c.topicSysFlag)
      .add("writeQueueNums", c.writeQueueNums);
}

TopicConfig topic_config_from(const Json& j) {
  TopicConfig c;
  c.topicName = j["topicName"].as_string();
  c.readQueueNums = static_cast<int32_t>(j["readQueueNums"].as_int(c.readQueueNums));
  c.writeQueueNums = static_cast<int32_t>(j["writeQueueNums"].as_int(c.writeQueueNums));
  c.perm = static_cast<int32_t>(j["perm"].as_int(c.perm));
  c.topicFilterType = j["topicFilterType"].as_string(c.topicFilterType);
  c.topicSysFlag = static_cast<int32_t>(j["topicSysFlag"].as_int());
  c.order = j["order"].as_bool();
  for (const auto& [k, v] : j["attributes"].members()) c.attributes[k.as_string()] = v.as_string();
  return c;
}

Json to_json(const TopicConfigTable& t, bool v5) {
  Json topics = Json::object();
  for (const auto& [name, config] : t.topicConfigTable) topics.add(name, to_json(config));
  Json j = Json::object().add("dataVersion", to_json(t.dataVersion));
  if (v5) j.add("mappingDataVersion", to_json(t.mappingDataVersion));
  j.add("topicConfigTable", std::move(topics));
  if (v5) {
    j.add("topicQueueMappingDetailMap", t.topicQueueMappingDetailMap.is_null() ? Json::object() : t.topicQueueMappingDetailMap);
    j.add("topicQueueMappingInfoMap", t.topicQueueMappingInfoMap.is_null() ? Json::object() : t.topicQueueMappingInfoMap);
  }
  return j;
}

TopicConfigTable topic_config_table_from(const Json& j) {
  TopicConfigTable t;
  t.dataVersion = data_version_from(j["dataVersion"]);
  t.mappingDataVersion = data_version_from(j["mappingDataVersion"]);
  for (const auto& [name, config] : j["topicConfigTable"].members()) {
    TopicConfig c = topic_config_from(config);
    if (c.topicName.empty()) c.topicName = name.as_string();
    t.topicConfigTable.insert_or_assign(name.as_string(), std::move(c));
  }
  t.topicQueueMappingInfoMap = j["topicQueueMappingInfoMap"];
  t.topicQueueMappingDetailMap = j["topicQueueMappingDetailMap"];
  return t;
}

std::string encode_register_body(const RegisterBrokerBody& body) {
  Json filters = Json::array();
  for (const std::string& s : body.filterServerList) filters.push(s);
  return to_text(Json::object().add("filterServerList", std::move(filters)).add("topicConfigSerializeWrapper", to_json(body.topics)));
}

Result<std::string> encode_register_body_compressed(const RegisterBrokerBody& body) {
  std::string plain;
  append_piece(plain, to_text(to_json(body.topics.dataVersion)));
  char count[4];
  store_be(count, static_cast<int32_t>(body.topics.topicConfigTable.size()));
  plain.append(count, 4);
  for (const auto& [name, config] : body.topics.topicConfigTable) append_piece(plain, config.encode_line());
  Json filters = Json::array();
  for (const std::string& s : body.filterServerList) filters.push(s);
  append_piece(plain, to_text(filters));
  const Json& mappings = body.topics.topicQueueMappingInfoMap;
  store_be(count, static_cast<int32_t>(mappings.members().size()));
  plain.append(count, 4);
  for (const auto& [topic, info] : mappings.members()) append_piece(plain, to_text(info));

  uLongf size = compressBound(plain.size());
  std::string out(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(out.data()), &size, reinterpret_cast<const Bytef*>(plain.data()), plain.size(), 9) != Z_OK) {
    return fail(Errc::kIo, "zlib cannot compress the registration body");
  }
  out.resize(size);
  return out;
}

Result<RegisterBrokerBody> decode_register_body(std::string_view bytes, int32_t version) {
  if (bytes.empty()) return RegisterBrokerBody{};
  if (static_cast<unsigned char>(bytes.front()) == 0x78) return decode_compressed(bytes, version);
  MQ_TRY(const Json j, parse_json(bytes));
  if (!j.is_object()) return fail(Errc::kCorrupt, "the registration is not a JSON object");
  RegisterBrokerBody body;
  if (version < kVersionWithJsonBody && j.find("topicConfigTable")) {
    body.topics = topic_config_table_from(j);
    return body;
  }
  body.topics = topic_config_table_from(j["topicConfigSerializeWrapper"]);
  read_filter_servers(j["filterServerList"], body);
  return body;
}

}  // namespace mq::wire
