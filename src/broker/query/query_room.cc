#include "broker/query/query_room.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "base/log.h"
#include "broker/core/overload.h"
#include "store/format/ext_unit.h"
#include "wire/base64.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using remoting::Responder;
using wire::ResponseCode;

namespace {
Logger log("query");

/// As Java prints its BitsArray: the last byte first, highest bits first, a line for every eight bytes.
std::string bits_text(ByteView map) {
  std::string text;
  for (size_t i = map.size(); i-- > 0;) {
    for (int bit = 7; bit >= 0; --bit) text += (std::to_integer<int>(map[i]) >> bit) & 1 ? '1' : '0';
    if (i % 8 == 0) text += '\n';
  }
  return text;
}

std::string unit_text(const store::Store::EntryExt& unit, int64_t tagsCode) {
  Json j = Json::object();
  if (!unit.bit_map.empty()) j.add("filterBitMap", wire::base64(unit.bit_map));
  j.add("msgStoreTime", unit.storeTimestamp)
      .add("size", store::ExtUnit::kHeadBytes + static_cast<int64_t>(unit.bit_map.size()))
      .add("tagsCode", tagsCode);
  return to_text(j);
}

/// What the ConsumeQueue alone says of a message: the tag's hash, or the bit map of the group's filter.
bool passes(const wire::SubscriptionData& s, const ConsumerFilterRef& filter, int32_t bits, int64_t tagsCode, const store::Store::EntryExt& unit) {
  if (s.classFilterMode) return true;
  if (wire::is_tag_type(s.expressionType)) return s.matches_all() || s.codeSet.contains(static_cast<int32_t>(tagsCode));
  return !filter || !filter->compiled || filter->may_match(unit.storeTimestamp, unit.bit_map, bits);
}

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
    (void)job->responder.refuse(ResponseCode::SYSTEM_BUSY, kOverloadRemark);
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
      if (r.records.empty()) {
        out.indexLastUpdateTimestamp = out.indexLastUpdatePhyoffset = 0;   // QUIRK: of an index in which nothing is found nothing is told
        (void)responder.answer(ResponseCode::QUERY_NOT_FOUND, out, "can not find message, maybe time range not correct");
        return;
      }
      out.indexLastUpdateTimestamp = r.index_last_update_timestamp;
      out.indexLastUpdatePhyoffset = r.index_last_update_phyoffset;
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

Json QueryRoom::queue_entry(const store::Queue& q, int64_t index, std::string_view group, const wire::SubscriptionData* subscription) const {
  store::Store::EntryExt unit;
  const auto entry = broker_.store.entry_at(q, {index}, &unit);
  if (!entry) return nullptr;
  Json j = Json::object();
  if (!unit.bit_map.empty()) j.add("bitMap", bits_text(unit.bit_map));
  j.add("eval", unit.found && subscription &&
                    passes(*subscription, meta_.filters.find(subscription->topic, group), meta_.filters.bloom().bits(), entry->tagsCode, unit));
  if (unit.found) j.add("extendDataJson", unit_text(unit, entry->tagsCode));
  else if (unit.addressed) j.add("msg", fmt::format("Cq extend not exist!addr: {}", entry->tagsCode));
  j.add("physicOffset", entry->phy.bytes).add("physicSize", int64_t{entry->size}).add("tagsCode", entry->tagsCode);
  return j;
}

/// QUIRK: an index outside the queue is a success with a remark and no body; `eval` is false for an entry without a ConsumeQueueExt unit.
Answer QueryRoom::consume_queue(const wire::QueryConsumeQueueHeader& h, Request& request) {
  const store::QueueRef q = broker_.store.find_queue(h.topic, h.queueId);
  if (!q) return request.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("{}@{} is not exist!", h.queueId, h.topic));
  const int64_t min = broker_.store.min_offset(*q).index, max = broker_.store.max_offset(*q).index;
  if (h.index < min || h.index >= max) {
    return request.answer(ResponseCode::SUCCESS, wire::NoHeader{}, fmt::format("Index {} of {}@{} is not exist!", h.index, h.queueId, h.topic));
  }
  const std::string_view group = h.consumerGroup ? std::string_view(*h.consumerGroup) : std::string_view();
  const auto subscription = h.consumerGroup ? meta_.clients.subscription(group, h.topic) : nullptr;
  Json entries = Json::array();
  for (int64_t i = h.index; i < max && i - h.index < std::clamp(h.count, 0, kMostEntries); ++i) {
    Json entry = queue_entry(*q, i, group, subscription.get());
    if (entry.is_null()) break;
    entries.push(std::move(entry));
  }
  Json body = Json::object();
  if (subscription) {
    const auto filter = meta_.filters.find(h.topic, group);
    body.add("filterData", filter ? to_text(meta_.filters.to_json(*filter), {.pretty = true}) : "null");
  } else if (h.consumerGroup) {
    body.add("filterData", fmt::format("{}@{} is not online!", group, h.topic));
  }
  body.add("maxQueueIndex", max).add("minQueueIndex", min).add("queueData", std::move(entries));
  if (subscription) body.add("subscriptionData", to_json(*subscription));
  return request.ok_body(to_text(body));
}

}  // namespace mq::broker
