#include "store/queue_order.h"

#include <algorithm>
#include <bit>

#include "store/format/consume_queue_entry.h"

namespace mq::store {
namespace {

constexpr size_t kHeld = 3;                 // one that may be damaged and two that tell
constexpr int64_t kMostMissing = 1 << 20;   // entries of no message that a gap is filled with

int64_t end_of(const RecordView& r) noexcept { return r.m.physicalOffset + static_cast<int64_t>(r.bytes.size()); }
int64_t records_in(int64_t bytes) noexcept { return bytes / static_cast<int64_t>(record_size({})); }

}  // namespace

bool is_queue_offset(int64_t index) noexcept { return index >= 0 && index < INT64_MAX / CqEntry::kBytes / 2; }

/// How many are missing between the two; nullopt: they contradict each other.
std::optional<int64_t> QueueOrder::gap(const End& before, const RecordView& r) noexcept {
  const int64_t missing = r.m.queueOffset - before.next;
  const int64_t most = std::min(kMostMissing, records_in(r.m.physicalOffset - before.phy));
  return missing < 0 || missing > most ? std::nullopt : std::optional(missing);
}

/// Of those held whose bits are set, when none of them contradicts another. The first one may be further from the last one placed than the log
/// explains, but then that one does not speak for it.
std::optional<QueueOrder::Verdict> QueueOrder::judge(uint32_t chosen) const noexcept {
  Verdict verdict{.score = end_.next >= 0 ? 1 : 0};
  End before = end_;
  for (size_t i = 0; i < held_.size(); ++i) {
    if (!(chosen >> i & 1)) continue;
    const RecordView& r = held_[i];
    if (before.next < 0) {
      verdict.missing += std::max(int64_t{0}, r.m.queueOffset - records_in(r.m.physicalOffset));   // more than the log ever had before it
    } else if (const auto missing = gap(before, r)) {
      verdict.missing += *missing;
    } else if (verdict.score == 1 && before.next == end_.next && r.m.queueOffset - before.next <= kMostMissing) {
      verdict = {.score = 0, .missing = r.m.queueOffset - before.next};
    } else {
      return std::nullopt;
    }
    ++verdict.score;
    before = {r.m.queueOffset + 1, end_of(r)};
  }
  return verdict;
}

void QueueOrder::place(const RecordView& r, std::vector<Placed>& out) {
  const bool first = end_.next < 0;
  out.push_back({.record = r, .first = first, .missing = first ? 0 : r.m.queueOffset - end_.next});
  end_ = {r.m.queueOffset + 1, end_of(r)};
}

/// Most that agree are right; of as many, those that leave less out.
void QueueOrder::decide(bool all, std::vector<Placed>& out) {
  uint32_t best = 0;
  Verdict best_verdict = *judge(0);
  for (uint32_t chosen = 1; chosen < 1U << held_.size(); ++chosen) {
    const auto v = judge(chosen);
    if (!v || v->score < best_verdict.score || (v->score == best_verdict.score && v->missing >= best_verdict.missing)) continue;
    best = chosen;
    best_verdict = *v;
  }
  std::vector<RecordView> waits;
  for (size_t i = 0; i < held_.size(); ++i) {
    const RecordView& r = held_[i];
    const bool right = best >> i & 1, last = best >> i == 1;
    if (right && last && !all && r.m.queueOffset != end_.next) waits.push_back(r);   // nobody has spoken for it
    else if (right) place(r, out);
    else out.push_back({.record = r, .left_out = true});
  }
  held_ = std::move(waits);
}

void QueueOrder::add(const RecordView& r, std::vector<Placed>& out) {
  if (!is_queue_offset(r.m.queueOffset) || r.m.queueOffset < end_.next) return out.push_back({.record = r, .left_out = true});
  if (held_.empty() && r.m.queueOffset == end_.next) return place(r, out);
  held_.push_back(r);
  if (held_.size() == kHeld) decide(false, out);
}

void QueueOrder::finish(std::vector<Placed>& out) { decide(true, out); }

}  // namespace mq::store
