// A file under config/: JSON with a .bak beside it. Source: spec storage 2.13.1; reports S1.
#pragma once

#include <string>

#include "base/json.h"
#include "broker/core/context.h"
#include "env/file.h"

namespace mq::broker {

/// Reads PATH, or PATH.bak when PATH is missing, empty or damaged; null when neither can be read. A damaged file is kept as
/// PATH.damaged and named in the log.
Json load_json_file(env::FileSystem& fs, const std::string& path);
/// Replaces PATH so that a crash leaves the old or the new content; the old one becomes PATH.bak.
Result<> save_json_file(env::FileSystem& fs, const std::string& path, const Json& content);

/// The same once everything that the log holds now is on the disk, for tables of progress: after a power cut no file may be
/// ahead of the log, or messages that were put again, or arrive anew, would be passed over. On ctl; `done` runs there later,
/// with what kept it from being saved.
void save_when_durable(BrokerContext& broker, std::string path, Json content, UniqueFunction<void(Result<>)> done);

}  // namespace mq::broker
