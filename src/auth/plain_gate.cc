#include "auth/plain_gate.h"

#include <algorithm>

#include "auth/needs.h"
#include "msg/names.h"
#include "wire/bodies/client.h"
#include "wire/signature.h"

namespace mq::auth {

namespace {

constexpr std::string_view kException = "org.apache.rocketmq.acl.common.AclException: ";   // clients look for this class
constexpr ActionSet kPub = actions(Action::kPub), kSub = actions(Action::kSub);

constexpr int32_t kAdminCodes[] = {17, 25, 200, 207, 215};

/// A name that begins with %RETRY% is a group's wherever it stands. A missing name asks for nothing that anybody has.
void need(Needs& out, std::string_view topic, ActionSet perm) {
  out.list.push_back({is_retry_topic(topic) ? ResourceType::kGroup : ResourceType::kTopic, without_retry_prefix(topic), perm});
}
void need_group(Needs& out, std::string_view group) {
  out.list.push_back({ResourceType::kGroup, without_retry_prefix(group), kSub});
}

/// QUIRK: 361, POP, 14, 41, 37 and all look-ups of administration need no permission, only an account. So do 50, 51 and 53: whoever has an
/// account may change accounts.
Result<> find_plain_needs(const wire::Frame& f, Needs& out) {
  out.list.clear();
  out.kept.clear();
  const auto field = [&f](std::string_view name) { return f.ext.find(name); };
  const auto need_send = [&](std::string_view topic, std::string_view group) {
    if (is_retry_topic(topic)) need_group(out, group);
    else need(out, topic, kPub);
  };
  switch (f.code) {
    case 10: need_send(field("topic"), field("group")); break;
    case 310:
    case 320: need_send(field("b"), field("a")); break;
    case 36: need_group(out, field("group")); break;
    case 11:
    case 15:
      need(out, field("topic"), kSub);
      need_group(out, field("consumerGroup"));
      break;
    case 12: need(out, field("topic"), kSub); break;
    case 35:
      if (field("consumerGroup").data()) need_group(out, field("consumerGroup"));
      break;
    case 38: need_group(out, field("consumerGroup")); break;
    case 34: {
      MQ_TRY(wire::HeartbeatData beat, wire::heartbeat_from(as_text(f.body)));
      for (wire::ConsumerData& c : beat.consumers) {
        need_group(out, out.kept.emplace_back(std::move(c.groupName)));
        for (wire::SubscriptionData& s : c.subscriptionDataSet) need(out, out.kept.emplace_back(std::move(s.topic)), kSub);
      }
      break;
    }
    default: break;
  }
  return {};
}

bool owns(Perms owned, ActionSet needed) noexcept {
  if (owned & kPermDeny) return false;
  return (needed == kPub && (owned & kPermPub)) || (needed == kSub && (owned & kPermSub));
}

}  // namespace

void PlainGate::answer(remoting::Request& request, const std::string& remark) const {
  (void)request.refuse(wire::ResponseCode::SYSTEM_ERROR, std::string(kException) + remark);
}

PlainGate::Refusal PlainGate::check(const remoting::Request& request) const {
  const wire::Frame& frame = request.frame();
  const Host& from = request.session().peer();
  const auto table = files_.table();
  if (std::ranges::any_of(table->white, [&](const WhiteAddress& w) { return w.matches(from); })) return {};
  const std::string_view key = frame.ext.find(wire::kAccessKey);
  if (!key.data()) return {"No accessKey is configured", {}};
  const auto found = table->accounts.find(key);
  if (found == table->accounts.end()) {
    return {(table->former.contains(key) ? "No PlainAccessResource for accessKey=" : "No acl config for ") + std::string(key), "No ACL file has this access key."};
  }
  const PlainAccount& account = found->second;
  if (account.white.matches(from)) return {};
  if (!wire::is_signed_with(frame, account.secret_key)) {
    return {"Check signature failed for accessKey=" + std::string(key),
            "The client's secret key differs from the account's, or the request was changed behind the signature."};
  }
  thread_local Needs needs;
  if (auto read = find_plain_needs(frame, needs); !read) return {read.error().message(), {}};
  // QUIRK: a request that publishes to the trace topic may do anything else it asks for.
  if (std::ranges::any_of(needs.list, [](const Need& n) { return n.type == ResourceType::kTopic && n.name == kTraceTopic && n.any_of == kPub; })) return {};
  if (account.admin) return {};
  if (std::ranges::find(kAdminCodes, frame.code) != std::end(kAdminCodes)) {
    return {"Need admin permission for request code=" + std::to_string(frame.code) + ", but accessKey=" + std::string(key) + " is not", {}};
  }
  for (const Need& n : needs.list) {
    const bool group = n.type == ResourceType::kGroup;
    const auto& named = group ? account.groups : account.topics;
    const auto entry = named.find(n.name);
    const bool listed = entry != named.end();
    if (owns(listed ? entry->second : group ? account.default_group : account.default_topic, n.any_of)) continue;
    const std::string_view decides = listed ? "entry" : group ? "defaultGroupPerm" : "defaultTopicPerm";
    return {std::string(listed ? "No permission for " : "No default permission for ") + (group ? "group:" : "topic:") + std::string(n.name.data() ? n.name : "null"),
            "It asks for " + actions_text(n.any_of) + "; the account's " + std::string(decides) + " decides."};
  }
  return {};
}

}  // namespace mq::auth
