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

namespace {

Json with_text_keys(Json value) {
  if (value.is_array()) {
    for (Json& item : value.items()) item = with_text_keys(std::move(item));
  } else if (value.is_object()) {
    for (auto& [key, member] : value.members()) {
      if (!key.is_string()) key = Json(to_text(key));
      member = with_text_keys(std::move(member));
    }
  }
  return value;
}

}  // namespace

void print_records(Json records) {
  const std::string line = to_text(with_text_keys(std::move(records))) + "\n";
  std::fwrite(line.data(), 1, line.size(), stdout);
}

Result<> for_each_headed(Session& s, const Options& o, const std::function<Result<>(const std::string& heading, const std::string& addr)>& show) {
  if (const auto addr = o.find("b")) return show(*addr, *addr);
  if (!o.has("c")) return {};
  MQ_TRY(const auto brokers, s.headed_brokers(o.get("c")));
  for (const auto& [heading, addr] : brokers) MQ_TRY_VOID(show(heading, addr));
  return {};
}

Result<> change_each(Session& s, const Options& o, const std::function<Result<>(const std::string& addr)>& change) {
  if (const auto addr = o.find("b")) return change(*addr);
  MQ_TRY(const auto masters, s.masters(o.get("c")));
  for (const std::string& addr : masters) if (const auto r = change(addr); !r) s.complain(r.error());
  return {};
}

Result<> repeat(Session& s, const Options& o, int64_t otherwise_s, std::string_view between, const std::function<Result<>()>& once) {
  int64_t seconds = otherwise_s;
  if (!o.get("i").empty()) {
    MQ_TRY(seconds, o.number("i", otherwise_s));
  }
  for (;;) {
    MQ_TRY_VOID(once());
    std::fflush(stdout);
    if (!o.has("i")) return {};
    if (s.keeps_records()) {   // an array for each round
      print_records(s.take_records());
      std::fflush(stdout);
    }
    std::this_thread::sleep_for(std::chrono::seconds(std::max<int64_t>(seconds, 1)));
    s.write(between);
  }
}

}  // namespace mq::admin
