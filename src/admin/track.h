// Who has consumed a message: the lines behind queryMsgById. Source: spec mqadmin 2.2 TRACK, 4.3.
#pragma once

#include "admin/message_text.h"

namespace mq::admin {

/// Prints "MessageTrack [...]" for each group that consumes the message's topic, or that there is none.
Result<> print_tracks(Session& session, const Message& message, std::string_view after_each = "\n");

}  // namespace mq::admin
