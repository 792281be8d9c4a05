#include "store/deleted_topics.h"

#include <charconv>

#include "base/log.h"
#include "base/split.h"

namespace mq::store {
namespace {
Logger log("store");
}

Result<> DeletedTopics::load() {
  if (!fs_.exists(path_)) return {};
  const auto text = env::read_file(fs_, path_);
  if (!text) {
    const std::string aside = env::free_name(fs_, path_ + ".bad");
    log.error("{}; it is kept as {}: should queues have to be built again, topics that were deleted come back with them", text.error().message(), aside);
    return fs_.rename(path_, aside);
  }
  MutexLock lock(mu_);
  for (const std::string_view line : split(*text, "\n")) {
    int64_t position = 0;
    const auto [p, error] = std::from_chars(line.data(), line.data() + line.size(), position);
    if (error != std::errc() || p == line.data() + line.size() || *p != ' ') {
      log.warn("{}: the line '{}' is not POSITION TOPIC and is left out", path_, line);
      continue;
    }
    list_[std::string(p + 1, line.data() + line.size())] = position;
  }
  return {};
}

Result<> DeletedTopics::save(const std::map<std::string, int64_t, std::less<>>& list) {
  std::string text;
  for (const auto& [topic, position] : list) text += std::to_string(position) + " " + topic + "\n";
  return env::replace_file(fs_, path_, text, false);
}

Result<> DeletedTopics::add(std::string_view topic, int64_t log_end) {
  MutexLock one(save_mu_);
  std::map<std::string, int64_t, std::less<>> list;
  {
    MutexLock lock(mu_);
    list_[std::string(topic)] = log_end;
    list = list_;
  }
  return save(list);
}

void DeletedTopics::expire(int64_t log_min) {
  MutexLock one(save_mu_);
  std::map<std::string, int64_t, std::less<>> list;
  {
    MutexLock lock(mu_);
    if (std::erase_if(list_, [&](const auto& e) { return e.second <= log_min; }) == 0) return;
    list = list_;
  }
  if (auto r = save(list); !r) log.warn("{}", r.error().message());
}

int64_t DeletedTopics::deleted_before(std::string_view topic) const {
  MutexLock lock(mu_);
  const auto it = list_.find(topic);
  return it == list_.end() ? 0 : it->second;
}

}  // namespace mq::store
