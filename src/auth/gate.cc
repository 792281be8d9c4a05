#include "auth/gate.h"

#include <algorithm>

#include "auth/needs.h"
#include "base/numbers.h"
#include "base/split.h"
#include "base/text.h"
#include "wire/signature.h"

namespace mq::auth {

namespace {

Logger log("auth");

std::vector<int32_t> codes_of(const std::string& list, std::string_view key) {
  std::vector<int32_t> codes;
  for (const std::string_view piece : split(list, ",")) {
    const std::string_view word = trim(piece);
    if (const auto code = parse_int64(word)) codes.push_back(static_cast<int32_t>(*code));
    else if (!word.empty()) log.warn("{}: \"{}\" is no request code", key, word);
  }
  std::ranges::sort(codes);
  return codes;
}

/// "10.0.0.1:5000" -> "10.0.0.1".
std::string_view ip_text(std::string_view peer) noexcept { return peer.substr(0, peer.rfind(':')); }

}  // namespace

Gate::Gate(const AuthConfig& config, const Accounts& accounts, std::string cluster)
    : accounts_(accounts),
      cluster_(std::move(cluster)),
      authentication_(config.authenticationEnabled()),
      authorization_(config.authorizationEnabled()),
      unsigned_codes_(codes_of(config.authenticationWhitelist(), "authenticationWhitelist")),
      unchecked_codes_(codes_of(config.authorizationWhitelist(), "authorizationWhitelist")) {}

Gate::Refusal Gate::check_failed(std::string_view what) const { return {"An system error occurred, please try again later.", std::string(what)}; }

void Gate::answer(remoting::Request& request, const std::string& remark) const { (void)request.refuse(wire::ResponseCode::NO_PERMISSION, remark); }

Gate::Refusal Gate::check(const remoting::Request& request) const {
  const wire::Frame& frame = request.frame();
  const bool must_sign = authentication_ && !std::ranges::binary_search(unsigned_codes_, frame.code);
  const bool must_be_allowed = authorization_ && !std::ranges::binary_search(unchecked_codes_, frame.code);
  if (!must_sign && !must_be_allowed) return {};
  const std::string_view name = frame.ext.find(wire::kAccessKey);
  const auto table = accounts_.table();
  const Account* account = find(*table, name);
  if (must_sign) {
    if (Refusal r = authenticate(frame, name, account); !r.remark.empty()) return r;
  }
  return must_be_allowed ? authorize(request, name, account) : Refusal{};
}

Gate::Refusal Gate::authenticate(const wire::Frame& frame, std::string_view name, const Account* account) const {
  if (name.empty()) return {"username cannot be null.", "The request carries no AccessKey: the client has no credentials."};
  if (!account) return {"User:" + std::string(name) + " is not found.", "mqadmin createUser makes it."};
  if (!account->user.enabled) return {"User:" + std::string(name) + " is disabled.", "mqadmin updateUser -s enable lets it in again."};
  if (wire::is_signed_with(frame, account->user.password)) return {};
  return {"check signature failed.", "The client's secret key is not the user's password, or the request was changed behind the signature."};
}

Gate::Refusal Gate::authorize(const remoting::Request& request, std::string_view name, const Account* account) const {
  if (account && account->user.super) return {};
  thread_local Needs needs;
  if (auto found = find_needs(request.frame(), cluster_, needs); !found) return {"parse authorization context error.", found.error().message()};
  for (const Need& need : needs.list) {
    if (!name.data()) return {"Authorization failed. Please verify your access rights and try again.", "The request carries no AccessKey."};
    if (!account) return {"User:" + std::string(name) + " not found.", "mqadmin createUser makes it."};
    const Host& from = request.session().peer();
    const Rules::Decision d = account->rules.decide(need.type, need.name, need.any_of, from);
    if (d.allowed) continue;
    std::string remark = subject_of(name) + " has no permission to access " + resource_text(need.type, need.name) + " from ";
    remark.append(ip_text(request.session().peer_text())).append(d.matched ? ", the decision is deny." : ", no matched policies.");
    return {std::move(remark), "It asks for " + actions_text(need.any_of) + "; " + account->rules.explain(need.type, need.name, need.any_of, from) + "."};
  }
  return {};
}

}  // namespace mq::auth
