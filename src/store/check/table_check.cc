// The JSON tables below config/: readable, and their offsets within the queues they are of.
#include <fmt/format.h>

#include <charconv>

#include "env/json_journal.h"
#include "store/check/checker.h"

namespace mq::store {
namespace {

constexpr const char* kTables[] = {"topics.json", "subscriptionGroup.json", "consumerOffset.json", "delayOffset.json", "consumerFilter.json",
                                   "consumerOrderInfo.json", "messageRequestMode.json", "topicQueueMapping.json"};

Result<Json> read_json(env::FileSystem& fs, const std::string& path) {
  MQ_TRY(const std::string text, env::read_file(fs, path));
  MQ_TRY(Json json, parse_json(text));
  if (!json.is_object()) return fail(Errc::kCorrupt, "is no JSON object");
  return json;
}

std::optional<int32_t> number_of(const Json& key) {
  const std::string text = key.as_string();
  int32_t n = 0;
  const auto [p, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  return error == std::errc() && p == text.data() + text.size() ? std::optional(n) : std::nullopt;
}

}  // namespace

/// nullopt when there is no such table, or none that can be read.
std::optional<Json> StoreChecker::read_table(const std::string& name) {
  const std::string file = path("config/" + name);
  auto json = read_json(fs_, file);
  if (json) return std::move(*json);
  auto bak = read_json(fs_, file + ".bak");
  if (json.error().code() == Errc::kNotFound && !bak) return std::nullopt;
  const std::string what = json.error().code() == Errc::kNotFound ? "is missing" : "cannot be read (" + json.error().message() + ")";
  if (!bak) {
    add(Finding::Level::kDamage, file, what + ", nor can its .bak");
    return std::nullopt;
  }
  add(Finding::Level::kDamage, file, what, "its .bak takes its place", [this, file] { return restore_table(file); });
  return std::move(*bak);
}

void StoreChecker::check_tables() {
  for (const char* name : kTables) {
    const auto table = read_table(name);
    if (!table) continue;
    if (std::string_view(name) == "topics.json") {
      topics_ = *table;
      note_journal(name, "topic", *table);
    }
    if (std::string_view(name) == "subscriptionGroup.json") note_journal(name, "group", *table);
    if (std::string_view(name) == "consumerOffset.json") check_consumer_offsets(*table);
    if (std::string_view(name) == "delayOffset.json") check_delay_offsets(*table);
  }
}

/// What a broker of ours reads and Java does not.
void StoreChecker::note_journal(const std::string& name, std::string_view kind, const Json& table) {
  const env::JsonJournal journal(fs_, path("config/" + name), kind);
  const size_t changes = report_.live ? 0 : journal.read(table["dataVersion"]).size();
  if (changes == 0) return;
  add(Finding::Level::kNote, journal.path(), fmt::format("{} changes are not in {} yet: the broker takes them over at its next start; before a Java broker starts here, "
                                                         "start ours and stop it cleanly", changes, name));
}

/// offsetTable: {"topic@group": {queue id: offset}}.
void StoreChecker::check_consumer_offsets(const Json& table) {
  for (const auto& [key, queues] : table["offsetTable"].members()) {
    const std::string name = key.as_string(), topic = name.substr(0, name.find('@'));
    for (const auto& [id, offset] : queues.members()) {
      const auto queue_id = number_of(id);
      const auto q = queue_id ? queues_.find({topic, *queue_id}) : queues_.end();
      if (!queue_id) add(Finding::Level::kDamage, path("config/consumerOffset.json"), fmt::format("{} has a queue '{}'", name, id.as_string()));
      if (q == queues_.end() || report_.live || report_.crashed || offset.as_int() <= q->second.end) continue;
      add(Finding::Level::kDamage, path("config/consumerOffset.json"),
          fmt::format("{} queue {} stands at {}, the queue ends at {}: the group would miss what comes next; resetOffsetByTime moves it", name, *queue_id,
                      offset.as_int(), q->second.end));
    }
  }
}

/// offsetTable: {level: offset} of queue level - 1 of SCHEDULE_TOPIC_XXXX.
void StoreChecker::check_delay_offsets(const Json& table) {
  for (const auto& [level, offset] : table["offsetTable"].members()) {
    const auto number = number_of(level);
    const auto q = number ? queues_.find({std::string(kScheduleTopic), *number - 1}) : queues_.end();
    if (q == queues_.end() || report_.live || report_.crashed || offset.as_int() <= q->second.end) continue;
    add(Finding::Level::kDamage, path("config/delayOffset.json"),
        fmt::format("level {} stands at {}, its queue ends at {}: a broker moves it back", *number, offset.as_int(), q->second.end));
  }
}

Result<> StoreChecker::restore_table(const std::string& file) {
  MQ_TRY(const std::string text, env::read_file(fs_, file + ".bak"));
  if (fs_.exists(file)) MQ_TRY_VOID(fs_.rename(file, file + ".damaged"));
  return env::replace_file(fs_, file, text, false);
}

}  // namespace mq::store
