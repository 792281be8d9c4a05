// The files of a store, opened for reading only and without any change, for checks and dumps.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "store/commit_log.h"
#include "store/format/consume_queue_entry.h"
#include "store/format/index_layout.h"
#include "store/mapped_file.h"

namespace mq::store {

/// The CommitLog's files in order, and the names of what is not read: empty ones, others.
struct LogFiles {
  FileList list;
  std::vector<std::string> empty;
  std::vector<std::string> strange;
};
Result<LogFiles> open_log_files(env::FileSystem& fs, const std::string& dir);

/// A ConsumeQueue's files, mapped.
struct QueueView {
  struct Part {
    int64_t base = 0;            // in entries
    int64_t count = 0;
    std::shared_ptr<env::Mapping> bytes;
    CqEntry entry(int64_t index) const noexcept { return CqEntry::load(bytes->data() + (index - base) * CqEntry::kBytes); }
  };
  std::string topic;
  int32_t queue_id = 0;
  std::string dir;
  std::vector<Part> parts;
  std::vector<std::string> strange;   // names of files that cannot belong to it
  int64_t file_entries = 0;           // of one file
  bool hole = false;                  // a file is missing or of another size
  int64_t end = 0;                    // behind the last entry that is one

  // Filled by the check.
  int64_t live = 0, matched = 0, wrong = 0, missing = 0, first_bad = -1;

  /// nullopt where no file is.
  std::optional<CqEntry> entry(int64_t index) const noexcept;
  void bad(int64_t index, int64_t& counter) noexcept;
};
using QueueViews = std::map<std::pair<std::string, int32_t>, QueueView>;
Result<QueueViews> open_queues(env::FileSystem& fs, const std::string& dir);

struct IndexView {
  std::string path;
  IndexLayout layout;
  std::shared_ptr<env::Mapping> bytes;
  int32_t count = 1;                  // number of the next entry, as the entries themselves say when the header does not fit
  bool header_fits = true;

  int32_t get32(int64_t at) const noexcept { return load_be<int32_t>(bytes->data() + at); }
  int64_t begin_timestamp() const noexcept { return load_be<int64_t>(bytes->data()); }
  int64_t end_timestamp() const noexcept { return load_be<int64_t>(bytes->data() + 8); }
  IndexEntry entry(int64_t number) const noexcept { return index_entry(bytes->data(), layout, number); }
};
/// Errors: kCorrupt when the size is not the layout's, kIo.
Result<IndexView> open_index(env::FileSystem& fs, const std::string& path, IndexLayout layout);

}  // namespace mq::store
