#include "auth/plain_files.h"

#include <algorithm>

#include "base/log.h"
#include "base/yaml.h"

namespace mq::auth {

namespace {

Logger log("auth");
constexpr int kMaxDepth = 8;   // of folders under conf/acl
constexpr int64_t kMaxFileBytes = 16 << 20;

}  // namespace

void PlainFiles::find_in(const std::string& dir, int depth, std::vector<std::string>& found) const {
  const auto entries = fs_.list(dir);
  if (!entries || depth > kMaxDepth) return;
  for (const env::DirEntry& e : *entries) {
    if (e.name.starts_with("..")) continue;   // the versions of a mounted ConfigMap
    const std::string path = dir + "/" + e.name;
    if (e.is_dir) find_in(path, depth + 1, found);
    else if (e.name.ends_with(".yml") || e.name.ends_with(".yaml")) found.push_back(path);
  }
}

std::vector<std::string> PlainFiles::find() const {
  std::vector<std::string> found;
  find_in(home_ + "/conf/acl", 0, found);
  if (fs_.exists(default_file())) found.push_back(default_file());
  return found;
}

Result<PlainFiles::Known> PlainFiles::read(const std::string& path) const {
  Known known;
  MQ_TRY(const env::DirEntry entry, fs_.stat(path));
  known.size = entry.size;
  known.mtime_ms = entry.mtime_ms;
  MQ_TRY(const std::string text, env::read_file(fs_, path, kMaxFileBytes));
  auto file = parse_plain_acl(text);
  if (!file) return fail(std::move(file).error()).at(path);
  known.file = std::move(*file);
  return known;
}

Result<> PlainFiles::load() {
  if (home_.empty()) return fail(Errc::kInvalid, "aclEnable=true needs ROCKETMQ_HOME (or rocketmqHome): the accounts are in its conf/plain_acl.yml");
  if (!fs_.exists(default_file())) MQ_TRY_VOID(env::replace_file(fs_, default_file(), "", false, env::Open::kCreatePrivate));
  order_ = find();
  for (const std::string& path : order_) {
    MQ_TRY(files_[path], read(path));
  }
  publish();
  return {};
}

void PlainFiles::refresh() {
  const std::vector<std::string> now = find();
  bool changed = now != order_;
  std::map<std::string, Known> files;
  for (const std::string& path : now) {
    const auto old = files_.find(path);
    const auto entry = fs_.stat(path);
    if (old != files_.end() && (!entry || (entry->size == old->second.size && entry->mtime_ms == old->second.mtime_ms))) {
      files.emplace(path, std::move(old->second));
      continue;
    }
    auto known = read(path);
    if (known) {
      log.info("{} is read again: {} accounts", path, known->file.accounts.size());
      changed = true;
      files.emplace(path, std::move(*known));
      continue;
    }
    log.error("{} is not taken, what was read of it before still counts: {}", path, known.error().message());
    Known kept = old == files_.end() ? Known{} : std::move(old->second);
    if (entry) kept.size = entry->size, kept.mtime_ms = entry->mtime_ms;   // said once
    files.emplace(path, std::move(kept));
  }
  for (const std::string& path : order_) {
    if (!files.contains(path)) log.warn("{} is gone: its {} accounts do not count any more", path, files_.at(path).file.accounts.size());
  }
  order_ = now;
  files_ = std::move(files);
  if (changed) publish();
}

void PlainFiles::publish() {
  PlainTable table;
  for (const std::string& path : order_) {
    const PlainFile& f = files_[path].file;
    table.versions[path] = {f.version, f.changed_ms};
    table.white.insert(table.white.end(), f.white.begin(), f.white.end());
    for (const PlainAccount& a : f.accounts) {
      seen_.insert(a.access_key);
      if (!table.accounts.emplace(a.access_key, a).second) log.warn("access key {} of {} is in another file too; the first counts", a.access_key, path);
    }
  }
  for (const std::string& key : seen_) if (!table.accounts.contains(key)) table.former.insert(key);
  table_.set(std::move(table));
}

const std::string* PlainFiles::file_of(std::string_view access_key) const {
  for (const std::string& path : order_) if (has_account(files_.at(path).file.content, access_key)) return &path;
  return nullptr;
}

Result<> PlainFiles::write(const std::string& path, const Json& content) {
  const std::string text = to_yaml(content);
  MQ_TRY_VOID(parse_plain_acl(text));
  if (auto written = env::replace_file(fs_, path, text, true, env::Open::kCreatePrivate); !written) {
    log.error("{} cannot be written, the change is not made: {}", path, written.error().message());
    return written;
  }
  files_[path].mtime_ms = -1;   // to be read again, whatever the clock of the file system says
  refresh();
  return {};
}

Result<> PlainFiles::put_account(const PlainAccountChange& change, int64_t now_ms) {
  MQ_TRY_VOID(check_change(change));
  refresh();
  const std::string* path = file_of(change.access_key);
  const std::string to = path ? *path : default_file();
  return write(to, with_account(files_[to].file.content, change, now_ms));
}

Result<> PlainFiles::delete_account(std::string_view access_key, int64_t now_ms) {
  refresh();
  const std::string* path = file_of(access_key);
  if (!path) return fail(Errc::kNotFound, "no such access key");
  const std::string to = *path;
  seen_.erase(std::string(access_key));
  return write(to, without_account(files_[to].file.content, access_key, now_ms));
}

Result<> PlainFiles::put_white_addresses(const std::vector<std::string>& addresses, std::string path, int64_t now_ms) {
  if (path.empty()) path = default_file();
  refresh();
  // RocketMQ would write to any .yml below its home.
  if (!files_.contains(path)) return fail(Errc::kNotFound, "no such ACL file");
  return write(path, with_white_addresses(files_[path].file.content, addresses, now_ms));
}

Json PlainFiles::shown() const {
  Json white = Json::array(), accounts = Json::array();
  for (const std::string& path : order_) {
    const Json& content = files_.at(path).file.content;
    for (const Json& address : content["globalWhiteRemoteAddresses"].items()) white.push(address);
    for (const Json& a : content["accounts"].items()) {
      Json shown = Json::object();
      shown.add("accessKey", a["accessKey"]).add("admin", a["admin"].as_bool());
      for (const char* key : {"defaultGroupPerm", "defaultTopicPerm", "groupPerms"}) if (!a[key].is_null()) shown.add(key, a[key]);
      shown.add("secretKey", "******");
      for (const char* key : {"topicPerms", "whiteRemoteAddress"}) if (!a[key].is_null()) shown.add(key, a[key]);
      accounts.push(std::move(shown));
    }
  }
  return Json::object().add("globalWhiteAddrs", std::move(white)).add("plainAccessConfigs", std::move(accounts));
}

}  // namespace mq::auth
