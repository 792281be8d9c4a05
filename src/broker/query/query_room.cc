#include "broker/query/query_room.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/log.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using remoting::Responder;
using wire::ResponseCode;

namespace {
Logger log("query");
}

void QueryRoom::elsewhere(Responder responder, Work work) {
  env::Loop& home = responder.session().loop();
  struct Job {
    Responder responder;
    Work work;
  };
  auto job = std::make_shared<Job>(std::move(responder), std::move(work));   // a full queue drops what is posted
  const bool posted = broker_.next_read_loop().post([job, &home] {
    const bool back = home.post([job, answer = job->work()]() mutable { answer(job->responder); });
    if (!back) log.warn("the answer to a query is dropped: the io loop's queue is full");
  });
  if (posted) return;
  const bool back = home.post([job] {
    (void)job->responder.refuse(ResponseCode::SYSTEM_BUSY, "[OVERLOAD]system busy, start flow control for a while");
  });
  if (!back) log.warn("a query is dropped: the queues of the read loop and the io loop are full");
}

Answer QueryRoom::query(const wire::QueryMessageHeader& h, Request& request) {
  const bool unique = request.frame().ext.find("_UNIQUE_KEY_QUERY") == "true";
  auto header = std::make_shared<wire::QueryMessageHeader>(h);
  if (unique) header->maxNum = kUniqueKeyMax;
  Work work = [this, header]() -> UniqueFunction<void(Responder&)> {
    auto found = std::make_shared<Result<store::QueryResult>>(
        broker_.store.query(header->topic, header->key, header->maxNum, header->beginTimestamp, header->endTimestamp));
    return [found](Responder& responder) {
      wire::QueryMessageResponseHeader out;
      if (!*found) {
        (void)responder.refuse(ResponseCode::SYSTEM_ERROR, found->error().message());
        return;
      }
      store::QueryResult& r = **found;
      out.indexLastUpdateTimestamp = r.index_last_update_timestamp;
      out.indexLastUpdatePhyoffset = r.index_last_update_phyoffset;
      if (r.records.empty()) {
        (void)responder.answer(ResponseCode::QUERY_NOT_FOUND, out, "can not find message, maybe time range not correct");
        return;
      }
      size_t bytes = 0;
      for (const env::PinnedBytes& p : r.records) bytes += p.bytes.size();
      (void)responder.answer_pinned(ResponseCode::SUCCESS, out, {}, r.records, bytes);
    };
  };
  // Who was answered a send finds the message at once (Java: some milliseconds later).
  broker_.store.when_indexed([this, responder = request.responder(), work = std::move(work)]() mutable {
    elsewhere(std::move(responder), std::move(work));
  });
  return request.later();
}

Answer QueryRoom::view(const wire::ViewMessageHeader& h, Request& request) {
  const int64_t offset = h.offset;
  elsewhere(request.responder(), [this, offset]() -> UniqueFunction<void(Responder&)> {
    auto found = std::make_shared<Result<env::PinnedBytes>>(broker_.store.record_at({offset}));
    return [found, offset](Responder& responder) {
      if (!*found) {
        (void)responder.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("can not find message by the offset, {}", offset));
        return;
      }
      env::PinnedBytes piece = std::move(**found);
      const size_t bytes = piece.bytes.size();
      (void)responder.answer_pinned(ResponseCode::SUCCESS, wire::NoHeader{}, {}, std::span(&piece, 1), bytes);
    };
  });
  return request.later();
}

/// QUIRK: an index outside the queue is a success with a remark and no body; `eval` is false for an entry without a ConsumeQueueExt unit.
/// Units themselves are not shown: extendDataJson, bitMap and `eval` of them, and the group's filter.
Answer QueryRoom::consume_queue(const wire::QueryConsumeQueueHeader& h, Request& request) {
  const store::QueueRef q = broker_.store.find_queue(h.topic, h.queueId);
  if (!q) return request.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("{}@{} is not exist!", h.queueId, h.topic));
  const int64_t min = broker_.store.min_offset(*q).index, max = broker_.store.max_offset(*q).index;
  if (h.index < min || h.index >= max) {
    return request.answer(ResponseCode::SUCCESS, wire::NoHeader{}, fmt::format("Index {} of {}@{} is not exist!", h.index, h.queueId, h.topic));
  }
  const auto subscription = h.consumerGroup ? meta_.clients.subscription(*h.consumerGroup, h.topic) : nullptr;
  Json entries = Json::array();
  for (int64_t i = h.index; i < max && i - h.index < std::clamp(h.count, 0, kMostEntries); ++i) {
    const auto entry = broker_.store.entry_at(*q, {i});
    if (!entry) break;
    entries.push(Json::object()
                     .add("eval", false)
                     .add("physicOffset", entry->phy.bytes)
                     .add("physicSize", int64_t{entry->size})
                     .add("tagsCode", entry->tagsCode));
  }
  Json body = Json::object();
  if (h.consumerGroup && !subscription) body.add("filterData", fmt::format("{}@{} is not online!", *h.consumerGroup, h.topic));
  else if (subscription) body.add("filterData", "null");
  body.add("maxQueueIndex", max).add("minQueueIndex", min).add("queueData", std::move(entries));
  if (subscription) body.add("subscriptionData", to_json(*subscription));
  return request.ok_body(to_text(body));
}

}  // namespace mq::broker
