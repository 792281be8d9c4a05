#include "broker/meta/consumer_filters.h"

#include <algorithm>

#include "base/log.h"
#include "broker/meta/json_file.h"

namespace mq::broker {

namespace {

Logger log("filter");
constexpr int64_t kDeadBeforeLoadMs = 30'000;
constexpr size_t kMaxTopics = 100'000;

std::shared_ptr<const sql::Expression> compile(std::string_view type, std::string_view expression) {
  if (type != "SQL92") return nullptr;
  auto compiled = sql::Expression::compile(expression);
  return compiled ? std::move(*compiled) : nullptr;
}

}  // namespace

ConsumerFilters::ConsumerFilters(env::Env& env, Settings settings)
    : env_(env), settings_(std::move(settings)), bloom_(settings_.error_percent, settings_.expected), topics_(std::make_shared<const Topics>()) {}

void ConsumerFilters::load() {
  const Json file = load_json_file(env_.fs(), settings_.path);
  const int64_t now = env_.clock().now_ms();
  MutexLock lock(mu_);
  std::vector<ConsumerFilterData> loaded;
  for (const auto& [topic, by_topic] : file["filterDataByTopic"].members()) {
    for (const auto& [group, j] : by_topic["groupFilterData"].members()) {
      ConsumerFilterData d{group.as_string(), topic.as_string(), j["expression"].as_string(), j["expressionType"].as_string(),
                           j["bornTime"].as_int(), j["deadTime"].as_int(), j["clientVersion"].as_int(), {}, {}};
      for (const Json& p : j["bloomFilterData"]["bitPos"].items()) d.positions.push_back(static_cast<int32_t>(p.as_int()));
      // Bits of other sizes, or of other names, say nothing here: what was registered must be registered anew.
      if (j["bloomFilterData"]["bitNum"].as_int() != bloom_.bits() || d.positions != bloom_.positions(d.consumerGroup + "#" + d.topic)) {
        log.warn("{}: the bloom filter has changed; its filters are not used", settings_.path);
        return;
      }
      if (d.deadTime == 0) d.deadTime = std::max(d.bornTime, now - kDeadBeforeLoadMs);
      d.compiled = compile(d.expressionType, d.expression);
      if (!d.compiled) log.warn("topic {} group {}: the filter \"{}\" does not compile", d.topic, d.consumerGroup, d.expression);
      loaded.push_back(std::move(d));
    }
  }
  if (loaded.empty()) return;
  std::map<std::string, std::shared_ptr<Groups>> topics;   // made as a whole: put() copies the snapshot for each
  for (ConsumerFilterData& d : loaded) {
    auto& groups = topics[d.topic];
    if (!groups) groups = std::make_shared<Groups>();
    const std::string group = d.consumerGroup;
    (*groups)[group] = std::make_shared<const ConsumerFilterData>(std::move(d));
  }
  topics_.store(std::make_shared<const Topics>(topics.begin(), topics.end()));
  dirty_ = true;
}

/// The snapshot with one entry more, or another one.
void ConsumerFilters::put(ConsumerFilterData data) {
  auto topics = std::make_shared<Topics>(*topics_.load());
  auto& slot = (*topics)[data.topic];
  auto groups = slot ? std::make_shared<Groups>(*slot) : std::make_shared<Groups>();
  const std::string group = data.consumerGroup;
  (*groups)[group] = std::make_shared<const ConsumerFilterData>(std::move(data));
  slot = std::move(groups);
  topics_.store(std::move(topics));
  dirty_ = true;
}

bool ConsumerFilters::known_to(std::string_view group) const {
  const auto topics = topics_.load();
  return std::any_of(topics->begin(), topics->end(), [&](const auto& entry) { return entry.second->contains(group); });
}

void ConsumerFilters::register_group(std::string_view group, const std::vector<wire::SubscriptionData>& subscriptions) {
  const bool any = std::any_of(subscriptions.begin(), subscriptions.end(), [](const auto& s) { return !wire::is_tag_type(s.expressionType); });
  if (!any && !known_to(group)) return;   // the common case costs a look
  MutexLock lock(mu_);
  for (const wire::SubscriptionData& s : subscriptions) register_one(group, s);
  const auto topics = topics_.load();
  for (const auto& [topic, groups] : *topics) {
    const auto it = groups->find(group);
    if (it == groups->end() || it->second->dead()) continue;
    if (std::any_of(subscriptions.begin(), subscriptions.end(), [&, &t = topic](const auto& s) { return s.topic == t; })) continue;
    ConsumerFilterData dead = *it->second;
    dead.deadTime = env_.clock().now_ms();
    put(std::move(dead));
  }
}

void ConsumerFilters::register_one(std::string_view group, const wire::SubscriptionData& s) {
  if (wire::is_tag_type(s.expressionType) || s.subString.empty()) return;
  const auto old = find(s.topic, group);
  if (old && s.subVersion <= old->clientVersion) {
    // QUIRK: an older or equal version changes nothing but that the dead live again; clients must raise it.
    if (s.subVersion < old->clientVersion || !old->dead()) return;
    ConsumerFilterData again = *old;
    again.deadTime = 0;
    put(std::move(again));
    return;
  }
  if (!old && topics_.load()->size() >= kMaxTopics) return;
  auto compiled = compile(s.expressionType, s.subString);
  if (!compiled) return;
  // Odd while it changes: a message whose bits were made of the old filters gets none, or is older than bornTime.
  version_.fetch_add(1, std::memory_order_seq_cst);
  ConsumerFilterData d{std::string(group), s.topic, s.subString, s.expressionType, env_.clock().now_ms(), 0, s.subVersion,
                       bloom_.positions(std::string(group) + "#" + s.topic), std::move(compiled)};
  log.info("topic {} group {}: the filter is \"{}\" of version {} now", d.topic, d.consumerGroup, d.expression, d.clientVersion);
  put(std::move(d));
  version_.fetch_add(1, std::memory_order_seq_cst);
}

ConsumerFilterRef ConsumerFilters::find(std::string_view topic, std::string_view group) const {
  const auto topics = topics_.load();
  const auto t = topics->find(topic);
  if (t == topics->end()) return nullptr;
  const auto g = t->second->find(group);
  return g == t->second->end() ? nullptr : g->second;
}

/// Drops what has been dead for too long. True when something was.
bool ConsumerFilters::clean() {
  const int64_t now = env_.clock().now_ms();
  const auto old = [&](const ConsumerFilterData& d) { return d.dead() && now - d.deadTime >= settings_.clean_ms; };
  auto topics = std::make_shared<Topics>(*topics_.load());
  bool changed = false;
  for (auto it = topics->begin(); it != topics->end();) {
    if (std::any_of(it->second->begin(), it->second->end(), [&](const auto& entry) { return old(*entry.second); })) {
      auto groups = std::make_shared<Groups>(*it->second);
      std::erase_if(*groups, [&](const auto& entry) { return old(*entry.second); });
      it->second = std::move(groups);
      changed = true;
    }
    it = it->second->empty() ? topics->erase(it) : std::next(it);
  }
  if (changed) topics_.store(std::move(topics));
  return changed;
}

Json ConsumerFilters::to_json(const ConsumerFilterData& d) const {
  Json positions = Json::array();
  for (const int32_t p : d.positions) positions.push(int64_t{p});
  return Json::object()
      .add("bloomFilterData", Json::object().add("bitNum", int64_t{bloom_.bits()}).add("bitPos", std::move(positions)))
      .add("bornTime", d.bornTime)
      .add("clientVersion", d.clientVersion)
      .add("consumerGroup", d.consumerGroup)
      .add("dead", d.dead())
      .add("deadTime", d.deadTime)
      .add("expression", d.expression)
      .add("expressionType", d.expressionType)
      .add("topic", d.topic);
}

Json ConsumerFilters::to_json() const {
  Json by_topic = Json::object();
  const auto topics = topics_.load();
  for (const auto& [topic, groups] : *topics) {
    Json data = Json::object();
    for (const auto& [group, filter] : *groups) data.add(group, to_json(*filter));
    by_topic.add(topic, Json::object().add("groupFilterData", std::move(data)).add("topic", topic));
  }
  return Json::object().add("filterDataByTopic", std::move(by_topic));
}

std::string ConsumerFilters::encode() const {
  MutexLock lock(mu_);
  return to_text(to_json());
}

Result<> ConsumerFilters::persist() {
  Json content;
  {
    MutexLock lock(mu_);
    if (!clean() && !dirty_) return {};
    dirty_ = false;
    content = to_json();
  }
  auto saved = save_json_file(env_.fs(), settings_.path, content);
  if (!saved) {
    MutexLock lock(mu_);
    dirty_ = true;
  }
  return saved;
}

size_t ConsumerFilters::append(std::string_view topic, std::string_view properties, ByteBuffer& out) const noexcept {
  const auto topics = topics_.load();
  const auto it = topics->find(topic);
  if (it == topics->end() || it->second->empty()) return 0;
  const auto bytes = static_cast<size_t>(bloom_.bits()) / 8;
  std::byte* map = out.reserve(bytes);
  std::fill_n(map, bytes, std::byte{0});
  for (const auto& [group, filter] : *it->second) {
    if (filter->compiled && filter->compiled->matches(properties)) BloomFilter::set({map, bytes}, filter->positions);
  }
  out.commit(bytes);
  return bytes;
}

}  // namespace mq::broker
