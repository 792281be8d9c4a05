#include "env/json_journal.h"

namespace mq::env {

std::vector<JsonChange> JsonJournal::read(const Json& base) const {
  std::vector<JsonChange> found;
  const auto text = read_file(fs_, path_);
  if (!text) return found;
  bool first = true;
  for (size_t at = 0, end = 0; (end = text->find('\n', at)) != std::string::npos; at = end + 1) {
    const auto line = parse_json(std::string_view(*text).substr(at, end - at));
    if (!line || !line->is_object() || (*line)["dataVersion"].is_null()) break;
    const Json& version = (*line)["dataVersion"];
    if (!std::exchange(first, false)) found.push_back({.version = version, .name = (*line)[kind_].as_string(), .config = (*line)[config_key_]});
    else if (version != base) break;
  }
  return found;
}

Result<> JsonJournal::append(const std::vector<JsonChange>& changes) {
  if (!follows()) return fail(Errc::kInvalid, "the journal follows no table").at(path_);
  std::string text;
  if (!begun_) text = to_text(Json::object().add("dataVersion", base_)) + "\n";
  for (const JsonChange& c : changes) {
    Json line = Json::object().add("dataVersion", c.version).add(kind_, c.name);
    if (!c.config.is_null()) line.add(config_key_, c.config);
    text += to_text(line) + "\n";
  }
  auto written = write(text);
  if (!written) {
    base_ = {};
    file_.reset();
  }
  return written;
}

Result<> JsonJournal::write(std::string_view text) {
  if (!file_) {
    const std::string folder = path_.substr(0, path_.rfind('/'));
    MQ_TRY_VOID(fs_.make_dirs(folder));
    MQ_TRY(file_, fs_.open(path_, Open::kCreate));
    MQ_TRY_VOID(fs_.sync_dir(folder));
  }
  if (!begun_) {
    MQ_TRY_VOID(file_->truncate(0));
    size_bytes_ = 0;
  }
  MQ_TRY_VOID(file_->write(size_bytes_, as_bytes(text)));
  MQ_TRY_VOID(file_->sync());
  size_bytes_ += static_cast<int64_t>(text.size());
  begun_ = true;
  return {};
}

}  // namespace mq::env
