#include "store/known_queues.h"

#include <charconv>
#include <unordered_set>

#include "base/log.h"
#include "base/split.h"

namespace mq::store {
namespace {

Logger log("store");
constexpr size_t kQueuesPerCall = 2000;   // 80 KB

std::optional<KnownQueues::Line> parse(std::string_view text) {
  KnownQueues::Line line;
  const auto number = [&](auto& out) {
    const auto [p, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    if (error != std::errc() || p == text.data() + text.size() || *p != ' ') return false;
    text.remove_prefix(static_cast<size_t>(p - text.data()) + 1);
    return true;
  };
  if (!number(line.count) || !number(line.position) || !number(line.queue_id) || text.empty()) return std::nullopt;
  line.topic = text;
  return line;
}

}  // namespace

std::optional<std::vector<KnownQueues::Line>> KnownQueues::load() const {
  const auto text = env::read_file(fs_, path_);
  if (!text) return std::nullopt;
  std::vector<Line> lines;
  for (const std::string_view one : split(*text, "\n")) {
    auto line = parse(one);
    if (line) lines.push_back(std::move(*line));
    else log.warn("{}: the line '{}' is not COUNT POSITION ID TOPIC and is left out", path_, one);
  }
  return lines;
}

void KnownQueues::forget_all_but(const std::vector<std::shared_ptr<ConsumeQueue>>& queues) {
  std::unordered_set<uint64_t> there;
  for (const auto& q : queues) there.insert(q->serial());
  std::erase_if(last_, [&](const auto& last) { return !there.contains(last.first); });
}

bool KnownQueues::look(const std::vector<std::shared_ptr<ConsumeQueue>>& queues, QueueFiles& files) {
  bool changed = false;
  for (const auto& q : queues) {
    Last& last = last_[q->serial()];
    const int64_t count = q->max();
    if (last.count == count) continue;
    const auto entry = q->entry(count - 1, files);
    if (!entry || entry->is_prefill()) continue;
    last = {count, entry->phy};
    changed = true;
  }
  return changed;
}

Result<> KnownQueues::save(const QueueTable& table, QueueFiles& files, bool anyway) {
  const uint64_t changes = table.changes();
  auto queues = table.all();
  std::erase_if(queues, [](const auto& q) { return q->deleted() || q->max() == q->min(); });
  const bool others = changes != saved_changes_;
  if (others) forget_all_but(queues);
  const bool entries = look(queues, files);
  if (!anyway && !others && (!entries || ++calls_since_ <= queues.size() / kQueuesPerCall)) return {};
  std::string text;
  for (const auto& q : queues) {
    const Last& last = last_[q->serial()];
    if (last.count == 0) continue;
    text += std::to_string(last.count) + " " + std::to_string(last.position) + " " + std::to_string(q->queue_id()) + " " + q->topic() + "\n";
  }
  MQ_TRY_VOID(env::replace_file(fs_, path_, text, false));
  saved_changes_ = changes;
  calls_since_ = 0;
  return {};
}

}  // namespace mq::store
