#include "namesrv/config_room.h"

#include <fmt/format.h>

#include <sstream>

#include "base/log.h"
#include "ops/condition.h"

namespace mq::namesrv {

using remoting::Answer;
using remoting::Request;
using wire::ResponseCode;

namespace {
Logger log("config");
}

Answer ConfigRoom::put(const wire::PutKvConfigHeader& h, Request& request) {
  if (auto r = s_.kv.put(h.namespace_, h.key, h.value); !r) return request.refuse(ResponseCode::SYSTEM_ERROR, r.error().message());
  log.info("KV config {} / {} is set by {}", h.namespace_, h.key, request.session().peer_text());
  return request.ok();
}

Answer ConfigRoom::get(const wire::GetKvConfigHeader& h, Request& request) {
  wire::GetKvConfigResponseHeader header;
  header.value = s_.kv.get(h.namespace_, h.key);
  if (header.value) return request.ok(header);
  return request.answer(ResponseCode::QUERY_NOT_FOUND, header, fmt::format("No config item, Namespace: {} Key: {}", h.namespace_, h.key));
}

Answer ConfigRoom::remove(const wire::DeleteKvConfigHeader& h, Request& request) {
  if (auto r = s_.kv.remove(h.namespace_, h.key); !r) return request.refuse(ResponseCode::SYSTEM_ERROR, r.error().message());
  log.info("KV config {} / {} is deleted by {}", h.namespace_, h.key, request.session().peer_text());
  return request.ok();
}

Answer ConfigRoom::list(const wire::GetKvListHeader& h, Request& request) {
  const auto table = s_.kv.list(h.namespace_);
  if (!table) return request.refuse(ResponseCode::QUERY_NOT_FOUND, fmt::format("No config item, Namespace: {}", h.namespace_));
  return request.ok_body(to_text(to_json(*table)));
}

Answer ConfigRoom::update(const wire::NoHeader&, Request& request) {
  if (request.body().empty()) return request.ok();
  std::vector<std::string> black_list{"configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome"};
  std::istringstream more(s_.config.configBlackList());
  for (std::string word; std::getline(more, word, ';');) black_list.push_back(word);
  black_list.insert(black_list.end(), s_.locked_keys.begin(), s_.locked_keys.end());
  const auto done = s_.all.update(request.body_text(), black_list);
  if (!done) {
    if (done.error().code() == Errc::kPermission) return request.refuse(ResponseCode::NO_PERMISSION, done.error().message());
    return request.refuse(ResponseCode::SYSTEM_ERROR, "string2Properties error");
  }
  for (const std::string& key : done->changed) log.info("{} is set by {}", key, request.session().peer_text());
  for (const std::string& warning : done->warnings) log.warn("{}", warning);
  const std::string path = s_.config.configStorePath();
  (void)s_.env.fs().make_dirs(path.substr(0, path.rfind('/')));
  if (auto r = env::replace_file(s_.env.fs(), path, s_.all.text(), true, s_.all.has_secrets() ? env::Open::kCreatePrivate : env::Open::kCreate); !r) {
    log.error("the changed configuration is in effect but cannot be written to {}: {}", path, r.error().message());
  }
  const std::string said = done->text();
  return request.answer(ResponseCode::SUCCESS, wire::NoHeader{}, said.empty() ? std::string_view() : said);
}

Answer ConfigRoom::show(const wire::NoHeader&, Request& request) {
  const std::string text = s_.all.text(Configuration::Secrets::kHide);
  if (!request.frame().ext.find(ops::kConditionField).data()) return request.ok_body(text);
  return request.ok(ops::ConditionHeader{.version = {}, .condition = to_text(s_.condition())}, text);
}

}  // namespace mq::namesrv
