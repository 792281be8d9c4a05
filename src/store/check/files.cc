#include "store/check/files.h"

#include <algorithm>

#include "store/format/segment_name.h"
#include "store/queue_files.h"

namespace mq::store {

Result<LogFiles> open_log_files(env::FileSystem& fs, const std::string& dir) {
  MQ_TRY(const auto entries, fs.list(dir));
  LogFiles files;
  for (const env::DirEntry& e : entries) {
    const auto base = e.is_dir ? std::nullopt : parse_segment_name(e.name);
    if (!base || e.size == 0) {
      (base ? files.empty : files.strange).push_back(e.name);
      continue;
    }
    MQ_TRY(auto file, MappedFile::open(fs, dir, *base, e.size, env::Open::kRead));
    files.list.push_back(std::move(file));
  }
  return files;
}

std::optional<CqEntry> QueueView::entry(int64_t index) const noexcept {
  const auto after = std::upper_bound(parts.begin(), parts.end(), index, [](int64_t i, const Part& p) { return i < p.base; });
  if (after == parts.begin()) return std::nullopt;
  const Part& part = *std::prev(after);
  return index < part.base + part.count ? std::optional(part.entry(index)) : std::nullopt;
}

void QueueView::bad(int64_t index, int64_t& counter) noexcept {
  ++counter;
  if (first_bad < 0 || index < first_bad) first_bad = index;
}

static Result<QueueView> open_queue(env::FileSystem& fs, const std::string& dir) {
  QueueView q;
  q.dir = dir;
  MQ_TRY(const auto entries, fs.list(dir));
  for (const env::DirEntry& e : entries) {
    const auto base = e.is_dir ? std::nullopt : parse_segment_name(e.name);
    if (!base || e.size < CqEntry::kBytes || e.size % CqEntry::kBytes != 0 || *base % CqEntry::kBytes != 0) {
      q.strange.push_back(e.name);
      q.hole = q.hole || base;
      continue;
    }
    MQ_TRY(const auto file, fs.open(dir + "/" + e.name, env::Open::kRead));
    MQ_TRY(auto mapping, file->map(e.size, false));
    const QueueView::Part part{*base / CqEntry::kBytes, e.size / CqEntry::kBytes, std::move(mapping)};
    if (q.parts.empty()) q.file_entries = part.count;
    if (part.count != q.file_entries || (!q.parts.empty() && part.base != q.parts.back().base + q.parts.back().count)) q.hole = true;
    q.parts.push_back(part);
  }
  for (size_t i = q.parts.size(); i-- > 0 && q.end == 0;) {
    const QueueView::Part& p = q.parts[i];
    for (int64_t n = p.base + p.count; n-- > p.base && q.end == 0;) {
      if (p.entry(n).valid()) q.end = n + 1;
    }
  }
  return q;
}

Result<QueueViews> open_queues(env::FileSystem& fs, const std::string& dir) {
  QueueViews all;
  const auto topics = fs.list(dir);
  for (const env::DirEntry& topic : topics ? *topics : std::vector<env::DirEntry>{}) {
    if (!topic.is_dir) continue;
    MQ_TRY(const auto ids, fs.list(dir + "/" + topic.name));
    for (const env::DirEntry& id : ids) {
      const auto queue_id = id.is_dir ? parse_queue_id(id.name) : std::nullopt;
      if (!queue_id) continue;
      MQ_TRY(QueueView q, open_queue(fs, dir + "/" + topic.name + "/" + id.name));
      q.topic = topic.name;
      q.queue_id = *queue_id;
      all.emplace(std::pair(topic.name, *queue_id), std::move(q));
    }
  }
  return all;
}

Result<IndexView> open_index(env::FileSystem& fs, const std::string& path, IndexLayout layout) {
  MQ_TRY(const auto file, fs.open(path, env::Open::kRead));
  MQ_TRY(const int64_t size, file->size());
  if (size != layout.file_bytes()) {
    return fail(Errc::kCorrupt, "has " + std::to_string(size) + " bytes, an index file of " + std::to_string(layout.slots) + " slots and " +
                                    std::to_string(layout.entries) + " entries has " + std::to_string(layout.file_bytes()));
  }
  IndexView view{path, layout, nullptr, 1};
  MQ_TRY(view.bytes, file->map(size, false));
  view.header_fits = index_header_fits(view.bytes->data(), layout);
  view.count = view.header_fits ? index_count(view.bytes->data(), layout)
                                : index_entries_end(view.bytes->data(), layout, [](int32_t, const IndexEntry&) { return true; });
  return view;
}

}  // namespace mq::store
