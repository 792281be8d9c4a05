// A file under config/: JSON with a .bak beside it. Source: spec storage 2.13.1; reports S1.
#pragma once

#include <string>

#include "broker/core/context.h"
#include "env/json_file.h"

namespace mq::broker {

using env::load_json_file;
using env::save_json_file;

/// Saves once everything that the log holds now is on the disk, for tables of progress: after a power cut no file may be
/// ahead of the log, or messages that were put again, or arrive anew, would be passed over. On ctl; `done` runs there later,
/// with what kept it from being saved.
void save_when_durable(BrokerContext& broker, std::string path, Json content, UniqueFunction<void(Result<>)> done);

}  // namespace mq::broker
