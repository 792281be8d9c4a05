#include "dealers.h"

#include <fmt/format.h>

#include <charconv>

#include "base/json.h"
#include "base/numbers.h"
#include "msg/properties.h"
#include "wire/bodies/client.h"
#include "wire/bodies/stats.h"
#include "wire/headers/offset.h"
#include "wire/headers/pull.h"
#include "wire/headers/retry.h"
#include "wire/headers/send.h"
#include "wire/headers/transaction.h"

namespace mq::sim {

using wire::RequestCode;
using wire::ResponseCode;

namespace {

constexpr const char* kDealers = "dealers";     // the producer group
constexpr const char* kOrderly = "orderly";
constexpr int64_t kCallMs = 3000;

std::string property(std::string_view name, std::string_view value) {
  return std::string(name) + '\x01' + std::string(value) + '\x02';
}

/// The physical offset at the end of a message id.
int64_t phy_of(std::string_view msg_id) {
  int64_t phy = -1;
  if (msg_id.size() < 16) return phy;
  msg_id.remove_prefix(msg_id.size() - 16);
  std::from_chars(msg_id.data(), msg_id.data() + msg_id.size(), phy, 16);
  return phy;
}

wire::PullMessageHeader pull_header(const char* group, const QueueKey& queue, int64_t offset, env::SimRng& dice) {
  wire::PullMessageHeader header;
  header.consumerGroup = group;
  header.topic = queue.topic;
  header.queueId = queue.queue_id;
  header.queueOffset = offset;
  header.maxMsgNums = static_cast<int32_t>(dice.between(1, 8));
  header.sysFlag = wire::pull_flag::kSubscription | wire::pull_flag::kSuspend;
  header.suspendTimeoutMillis = dice.between(500, 3000);
  header.subscription = "*";
  header.expressionType = "TAG";
  return header;
}

/// What the group has of a queue: an answer that says "none" counts as 0.
std::optional<int64_t> offset_in(const Result<remoting::Response<wire::OffsetResponseHeader>>& answer) {
  if (answer && answer->ok()) return answer->header.offset;
  if (answer && answer->code == static_cast<int32_t>(ResponseCode::QUERY_NOT_FOUND)) return 0;
  return std::nullopt;
}

}  // namespace

// --- Dealer ---------------------------------------------------------------------------------------------------------

Dealer::Dealer(env::SimMachine& machine, env::SimRng& dice, const Directory& directory, Dealings& dealings)
    : Peer(machine, "dealer", dice, directory), dealings_(dealings) {}

void Dealer::start() {
  machine_.env().run_on(loop_, [this] {
    client_->on_request([this](const std::string&, const wire::Frame& frame, ByteBuffer&) { return live() && on_question(frame); });
    beat();
    for (int64_t window = dice_.between(1, 4); window > 0; --window) next();
  });
}

void Dealer::beat() {
  wire::HeartbeatData beat;
  beat.clientID = "dealer@1";
  beat.producerGroups.push_back(kDealers);
  client_->call<RequestCode::HEART_BEAT>(directory_.broker, {}, as_bytes(wire::encode_heartbeat(beat)), kCallMs, [](auto) {});
  later(2000, [this] { this->beat(); });
}

void Dealer::next() {
  later(dice_.between(0, 600), [this] {
    if (!sending_) return;
    static constexpr const char* kTopics[] = {kLaterTopic, kLaterTopic, kTransactionTopic, kTransactionTopic, kWorkTopic, kOrderedTopic};
    const QueueKey queue{kTopics[dice_.below(std::size(kTopics))], static_cast<int32_t>(dice_.below(kDealQueues))};
    Sent& sent = dealings_.issue(queue, loop_.clock().now_ms());
    sent.transactional = queue.topic == kTransactionTopic;
    if (queue.topic == kLaterTopic || (sent.transactional && dice_.chance(0.2))) sent.level = static_cast<int32_t>(dice_.between(1, 5));
    if (queue.topic == kWorkTopic) sent.failures = dice_.chance(0.5) ? 0 : dice_.chance(0.3) ? 1000 : static_cast<int32_t>(dice_.between(1, kMostTries));
    std::string extra = sent.level > 0 ? property(prop::kDelay, std::to_string(sent.level)) : "";
    if (sent.transactional) {
      extra += property(prop::kTranMsg, "true") + property(prop::kProducerGroup, kDealers) + property(prop::kUniqKey, std::to_string(sent.id));
      if (dice_.chance(0.15)) sent.mind = Sent::Mind::kWhenAsked;
      else if (dice_.chance(0.1)) sent.mind = Sent::Mind::kNever;
    }
    send(sent, extra, sent.transactional ? sys_flag::kPrepared : 0);
  });
}

void Dealer::send(Sent& sent, const std::string& extra_properties, int32_t sys_flag) {
  const std::string body = Ledger::body_of(sent.id), properties = Ledger::properties_of(sent.id) + extra_properties;
  wire::SendMessageHeader header;
  header.producerGroup = kDealers;
  header.topic = sent.queue.topic;
  header.defaultTopic = "TBW102";
  header.defaultTopicQueueNums = kDealQueues;
  header.queueId = sent.queue.queue_id;
  header.sysFlag = sys_flag;
  header.bornTimestamp = loop_.clock().now_ms();
  header.properties = properties;
  client_->call<RequestCode::SEND_MESSAGE>(directory_.broker, header, as_bytes(body), kCallMs, [this, id = sent.id](auto answer) {
    if (!live()) return;
    if (answer && answer->ok() && answer->header.queueOffset) on_answer(id, *answer);
    next();
  });
}

void Dealer::on_answer(uint64_t id, const remoting::Response<wire::SendMessageResponseHeader>& answer) {
  Sent& sent = *dealings_.find(id);
  sent.acknowledged = true;
  sent.waiting_offset = *answer.header.queueOffset;
  ++acknowledged_;
  if (sent.transactional && sent.mind == Sent::Mind::kDecides) think_about(id, {sent.waiting_offset, phy_of(answer.header.msgId)});
}

void Dealer::think_about(uint64_t id, Half half) {
  later(dice_.chance(0.5) ? 0 : dice_.between(0, 4000), [this, id, half] {
    Sent& sent = *dealings_.find(id);
    if (sent.decision == Decision::kNone) decide(sent, loop_.clock().now_ms(), dice_.chance(0.65) ? Decision::kCommit : Decision::kRollback);
    if (dice_.chance(0.9)) end(sent, half, false);   // else the answer gets lost on its way
  });
}

void Dealer::decide(Sent& sent, int64_t now_ms, Decision decision) {
  sent.decision = decision;
  sent.decided_ms = now_ms;
}

void Dealer::end(const Sent& sent, Half half, bool asked) {
  if (sent.decision == Decision::kCommit) ++dealings_.find(sent.id)->commits;
  wire::EndTransactionHeader header;
  header.producerGroup = kDealers;
  header.tranStateTableOffset = half.queue_offset;
  header.commitLogOffset = half.phy;
  header.commitOrRollback = sent.decision == Decision::kCommit ? sys_flag::kCommit : sent.decision == Decision::kRollback ? sys_flag::kRollback : 0;
  header.fromTransactionCheck = asked;
  header.msgId = header.transactionId = std::to_string(sent.id);
  if (asked || dice_.chance(0.5)) return client_->oneway<RequestCode::END_TRANSACTION>(directory_.broker, header, {});
  client_->call<RequestCode::END_TRANSACTION>(directory_.broker, header, {}, kCallMs, [](auto) {});
}

bool Dealer::on_question(const wire::Frame& frame) {
  if (frame.code != wire::RequestInfo<RequestCode::CHECK_TRANSACTION_STATE>::code) return false;
  const auto header = wire::decode_header<wire::CheckTransactionStateHeader>(frame.ext);
  const auto record = decode_record(frame.body, RecordCheck::kLengths);
  Sent* sent = record ? dealings_.find(Ledger::id_of(as_text(record->m.body))) : nullptr;
  if (!header || !sent || header->msgId != std::to_string(sent->id) || record->m.topic != kTransactionTopic) {
    dealings_.violations.push_back(fmt::format("transaction: the broker asks about \"{}\" with {}", header ? header->msgId : "",
                                               record ? fmt::format("a message of {} ({} bytes)", record->m.topic, record->m.body.size()) : record.error().message()));
    return true;
  }
  sent->checked = true;
  const Half half{header->tranStateTableOffset, header->commitLogOffset};
  // Whose prepare was not acknowledged did not act; some answer only after a question or two.
  if (sent->decision == Decision::kNone && !sent->acknowledged) decide(*sent, loop_.clock().now_ms(), Decision::kRollback);
  if (sent->decision == Decision::kNone && sent->mind == Sent::Mind::kWhenAsked && dice_.chance(0.6)) {
    decide(*sent, loop_.clock().now_ms(), dice_.chance(0.65) ? Decision::kCommit : Decision::kRollback);
  }
  end(*sent, half, true);
  return true;
}

// --- Worker ---------------------------------------------------------------------------------------------------------

Worker::Worker(env::SimMachine& machine, env::SimRng& dice, const Directory& directory, Dealings& dealings)
    : Peer(machine, "worker", dice, directory), dealings_(dealings) {
  for (int32_t id = 0; id < kDealQueues; ++id) places_.push_back({.queue = {kWorkTopic, id}});
  places_.push_back({.queue = {kWorkersRetry, 0}});
}

void Worker::start() {
  machine_.env().run_on(loop_, [this] {
    for (Place& place : places_) step(place);
  });
}

void Worker::step(Place& place) { place.next < 0 ? ask_offset(place) : pull(place); }

void Worker::ask_offset(Place& place) {
  const wire::QueryConsumerOffsetHeader header{kWorkers, place.queue.topic, place.queue.queue_id, {}};
  client_->call<RequestCode::QUERY_CONSUMER_OFFSET>(directory_.broker, header, {}, kCallMs, [this, &place](auto answer) {
    if (!live()) return;
    place.next = offset_in(answer).value_or(-1);
    later(place.next < 0 ? 200 : 0, [this, &place] { step(place); });
  });
}

void Worker::pull(Place& place) {
  const auto header = pull_header(kWorkers, place.queue, place.next, dice_);
  client_->call<RequestCode::PULL_MESSAGE>(directory_.broker, header, {}, header.suspendTimeoutMillis + kCallMs, [this, &place](auto answer) {
    if (!live()) return;
    if (answer && answer->ok()) {
      ByteView rest = as_bytes(answer->body);
      while (!rest.empty()) {
        const auto record = decode_record(rest, RecordCheck::kLengthsAndCrc);
        if (!record) return dealings_.violations.push_back("retry: a pull's answer cannot be read");
        place.tasks.push_back({Ledger::id_of(as_text(record->m.body)), record->m.reconsumeTimes, record->m.physicalOffset});
        place.behind = record->m.queueOffset + 1;
        rest = rest.subspan(record->bytes.size());
      }
      return work(place);
    }
    if (answer && answer->code == static_cast<int32_t>(ResponseCode::PULL_OFFSET_MOVED) && answer->header.nextBeginOffset) {
      place.next = *answer->header.nextBeginOffset;
    }
    later(dice_.between(20, 300), [this, &place] { step(place); });
  });
}

/// One after the other; the batch's offset is committed behind the last.
void Worker::work(Place& place) {
  if (place.tasks.empty()) return commit(place);
  const Task task = place.tasks.front();
  Sent* sent = dealings_.find(task.id);
  if (!sent) return dealings_.violations.push_back("genuine: a worker gets what nobody sent");
  if (task.reconsumeTimes < sent->failures) return give_back(place, task);
  sent->handled.insert(task.reconsumeTimes);
  place.tasks.erase(place.tasks.begin());
  later(dice_.between(0, 10), [this, &place] { work(place); });
}

void Worker::give_back(Place& place, const Task& task) {
  Sent& sent = *dealings_.find(task.id);
  const int32_t level = dice_.chance(0.7) ? 0 : static_cast<int32_t>(dice_.between(1, 5));
  const auto [first, fresh] = sent.given_back.try_emplace(task.reconsumeTimes, Sent::GivenBack{loop_.clock().now_ms(), level == 0 ? 3 + task.reconsumeTimes : level});
  wire::ConsumerSendMsgBackHeader header;
  header.offset = task.phy;
  header.group = kWorkers;
  header.delayLevel = fresh ? level : first->second.level;   // the same again, so that one level can be demanded
  header.originTopic = kWorkTopic;
  header.maxReconsumeTimes = kMostTries;
  client_->call<RequestCode::CONSUMER_SEND_MSG_BACK>(directory_.broker, header, {}, kCallMs, [this, &place](auto answer) {
    if (!live()) return;
    if (answer && answer->ok()) place.tasks.erase(place.tasks.begin());
    later(answer && answer->ok() ? 0 : dice_.between(50, 500), [this, &place] { work(place); });
  });
}

void Worker::commit(Place& place) {
  place.next = place.behind;
  const wire::UpdateConsumerOffsetHeader header{kWorkers, place.queue.topic, place.queue.queue_id, place.next};
  client_->call<RequestCode::UPDATE_CONSUMER_OFFSET>(directory_.broker, header, {}, kCallMs, [this, &place](auto) {
    if (live()) later(dice_.between(0, 50), [this, &place] { step(place); });
  });
}

// --- OrderlyWorker --------------------------------------------------------------------------------------------------

OrderlyWorker::OrderlyWorker(env::SimMachine& machine, const std::string& client_id, env::SimRng& dice, const Directory& directory,
                             const env::SimWorld& world, Dealings& dealings)
    : Peer(machine, client_id, dice, directory), client_id_(client_id), world_(world), dealings_(dealings) {
  for (int32_t id = 0; id < kDealQueues; ++id) places_.push_back({.queue = {kOrderedTopic, id}});
}

void OrderlyWorker::start() {
  machine_.env().run_on(loop_, [this] {
    lock_round();
    for (Place& place : places_) step(place);
  });
}

std::string OrderlyWorker::lock_body(const std::vector<QueueKey>& queues) const {
  Json set = Json::array();
  for (const QueueKey& queue : queues) set.push(to_json(wire::MessageQueue{queue.topic, "broker-a", queue.queue_id}));
  return to_text(Json::object().add("clientId", client_id_).add("consumerGroup", kOrderly).add("mqSet", std::move(set)));
}

void OrderlyWorker::lock_round() {
  std::vector<QueueKey> wanted;
  for (const Place& place : places_) if (!place.leaving) wanted.push_back(place.queue);
  const int64_t asked_ms = world_.now_ms();
  client_->call<RequestCode::LOCK_BATCH_MQ>(directory_.broker, {}, as_bytes(lock_body(wanted)), kCallMs, [this, asked_ms](auto answer) {
    if (!live()) return;
    const auto body = answer && answer->ok() ? parse_json(answer->body) : Result<Json>(fail(Errc::kClosed, ""));
    if (body) {
      std::set<QueueKey> granted;
      for (const Json& item : (*body)["lockOKMQSet"].items()) {
        const auto queue = wire::message_queue_from(item);
        granted.insert({queue.topic, queue.queueId});
      }
      for (Place& place : places_) {
        if (place.leaving) continue;
        if (granted.contains(place.queue)) {
          dealings_.granted(place.queue, client_id_, asked_ms, world_.now_ms());
          if (!holds(place)) place.next = -1;   // somebody else may have been here
          place.locked_ms = asked_ms;
        } else if (place.locked_ms >= 0) {
          place.locked_ms = place.next = -1;
        }
      }
    }
    later(dice_.between(1000, 12'000), [this] { lock_round(); });
  });
  for (Place& place : places_) if (holds(place) && dice_.chance(0.15)) unlock(place);
}

/// What is under way is finished with; a new lock is asked for only when no old unlock can still arrive.
void OrderlyWorker::unlock(Place& place) {
  place.leaving = true;
  dealings_.unlocking(place.queue, client_id_);
  client_->call<RequestCode::UNLOCK_BATCH_MQ>(directory_.broker, {}, as_bytes(lock_body({place.queue})), kCallMs, [this, &place](auto answer) {
    if (!live()) return;
    dealings_.unlocking(place.queue, client_id_);
    later(answer ? dice_.between(500, 5000) : 30'000, [&place] {
      place.leaving = false;
      place.locked_ms = place.next = -1;
    });
  });
}

void OrderlyWorker::step(Place& place) {
  if (!holds(place)) return later(dice_.between(200, 600), [this, &place] { step(place); });
  place.next < 0 ? ask_offset(place) : pull(place);
}

void OrderlyWorker::ask_offset(Place& place) {
  const wire::QueryConsumerOffsetHeader header{kOrderly, place.queue.topic, place.queue.queue_id, {}};
  client_->call<RequestCode::QUERY_CONSUMER_OFFSET>(directory_.broker, header, {}, kCallMs, [this, &place](auto answer) {
    if (!live()) return;
    if (holds(place)) place.next = offset_in(answer).value_or(-1);
    later(place.next < 0 ? 200 : 0, [this, &place] { step(place); });
  });
}

void OrderlyWorker::pull(Place& place) {
  const auto header = pull_header(kOrderly, place.queue, place.next, dice_);
  client_->call<RequestCode::PULL_MESSAGE>(directory_.broker, header, {}, header.suspendTimeoutMillis + kCallMs, [this, &place, asked = place.next](auto answer) {
    if (!live()) return;
    if (answer && answer->ok() && place.next == asked) {
      ByteView rest = as_bytes(answer->body);
      while (!rest.empty() && holds(place)) {
        const auto record = decode_record(rest, RecordCheck::kLengthsAndCrc);
        if (!record) return dealings_.violations.push_back("orderly: a pull's answer cannot be read");
        dealings_.handles(place.queue, record->m.queueOffset, Ledger::id_of(as_text(record->m.body)));
        place.next = record->m.queueOffset + 1;
        rest = rest.subspan(record->bytes.size());
      }
      return commit(place);
    }
    if (answer && answer->code == static_cast<int32_t>(ResponseCode::PULL_OFFSET_MOVED) && answer->header.nextBeginOffset && place.next == asked) {
      place.next = *answer->header.nextBeginOffset;
    }
    later(dice_.between(20, 300), [this, &place] { step(place); });
  });
}

void OrderlyWorker::commit(Place& place) {
  if (!holds(place)) return step(place);
  const wire::UpdateConsumerOffsetHeader header{kOrderly, place.queue.topic, place.queue.queue_id, place.next};
  client_->call<RequestCode::UPDATE_CONSUMER_OFFSET>(directory_.broker, header, {}, kCallMs, [this, &place](auto) {
    if (live()) later(dice_.between(0, 50), [this, &place] { step(place); });
  });
}

// --- Reader ---------------------------------------------------------------------------------------------------------

void Reader::message(const QueueKey& queue, const RecordView& record) {
  copies_[queue].push_back({.id = Ledger::id_of(as_text(record.m.body)), .queue_offset = record.m.queueOffset, .store_ms = record.m.storeTimestamp,
                            .reconsumeTimes = record.m.reconsumeTimes, .retry_topic = std::string(find_property(record.m.properties, prop::kRetryTopic))});
}

}  // namespace mq::sim
