#include "admin/output.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>

#include "admin/java_text.h"
#include "base/properties_file.h"

namespace mq::admin {

Result<> print_properties(Session& s, const std::string& addr, std::string_view text) {
  MQ_TRY(const auto lines, parse_properties(text));
  Json config = Json::object();
  for (const PropertyLine& line : lines) {
    s.write(fmt::format("{}=  {}\n", pad(line.key, 50), line.value));
    config.add(line.key, line.value);
  }
  s.record(Json::object().add("addr", addr).add("config", std::move(config)));
  return {};
}

std::string list_text(const std::vector<std::string>& items) { return fmt::format("[{}]", fmt::join(items, ", ")); }

Result<> repeat(Session& s, const Options& o, int64_t otherwise_s, std::string_view between, const std::function<Result<>()>& once) {
  int64_t seconds = otherwise_s;
  if (!o.get("i").empty()) {
    MQ_TRY(seconds, o.number("i", otherwise_s));
  }
  for (;;) {
    MQ_TRY_VOID(once());
    std::fflush(stdout);
    if (!o.has("i")) return {};
    std::this_thread::sleep_for(std::chrono::seconds(std::max<int64_t>(seconds, 1)));
    s.write(between);
  }
}

}  // namespace mq::admin
