// Reading the CommitLog record by record, as recovery and checks do.
#pragma once

#include <functional>

#include "msg/record.h"
#include "store/commit_log.h"

namespace mq::store {

enum class OnDamage : uint8_t { kStop, kSkip };

/// Visits the records that begin in [from, to) in order, until one is damaged, the files end, or `visit` returns false.
/// Returns the position of the first record that was not visited. With kSkip a damaged place is left out up to the next
/// whole record that says where it stands, or the next file; `lost(from, to)`, when given, hears of it.
int64_t scan_log(const FileList& files, int64_t from, int64_t to, RecordCheck check, OnDamage on_damage, const std::function<bool(const RecordView&)>& visit,
                 const std::function<void(int64_t from, int64_t to)>& lost = {});

/// The record at `phy`: whole by its lengths, and saying that it stands there. nullopt for anything else.
std::optional<RecordView> record_in(const FileList& files, int64_t phy, RecordCheck check = RecordCheck::kLengths) noexcept;

/// Where in [from, to) of the file the next such record begins; `to` when there is none.
int64_t next_record(const MappedFile& file, int64_t from, int64_t to) noexcept;

}  // namespace mq::store
