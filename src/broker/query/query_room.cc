#include "broker/query/query_room.h"

#include <fmt/format.h>

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

Answer QueryRoom::elsewhere(Request& request, UniqueFunction<UniqueFunction<void(Responder&)>()> work) {
  env::Loop& reader = *broker_.read_loops[next_reader_.fetch_add(1, std::memory_order_relaxed) % broker_.read_loops.size()];
  const bool posted = reader.post([responder = request.responder(), work = std::move(work)]() mutable {
    UniqueFunction<void(Responder&)> answer = work();
    env::Loop& home = responder.session().loop();
    const bool back = home.post([responder = std::move(responder), answer = std::move(answer)]() mutable { answer(responder); });
    if (!back) log.warn("the answer to a query is dropped: the io loop's queue is full");
  });
  if (!posted) return request.refuse(ResponseCode::SYSTEM_BUSY, "[OVERLOAD]system busy, start flow control for a while");
  return request.later();
}

Answer QueryRoom::query(const wire::QueryMessageHeader& h, Request& request) {
  const bool unique = request.frame().ext.find("_UNIQUE_KEY_QUERY") == "true";
  auto header = std::make_shared<wire::QueryMessageHeader>(h);
  if (unique) header->maxNum = kUniqueKeyMax;
  return elsewhere(request, [this, header]() -> UniqueFunction<void(Responder&)> {
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
  });
}

Answer QueryRoom::view(const wire::ViewMessageHeader& h, Request& request) {
  const int64_t offset = h.offset;
  return elsewhere(request, [this, offset]() -> UniqueFunction<void(Responder&)> {
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
}

}  // namespace mq::broker
