#include "namesrv/kv_config.h"

#include "base/json.h"

namespace mq::namesrv {

Result<KvConfig::Table> KvConfig::read(const std::string& path) const {
  MQ_TRY(const std::string text, env::read_file(fs_, path, 64 << 20));
  auto json = parse_json(text);
  if (!json) return fail(std::move(json).error()).at(path);
  const Json& config = (*json)["configTable"];
  if (!config.is_object()) return fail(Errc::kCorrupt, "no configTable").at(path);
  Table table;
  for (const auto& [name_space, entries] : config.members()) {
    auto& to = table[name_space.as_string()];
    for (const auto& [key, value] : entries.members()) to[key.as_string()] = value.as_string();
  }
  return table;
}

Result<> KvConfig::load() {
  auto main = read(path_);
  if (main) {
    table_ = std::move(*main);
    return {};
  }
  auto backup = read(path_ + ".bak");
  if (backup) {
    table_ = std::move(*backup);
    return {};
  }
  if (main.error().code() == Errc::kNotFound && backup.error().code() == Errc::kNotFound) return {};   // a fresh start
  return fail(main.error().code() == Errc::kNotFound ? std::move(backup).error() : std::move(main).error());
}

Result<> KvConfig::persist() const {
  Json config = Json::object();
  for (const auto& [name_space, entries] : table_) {
    Json to = Json::object();
    for (const auto& [key, value] : entries) to.add(key, value);
    config.add(name_space, std::move(to));
  }
  Json root = Json::object();
  root.add("configTable", std::move(config));
  if (const size_t slash = path_.rfind('/'); slash != std::string::npos && slash != 0) {
    MQ_TRY_VOID(fs_.make_dirs(path_.substr(0, slash)));
  }
  return env::replace_file(fs_, path_, to_text(root), true);
}

Result<> KvConfig::put(std::string_view name_space, std::string_view key, std::string_view value) {
  table_[std::string(name_space)][std::string(key)] = value;
  return persist();
}

Result<> KvConfig::remove(std::string_view name_space, std::string_view key) {
  auto entries = table_.find(name_space);
  if (entries == table_.end()) return {};
  auto entry = entries->second.find(key);
  if (entry == entries->second.end()) return {};
  entries->second.erase(entry);
  return persist();
}

std::optional<std::string> KvConfig::get(std::string_view name_space, std::string_view key) const {
  auto entries = table_.find(name_space);
  if (entries == table_.end()) return std::nullopt;
  auto entry = entries->second.find(key);
  if (entry == entries->second.end()) return std::nullopt;
  return entry->second;
}

std::optional<wire::KvTable> KvConfig::list(std::string_view name_space) const {
  auto entries = table_.find(name_space);
  if (entries == table_.end()) return std::nullopt;
  return wire::KvTable{.table = {entries->second.begin(), entries->second.end()}};
}

}  // namespace mq::namesrv
