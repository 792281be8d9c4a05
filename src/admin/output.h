// Forms of output, and of going from broker to broker, that several commands share.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/options.h"
#include "admin/session.h"

namespace mq::admin {

/// A server's configuration, java.util.Properties text, a line each: "%-50s=  %s". Errors: kInvalid.
Result<> print_properties(Session& s, const std::string& addr, std::string_view text);
/// "[a, b]".
std::string list_text(const std::vector<std::string>& items);

/// Records of a --json command as a line of standard output. Keys of objects become strings: what servers send, as fastjson writes it, has
/// numbers and objects as keys.
void print_records(Json records);

/// Calls `show(heading, addr)` for the broker of -b, or for masters and slaves of the cluster of -c.
Result<> for_each_headed(Session& s, const Options& o, const std::function<Result<>(const std::string& heading, const std::string& addr)>& show);
/// Calls `change(addr)` for the broker of -b, or for the masters of the cluster of -c, where one that fails is told and does not end it.
Result<> change_each(Session& s, const Options& o, const std::function<Result<>(const std::string& addr)>& change);

/// Runs `once`; with -i again and again, that many seconds apart (`otherwise_s` when it has no value), `between` printed before each
/// repetition. Returns on failure only, then.
Result<> repeat(Session& s, const Options& o, int64_t otherwise_s, std::string_view between, const std::function<Result<>()>& once);

}  // namespace mq::admin
