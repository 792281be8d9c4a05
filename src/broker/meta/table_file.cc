#include "broker/meta/table_file.h"

#include "env/json_file.h"

namespace mq::broker {

namespace {
constexpr int64_t kShareOfTime = 20;     // a file is being written for one part in so many
constexpr size_t kMaxUnwritten = 1000;   // changes; more are written as a whole
constexpr size_t kSmallTable = 256;      // entries; so few are written whole for each change, as in Java: who looks into the file finds it there
}  // namespace

TableFile::TableFile(env::FileSystem& fs, env::Clock& clock, std::string path, std::string_view kind, Table& table)
    : fs_(fs), clock_(clock), path_(std::move(path)), table_(table), journal_(fs, path_, kind) {
  version_.timestamp = clock.now_ms();
}

bool TableFile::load() {
  const Json file = env::load_json_file(fs_, path_);
  if (file.is_null()) {
    dirty_.store(true);
    return false;
  }
  wire::DataVersion version = table_.take(file);
  written_ = table_.size();
  const std::vector<env::JsonChange> later = journal_.read(to_json(version));
  for (const env::JsonChange& c : later) table_.take(c.name, c.config);
  if (later.empty()) {
    journal_.follow(to_json(version));
  } else {
    version = wire::data_version_from(later.back().version);
    dirty_.store(true);
  }
  MutexLock lock(mu_);
  version_ = version;
  return true;
}

void TableFile::changed(std::string_view name) {
  {
    MutexLock lock(mu_);
    version_.next(clock_.now_ms());
    if (unwritten_.size() < kMaxUnwritten) unwritten_.push_back({.version = to_json(version_), .name = std::string(name), .config = {}});
    else unlisted_ = version_;
  }
  dirty_.store(true, std::memory_order_release);
}

wire::DataVersion TableFile::version() const {
  MutexLock lock(mu_);
  return version_;
}

Result<> TableFile::persist() {
  if (!dirty_.exchange(false, std::memory_order_acq_rel)) return {};
  const wire::DataVersion written = version();
  auto saved = env::save_json_file(fs_, path_, table_.content(written));
  if (!saved) {
    dirty_.store(true, std::memory_order_release);
    return saved;
  }
  journal_.follow(to_json(written));
  written_ = table_.size();
  MutexLock lock(mu_);
  std::erase_if(unwritten_, [&](const env::JsonChange& c) { return c.version["counter"].as_int() <= written.counter; });
  if (unlisted_ && unlisted_->counter <= written.counter) unlisted_.reset();
  return saved;
}

Result<> TableFile::persist_in_due_time() {
  const int64_t begin_ms = clock_.mono_ms();
  if (begin_ms < next_persist_ms_) {
    if (!small()) journal_changes();   // what it does not take is written whole in time
    return {};
  }
  auto saved = persist();
  next_persist_ms_ = begin_ms + (clock_.mono_ms() - begin_ms) * kShareOfTime;
  return saved;
}

Result<> TableFile::persist_changes() {
  return !small() && journal_changes() ? Result<>() : persist();
}

bool TableFile::small() const noexcept { return written_ < kSmallTable; }

/// False when only the whole file can have them: the journal follows nothing, or the changes are too many.
bool TableFile::journal_changes() {
  std::vector<env::JsonChange> changes;
  {
    MutexLock lock(mu_);
    if (!journal_.follows() || unlisted_) return false;
    changes.swap(unwritten_);
  }
  for (env::JsonChange& c : changes) c.config = table_.entry(c.name);
  return changes.empty() || journal_.append(changes).has_value();
}

}  // namespace mq::broker
