#include "store/expiry.h"

#include <algorithm>

#include "base/log.h"
#include "base/time_text.h"

namespace mq::store {
namespace {

Logger log("store");
constexpr int64_t kHourMs = 3'600'000;
constexpr int64_t kReserveBytes = 16 << 20;   // below this much free space nothing is accepted, whatever the ratio

}  // namespace

void Expiry::watch_disk() {
  const auto usage = fs_.disk_usage(log_.dir());
  if (!usage || usage->total_bytes <= 0) return;
  const int64_t used = usage->total_bytes - usage->usable_bytes;
  const int64_t ratio = (used * 100 + usage->total_bytes - 1) / usage->total_bytes;
  ratio_.store(ratio, std::memory_order_relaxed);
  total_.store(usage->total_bytes, std::memory_order_relaxed);
  free_.store(usage->usable_bytes, std::memory_order_relaxed);
  const int64_t warning = config_.diskSpaceWarningLevelRatio.used();
  const int64_t forcibly = config_.diskSpaceCleanForciblyRatio.used();
  if (ratio > warning || usage->usable_bytes < kReserveBytes) {
    const std::string why = "the disk of " + log_.dir() + " is " + std::to_string(ratio) + " % full, " + std::to_string(usage->usable_bytes >> 20) +
                            " MiB are free, and diskSpaceWarningLevelRatio is " + std::to_string(warning) + " %";
    if (gate_.close(Closed::kDiskFull, why)) log.error("no message is accepted: {}", why);
    run(true);
  } else if (gate_.is_closed_by(Closed::kDiskFull) && ratio <= std::max(forcibly, warning)) {
    gate_.reopen(Closed::kDiskFull);
    log.info("the disk has room again ({} % used): messages are accepted", ratio);
  }
  if (gate_.is_closed_by(Closed::kLogWriteFailed) && usage->usable_bytes >= kReserveBytes) gate_.reopen(Closed::kLogWriteFailed);
}

bool Expiry::hour_of_deletion() const {
  return config_.deleteWhen().find(time_text(local_time(clock_.now_ms()), "%H")) != std::string::npos;
}

int Expiry::remove_log_files(bool by_age, bool by_need) {
  int removed = 0;
  const auto files = log_.files();
  for (size_t i = 0; i + 1 < files->size() && removed < config_.deleteFileBatchMax(); ++i) {
    const auto& file = (*files)[i];
    const auto entry = fs_.stat(file->path());
    const bool old = entry && clock_.now_ms() - entry->mtime_ms >= config_.fileReservedTime() * kHourMs;
    if (!(by_need || (by_age && old))) break;
    log.info("{} is removed: {}", file->path(), old ? "it is older than fileReservedTime" : "the disk is too full");
    log_.forget(file);
    if (auto r = fs_.remove(file->path()); !r) log.warn("{}", r.error().message());
    ++removed;
  }
  return removed;
}

void Expiry::run(bool now) {
  const int64_t ratio = ratio_.load(std::memory_order_relaxed);
  const bool need = config_.cleanFileForciblyEnable() && ratio > config_.diskSpaceCleanForciblyRatio.used();
  const bool due = now || need || hour_of_deletion() || ratio > config_.diskMaxUsedSpaceRatio.used();
  if (due) remove_log_files(due, need);
  follow_log_min();
}

/// ConsumeQueueExt files before the unit of the queue's first entry go.
void Expiry::remove_ext_files(const ConsumeQueue& q) {
  if (!q.ext()) return;
  const auto e = q.entry(q.min(), files_);
  if (!e || !ExtUnit::is_address(e->tagsCode)) return;
  if (auto r = q.ext()->remove_before(e->tagsCode); !r) log.warn("topic {} queue {}: {}", q.topic(), q.queue_id(), r.error().message());
}

/// Queues follow the log: entries of messages that are gone are not offered any more, files full of them go.
void Expiry::follow_log_min() {
  const int64_t min = log_.min();
  if (min == followed_min_) return;
  followed_min_ = min;
  for (const auto& q : queues_.all()) {
    const auto first = q->partition(q->min(), q->max(), files_, [min](const CqEntry& e) { return e.is_prefill() || e.phy < min; });
    if (!first) continue;
    q->set_min(*first);
    remove_ext_files(*q);
    if (auto r = q->remove_expired_files(files_); !r) log.warn("topic {} queue {}: {}", q->topic(), q->queue_id(), r.error().message());
  }
}

}  // namespace mq::store
