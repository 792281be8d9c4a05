#include "broker/core/put_pipeline.h"

#include <utility>

#include "msg/names.h"
#include "msg/properties.h"
#include "store/format/index_layout.h"

namespace mq::broker {

using store::AppendItem;
using store::PutStatus;

namespace {

constexpr size_t kTurnBytes = 4 << 20;          // a turn batch larger than this is appended at once
constexpr size_t kRecordSlack = 64 << 10;       // a whole record may exceed maxMessageSize by this
constexpr size_t kMaxTopicBytes = 255;
constexpr size_t kMaxPlainTopicBytes = 127;

/// Names the record's index keys, so that the index does not read the record again.
void list_keys(const PutMessage& m, AppendItem& item, std::vector<int32_t>& hashes) {
  item.first_key = static_cast<uint32_t>(hashes.size());
  store::for_each_index_key(m.uniq_key, m.keys, [&](std::string_view key) { hashes.push_back(store::index_hash(m.fields.topic, key)); });
  item.keys = static_cast<int32_t>(hashes.size() - item.first_key);
}

}  // namespace

/// The turn batch of one io loop. Badge: owned by that loop.
class TurnBatch {
 public:
  TurnBatch(BrokerContext& broker, env::Loop& loop, const std::vector<std::function<void()>>& gatherers)
      : store_(broker.store), loop_(loop), gatherers_(gatherers) {}

  struct Ticket {
    PutSink* sink;
    uint32_t slot;
    bool wait;
  };

  ByteBuffer& bytes() noexcept { return batch_.bytes; }
  std::vector<int32_t>& key_hashes() noexcept { return batch_.key_hashes; }
  void add(AppendItem item, Ticket ticket) {
    batch_.items.push_back(std::move(item));
    tickets_.push_back(ticket);
    if (batch_.bytes.size() > kTurnBytes) finish();
  }

  /// The end of a turn: rooms add what they gathered, then all is appended.
  void end_of_turn() noexcept {
    for (const auto& gather : gatherers_) gather();
    finish();
  }

  /// Appends what the turn gathered and delivers the results, at once or when the disk has them.
  void finish() noexcept {
    if (batch_.empty()) return;
    store_.append(batch_);
    const bool durable = store_.sync_flush();
    std::unique_ptr<Waiting> waiting;
    for (size_t i = 0; i < tickets_.size(); ++i) {
      const AppendItem& item = batch_.items[i];
      const PutResult result{item.status, item.phy, item.queue_offset, item.store_timestamp, item.size, list_parts(item)};
      if (durable && tickets_[i].wait && item.status == PutStatus::kPutOk) {
        if (!waiting) waiting = take_waiting();
        waiting->add(tickets_[i], result);
      } else {
        tickets_[i].sink->on_put(tickets_[i].slot, result);
      }
    }
    batch_.clear();
    tickets_.clear();
    if (waiting) wait_for_disk(std::move(waiting));
  }

 private:
  /// Results that are complete but for the disk. Recycled, so that a steady load allocates nothing.
  struct Waiting {
    std::vector<std::pair<Ticket, PutResult>> results;
    std::vector<size_t> part_ends;        // of result i in `parts`
    std::vector<PhyOffset> parts;
    PhyOffset end{};

    void add(const Ticket& t, const PutResult& r) {
      results.emplace_back(t, r);
      parts.insert(parts.end(), r.parts.begin(), r.parts.end());
      part_ends.push_back(parts.size());
      end.bytes = std::max<int64_t>(end.bytes, r.phy.bytes + static_cast<int64_t>(r.bytes));
    }
    void clear() {
      results.clear();
      part_ends.clear();
      parts.clear();
      end = {};
    }
  };

  std::span<const PhyOffset> list_parts(const AppendItem& item) {
    if (item.records <= 1 || item.status != PutStatus::kPutOk) return {};
    parts_.clear();
    const std::byte* first = batch_.bytes.data() + item.offset;
    for (size_t at = 0; at < item.size; at += static_cast<size_t>(load_be<int32_t>(first + at))) {
      parts_.push_back({item.phy.bytes + static_cast<int64_t>(at)});
    }
    return parts_;
  }

  std::unique_ptr<Waiting> take_waiting() {
    if (idle_.empty()) return std::make_unique<Waiting>();
    auto w = std::move(idle_.back());
    idle_.pop_back();
    return w;
  }

  void wait_for_disk(std::unique_ptr<Waiting> waiting) {
    const PhyOffset end = waiting->end;
    store_.when_durable(end, loop_, [this, w = std::move(waiting)](PutStatus status) mutable {
      size_t from = 0;
      for (size_t i = 0; i < w->results.size(); ++i) {
        auto& [ticket, result] = w->results[i];
        result.status = status;
        result.parts = std::span(w->parts).subspan(from, w->part_ends[i] - from);
        from = w->part_ends[i];
        ticket.sink->on_put(ticket.slot, result);
      }
      w->clear();
      idle_.push_back(std::move(w));
    });
  }

  store::Store& store_;
  env::Loop& loop_;
  const std::vector<std::function<void()>>& gatherers_;
  store::AppendBatch batch_;
  std::vector<Ticket> tickets_;                  // one for each item of batch_
  std::vector<PhyOffset> parts_;                 // of the result being delivered
  std::vector<std::unique_ptr<Waiting>> idle_;
};

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
    if (topic.size() > kMaxTopicBytes || (topic.size() > kMaxPlainTopicBytes && !is_retry_topic(topic))) return PutStatus::kMessageIllegal;
    if (body_bytes == 0) return PutStatus::kMessageIllegal;
    if (m.fields.properties.size() > kMaxPropertiesBytes) return PutStatus::kMessageIllegal;
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

  AppendItem item_for(PutMessage& m, size_t offset, size_t size, int32_t records) const {
    AppendItem item;
    item.offset = offset;
    item.size = size;
    item.records = records;
    item.tagsCode = m.tagsCode;
    item.deliver_delay_ms = m.deliver_delay_ms;
    if (sys_flag::reaches_queue(m.fields.sysFlag)) item.queue = m.queue ? std::move(m.queue) : broker.store.queue(m.fields.topic, m.fields.queueId);
    return item;
  }
};

PutPipeline::PutPipeline(BrokerContext& broker) : impl_(std::make_unique<Impl>(broker)) {
  for (size_t i = 0; i < impl_->turns.size(); ++i) {
    TurnBatch* turn = impl_->turns[i].get();
    env::Loop* loop = &broker.loop_at(i);
    broker.env.run_on(*loop, [turn, loop] { loop->at_turn_end([turn] { turn->end_of_turn(); }); });
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
    status = impl_->rewrite(m, kept);
    if (status == PutStatus::kPutOk) status = impl_->check(m, m.fields.body.size());
  }
  if (status != PutStatus::kPutOk) return sink.on_put(slot, {.status = status});

  const size_t at = turn.bytes().size();
  const auto size = encode_record(m.fields, turn.bytes());
  if (!size || *size > static_cast<size_t>(impl_->broker.store_config.maxMessageSize()) + kRecordSlack) {
    turn.bytes().resize(at);
    return sink.on_put(slot, {.status = PutStatus::kMessageIllegal});
  }
  AppendItem item = impl_->item_for(m, at, *size, 1);
  if (m.keys_known) list_keys(m, item, turn.key_hashes());
  turn.add(std::move(item), {&sink, slot, m.wait});
}

void PutPipeline::put_batch(PutMessage& m, PutSink& sink, uint32_t slot) {
  TurnBatch& turn = *impl_->turns[impl_->broker.loop_index()];
  const PutStatus status = impl_->check(m, m.fields.body.size());
  if (status != PutStatus::kPutOk) return sink.on_put(slot, {.status = status});

  const size_t at = turn.bytes().size();
  const size_t limit = static_cast<size_t>(impl_->broker.store_config.maxMessageSize()) + kRecordSlack;
  MessageFields part_fields = m.fields;
  ByteView rest = m.fields.body;
  std::string joined;
  int32_t records = 0;
  bool bad = false;
  while (!bad) {
    const auto part = next_batch_part(rest);
    if (!part) { bad = true; break; }
    if (!*part) break;
    part_fields.flag = (*part)->flag;
    part_fields.body = (*part)->body;
    part_fields.properties = (*part)->properties;
    if (!m.part_properties.empty() && part_fields.properties.size() + m.part_properties.size() < kMaxPropertiesBytes) {
      joined = part_fields.properties;
      if (!joined.empty() && joined.back() != '\x02') joined += '\x02';
      joined += m.part_properties;
      part_fields.properties = joined;
    }
    const auto size = encode_record(part_fields, turn.bytes());
    bad = !size || *size > limit;
    ++records;
  }
  if (bad || records == 0) {
    turn.bytes().resize(at);
    return sink.on_put(slot, {.status = PutStatus::kMessageIllegal});
  }
  turn.add(impl_->item_for(m, at, turn.bytes().size() - at, records), {&sink, slot, m.wait});
}

}  // namespace mq::broker
