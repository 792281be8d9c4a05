#include "store/check/store_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "store/check/checker.h"
#include "store/format/ext_unit.h"
#include "store/format/segment_name.h"
#include "store/log_scan.h"

namespace mq::store {
namespace {

using Level = Finding::Level;

constexpr size_t kNamedRanges = 20;

bool all_zero(const FileList& files, int64_t from, int64_t to) {
  for (const auto& f : files) {
    const int64_t first = std::max(from, f->base()), last = std::min(to, f->end());
    if (first >= last) continue;
    const ByteView bytes = f->view(first, last - first);
    if (std::any_of(bytes.begin(), bytes.end(), [](std::byte b) { return b != std::byte{}; })) return false;
  }
  return true;
}

/// What most index files are, when the ratio of slots to entries is RocketMQ's.
std::optional<IndexLayout> guess_layout(const std::vector<env::DirEntry>& entries) {
  std::map<int64_t, int> sizes;
  for (const env::DirEntry& e : entries) {
    if (!e.is_dir && IndexLayout::of_size(e.size)) ++sizes[e.size];
  }
  const auto most = std::max_element(sizes.begin(), sizes.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  return most == sizes.end() ? std::nullopt : IndexLayout::of_size(most->first);
}

}  // namespace

bool StoreReport::damaged() const {
  return std::any_of(findings.begin(), findings.end(), [](const Finding& f) { return f.level == Level::kDamage && !f.repaired; });
}

Json StoreReport::to_json() const {
  Json list = Json::array();
  for (const Finding& f : findings) {
    list.push(Json::object().add("level", f.level == Level::kDamage ? "damage" : "note").add("where", f.where).add("what", f.what).add("repair", f.repair).add("repaired", f.repaired));
  }
  Json out = Json::object();
  out.add("root", root).add("live", live).add("crashed", crashed).add("damaged", damaged());
  out.add("commitLog", Json::object().add("files", log_files).add("minOffset", log_min).add("maxOffset", log_end).add("messages", records));
  out.add("consumeQueue", Json::object().add("queues", queues).add("entries", entries).add("pendingEntries", pending_entries));
  out.add("index", Json::object().add("files", index_files).add("entries", index_entries));
  out.add("findings", std::move(list));
  return out;
}

std::string StoreReport::to_text() const {
  std::string text = fmt::format("store {}{}{}\n", root, live ? ", in use by another process" : "", crashed ? ", its last broker did not stop in order" : "");
  text += fmt::format("  CommitLog     {} files, [{}, {}), {} messages\n", log_files, log_min, log_end, records);
  text += fmt::format("  ConsumeQueue  {} queues, {} entries{}\n", queues, entries,
                      pending_entries ? fmt::format(", {} more that a broker adds from the log", pending_entries) : "");
  text += fmt::format("  index         {} files, {} entries\n", index_files, index_entries);
  for (const Finding& f : findings) {
    text += fmt::format("{} {}: {}\n", f.repaired ? "REPAIRED" : f.level == Level::kDamage ? "DAMAGE  " : "note    ", f.where, f.what);
    if (!f.repair.empty() && !f.repaired) text += fmt::format("         --repair: {}\n", f.repair);
  }
  return text + (damaged() ? "damaged\n" : "sound\n");
}

// --- StoreChecker: reading ------------------------------------------------------------------------------------------------

void StoreChecker::add(Level level, std::string where, std::string what, std::string repair, std::function<Result<>()> act) {
  report_.findings.push_back({level, std::move(where), std::move(what), std::move(repair), false});
  actions_.push_back(std::move(act));
}

Result<StoreReport> StoreChecker::run() {
  report_.root = options_.root;
  if (options_.commit_log.empty()) options_.commit_log = options_.root + "/commitlog";
  if (!fs_.exists(options_.commit_log)) return fail(Errc::kNotFound, "there is no store: no folder " + options_.commit_log);
  report_.crashed = fs_.exists(path("abort"));
  std::unique_ptr<env::FileLock> lock;
  if (fs_.exists(path("lock"))) {
    auto taken = fs_.lock(path("lock"));
    if (taken) lock = std::move(*taken);
    report_.live = !taken && taken.error().code() == Errc::kBusy;
  }
  if (report_.live && options_.repair) return fail(Errc::kBusy, "a broker uses the store; stop it before a repair").at(options_.root);
  MQ_TRY_VOID(deleted_.load());
  MQ_TRY_VOID(check_log());
  check_tables();
  check_queues();
  check_index();
  check_checkpoint();
  if (options_.repair) MQ_TRY_VOID(repair());
  return std::move(report_);
}

Result<> StoreChecker::check_log() {
  MQ_TRY(LogFiles found, open_log_files(fs_, options_.commit_log));
  for (const std::string& name : found.strange) add(Level::kNote, options_.commit_log + "/" + name, "is no file of the CommitLog");
  for (const std::string& name : found.empty) {
    const std::string file = options_.commit_log + "/" + name;
    if (found.list.empty() || *parse_segment_name(name) > found.list.back()->base()) {
      add(Level::kNote, file, "is empty; the next start removes it");
    } else {   // a broker would read the whole of it as zeros
      add(Level::kDamage, file, "is empty: what it held is lost", "it is kept aside",
          [this, file, name] { return fs_.rename(file, env::free_name(fs_, path("commitlog." + name + ".bad"))); });
    }
  }
  files_ = std::move(found.list);
  MQ_TRY(queues_, open_queues(fs_, path("consumequeue")));
  open_index_files();
  report_.log_files = static_cast<int64_t>(files_.size());
  if (files_.empty()) return {};
  report_.log_min = report_.log_end = files_.front()->base();
  IndexCheck index(std::move(index_files_), report_.log_min);
  std::vector<std::pair<int64_t, int64_t>> lost;
  scan_log(files_, report_.log_min, INT64_MAX, RecordCheck::kLengthsAndCrc, OnDamage::kSkip, [&](const RecordView& r) {
    ++report_.records;
    report_.log_end = r.m.physicalOffset + static_cast<int64_t>(r.bytes.size());
    last_time_ = std::max(last_time_, r.m.storeTimestamp);
    visit(r);
    index.visit(r);
    return true;
  }, [&](int64_t from, int64_t to) { lost.emplace_back(from, to); });
  index.finish();
  index_ = std::make_unique<IndexCheck>(std::move(index));
  judge_lost(lost);
  return {};
}

/// What lies behind the last message is its end when it is zero, a torn message otherwise; before it, messages are lost.
void StoreChecker::judge_lost(const std::vector<std::pair<int64_t, int64_t>>& lost) {
  int64_t ranges = 0, bytes = 0;
  for (const auto& [from, to] : lost) {
    if (from >= report_.log_end) continue;
    bytes += to - from;
    if (ranges++ < static_cast<int64_t>(kNamedRanges)) {
      add(Level::kDamage, options_.commit_log, fmt::format("no message can be read from {} to {}: {} bytes are lost", from, to, to - from));
    }
  }
  if (ranges > static_cast<int64_t>(kNamedRanges)) add(Level::kDamage, options_.commit_log, fmt::format("{} such ranges, {} bytes in all", ranges, bytes));
  // The filler of a full file ends it; then the log ends with the file.
  int64_t end = report_.log_end;
  if (const auto* file = CommitLog::find(files_, end)) {
    const ByteView rest = (*file)->view(end, (*file)->end() - end);
    if (rest.size() >= 8 && is_filler(rest)) end = (*file)->end();
  }
  report_.log_end = end;
  if (all_zero(files_, end, INT64_MAX)) return;
  add(report_.live ? Level::kNote : Level::kDamage, options_.commit_log, fmt::format("behind the last whole message, at {}, stands a torn one", end),
      report_.live ? "" : fmt::format("everything from {} on becomes zero", end), [this, end] { return cut_tail(end); });
}

void StoreChecker::visit(const RecordView& r) {
  if (!sys_flag::reaches_queue(r.m.sysFlag) || r.m.physicalOffset < deleted_.deleted_before(r.m.topic)) return;
  const auto found = queues_.find({std::string(r.m.topic), r.m.queueId});
  if (found == queues_.end()) {
    ++absent_[{std::string(r.m.topic), r.m.queueId}];
    return;
  }
  QueueView& q = found->second;
  const int64_t index = r.m.queueOffset;
  const bool pending = index >= q.end && (report_.live || report_.crashed);   // a broker enters it from the log
  const auto e = q.entry(index);
  if (pending) {
    ++report_.pending_entries;
  } else if (!e || !e->valid() || e->is_prefill()) {
    q.bad(index, q.missing);
  } else if (const CqEntry expected = entry_of(r, {}); e->phy != expected.phy || e->size != expected.size ||
             !(e->tagsCode == expected.tagsCode || ExtUnit::is_address(e->tagsCode) ||
               (r.m.topic == kScheduleTopic && e->tagsCode >= r.m.storeTimestamp))) {
    q.bad(index, q.wrong);
  } else {
    ++q.matched;
  }
}

void StoreChecker::check_queues() {
  for (auto& [key, q] : queues_) {
    ++report_.queues;
    const std::string name = fmt::format("topic {} queue {}", q.topic, q.queue_id);
    for (const std::string& file : q.strange) add(Level::kNote, q.dir + "/" + file, "is no ConsumeQueue file");
    for (const QueueView::Part& p : q.parts) {
      for (int64_t n = p.base; n < std::min(p.base + p.count, q.end); ++n) {
        const CqEntry e = p.entry(n);
        if (e.valid() && !e.is_prefill() && e.phy >= report_.log_min && !(report_.live && e.end() > report_.log_end)) ++q.live;
      }
    }
    report_.entries += q.live;
    std::string what;
    const auto say = [&](std::string text) { what += (what.empty() ? "" : ", ") + text; };
    if (q.hole) say("a file is missing or has another size");
    if (q.missing > 0) say(fmt::format("{} messages have no entry", q.missing));
    if (q.wrong > 0) say(fmt::format("{} entries are not what their messages say", q.wrong));
    if (const int64_t extra = q.live - q.matched - q.wrong; extra > 0) say(fmt::format("{} entries lead to no message of the queue", extra));
    if (what.empty()) continue;
    if (q.first_bad >= 0) say(fmt::format("the first at offset {}", q.first_bad));
    broken_.insert(key);
    add(Level::kDamage, name, what, "its files are kept aside and written again from the CommitLog", [this, queue = key] { return rebuild_queue(queue); });
  }
  for (const auto& [key, count] : absent_) {
    const auto& [topic, queue_id] = key;
    const bool known = topics_["topicConfigTable"].find(topic) != nullptr;
    const std::string what = fmt::format("{} messages in the log and no ConsumeQueue", count);
    if (report_.live || report_.crashed) {
      report_.pending_entries += count;
    } else if (known) {
      broken_.insert(key);
      add(Level::kDamage, fmt::format("topic {} queue {}", topic, queue_id), what, "it is written from the CommitLog", [this, queue = key] { return rebuild_queue(queue); });
    } else {
      add(Level::kNote, fmt::format("topic {} queue {}", topic, queue_id), what + "; topics.json does not know the topic, it was deleted");
    }
  }
}

void StoreChecker::add_bad_index(const std::string& file, std::string what) {
  if (oldest_bad_index_.empty() || file < oldest_bad_index_) oldest_bad_index_ = file;
  add(Level::kDamage, file, std::move(what), "it and those behind it are kept aside, their messages are entered again", [this] { return rebuild_index(); });
}

void StoreChecker::open_index_files() {
  const auto entries = fs_.list(path("index"));
  const bool told = options_.index_slots > 0 && options_.index_entries > 0;
  const auto guess = entries ? guess_layout(*entries) : std::nullopt;
  if (!told && guess) {
    options_.index_slots = guess->slots;
    options_.index_entries = guess->entries;
  }
  const IndexLayout layout{options_.index_slots, options_.index_entries};
  for (const env::DirEntry& e : entries ? *entries : std::vector<env::DirEntry>{}) {
    const std::string file = path("index/" + e.name);
    auto view = !e.is_dir && is_index_name(e.name) ? open_index(fs_, file, layout) : Result<IndexView>(fail(Errc::kNotFound, "is no index file"));
    if (view) {
      index_files_.push_back(std::move(*view));
    } else if (view.error().code() == Errc::kNotFound) {
      add(Level::kNote, file, view.error().message());
    } else if (!told && !guess) {
      index_unknown_ = true;
      add(Level::kNote, file, "is not looked at: maxHashSlotNum and maxIndexNum must be told with --slots and --entries");
    } else {
      add_bad_index(file, view.error().message());
    }
  }
  report_.index_files = static_cast<int64_t>(index_files_.size());
}

void StoreChecker::check_index() {
  if (!index_) return;
  report_.index_entries = index_->entries();
  for (size_t i = 0; i < index_->files().size(); ++i) {
    const IndexCheck::Verdict& v = index_->verdicts()[i];
    const IndexView& view = index_->files()[i];
    const std::string& file = view.path;
    const bool last = i + 1 == index_->files().size();
    const auto relinked = [&](std::string what, std::string repair) {
      add(Level::kDamage, file, std::move(what), std::move(repair), [this, file, layout = view.layout, v] { return relink(file, layout, v); });
    };
    const bool times_fit = v.begin_ms.value_or(view.begin_timestamp()) == view.begin_timestamp() && v.end_ms.value_or(view.end_timestamp()) == view.end_timestamp();
    const bool in_work = last && (report_.live || report_.crashed);   // of the newest file's header, a broker sets right what it finds
    if (v.stray + v.missing > 0 && !(last && report_.live)) {
      add_bad_index(file, fmt::format("{} keys are not entered, {} entries lead to no message with that key", v.missing, v.stray));
    } else if (!view.header_fits && !in_work) {
      relinked("its header does not say where its entries end", "it is made again from the entries");
    } else if (!times_fit && !in_work) {
      relinked("its header does not say when its first and last message came, which searches by time go by", "it is made again from the entries");
    } else if (v.mistimed > 0 && !in_work) {
      add_bad_index(file, fmt::format("{} entries have another time than their messages", v.mistimed));
    } else if (v.chains > 0 && !(last && report_.live)) {
      relinked(fmt::format("{} slots or links are not what the entries say", v.chains), "they are made again from the entries");
    }
  }
  if (index_->behind() == 0 || index_unknown_) return;
  const bool normal = report_.live || report_.crashed || index_->files().empty();
  add(Level::kNote, path("index"), fmt::format("{} keys of the newest messages are not entered{}", index_->behind(), normal ? "; a broker enters them" : ""),
      "they are entered", [this] { return catch_up_index(); });
}

void StoreChecker::check_checkpoint() {
  const std::string file = path("checkpoint");
  if (!fs_.exists(file)) return add(Level::kNote, file, "is not there; the next start reads the log from further back");
  const auto data = Checkpoint::read(fs_, file);
  const auto keep_aside = [this, file] { return fs_.rename(file, env::free_name(fs_, file + ".bad")); };
  if (!data) return add(Level::kDamage, file, data.error().message(), "it is kept aside; the next start reads more of the log", keep_aside);
  if (data->recoverFrom > report_.log_end && !report_.live) {
    return add(Level::kDamage, file, fmt::format("vouches for {}, the log ends at {}", data->recoverFrom, report_.log_end), "it is kept aside", keep_aside);
  }
  if (std::max(data->physicMsgTimestamp, data->logicsMsgTimestamp) > last_time_ && last_time_ > 0 && !report_.live) {
    add(Level::kNote, file, "its times are later than that of the last message");
  }
}

namespace {

/// The store as the repair left it: its numbers, what was found before, and what only a repaired store shows.
Result<StoreReport> look_again(env::Env& env, CheckOptions options, std::vector<Finding> found) {
  options.repair = false;
  MQ_TRY(StoreReport left, StoreChecker(env, std::move(options)).run());
  for (Finding& f : std::exchange(left.findings, std::move(found))) {
    const auto told = [&f](const Finding& other) { return other.level == Level::kDamage && !other.repaired && other.where == f.where; };
    if (f.level != Level::kDamage || std::any_of(left.findings.begin(), left.findings.end(), told)) continue;
    f.what = "after the repair: " + f.what;
    left.findings.push_back(std::move(f));
  }
  return left;
}

}  // namespace

Result<StoreReport> check_store(env::Env& env, const CheckOptions& options) {
  MQ_TRY(StoreReport report, StoreChecker(env, options).run());
  if (std::none_of(report.findings.begin(), report.findings.end(), [](const Finding& f) { return f.repaired; })) return report;
  return look_again(env, options, std::move(report.findings));
}

}  // namespace mq::store
