#include "env/json_file.h"

#include "base/log.h"

namespace mq::env {

namespace {
Logger log("config");
}

Json load_json_file(FileSystem& fs, const std::string& path) {
  for (const std::string& candidate : {path, path + ".bak"}) {
    const auto text = read_file(fs, candidate);
    if (!text && text.error().code() == Errc::kNotFound) continue;
    std::string what;
    if (text) {
      auto parsed = parse_json(*text);
      if (parsed && parsed->is_object()) return std::move(*parsed);
      what = "is damaged (" + (parsed ? "not an object" : parsed.error().message()) + ")";
    } else {
      what = "cannot be read: " + text.error().message();
    }
    const std::string aside = free_name(fs, candidate + ".damaged");
    log.error("{} {}; it is kept as {}", candidate, what, aside);
    (void)fs.rename(candidate, aside);
  }
  return {};
}

Result<> save_json_file(FileSystem& fs, const std::string& path, const Json& content, Open how) {
  MQ_TRY_VOID(fs.make_dirs(path.substr(0, path.rfind('/'))));
  return replace_file(fs, path, to_text(content, {.pretty = true}), true, how);
}

}  // namespace mq::env
