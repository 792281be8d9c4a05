#include "broker/meta/topic_journal.h"

#include "base/json.h"

namespace mq::broker {

std::vector<TopicChange> TopicJournal::read(const wire::DataVersion& base) const {
  std::vector<TopicChange> found;
  const auto text = env::read_file(fs_, path_);
  if (!text) return found;
  bool first = true;
  for (size_t at = 0, end = 0; (end = text->find('\n', at)) != std::string::npos; at = end + 1) {
    const auto line = parse_json(std::string_view(*text).substr(at, end - at));
    if (!line || !line->is_object() || (*line)["dataVersion"].is_null()) break;
    const wire::DataVersion version = wire::data_version_from((*line)["dataVersion"]);
    if (std::exchange(first, false)) {
      if (version != base) break;
      continue;
    }
    TopicChange& change = found.emplace_back(TopicChange{.version = version, .topic = (*line)["topic"].as_string({}), .config = {}});
    if (const Json& config = (*line)["topicConfig"]; config.is_object()) change.config = wire::topic_config_from(config);
  }
  return found;
}

Result<> TopicJournal::append(const std::vector<TopicChange>& changes) {
  if (!base_) return fail(Errc::kInvalid, "the journal follows no table").at(path_);
  std::string text;
  if (!begun_) text = to_text(Json::object().add("dataVersion", to_json(*base_))) + "\n";
  for (const TopicChange& c : changes) {
    Json line = Json::object().add("dataVersion", to_json(c.version)).add("topic", c.topic);
    if (c.config) line.add("topicConfig", to_json(*c.config));
    text += to_text(line) + "\n";
  }
  auto written = write(text);
  if (!written) {
    base_.reset();
    file_.reset();
  }
  return written;
}

Result<> TopicJournal::write(std::string_view text) {
  if (!file_) {
    const std::string folder = path_.substr(0, path_.rfind('/'));
    MQ_TRY_VOID(fs_.make_dirs(folder));
    MQ_TRY(file_, fs_.open(path_, env::Open::kCreate));
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

}  // namespace mq::broker
