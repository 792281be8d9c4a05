#include "auth/plain_room.h"

#include "base/log.h"
#include "base/split.h"
#include "wire/bodies/topic_config.h"
#include "wire/signature.h"

namespace mq::auth {

using remoting::Answer;
using remoting::Request;
using remoting::Responder;
using wire::ResponseCode;

namespace {

Logger log("auth");
constexpr std::string_view kOff = "The broker does not enable acl.";
// Codes of these releases; 5.3.3 uses 209 and 210 for POP.
constexpr auto kAccountFailed = static_cast<ResponseCode>(209), kDeleteFailed = static_cast<ResponseCode>(210), kWhiteFailed = static_cast<ResponseCode>(211);

std::optional<std::vector<std::string>> list_of(const std::optional<std::string>& text) {
  if (!text) return std::nullopt;
  std::vector<std::string> words;
  for (const std::string_view word : split(*text, ",")) if (!word.empty()) words.emplace_back(word);
  return words;
}

std::string version_text(const PlainTable::Version& v) {
  return to_text(Json::object().add("counter", v.counter).add("stateVersion", 0).add("timestamp", v.timestamp));
}

}  // namespace

Answer PlainRoom::on_writer(Request& request, UniqueFunction<UniqueFunction<void(Responder&)>()> work) {
  auto task = [responder = request.responder(), work = std::move(work)]() mutable {
    env::Loop& loop = responder.session().loop();
    auto answer = [responder = std::move(responder), say = work()]() mutable { say(responder); };
    if (!loop.post(std::move(answer))) log.error("an answer is lost, the loop's queue is full");
  };
  if (!writer_.post(std::move(task))) return request.refuse(ResponseCode::SYSTEM_BUSY, "too much waits to be done, please try again later");
  return request.later();
}

Answer PlainRoom::change(Request& request, ResponseCode failure, std::string what, std::string failed, UniqueFunction<Result<>()> change) {
  const std::string_view user = request.frame().ext.find(wire::kAccessKey);
  what += " by " + (user.empty() ? std::string() : std::string(user) + " at ") + request.session().peer_text();
  return on_writer(request, [what = std::move(what), failed = std::move(failed), failure, change = std::move(change)]() mutable {
    const Result<> done = change();
    if (done) log.info("{}", what);
    else log.warn("not done: {}: {}", what, done.error().message());
    const bool told = !done && done.error().code() == Errc::kInvalid;
    return [ok = done.has_value(), failure, text = told ? done.error().message() : std::move(failed)](Responder& r) { (void)(ok ? r.ok() : r.refuse(failure, text)); };
  });
}

Answer PlainRoom::put_account(const wire::PlainAccountHeader& h, Request& request) {
  if (!files_) return request.refuse(kAccountFailed, kOff);
  PlainAccountChange c{h.accessKey, h.secretKey.value_or(""), h.whiteRemoteAddress, h.admin, h.defaultTopicPerm.value_or(""), h.defaultGroupPerm.value_or(""),
                       list_of(h.topicPerms), list_of(h.groupPerms)};
  return change(request, kAccountFailed, "account " + h.accessKey + " is set", "The accessKey[" + h.accessKey + "] corresponding to accessConfig has been updated failed.",
                [this, c = std::move(c), &loop = writer_] { return files_->put_account(c, loop.clock().now_ms()); });
}

Answer PlainRoom::delete_account(const wire::AccessKeyHeader& h, Request& request) {
  if (!files_) return request.refuse(kDeleteFailed, kOff);
  return change(request, kDeleteFailed, "account " + h.accessKey + " is deleted", "The accessKey[" + h.accessKey + "] corresponding to accessConfig has been deleted failed.",
                [this, key = h.accessKey, &loop = writer_] { return files_->delete_account(key, loop.clock().now_ms()); });
}

Answer PlainRoom::put_white_addresses(const wire::GlobalWhiteAddrsHeader& h, Request& request) {
  if (!files_) return request.refuse(kWhiteFailed, kOff);
  return change(request, kWhiteFailed, "global white addresses are set to " + h.globalWhiteAddrs, "The globalWhiteAddresses[" + h.globalWhiteAddrs + "] has been updated failed.",
                [this, list = *list_of(h.globalWhiteAddrs), path = h.aclFileFullPath.value_or(""), &loop = writer_] {
                  return files_->put_white_addresses(list, path, loop.clock().now_ms());
                });
}

Answer PlainRoom::version(const wire::NoHeader&, Request& request) {
  if (!files_) return request.refuse(ResponseCode::SYSTEM_ERROR, kOff);
  const auto table = files_->table();
  const auto main = table->versions.find(files_->default_file());
  std::string all = "{";
  for (const auto& [path, version] : table->versions) {
    if (all.size() > 1) all += ',';
    append_quoted(all, path);
    all += ":" + version_text(version);
  }
  all += "}";
  return request.ok(wire::AclVersionResponseHeader{version_text(main == table->versions.end() ? PlainTable::Version{} : main->second), std::move(all),
                                                   identity_.broker_name, identity_.broker_addr, identity_.cluster});
}

Answer PlainRoom::show(const wire::NoHeader&, Request& request) {
  if (!files_) return request.refuse(ResponseCode::SYSTEM_ERROR, kOff);
  return on_writer(request, [this] { return [body = to_text(files_->shown())](Responder& r) { (void)r.ok(wire::NoHeader{}, body); }; });
}

}  // namespace mq::auth
