// storeCheck: the files of a store, checked, repaired and shown. Ours; no Java tool has it, and it needs no server.
#include <fmt/format.h>

#include "admin/command.h"
#include "store/check/store_check.h"

namespace mq::admin {

namespace {

Result<> dump(Session& s, const Options& o) {
  MQ_TRY(const int64_t from, o.number("from", 0));
  MQ_TRY(const int64_t count, o.number("count", 100));
  MQ_TRY(const std::string text, store::dump_store_file(s.env().fs(), o.get("dump"), from, count));
  s.write(text);
  return {};
}

Result<> check(Session& s, const Options& o) {
  if (o.has("dump")) return dump(s, o);
  store::CheckOptions options{.root = o.get("s"), .commit_log = o.get("l")};
  if (options.root.empty()) return fail(Errc::kInvalid, "the store's folder is missing: -s FOLDER (storePathRootDir of the broker)");
  MQ_TRY(options.index_slots, o.number("slots", 0));
  MQ_TRY(options.index_entries, o.number("entries", 0));
  options.repair = o.has("repair") && o.has("yes");
  MQ_TRY(const store::StoreReport report, store::check_store(s.env(), options));
  s.write(o.has("json") ? to_text(report.to_json()) + "\n" : report.to_text());
  if (o.has("repair") && !o.has("yes") && !o.has("json")) s.write("nothing was changed; with --yes the lines marked --repair are done\n");
  if (report.damaged()) return fail(Errc::kCorrupt, "the store is damaged").at(options.root);
  return {};
}

}  // namespace

void add_store_commands(std::vector<Command>& to) {
  to.push_back({"storeCheck", "StoreCheckSubCommand", "Check, repair or show the files of a store; needs no server.",
                {{"s", "storePathRootDir", true, false, "Folder of the store"},
                 {"l", "storePathCommitLog", true, false, "Folder of the CommitLog, when it is not below the store's"},
                 {"", "json", false, false, "The report as JSON"},
                 {"", "repair", false, false, "Show what a repair would do; with --yes do it (the broker must be stopped)"},
                 {"", "yes", false, false, "Do what --repair shows"},
                 {"", "slots", true, false, "maxHashSlotNum, when maxIndexNum is not four times as much"},
                 {"", "entries", true, false, "maxIndexNum, then"},
                 {"", "dump", true, false, "Show this file of a store instead"},
                 {"", "from", true, false, "With --dump: the first entry, or position in a CommitLog file"},
                 {"", "count", true, false, "With --dump: how many entries, 100"}},
                check, {}, 0, 1});
}

}  // namespace mq::admin
