#include "admin/runtime_info.h"

#include <algorithm>

#include "base/numbers.h"
#include "base/properties_file.h"

namespace mq::admin {

using wire::RequestCode;

Result<RuntimeInfo> RuntimeInfo::of(Session& s, const std::string& addr) {
  MQ_TRY(const auto r, s.ask<RequestCode::GET_BROKER_RUNTIME_INFO>(addr));
  RuntimeInfo info;
  MQ_TRY(info.table_, wire::kv_table_from(r.body));
  std::sort(info.table_.table.begin(), info.table_.table.end());
  return info;
}

std::string RuntimeInfo::get(std::string_view key, std::string_view otherwise) const {
  const std::string* v = table_.find(key);
  return v ? *v : std::string(otherwise);
}

double RuntimeInfo::number(std::string_view key) const { return parse_double(get(key)).value_or(0); }
int64_t RuntimeInfo::integer(std::string_view key) const { return parse_int64(get(key)).value_or(0); }

double RuntimeInfo::first(std::string_view key) const {
  const std::string v = get(key);
  return parse_double(v.substr(0, v.find(' '))).value_or(0);
}

Result<std::map<std::string, std::string, std::less<>>> broker_config(Session& s, const std::string& addr) {
  MQ_TRY(const auto r, s.ask<RequestCode::GET_BROKER_CONFIG>(addr));
  MQ_TRY(const auto lines, parse_properties(r.body));
  std::map<std::string, std::string, std::less<>> config;
  for (const PropertyLine& line : lines) config.emplace(line.key, line.value);
  return config;
}

Counted counted(Session& s, const std::string& addr, const std::string& stats, const std::string& key) {
  Counted c;
  const auto r = s.ask_plain<RequestCode::VIEW_BROKER_STATS_DATA>(addr, {stats, key});
  const auto body = r ? parse_json(r->body) : Result<Json>(std::unexpected(r.error()));
  if (!body) return c;
  c.tps = (*body)["statsMinute"]["tps"].as_double();
  for (const char* span : {"statsDay", "statsHour", "statsMinute"}) {
    if (c.day == 0) c.day = (*body)[span]["sum"].as_int();
  }
  return c;
}

}  // namespace mq::admin
