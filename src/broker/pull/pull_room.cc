#include "broker/pull/pull_room.h"

#include <fmt/format.h>

#include <deque>
#include <optional>

#include "base/log.h"
#include "broker/core/overload.h"
#include "broker/meta/topic_cache.h"
#include "broker/pull/filters.h"
#include "msg/names.h"
#include "remoting/reader_budget.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using remoting::Responder;
using store::GetStatus;
using wire::PullMessageHeader;
using wire::PullMessageResponseHeader;
using wire::ResponseCode;

namespace {

Logger log("pull");
constexpr int64_t kFirstLookMs = 10;   // at a pull that came before its heartbeat; the last after 630 ms
constexpr int kLooks = 6;
constexpr size_t kMostEarly = 10'000;  // such pulls of a loop

/// Why a pull is not served; forbiddenType as spec semantics 9.2.
struct Refusal {
  ResponseCode code;
  std::string remark;
  std::optional<int32_t> forbidden_type;
};

/// A pull that outlives its frame: held, or waiting for a cold read. Owns what the header's views point to.
struct KeptPull {
  std::string group, topic, subscription, expression_type;
  PullMessageHeader header;
  Responder responder;
  bool lite = false;

  KeptPull(const PullMessageHeader& h, Responder r, bool is_lite)
      : group(h.consumerGroup), topic(h.topic), subscription(h.subscription), expression_type(h.expressionType), header(h),
        responder(std::move(r)), lite(is_lite) {
    header.consumerGroup = group;
    header.topic = topic;
    if (h.subscription.data()) header.subscription = subscription;
    if (h.expressionType.data()) header.expressionType = expression_type;
  }
  KeptPull(const KeptPull&) = delete;
  KeptPull& operator=(const KeptPull&) = delete;
};

ResponseCode code_of(GetStatus status, int64_t requested_offset) noexcept {
  switch (status) {
    case GetStatus::FOUND: return ResponseCode::SUCCESS;
    case GetStatus::MESSAGE_WAS_REMOVING:
    case GetStatus::NO_MATCHED_MESSAGE: return ResponseCode::PULL_RETRY_IMMEDIATELY;
    case GetStatus::NO_MATCHED_LOGIC_QUEUE:
    case GetStatus::NO_MESSAGE_IN_QUEUE:
      return requested_offset == 0 ? ResponseCode::PULL_NOT_FOUND : ResponseCode::PULL_OFFSET_MOVED;
    case GetStatus::OFFSET_FOUND_NULL:
    case GetStatus::OFFSET_OVERFLOW_ONE: return ResponseCode::PULL_NOT_FOUND;
    case GetStatus::OFFSET_OVERFLOW_BADLY:
    case GetStatus::OFFSET_TOO_SMALL:
    case GetStatus::OFFSET_RESET: return ResponseCode::PULL_OFFSET_MOVED;
  }
  return ResponseCode::SYSTEM_ERROR;
}

}  // namespace

/// The pulls of one io loop. Badge of all members: owned by that loop.
class PullRoom::Lane {
 public:
  Lane(BrokerContext& broker, const Registries& meta, env::Loop& loop, size_t index)
      : broker_(broker), meta_(meta), loop_(loop), topics_(meta.topics, broker.store, *broker.traffic, index), holds_(broker, loop),
        filters_(broker.config.enableCalcFilterBitMap() && broker.store_config.enableConsumeQueueExt() ? &meta.filters : nullptr) {}

  /// What is needed to read: found by the checks.
  struct Plan {
    store::QueueRef queue;
    std::shared_ptr<const SubscriptionFilter> filter;
    std::shared_ptr<const wire::TopicConfig> topic;
    GroupTable::ConfigRef group;
    GroupTraffic* traffic = nullptr;
  };

  /// A pull whose range is not in memory, on its way to a read loop and back.
  struct ColdRead {
    std::unique_ptr<KeptPull> kept;
    Plan plan;
    store::ReadResult result;
    bool first_pass;
  };

  void first(const PullMessageHeader& h, const Responder& responder, bool lite) {
    Plan plan;
    if (auto refusal = check(h, responder, lite, plan)) {
      if (comes_before_heartbeat(*refusal) && early_ < kMostEarly) return await_heartbeat(std::make_unique<KeptPull>(h, responder, lite), 0);
      return refuse(responder, *refusal);
    }
    serve(h, responder, lite, plan);
  }

  void serve(const PullMessageHeader& h, const Responder& responder, bool lite, Plan& plan) {
    if (const auto offset = meta_.offsets.take_reset(h.consumerGroup, h.topic, h.queueId)) return answer_reset(h, responder, plan, *offset);
    read(h, plan, false, result_);
    if (result_.cold) return read_elsewhere(std::make_unique<KeptPull>(h, responder, lite), std::move(plan), true);
    finish(h, responder, lite, plan, result_, true);
  }

  static bool comes_before_heartbeat(const Refusal& r) noexcept {
    return r.code == ResponseCode::SUBSCRIPTION_NOT_EXIST || r.code == ResponseCode::SUBSCRIPTION_NOT_LATEST;
  }

  /// Java's clients begin to pull a queue and then tell the broker so with a heartbeat, which is some milliseconds behind; refused, they
  /// pause for 3 s. So the pull is looked at again a few times, each after twice the time.
  void await_heartbeat(std::unique_ptr<KeptPull> kept, int round) {
    ++early_;
    loop_.after(kFirstLookMs << round, [this, round, kept = std::move(kept)]() mutable {
      --early_;
      Plan plan;
      const auto refusal = check(kept->header, kept->responder, kept->lite, plan);
      if (!refusal) return serve(kept->header, kept->responder, kept->lite, plan);
      if (comes_before_heartbeat(*refusal) && round + 1 < kLooks && !broker_.shutting_down.load()) return await_heartbeat(std::move(kept), round + 1);
      refuse(kept->responder, *refusal);
    });
  }

  /// The second and last pass of a held pull: all checks again, never held again.
  void again(std::unique_ptr<KeptPull> kept) {
    Plan plan;
    if (auto refusal = check(kept->header, kept->responder, kept->lite, plan)) return refuse(kept->responder, *refusal);
    if (const auto offset = meta_.offsets.take_reset(kept->group, kept->topic, kept->header.queueId)) {
      return answer_reset(kept->header, kept->responder, plan, *offset);
    }
    read(kept->header, plan, false, result_);
    if (result_.cold) return read_elsewhere(std::move(kept), std::move(plan), false);
    finish(kept->header, kept->responder, kept->lite, plan, result_, false);
  }

  HoldTable& holds() noexcept { return holds_; }

 private:
  // --- checks, in the order of spec semantics 9.2 -----------------------------------------------------------------------

  std::optional<Refusal> check(const PullMessageHeader& h, const Responder& responder, bool lite, Plan& plan) {
    if (!(broker_.config.brokerPermission() & perm::kRead)) {
      return Refusal{ResponseCode::NO_PERMISSION, fmt::format("the broker[{}] pulling message is forbidden", broker_.ip), 1};
    }
    if (lite && !broker_.config.litePullMessageEnable()) {
      return Refusal{ResponseCode::NO_PERMISSION, fmt::format("the broker[{}] for lite pull consumer is forbidden", broker_.ip), 1};
    }
    plan.group = meta_.groups.find_or_create(h.consumerGroup);
    if (!plan.group) {
      return Refusal{ResponseCode::SUBSCRIPTION_GROUP_NOT_EXIST,
                     fmt::format("subscription group [{}] does not exist, {}", h.consumerGroup, wire::kFaqTail), {}};
    }
    if (!plan.group->consumeEnable) {
      return Refusal{ResponseCode::NO_PERMISSION, fmt::format("subscription group no permission, {}", h.consumerGroup), 2};
    }
    TopicCache::Entry* topic = topics_.find(h.topic);
    if (!topic) {
      return Refusal{ResponseCode::TOPIC_NOT_EXIST, fmt::format("topic[{}] not exist, apply first please! {}", h.topic, wire::kFaqTail), {}};
    }
    plan.topic = TopicCache::config(*topic);
    if (!(plan.topic->perm & perm::kRead)) {
      return Refusal{ResponseCode::NO_PERMISSION, fmt::format("the topic[{}] pulling message is forbidden", h.topic), 3};
    }
    if (h.queueId < 0 || h.queueId >= plan.topic->readQueueNums) {
      return Refusal{ResponseCode::INVALID_PARAMETER,
                     fmt::format("queueId[{}] is illegal, topic:[{}] topicConfig.readQueueNums:[{}] consumer:[/{}]", h.queueId, h.topic,
                                 plan.topic->readQueueNums, responder.session().peer_text()), {}};
    }
    plan.queue = topics_.queue(*topic, h.queueId);
    plan.traffic = &topics_.gets(*topic, h.consumerGroup);
    return check_subscription(h, plan);
  }

  std::optional<Refusal> check_subscription(const PullMessageHeader& h, Plan& plan) {
    std::string_view type = h.expressionType;
    std::shared_ptr<const wire::SubscriptionData> registered;
    if (!(h.sysFlag & wire::pull_flag::kSubscription)) {
      if (auto refusal = registered_subscription(h, plan, registered)) return refusal;
      type = registered->expressionType;
    }
    if (!wire::is_tag_type(type) && !broker_.config.enablePropertyFilter()) {
      return Refusal{ResponseCode::SYSTEM_ERROR, fmt::format("The broker does not support consumer to filter message by {}", type), {}};
    }
    plan.filter = registered ? filters_.of_subscription(h.consumerGroup, registered) : filters_.of_header(h.subscription, type);
    if (plan.filter) return std::nullopt;
    if (!registered) return Refusal{ResponseCode::SUBSCRIPTION_PARSE_FAILED, "parse the consumer's subscription failed", {}};
    return Refusal{ResponseCode::FILTER_DATA_NOT_EXIST, "The broker's consumer filter data is not exist!Your expression may be wrong!", {}};
  }

  /// Without the subscription flag: what the group's heartbeats registered.
  std::optional<Refusal> registered_subscription(const PullMessageHeader& h, const Plan& plan,
                                                 std::shared_ptr<const wire::SubscriptionData>& subscription) {
    const auto view = meta_.clients.consumer_group(h.consumerGroup);
    if (!view) {
      return Refusal{ResponseCode::SUBSCRIPTION_NOT_EXIST, fmt::format("the consumer's group info not exist{}", wire::kFaqTail), {}};
    }
    if (!plan.group->consumeBroadcastEnable && view->model == wire::MessageModel::BROADCASTING) {
      return Refusal{ResponseCode::NO_PERMISSION, fmt::format("the consumer group[{}] can not consume by broadcast way", h.consumerGroup), 4};
    }
    if (!meta_.groups.readable(h.consumerGroup, h.topic)) {
      return Refusal{ResponseCode::NO_PERMISSION, fmt::format("the consumer group[{}] is forbidden for topic[{}]", h.consumerGroup, h.topic), 5};
    }
    subscription = meta_.clients.subscription(h.consumerGroup, h.topic);
    if (!subscription) {
      return Refusal{ResponseCode::SUBSCRIPTION_NOT_EXIST, fmt::format("the consumer's subscription not exist{}", wire::kFaqTail), {}};
    }
    if (subscription->subVersion < h.subVersion) {
      return Refusal{ResponseCode::SUBSCRIPTION_NOT_LATEST, "the consumer's subscription not latest", {}};
    }
    return std::nullopt;
  }

  // --- the read ---------------------------------------------------------------------------------------------------------

  static store::ReadRequest request_of(const PullMessageHeader& h, const Plan& plan, bool may_wait) {
    return {.offset = {h.queueOffset}, .max_messages = h.maxMsgNums,
            .filter = plan.filter->all() ? nullptr : plan.filter.get(), .may_wait = may_wait};
  }

  void read(const PullMessageHeader& h, const Plan& plan, bool may_wait, store::ReadResult& out) {
    out.clear();
    broker_.store.read(plan.queue.get(), request_of(h, plan, may_wait), out);
  }

  /// The range is not in memory: a read loop fetches it, the answer is formed here again.
  void read_elsewhere(std::unique_ptr<KeptPull> kept, Plan plan, bool first_pass) {
    auto job = std::make_shared<ColdRead>(ColdRead{std::move(kept), std::move(plan), {}, first_pass});
    env::Loop& reader = broker_.next_read_loop();
    const bool posted = reader.post([this, job] {
      read(job->kept->header, job->plan, true, job->result);
      const bool back = loop_.post([this, job] { come_back(job); });
      if (!back) log.warn("a cold read of topic {} is dropped: the io loop's queue is full", job->kept->topic);
    });
    if (!posted) refuse(job->kept->responder, {ResponseCode::SYSTEM_BUSY, std::string(kOverloadRemark), {}});
  }

  /// The disk gives what many asked for at once: with some answers a turn nobody else waits for all of them.
  void come_back(std::shared_ptr<ColdRead> job) {
    came_back_.push_back(std::move(job));
    if (came_back_.size() == 1) loop_.after(0, [this] { answer_some(); });
  }

  void answer_some() {
    for (size_t bytes = 0; !came_back_.empty() && bytes < remoting::ReaderBudget::kSharedTurnBytes;) {
      const std::shared_ptr<ColdRead> job = std::move(came_back_.front());
      came_back_.pop_front();
      bytes += job->result.bytes;
      finish(job->kept->header, job->kept->responder, job->kept->lite, job->plan, job->result, job->first_pass);
    }
    if (!came_back_.empty()) loop_.after(0, [this] { answer_some(); });
  }

  // --- the answer -------------------------------------------------------------------------------------------------------

  void finish(const PullMessageHeader& h, const Responder& responder, bool lite, const Plan& plan, store::ReadResult& r, bool first_pass) {
    if (r.failed) return refuse(responder, {ResponseCode::SYSTEM_ERROR, "the ConsumeQueue cannot be read now; the broker's log says why", {}});
    const bool commits = first_pass && (h.sysFlag & wire::pull_flag::kCommitOffset);
    meta_.offsets.note_pull(h.consumerGroup, h.topic, h.queueId, r.next.index, commits ? std::optional(h.commitOffset) : std::nullopt);
    const ResponseCode code = code_of(r.status, h.queueOffset);
    if (code == ResponseCode::PULL_NOT_FOUND && first_pass && (h.sysFlag & wire::pull_flag::kSuspend) && !broker_.shutting_down.load() &&
        hold(h, responder, lite, plan)) {
      return;
    }
    answer(responder, code, to_string(r.status), plan, r);
  }

  void answer(const Responder& responder, ResponseCode code, std::string_view remark, const Plan& plan, store::ReadResult& r) {
    PullMessageResponseHeader header;
    header.suggestWhichBrokerId = suggest(plan, r);
    header.nextBeginOffset = r.next.index;
    header.minOffset = r.min.index;
    header.maxOffset = r.max.index;
    header.topicSysFlag = plan.topic->topicSysFlag;
    header.groupSysFlag = plan.group->groupSysFlag;
    Responder to = responder;
    if (r.slices.empty()) {
      (void)to.answer(code, header, remark);
    } else {
      plan.traffic->get(r.message_count, static_cast<int64_t>(r.bytes));
      (void)to.answer_pinned(code, header, remark, r.slices, r.bytes, r.old);
    }
    r.slices.clear();
  }

  int64_t suggest(const Plan& plan, const store::ReadResult& r) const {
    if (!broker_.config.slaveReadEnable()) return 0;
    return r.suggest_slave ? plan.group->whichBrokerWhenConsumeSlowly : plan.group->brokerId;
  }

  void answer_reset(const PullMessageHeader& h, const Responder& responder, const Plan& plan, int64_t offset) {
    result_.clear();
    result_.status = GetStatus::OFFSET_RESET;
    result_.next = {offset};
    result_.min = broker_.store.min_offset(*plan.queue);
    result_.max = broker_.store.max_offset(*plan.queue);
    answer(responder, code_of(GetStatus::OFFSET_RESET, h.queueOffset), to_string(GetStatus::OFFSET_RESET), plan, result_);
  }

  void refuse(const Responder& responder, const Refusal& refusal) {
    PullMessageResponseHeader header;
    header.forbiddenType = refusal.forbidden_type;
    Responder to = responder;
    (void)to.answer(refusal.code, header, refusal.remark);
  }

  // --- long polling -----------------------------------------------------------------------------------------------------

  class Held final : public HeldRequest {
   public:
    Held(Lane& lane, std::unique_ptr<KeptPull> kept, std::shared_ptr<const SubscriptionFilter> filter)
        : lane_(lane), kept_(std::move(kept)), filter_(std::move(filter)) {}
    bool wants(const store::Arrival& a) const noexcept override {
      return filter_->by_consume_queue(a.tagsCode) && (!filter_->needs_record() || lane_.record_fits(a, *filter_));
    }
    void resume() noexcept override { lane_.again(std::move(kept_)); }

   private:
    Lane& lane_;
    std::unique_ptr<KeptPull> kept_;
    std::shared_ptr<const SubscriptionFilter> filter_;
  };

  /// The record of an arrival was just written: reading it does not wait.
  bool record_fits(const store::Arrival& a, const SubscriptionFilter& filter) const noexcept {
    const auto entry = broker_.store.entry_at(*a.queue, a.offset);
    if (!entry) return true;
    const auto bytes = broker_.store.record_at(entry->phy);
    if (!bytes) return true;
    const auto record = decode_record(bytes->bytes, RecordCheck::kLengths);
    return !record || filter.by_record(*record);
  }

  bool hold(const PullMessageHeader& h, const Responder& responder, bool lite, const Plan& plan) {
    const int64_t wait_ms = broker_.config.longPollingEnable() ? h.suspendTimeoutMillis : broker_.config.shortPollingTimeMills();
    auto held = std::make_unique<Held>(*this, std::make_unique<KeptPull>(h, responder, lite), plan.filter);
    held->offset = {h.queueOffset};
    held->deadline_ms = loop_.clock().mono_ms() + wait_ms;
    return holds_.hold(plan.queue, std::move(held));
  }

  BrokerContext& broker_;
  const Registries meta_;
  env::Loop& loop_;
  TopicCache topics_;
  HoldTable holds_;
  store::ReadResult result_;                            // of the pull being served
  std::deque<std::shared_ptr<ColdRead>> came_back_;     // read, and to be answered
  size_t early_ = 0;                                    // pulls that wait for a heartbeat
  FilterCache filters_;
};

PullRoom::PullRoom(BrokerContext& broker, const Registries& meta) : broker_(broker) {
  for (size_t i = 0; i < broker.io_loops.size(); ++i) lanes_.push_back(std::make_unique<Lane>(broker, meta, *broker.io_loops[i], i));
}

PullRoom::~PullRoom() = default;

Answer PullRoom::pull(const PullMessageHeader& h, Request& request) {
  lanes_[broker_.io_index()]->first(h, request.responder(), false);
  return request.later();
}

Answer PullRoom::lite_pull(const PullMessageHeader& h, Request& request) {
  lanes_[broker_.io_index()]->first(h, request.responder(), true);
  return request.later();
}

void PullRoom::on_arrival(std::span<const store::Arrival> arrivals) noexcept {
  // The other half of the fence in HoldTable::hold(): of a hold and an append at the same time one sees the other. Without it the count
  // may be read before the append is seen elsewhere. Once per append of a loop's turn, some nanoseconds.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  for (size_t i = 0; i < lanes_.size(); ++i) {
    HoldTable& holds = lanes_[i]->holds();
    if (holds.waiting() == 0) continue;
    if (broker_.io_loops[i]->here()) {
      for (const store::Arrival& a : arrivals) holds.on_arrival(a);
    } else {
      // The queue's address only serves as a key there: a hold keeps its queue alive.
      std::vector<store::Arrival> copy(arrivals.begin(), arrivals.end());
      const bool posted = broker_.io_loops[i]->post([&holds, copy = std::move(copy)] {
        for (const store::Arrival& a : copy) holds.on_arrival(a);
      });
      (void)posted;   // a full queue: the sweep of the hold table finds the messages
    }
  }
}

void PullRoom::stop() {
  for (size_t i = 0; i < lanes_.size(); ++i) {
    broker_.env.run_on(*broker_.io_loops[i], [this, i] { lanes_[i]->holds().resume_all(); });
  }
}

}  // namespace mq::broker
