#include "broker/core/put_pipeline.h"

#include <utility>

#include "broker/core/turn_batch.h"
#include "msg/findable_run.h"
#include "msg/names.h"
#include "msg/properties.h"
#include "store/format/index_layout.h"

namespace mq::broker {

using store::AppendItem;
using store::PutStatus;

namespace {

constexpr size_t kRecordSlack = 64 << 10;       // a whole record may exceed maxMessageSize by this
constexpr size_t kMaxTopicBytes = 255;
constexpr size_t kMaxPlainTopicBytes = 127;

int32_t key_hash_start(const PutMessage& m) noexcept { return m.key_hash_start ? *m.key_hash_start : store::index_hash_start(m.fields.topic); }

int32_t list_all_keys(int32_t start, std::string_view uniq_key, std::string_view keys, std::vector<int32_t>& hashes) {
  const size_t before = hashes.size();
  store::for_each_index_key(uniq_key, keys, [&](std::string_view key) { hashes.push_back(store::index_hash(start, key)); });
  return static_cast<int32_t>(hashes.size() - before);
}
/// Names a record's index keys, so that the index does not read the record again. How many.
[[gnu::always_inline]] inline int32_t list_keys(int32_t start, std::string_view uniq_key, std::string_view keys, std::vector<int32_t>& hashes) {
  if (!keys.empty() || uniq_key.empty()) return list_all_keys(start, uniq_key, keys, hashes);
  const int32_t only = store::index_hash(start, uniq_key);
  hashes.push_back(only);
  return 1;
}

}  // namespace

struct PutPipeline::Impl {
  BrokerContext& broker;
  std::vector<PutRewrite> rewrites;
  std::vector<std::function<void()>> gatherers;
  std::vector<std::unique_ptr<TurnBatch>> turns;    // by loop_index
  std::vector<std::deque<std::string>> scratch;     // by loop_index; what rewritten views point to

  explicit Impl(BrokerContext& b) : broker(b), scratch(b.io_loops.size() + 1) {
    for (size_t i = 0; i <= b.io_loops.size(); ++i) turns.push_back(std::make_unique<TurnBatch>(b, b.loop_at(i), gatherers));
  }

  /// The checks of spec storage 2.1.10 that need no encoding.
  PutStatus check(const PutMessage& m, size_t body_bytes) const {
    const std::string_view topic = m.fields.topic;
    if (topic.size() > kMaxTopicBytes || (topic.size() > kMaxPlainTopicBytes && !is_retry_topic(topic) && !is_dlq_topic(topic))) return PutStatus::kMessageIllegal;
    if (properties_size(m.fields) > kMaxPropertiesBytes) return PutStatus::kMessageIllegal;
    const auto max = static_cast<size_t>(broker.store_config.maxMessageSize());
    if (body_bytes > max) return PutStatus::kMessageIllegal;
    return PutStatus::kPutOk;
  }

  PutStatus rewrite(PutMessage& m, std::deque<std::string>& kept) {
    for (PutRewrite& r : rewrites) {
      if (const PutStatus status = r(m, kept); status != PutStatus::kPutOk) return status;
    }
    return PutStatus::kPutOk;
  }

  /// All of it but its keys and parts; nothing may fail between this and TurnBatch::add().
  [[gnu::always_inline]] AppendItem& begin_item(TurnBatch& turn, PutMessage& m, size_t offset, size_t size, int32_t records) const {
    store::QueueRef queue = std::move(m.queue);
    if (!sys_flag::reaches_queue(m.fields.sysFlag)) queue = nullptr;
    else if (!queue) queue = broker.store.queue(m.fields.topic, m.fields.queueId);
    AppendItem& item = turn.next();
    item.queue = std::move(queue);
    item.offset = offset;
    item.size = size;
    item.records = records;
    item.tagsCode = m.tagsCode;
    item.deliver_delay_ms = m.deliver_delay_ms;
    return item;
  }
};

PutPipeline::PutPipeline(BrokerContext& broker) : impl_(std::make_unique<Impl>(broker)) {}

void PutPipeline::start() {
  for (size_t i = 0; i < impl_->turns.size(); ++i) {
    TurnBatch* turn = impl_->turns[i].get();
    env::Loop* loop = &impl_->broker.loop_at(i);
    impl_->broker.env.run_on(*loop, [turn, loop] { loop->at_turn_end([turn] { turn->end_of_turn(); }); });
  }
}

PutPipeline::~PutPipeline() = default;

void PutPipeline::add_rewrite(PutRewrite rewrite) { impl_->rewrites.push_back(std::move(rewrite)); }

void PutPipeline::add_gatherer(std::function<void()> gatherer) { impl_->gatherers.push_back(std::move(gatherer)); }

void PutPipeline::put(PutMessage& m, PutSink& sink, uint32_t slot) {
  const size_t index = impl_->broker.loop_index();
  TurnBatch& turn = *impl_->turns[index];

  PutStatus status = impl_->check(m, m.fields.body.size());
  if (status == PutStatus::kPutOk && m.may_rewrite && !impl_->rewrites.empty()) {
    std::deque<std::string>& kept = impl_->scratch[index];
    kept.clear();
    const char* const topic = m.fields.topic.data();
    status = impl_->rewrite(m, kept);
    if (m.fields.topic.data() != topic) m.key_hash_start.reset();
    if (status == PutStatus::kPutOk) status = impl_->check(m, m.fields.body.size());
  }
  if (status != PutStatus::kPutOk) return sink.on_put(slot, {.status = status});
  if (m.may_give_up && turn.full()) [[unlikely]] return sink.on_put(slot, {.status = PutStatus::kOsPageCacheBusy});

  const size_t at = turn.bytes().size();
  const auto size = encode_record(m.fields, turn.bytes());
  if (!size || *size > static_cast<size_t>(impl_->broker.store_config.maxMessageSize()) + kRecordSlack) {
    turn.bytes().resize(at);
    return sink.on_put(slot, {.status = PutStatus::kMessageIllegal});
  }
  const size_t first_key = turn.key_hashes().size();
  const int32_t keys = m.keys_known ? list_keys(key_hash_start(m), m.uniq_key, m.keys, turn.key_hashes()) : -1;
  AppendItem& item = impl_->begin_item(turn, m, at, *size, 1);
  item.keys = keys;
  item.first_key = static_cast<uint32_t>(first_key);
  turn.add({&sink, slot, m.wait, m.may_give_up});
}

void PutPipeline::put_batch(PutMessage& m, PutSink& sink, uint32_t slot) {
  TurnBatch& turn = *impl_->turns[impl_->broker.loop_index()];
  const PutStatus status = impl_->check(m, m.fields.body.size());
  if (status != PutStatus::kPutOk) return sink.on_put(slot, {.status = status});
  if (m.may_give_up && turn.full()) [[unlikely]] return sink.on_put(slot, {.status = PutStatus::kOsPageCacheBusy});

  const size_t at = turn.bytes().size(), first_key = turn.key_hashes().size(), first_part = turn.parts().size();
  const size_t limit = static_cast<size_t>(impl_->broker.store_config.maxMessageSize()) + kRecordSlack;
  const int32_t start = key_hash_start(m);
  const RecordSeries series(m.fields);
  FindableRun run;
  BatchReader parts(m.fields.body);
  bool bad = false;
  for (BatchPart part; parts.next(part);) {
    const bool room = part.properties.size() + m.fields.more_properties.size() < kMaxPropertiesBytes;
    const size_t size = series.append(part.flag, part.body, part.properties, room, turn.bytes());
    bad = size == 0 || size > limit;
    if (bad) break;
    const FindableProperties& found = run.next(part.properties);
    const auto last = [room](std::string_view shared, std::string_view own) { return room && shared.data() ? shared : own; };
    turn.parts().push_back({.size = static_cast<int32_t>(size),
                            .keys = list_keys(start, last(m.uniq_key, found.uniq_key), last(m.keys, found.keys), turn.key_hashes()),
                            .tagsCode = room && m.tagsCode != 0 ? m.tagsCode : run.tags_code()});
  }
  bad |= !parts.ok();
  const size_t records = turn.parts().size() - first_part;
  if (bad || records == 0) {
    turn.bytes().resize(at);
    turn.key_hashes().resize(first_key);
    turn.parts().resize(first_part);
    return sink.on_put(slot, {.status = PutStatus::kMessageIllegal});
  }
  AppendItem& item = impl_->begin_item(turn, m, at, turn.bytes().size() - at, static_cast<int32_t>(records));
  item.first_part = static_cast<int32_t>(first_part);
  item.first_key = static_cast<uint32_t>(first_key);
  item.keys = static_cast<int32_t>(turn.key_hashes().size() - first_key);
  if (records == 1) item.tagsCode = turn.parts()[first_part].tagsCode;
  turn.add({&sink, slot, m.wait, m.may_give_up});
}

WaitingPuts PutPipeline::waiting() const noexcept {
  WaitingPuts all;
  for (const auto& turn : impl_->turns) {
    const WaitingPuts w = turn->waiting();
    all.count += w.count;
    if (w.since_ms > 0 && (all.since_ms == 0 || w.since_ms < all.since_ms)) all.since_ms = w.since_ms;
  }
  return all;
}

}  // namespace mq::broker
