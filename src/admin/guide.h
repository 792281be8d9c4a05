// What Java's tool does not have: examples of commands, completion for shells, what a mistyped word may mean. All are made from the table of commands.
#pragma once

#include <string>
#include <string_view>

#include "admin/command.h"

namespace mq::admin {

/// "mqadmin topicStatus -n 127.0.0.1:9876 -t TopicTest": what must be given, with made-up values.
std::string example_of(const Command& command);
/// The script that makes `shell` ("bash", "zsh") complete commands and their options; "" for another shell.
std::string completion_script(std::string_view shell);
/// The command whose name a mistyped word is likely to mean, letters of any case; "" when none is near.
std::string nearest_command(std::string_view word);

}  // namespace mq::admin
