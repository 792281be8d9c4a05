#include "clients.h"

#include <fmt/format.h>

#include "wire/bodies/route.h"
#include "wire/headers/namesrv.h"
#include "wire/headers/pull.h"
#include "wire/headers/send.h"

namespace mq::sim {

using wire::RequestCode;
using wire::ResponseCode;

namespace {
constexpr int64_t kBelieveMs = 4000;   // of a route, at most
}

// --- Peer -----------------------------------------------------------------------------------------------------------

Peer::Peer(env::SimMachine& machine, const std::string& name, env::SimRng& dice, const Directory& directory)
    : machine_(machine), loop_(machine.env().start_loop(name)), dice_(dice), directory_(directory) {
  machine.env().run_on(loop_, [this] { client_ = std::make_unique<remoting::Client>(loop_); });
}

void Peer::close() {
  stopped_ = true;
  client_.reset();
}

void Peer::later(int64_t ms, std::function<void()> then) {
  (void)loop_.after(ms, [this, then = std::move(then)] {
    if (live()) then();
  });
}

void Peer::locate(const std::string& topic, std::function<void(const std::string&)> then) {
  if (directory_.namesrvs.empty()) return then(directory_.broker);
  const Route& known = routes_[topic];
  if (!known.addr.empty() && loop_.clock().mono_ms() < known.until_ms) return then(std::string(known.addr));
  const std::string& namesrv = directory_.namesrvs[dice_.below(directory_.namesrvs.size())];
  const wire::GetRouteInfoHeader header{.topic = topic};
  client_->call<RequestCode::GET_ROUTEINFO_BY_TOPIC>(namesrv, header, {}, 3000, [this, topic, then = std::move(then)](auto answer) {
    if (!live()) return;
    Route& route = routes_[topic];
    if (answer && answer->ok()) {
      const auto told = wire::topic_route_from(answer->body);
      if (told && !told->brokerDatas.empty() && told->brokerDatas[0].brokerAddrs.contains(0)) {
        route = {told->brokerDatas[0].brokerAddrs.at(0), loop_.clock().mono_ms() + dice_.between(0, kBelieveMs)};
      }
    }
    then(std::string(route.addr));
  });
}

void Peer::doubt_routes() {
  for (auto& [topic, route] : routes_) route.until_ms = 0;
}

// --- Producer -------------------------------------------------------------------------------------------------------

Producer::Producer(env::SimMachine& machine, env::SimRng& dice, const Directory& directory, Ledger& ledger, std::string topic,
                   int32_t queues, Promise promise)
    : Peer(machine, "producer", dice, directory), ledger_(ledger), topic_(std::move(topic)), queues_(queues), promise_(promise) {}

void Producer::start() {
  machine_.env().run_on(loop_, [this] {
    for (int64_t window = dice_.between(1, 8); window > 0; --window) next();
  });
}

void Producer::next() {
  later(dice_.between(0, pause_ms_), [this] {
    // A topic that no NameServer knows yet is created by a send to the template's broker, as clients do.
    locate(topic_, [this](const std::string& addr) {
      if (!addr.empty()) return send(addr);
      locate("TBW102", [this](const std::string& any) {
        if (!any.empty()) return send(any);
        last_refusal_ = "no route";
        next();
      });
    });
  });
}

void Producer::send(const std::string& addr) {
  const QueueKey key{topic_, static_cast<int32_t>(dice_.below(static_cast<uint64_t>(queues_)))};
  const uint64_t id = ledger_.issue(key, 0);
  const std::string body = Ledger::body_of(id), properties = Ledger::properties_of(id);
  wire::SendMessageHeader header;
  header.producerGroup = "sim_producer";
  header.topic = topic_;
  header.defaultTopic = "TBW102";
  header.defaultTopicQueueNums = queues_;
  header.queueId = key.queue_id;
  header.bornTimestamp = loop_.clock().now_ms();
  header.properties = properties;
  ++outstanding_;
  client_->call<RequestCode::SEND_MESSAGE>(addr, header, as_bytes(body), 3000, [this, id](auto answer) {
    --outstanding_;
    if (!live()) return;
    if (answer && answer->ok() && answer->header.queueOffset) {
      ++acknowledged_;
      ledger_.acknowledge(id, promise_, *answer->header.queueOffset, -1);
    } else {
      last_refusal_ = answer ? fmt::format("code {} {}", answer->code, answer->remark) : answer.error().message();
      doubt_routes();
    }
    next();
  });
}

// --- Consumer -------------------------------------------------------------------------------------------------------

Consumer::Consumer(env::SimMachine& machine, const std::string& name, env::SimRng& dice, const Directory& directory,
                   std::string topic, int32_t queues)
    : Peer(machine, name, dice, directory), topic_(std::move(topic)) {
  for (int32_t queue_id = 0; queue_id < queues; ++queue_id) places_[queue_id] = {};
}

void Consumer::start() {
  machine_.env().run_on(loop_, [this] {
    for (const auto& [queue_id, place] : places_) pull(queue_id);
  });
}

bool Consumer::caught_up() const {
  return std::all_of(places_.begin(), places_.end(), [](const auto& p) { return p.second.max >= 0 && p.second.next >= p.second.max; });
}

void Consumer::pull(int32_t queue_id) {
  locate(topic_, [this, queue_id](const std::string& addr) {
    if (addr.empty()) return later(dice_.between(50, 500), [this, queue_id] { pull(queue_id); });
    const int64_t suspend_ms = dice_.between(500, 5000);
    wire::PullMessageHeader header;
    header.consumerGroup = "sim_consumer";
    header.topic = topic_;
    header.queueId = queue_id;
    header.queueOffset = places_[queue_id].next;
    header.maxMsgNums = static_cast<int32_t>(dice_.between(1, 32));
    header.sysFlag = wire::pull_flag::kSubscription | (places_[queue_id].max < 0 ? 0 : wire::pull_flag::kSuspend);
    header.suspendTimeoutMillis = suspend_ms;
    header.subscription = "*";
    header.expressionType = "TAG";
    client_->call<RequestCode::PULL_MESSAGE>(addr, header, {}, suspend_ms + 5000, [this, queue_id](auto answer) {
      if (!live()) return;
      if (answer) take(queue_id, *answer);
      else doubt_routes();
      later(answer ? dice_.between(0, 20) : dice_.between(50, 500), [this, queue_id] { pull(queue_id); });
    });
  });
}

void Consumer::take(int32_t queue_id, const remoting::Response<wire::PullMessageResponseHeader>& response) {
  Place& place = places_[queue_id];
  const auto code = static_cast<ResponseCode>(response.code);
  if (code == ResponseCode::PULL_NOT_FOUND) {
    place.max = response.header.maxOffset.value_or(place.max);
    return;
  }
  if (code == ResponseCode::PULL_OFFSET_MOVED && response.header.nextBeginOffset) {
    if (place.next != 0 && *response.header.nextBeginOffset < place.next) place.next = *response.header.nextBeginOffset;
    place.max = response.header.maxOffset.value_or(place.max);
    return;
  }
  if (!response.ok()) {
    if (counts_as_empty(response.code)) place.max = 0;
    return;
  }
  ByteView rest = as_bytes(response.body);
  const QueueKey key{topic_, queue_id};
  while (!rest.empty()) {
    const auto record = decode_record(rest, RecordCheck::kLengthsAndCrc);
    if (!record) {
      violations.push_back(fmt::format("reads: {} from {}: {}", key.to_string(), place.next, record.error().message()));
      return;
    }
    if (record->m.queueOffset != place.next) {
      violations.push_back(fmt::format("dense: {} gives offset {} where {} was asked for", key.to_string(), record->m.queueOffset, place.next));
    }
    seen[key][record->m.queueOffset] = std::string(as_text(record->m.body));
    message(key, *record);
    place.next = record->m.queueOffset + 1;
    rest = rest.subspan(record->bytes.size());
  }
  place.max = response.header.maxOffset.value_or(place.max);
}

}  // namespace mq::sim
