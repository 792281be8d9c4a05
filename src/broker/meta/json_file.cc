#include "broker/meta/json_file.h"

#include "base/log.h"

namespace mq::broker {

namespace {
Logger log("config");
}

Json load_json_file(env::FileSystem& fs, const std::string& path) {
  for (const std::string& candidate : {path, path + ".bak"}) {
    const auto text = env::read_file(fs, candidate);
    if (!text && text.error().code() == Errc::kNotFound) continue;
    if (text) {
      auto parsed = parse_json(*text);
      if (parsed && parsed->is_object()) return std::move(*parsed);
      log.error("{} is damaged ({}); it is kept as {}.damaged", candidate, parsed ? "not an object" : parsed.error().message(), candidate);
    } else {
      log.error("{} cannot be read: {}", candidate, text.error().message());
    }
    (void)fs.rename(candidate, candidate + ".damaged");
  }
  return {};
}

Result<> save_json_file(env::FileSystem& fs, const std::string& path, const Json& content) {
  MQ_TRY_VOID(fs.make_dirs(path.substr(0, path.rfind('/'))));
  return env::replace_file(fs, path, to_text(content, {.pretty = true}), true);
}

void save_when_durable(BrokerContext& broker, std::string path, Json content, UniqueFunction<void(Result<>)> done) {
  broker.store.when_durable(broker.store.max_phy(), *broker.ctl,
                            [&broker, path = std::move(path), content = std::move(content), done = std::move(done)](store::PutStatus status) mutable {
    if (status == store::PutStatus::kPutOk) return done(save_json_file(broker.env.fs(), path, content));
    done(fail(Errc::kIo, "the CommitLog is not on the disk yet (" + std::string(to_string(status)) + ")"));
  });
}

}  // namespace mq::broker
