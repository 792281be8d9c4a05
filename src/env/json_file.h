// A file under config/: JSON with a .bak beside it. Source: spec storage 2.13.1; reports S1.
#pragma once

#include <string>

#include "base/json.h"
#include "env/file.h"

namespace mq::env {

/// Reads PATH, or PATH.bak when PATH is missing, empty or damaged; null when neither can be read. A damaged file is kept as
/// PATH.damaged and named in the log.
Json load_json_file(FileSystem& fs, const std::string& path);
/// Replaces PATH so that a crash leaves the old or the new content; the old one becomes PATH.bak. `how`: kCreatePrivate for secrets.
Result<> save_json_file(FileSystem& fs, const std::string& path, const Json& content, Open how = Open::kCreate);

}  // namespace mq::env
