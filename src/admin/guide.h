// What Java's tool does not have: examples of commands, completion for shells. Both are made from the table of commands.
#pragma once

#include <string>
#include <string_view>

#include "admin/command.h"

namespace mq::admin {

/// "mqadmin topicStatus -n 127.0.0.1:9876 -t TopicTest": what must be given, with made-up values.
std::string example_of(const Command& command);
/// The script that makes `shell` ("bash", "zsh") complete commands and their options; "" for another shell.
std::string completion_script(std::string_view shell);

}  // namespace mq::admin
