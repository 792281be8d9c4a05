#include "admin/static_mapping.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

namespace mq::admin {

namespace {

constexpr int64_t kEpochStepMs = 1000;
constexpr int64_t kBlock = 10'000;   // static offsets a moved queue is rounded to

Json to_json(const MappingItem& i) {
  return Json::object()
      .add("bname", i.bname)
      .add("endOffset", i.endOffset)
      .add("gen", int64_t{i.gen})
      .add("logicOffset", i.logicOffset)
      .add("queueId", int64_t{i.queueId})
      .add("startOffset", i.startOffset)
      .add("timeOfEnd", i.timeOfEnd)
      .add("timeOfStart", i.timeOfStart);
}

MappingItem item_from(const Json& j) {
  return {.gen = static_cast<int32_t>(j["gen"].as_int()), .queueId = static_cast<int32_t>(j["queueId"].as_int()), .bname = j["bname"].as_string(),
          .logicOffset = j["logicOffset"].as_int(), .startOffset = j["startOffset"].as_int(), .endOffset = j["endOffset"].as_int(-1),
          .timeOfStart = j["timeOfStart"].as_int(-1), .timeOfEnd = j["timeOfEnd"].as_int(-1)};
}

Failure wrong(std::string text) { return fail(Errc::kInvalid, std::move(text)); }

/// The stretches of one queue follow each other.
Result<> check_items(const std::vector<MappingItem>& items) {
  int32_t later_gen = -1;
  int64_t later_offset = -1;
  for (size_t i = items.size(); i-- > 0;) {
    const MappingItem& item = items[i];
    if (item.startOffset < 0 || item.gen < 0 || item.queueId < 0) return wrong("The field is illegal, should not be negative");
    if (i + 1 < items.size() && item.logicOffset < 0) return wrong("The non-latest item has negative logic offset");
    if (later_gen != -1 && item.gen >= later_gen) return wrong("The gen does not increase monotonically");
    if (item.endOffset != -1 && item.endOffset < item.startOffset) return wrong("The endOffset is smaller than the start offset");
    if (later_offset != -1 && item.logicOffset != -1) {
      const int64_t end = item.logicOffset + std::max<int64_t>(item.endOffset - item.startOffset, 0);
      if (item.logicOffset >= later_offset) return wrong("The base logic offset does not increase monotonically");
      if (end >= later_offset) return wrong("The max logic offset does not increase monotonically");
    }
    later_gen = item.gen;
    later_offset = item.logicOffset;
  }
  return {};
}

/// A static queue, as the broker that is written to knows it.
using Queues = std::map<int32_t, std::vector<MappingItem>>;
const std::string& leader_of(const std::vector<MappingItem>& items) { return items.back().bname; }

Result<> check_physical(const Queues& queues, const MappedTopics& brokers) {
  std::map<std::pair<std::string, int32_t>, int32_t> used;
  for (const auto& [id, items] : queues) {
    for (const MappingItem& item : items) {
      const auto [other, fresh] = used.try_emplace({item.bname, item.queueId}, id);
      if (!fresh) return wrong(fmt::format("Topic global queue id {} and {} shared the same physical queue {}-{}", id, other->second, item.bname, item.queueId));
    }
  }
  for (const auto& [name, topic] : brokers) {
    if (topic.config.readQueueNums < topic.config.writeQueueNums) return wrong("Read queues is smaller than write queues");
    for (const auto& [id, items] : topic.mapping->hostedQueues) {
      for (const MappingItem& item : items) {
        if (item.startOffset != 0) return wrong("The start offset does not begin from 0");
        const auto there = brokers.find(item.bname);
        if (there == brokers.end()) return wrong("The broker of item does not exist");
        if (item.queueId >= there->second.config.writeQueueNums) return wrong("The physical queue id is overflow the write queues");
      }
    }
  }
  return {};
}

/// All queues of the topic, each from its leader; every number from 0 on is there once. The brokers agree.
Result<Queues> all_queues(const MappedTopics& brokers) {
  Queues queues;
  int32_t total = 0;
  for (const auto& [name, topic] : brokers) {
    total = std::max(total, topic.mapping->totalQueues);
    for (const auto& [id, items] : topic.mapping->hostedQueues) {
      if (items.empty()) continue;
      MQ_TRY_VOID(check_items(items));
      if (leader_of(items) != name) continue;
      if (!queues.emplace(id, items).second) return wrong(fmt::format("The queue id is duplicated in broker {} {}", leader_of(items), name));
    }
  }
  if (static_cast<size_t>(total) != queues.size()) {
    return wrong(fmt::format("The total queue number in config does not match the real hosted queues {} != {}", total, queues.size()));
  }
  for (int32_t i = 0; i < total; ++i) if (!queues.contains(i)) return wrong(fmt::format("The queue number {} is not in globalIdMap", i));
  MQ_TRY_VOID(check_physical(queues, brokers));
  return queues;
}

/// The brokers that lead the fewest queues, one after the other.
class Allocator {
 public:
  Allocator(std::map<std::string, int32_t> led, std::function<size_t(size_t)> pick) : led_(std::move(led)), pick_(std::move(pick)) {}
  /// `before`: brokers that led more queues before keep them rather than others.
  Allocator(std::map<std::string, int32_t> led, std::map<std::string, int32_t> before) : led_(std::move(led)), before_(std::move(before)) {}

  std::string next() {
    if (least_.empty()) refill();
    const size_t i = pick_ ? pick_(least_.size()) : last_ % least_.size();
    std::string name = least_[i];
    least_.erase(least_.begin() + static_cast<std::ptrdiff_t>(i));
    ++led_[name];
    return name;
  }
  const std::map<std::string, int32_t>& led() const noexcept { return led_; }

 private:
  void refill() {
    const int32_t fewest = std::min_element(led_.begin(), led_.end(), [](const auto& a, const auto& b) { return a.second < b.second; })->second;
    for (const auto& [name, count] : led_) if (count == fewest) least_.push_back(name);
    const auto earlier = [&](const std::string& name) { return before_.contains(name) ? before_.at(name) : 0; };
    if (!pick_) std::stable_sort(least_.begin(), least_.end(), [&](const auto& a, const auto& b) { return earlier(a) < earlier(b); });
    last_ = least_.size() - 1;
  }

  std::map<std::string, int32_t> led_, before_;
  std::function<size_t(size_t)> pick_;
  std::vector<std::string> least_;
  size_t last_ = 0;
};

/// One more queue at the broker: its number there.
int32_t add_queue(MappedTopic& t) {
  ++t.config.readQueueNums;
  return t.config.writeQueueNums++;
}

/// The finished change, looked at once more as a whole.
Result<MappingChange> finish(MappingChange change, int32_t queues, int64_t old_epoch, int64_t now_ms) {
  change.epoch = std::max(old_epoch + kEpochStepMs, now_ms);
  for (auto& [name, t] : change.brokers) {
    t.mapping->epoch = change.epoch;
    t.mapping->totalQueues = queues;
  }
  MQ_TRY_VOID(check_agreement(change.topic, change.brokers));
  MQ_TRY_VOID(all_queues(change.brokers));
  return change;
}

}  // namespace

Json to_json(const QueueMapping& m) {
  Json queues = Json::object(), current = Json::object();
  for (const auto& [id, items] : m.hostedQueues) {
    Json list = Json::array();
    for (const MappingItem& i : items) list.push(to_json(i));
    queues.add(int64_t{id}, std::move(list));
  }
  return Json::object()
      .add("bname", m.bname)
      .add("currIdMap", std::move(current))
      .add("dirty", m.dirty)
      .add("epoch", m.epoch)
      .add("hostedQueues", std::move(queues))
      .add("scope", m.scope)
      .add("topic", m.topic)
      .add("totalQueues", int64_t{m.totalQueues});
}

QueueMapping queue_mapping_from(const Json& j) {
  QueueMapping m{.topic = j["topic"].as_string(), .scope = j["scope"].as_string("__global__"), .totalQueues = static_cast<int32_t>(j["totalQueues"].as_int()),
                 .bname = j["bname"].as_string(), .epoch = j["epoch"].as_int(), .dirty = j["dirty"].as_bool()};
  for (const auto& [id, items] : j["hostedQueues"].members()) {
    for (const Json& i : items.items()) m.hostedQueues[static_cast<int32_t>(id.as_int())].push_back(item_from(i));
  }
  return m;
}

Json to_json(const MappedTopic& t) {
  Json j = wire::to_json(t.config);
  if (!t.mapping) return j;
  Json with = Json::object();   // members stand in the order of their names
  for (auto& [key, value] : j.members()) {
    if (!with.find("mappingDetail") && key.as_string() > "mappingDetail") with.add("mappingDetail", to_json(*t.mapping));
    with.add(std::move(key), std::move(value));
  }
  return with;
}

MappedTopic mapped_topic_from(const Json& j) {
  MappedTopic t{.config = wire::topic_config_from(j), .mapping = {}};
  if (const Json* m = j.find("mappingDetail"); m && m->is_object()) t.mapping = queue_mapping_from(*m);
  return t;
}

MappedTopic empty_at(const std::string& topic, const std::string& broker) {
  MappedTopic t;
  t.config.topicName = topic;
  t.config.readQueueNums = t.config.writeQueueNums = 0;
  t.mapping = QueueMapping{.topic = topic, .bname = broker};
  return t;
}

Json to_json(const MappingChange& c) {
  const auto names = [](const std::set<std::string>& set) {
    Json list = Json::array();
    for (const std::string& n : set) list.push(n);
    return list;
  };
  Json brokers = Json::object();
  for (const auto& [name, t] : c.brokers) brokers.add(name, to_json(t));
  return Json::object()
      .add("brokerConfigMap", std::move(brokers))
      .add("brokerToMapIn", names(c.map_in))
      .add("brokerToMapOut", names(c.map_out))
      .add("epoch", c.epoch)
      .add("topic", c.topic)
      .add("type", c.type);
}

Result<EpochAndQueues> check_agreement(const std::string& topic, const MappedTopics& brokers) {
  const QueueMapping* first = nullptr;
  for (const auto& [name, t] : brokers) {
    if (!t.mapping) return wrong("Mapping info should not be null in broker " + name);
    const QueueMapping& m = *t.mapping;
    if (m.bname != name) return wrong(fmt::format("The broker name is not equal {} != {} ", name, m.bname));
    if (m.dirty) return wrong("The mapping info is dirty in broker  " + name);
    if (t.config.topicName != m.topic) return wrong("The topic name is inconsistent in broker  " + name);
    if (m.topic != topic) return wrong("The topic name is not match for broker  " + name);
    if (!first) first = &m;
    if (m.scope != first->scope) return wrong(fmt::format("scope does not match {} != {} in {}", m.scope, first->scope, name));
    if (m.epoch != first->epoch) return wrong(fmt::format("epoch does not match {} != {} in {}", first->epoch, m.epoch, name));
    if (m.totalQueues != first->totalQueues) {
      return wrong(fmt::format("total queue number does not match {} != {} in {}", first->totalQueues, m.totalQueues, name));
    }
  }
  return EpochAndQueues{first ? first->epoch : 0, first ? first->totalQueues : 0};
}

Result<MappingChange> with_queues(const std::string& topic, int32_t queues, std::set<std::string> targets, MappedTopics brokers, int64_t now_ms,
                                  const std::function<size_t(size_t)>& pick) {
  MQ_TRY(const EpochAndQueues old, check_agreement(topic, brokers));
  MQ_TRY(const Queues existing, all_queues(brokers));
  for (const auto& [name, t] : brokers) targets.insert(name);
  const auto count = static_cast<int32_t>(existing.size());
  const int64_t old_epoch = brokers.empty() ? now_ms : old.epoch;
  if (queues < count) return wrong(fmt::format("Cannot decrease the queue num for static topic {} < {}", queues, count));
  if (queues == count) return wrong("The topic queue num is equal the existed queue num, do nothing");
  std::map<std::string, int32_t> led;
  for (const std::string& name : targets) led[name] = 0;
  for (const auto& [id, items] : existing) ++led[leader_of(items)];
  Allocator allocator(std::move(led), pick);
  MappingChange change{.topic = topic, .brokers = std::move(brokers)};
  for (int32_t id = count; id < queues; ++id) {
    const std::string name = allocator.next();
    MappedTopic& t = change.brokers.try_emplace(name, empty_at(topic, name)).first->second;
    t.mapping->hostedQueues[id] = {{.queueId = add_queue(t), .bname = name, .logicOffset = 0}};
  }
  return finish(std::move(change), queues, old_epoch, now_ms);
}

Result<MappingChange> moved_to(const std::string& topic, const std::set<std::string>& targets, MappedTopics brokers, int64_t now_ms) {
  MQ_TRY(const EpochAndQueues old, check_agreement(topic, brokers));
  MQ_TRY(const Queues queues, all_queues(brokers));
  std::map<std::string, int32_t> none, before;
  for (const std::string& name : targets) none[name] = 0;
  for (const auto& [id, items] : queues) ++before[leader_of(items)];
  Allocator allocator(std::move(none), std::move(before));
  for (size_t i = 0; i < queues.size(); ++i) (void)allocator.next();
  // A broker keeps queues up to its share; what is beyond goes to those below theirs, so that none gives and gets.
  std::map<std::string, int32_t> free = allocator.led();
  std::deque<int32_t> waiting;
  for (const auto& [id, items] : queues) {
    const auto share = free.find(leader_of(items));
    if (share != free.end() && share->second > 0) --share->second;
    else waiting.push_back(id);
  }
  MappingChange change{.topic = topic, .type = "REMAPPING", .brokers = std::move(brokers)};
  for (const auto& [name, count] : free) {
    for (int32_t i = 0; i < count && !waiting.empty(); ++i) {
      const int32_t id = waiting.front();
      waiting.pop_front();
      std::vector<MappingItem> items = queues.at(id);
      const std::string from = leader_of(items);
      change.map_in.insert(name);
      change.map_out.insert(from);
      MappedTopic& t = change.brokers.try_emplace(name, empty_at(topic, name)).first->second;
      items.push_back({.gen = items.back().gen + 1, .queueId = add_queue(t), .bname = name});
      t.mapping->hostedQueues[id] = items;
      change.brokers.at(from).mapping->hostedQueues[id] = std::move(items);
    }
  }
  return finish(std::move(change), old.queues, old.epoch, now_ms);
}

Result<int64_t> next_logic_offset(const MappingItem& former, int64_t max_offset) {
  if (max_offset < former.startOffset) {
    return wrong(fmt::format("The max offset is smaller then the start offset {}-{} {}", former.bname, former.queueId, max_offset));
  }
  const int64_t end = former.logicOffset + (max_offset - former.startOffset);
  return (end / kBlock + (end % kBlock < kBlock / 2 ? 1 : 2)) * kBlock;
}

}  // namespace mq::admin
