#include "broker/delay/delay_room.h"

#include "base/json.h"
#include "base/log.h"
#include "broker/core/slots.h"
#include "broker/core/stored_message.h"
#include "broker/meta/json_file.h"
#include "msg/names.h"
#include "msg/properties.h"

namespace mq::broker {

using store::PutStatus;

namespace {

Logger log("delay");
constexpr int64_t kTickMs = 100;             // a level is looked at so often; what is due before that has a tick of its own
constexpr int64_t kClosestTicksMs = 5;       // how late a delivery may be
constexpr int64_t kPersistMs = 10'000;       // flushDelayOffsetInterval
constexpr int32_t kBatch = 256;              // deliveries of one level per turn
constexpr int64_t kRetryMs = 100;            // after a refused put
constexpr int32_t kMostLevels = 1000;

}  // namespace

struct DelayRoom::Impl final : PutSink {
  /// One level. `offset` is what delayOffset.json holds: everything before it has been delivered.
  struct Level {
    store::QueueRef queue;
    int64_t offset = 0;                    // badge: guarded by mu for readers of other loops, written by ctl
    int64_t reading = 0;                   // next entry to look at; ahead of `offset` while puts are under way
    int32_t under_way = 0;
    int64_t first_failed = -1;             // lowest offset whose put was refused
    int64_t not_before_ms = 0;             // mono: pause after a refusal
    bool delivered = false;
  };

  BrokerContext& broker;
  PutPipeline& pipeline;
  const DelayLevels levels;
  std::vector<Level> table;                // index level - 1
  env::Periodic ticker, saver;
  mutable Mutex mu;
  int64_t version_counter = 0;             // of the file's DataVersion
  bool dirty = false;
  bool saving = false;                     // a save waits for the disk
  bool running = false;
  bool chained = false;                    // another tick is due in the next turn
  bool extra = false;                      // one is due before the ticker's next
  int64_t next_due_ms = 0;                 // of what the levels wait for; found by a tick
  Slots<std::pair<int32_t, int64_t>> slots;   // (level index, queue offset) of puts under way

  Impl(BrokerContext& b, PutPipeline& p, DelayLevels l) : broker(b), pipeline(p), levels(std::move(l)) {}

  std::string path() const { return broker.store.root_dir() + "/config/delayOffset.json"; }

  void tick() {
    if (!running) return;
    const int64_t now = broker.env.clock().now_ms();
    const int64_t mono = broker.env.clock().mono_ms();
    bool more = false;
    next_due_ms = INT64_MAX;
    for (size_t i = 0; i < table.size(); ++i) {
      if (table[i].under_way == 0 && mono >= table[i].not_before_ms) more |= deliver(static_cast<int32_t>(i), now);
    }
    // A backlog of due messages is worked off turn by turn, not tick by tick.
    if (more) tick_again(chained, 0);
    if (next_due_ms < now + kTickMs) tick_again(extra, std::max(next_due_ms - now, kClosestTicksMs));
  }

  /// Once: `due` is true as long as that tick is to come.
  void tick_again(bool& due, int64_t delay_ms) {
    if (std::exchange(due, true)) return;
    broker.ctl->after(delay_ms, [this, &due] {
      due = false;
      tick();
    });
  }

  /// Puts the due messages of a level, at most kBatch; their results arrive at the end of this turn. True when the batch
  /// was full, so that more may be due.
  bool deliver(int32_t index, int64_t now) {
    Level& level = table[static_cast<size_t>(index)];
    const int64_t max = broker.store.max_offset(*level.queue).index;
    if (level.reading >= max) return false;
    level.reading = std::max(level.reading, broker.store.min_offset(*level.queue).index);
    const int64_t delay = levels.delay_ms(levels.clamp(index + 1));   // a level that the table has lost counts as its last
    int32_t n = 0;
    ++level.under_way;   // this loop: what comes back at once does not end the batch
    for (; n < kBatch && level.reading < max; ++n) {
      const auto entry = broker.store.entry_at(*level.queue, {level.reading});
      if (!entry) break;
      // Its time is in a ConsumeQueueExt unit that is gone: it follows from the record.
      const int64_t due = entry->tagsCode >= 0 ? entry->tagsCode : broker.store.store_time(*level.queue, {level.reading}) + delay;
      // A time beyond now + delay means that the clock or the table has changed: it counts as due.
      if (due > now && due <= now + delay) {
        next_due_ms = std::min(next_due_ms, due);
        break;
      }
      put_one(index, level, entry->phy);
      ++level.reading;
    }
    if (--level.under_way == 0) advance(level);
    if (n == 0 && !level.delivered && level.reading < max) {   // QUIRK: a level has an offset once a message waits in it
      MutexLock lock(mu);
      level.delivered = true;
      dirty = true;
    }
    return n == kBatch;
  }

  void put_one(int32_t index, Level& level, PhyOffset phy) {
    const auto bytes = broker.store.record_at(phy);
    const auto record = bytes ? decode_record(bytes->bytes, RecordCheck::kLengths) : Result<RecordView>(std::unexpected(bytes.error()));
    if (!record) {
      log.warn("delay level {}: the message at queue offset {} cannot be read and is skipped: {}", index + 1, level.reading, record.error().message());
      return;
    }
    PutMessage m = put_again(*record);
    m.fields.topic = find_property(record->m.properties, prop::kRealTopic);
    m.fields.queueId = real_queue_id(record->m.properties);
    if (m.fields.topic.empty() || m.fields.topic == kHalfTopic) {
      log.warn("delay level {}: the message at queue offset {} has the target \"{}\" and is dropped", index + 1, level.reading, m.fields.topic);
      return;
    }
    const uint32_t slot = slots.take();
    slots[slot] = {index, level.reading};
    ++level.under_way;
    pipeline.put(m, *this, slot);
  }

  void on_put(uint32_t slot, const PutResult& result) noexcept override {
    const auto [index, offset] = slots[slot];
    slots.give_back(slot);
    Level& level = table[static_cast<size_t>(index)];
    --level.under_way;
    const bool stored = result.status == PutStatus::kPutOk || result.status == PutStatus::kFlushDiskTimeout;
    // An illegal message would be refused for ever: it is dropped, as a put to its topic would have been.
    const bool dropped = result.status == PutStatus::kMessageIllegal;
    if (dropped) log.warn("delay level {}: the message at queue offset {} is not a legal message and is dropped", index + 1, offset);
    if (!stored && !dropped && (level.first_failed < 0 || offset < level.first_failed)) level.first_failed = offset;
    if (level.under_way == 0) advance(level);
  }

  /// All puts of a batch have their result: the level's offset moves up to the first refused one.
  void advance(Level& level) {
    if (level.first_failed >= 0) {
      level.reading = level.first_failed;
      level.first_failed = -1;
      level.not_before_ms = broker.env.clock().mono_ms() + kRetryMs;
    }
    if (level.reading == level.offset) return;
    MutexLock lock(mu);
    level.offset = level.reading;
    level.delivered = true;
    dirty = true;
  }

  Json to_json() const {
    MutexLock lock(mu);
    Json offsets = Json::object();
    for (size_t i = 0; i < table.size(); ++i) {
      if (table[i].delivered) offsets.add(static_cast<int64_t>(i + 1), table[i].offset);
    }
    return Json::object()
        .add("dataVersion", Json::object().add("counter", version_counter).add("stateVersion", 0).add("timestamp", broker.env.clock().now_ms()))
        .add("offsetTable", std::move(offsets));
  }

  /// False when the file is as it should be.
  bool take_dirty() {
    MutexLock lock(mu);
    version_counter += dirty;
    return std::exchange(dirty, false);
  }

  /// The offsets may pass only deliveries that are on the disk.
  void persist_when_durable() {
    if (saving || !take_dirty()) return;
    saving = true;
    save_when_durable(broker, path(), to_json(), [this](Result<> saved) {
      saving = false;
      if (!saved) not_saved(saved.error());
    });
  }

  void not_saved(const Error& why) {
    log.error("delayOffset.json cannot be written: {}", why.message());
    MutexLock lock(mu);
    dirty = true;
  }
};

DelayRoom::DelayRoom(BrokerContext& broker, PutPipeline& pipeline, DelayLevels levels)
    : impl_(std::make_unique<Impl>(broker, pipeline, std::move(levels))) {
  pipeline.add_rewrite([this](PutMessage& m, std::deque<std::string>& scratch) { return rewrite(m, scratch); });
}

DelayRoom::~DelayRoom() = default;

Result<> DelayRoom::load() {
  // Levels that the table had once may still hold messages.
  int32_t count = impl_->levels.max();
  for (const auto& [topic, id] : impl_->broker.store.queues()) {
    if (topic == kScheduleTopic && id < kMostLevels) count = std::max(count, id + 1);
  }
  impl_->table.resize(static_cast<size_t>(count));
  Json file;
  for (const std::string& path : {impl_->path(), impl_->path() + ".bak"}) {
    const auto text = env::read_file(impl_->broker.env.fs(), path);
    if (!text && text.error().code() == Errc::kNotFound) continue;
    auto parsed = text ? parse_json(*text) : Result<Json>(std::unexpected(text.error()));
    if (parsed && parsed->is_object()) {
      file = std::move(*parsed);
      break;
    }
    log.warn("{} is damaged and not used; delayed messages may be delivered again", path);
  }
  impl_->version_counter = file["dataVersion"]["counter"].as_int();
  for (size_t i = 0; i < impl_->table.size(); ++i) {
    Impl::Level& level = impl_->table[i];
    level.queue = impl_->broker.store.queue(kScheduleTopic, static_cast<int32_t>(i));
    const Json* stored = file["offsetTable"].find(std::to_string(i + 1));
    const int64_t min = impl_->broker.store.min_offset(*level.queue).index, max = impl_->broker.store.max_offset(*level.queue).index;
    const int64_t offset = stored ? stored->as_int() : 0;
    level.offset = level.reading = std::clamp(offset, min, max);
    level.delivered = stored != nullptr;
    if (stored && level.offset != offset) {
      log.warn("delay level {}: the stored offset {} is outside the queue [{}, {}] and becomes {}", i + 1, offset, min, max, level.offset);
      impl_->dirty = true;
    }
  }
  return {};
}

void DelayRoom::start() {
  impl_->broker.env.run_on(*impl_->broker.ctl, [this] {
    impl_->running = true;
    impl_->ticker = env::Periodic(*impl_->broker.ctl, kTickMs, kTickMs, [this] { impl_->tick(); });
    impl_->saver = env::Periodic(*impl_->broker.ctl, kPersistMs, kPersistMs, [this] { impl_->persist_when_durable(); });
  });
}

void DelayRoom::stop() {
  impl_->broker.env.run_on(*impl_->broker.ctl, [this] {
    impl_->running = false;
    impl_->ticker.stop();
    impl_->saver.stop();
  });
  Result<> saved = impl_->broker.store.sync();
  impl_->broker.env.run_on(*impl_->broker.ctl, [this, &saved] {
    if (!impl_->take_dirty()) return;
    if (saved) saved = save_json_file(impl_->broker.env.fs(), impl_->path(), impl_->to_json());
    if (!saved) impl_->not_saved(saved.error());
  });
}

std::string DelayRoom::encode() const { return to_text(impl_->to_json()); }

std::vector<DelayRoom::Progress> DelayRoom::progress() const {
  std::vector<Progress> all;
  MutexLock lock(impl_->mu);
  for (size_t i = 0; i < impl_->table.size(); ++i) {
    const Impl::Level& level = impl_->table[i];
    if (level.delivered) all.push_back({static_cast<int32_t>(i + 1), level.offset, impl_->broker.store.max_offset(*level.queue).index});
  }
  return all;
}

/// On any loop: a message of transaction type none or commit with DELAY > 0 goes to its level's queue.
PutStatus DelayRoom::rewrite(PutMessage& m, std::deque<std::string>& scratch) const {
  const int32_t transaction = m.fields.sysFlag & sys_flag::kTransactionMask;
  if ((transaction != 0 && transaction != sys_flag::kCommit) || m.fields.topic == kHalfTopic) return PutStatus::kPutOk;
  const int64_t asked = property_number(m.fields.properties, prop::kDelay, 0);
  if (asked <= 0) return PutStatus::kPutOk;
  const int32_t level = impl_->levels.clamp(static_cast<int32_t>(std::min<int64_t>(asked, INT32_MAX)));
  m.fields.properties = scratch.emplace_back(with_real_queue(m.fields.properties, m.fields.topic, m.fields.queueId));
  m.fields.topic = kScheduleTopic;
  m.fields.queueId = level - 1;
  m.queue = nullptr;
  m.deliver_delay_ms = impl_->levels.delay_ms(level);
  return PutStatus::kPutOk;
}

}  // namespace mq::broker
