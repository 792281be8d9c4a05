// doctor: what is wrong with a cluster. Ours; no Java tool has it, and it works with Java's servers too.
#include <fmt/format.h>

#include <algorithm>

#include "admin/command.h"
#include "admin/doctor_look.h"
#include "base/split.h"

namespace mq::admin {

namespace {

constexpr int kWarnings = 1, kErrors = 2, kNotLooked = 3;   // exit statuses

Result<> doctor(Session& s, const Options& o) {
  if (s.namesrvs().empty()) return fail(Errc::kInvalid, "no NameServer is named: -n HOST:PORT;HOST:PORT, or NAMESRV_ADDR");
  DoctorScope scope;
  MQ_TRY(scope.most_topics, o.number("topics", scope.most_topics));
  const std::string expected = o.get("expect");
  for (const std::string_view name : split(expected, ",; ")) if (!name.empty()) scope.expected.emplace(name);
  const ClusterFacts facts = look_at_cluster(s, scope);
  const std::vector<Finding> findings = diagnose(facts, s.env().clock().now_ms());
  for (const Finding& f : findings) {
    s.record(Json::object().add("severity", to_string(f.severity)).add("check", f.check).add("name", f.name).add("cause", f.cause).add("todo", f.todo));
    s.write(fmt::format("{:<8} {:<8} {}\n         {}\n         to do: {}\n", to_string(f.severity), f.check, f.name, f.cause, f.todo));
  }
  const auto count = [&](Severity severity) { return std::ranges::count(findings, severity, &Finding::severity); };
  const auto servers = [&](ServerFacts::Kind kind) { return std::ranges::count(facts.servers, kind, &ServerFacts::kind); };
  size_t topics = 0;
  for (const View& v : facts.views) topics = std::max(topics, v.routes.size());
  s.print("{} NameServers, {} brokers, {} topics: {} errors, {} warnings, {} unknown\n", servers(ServerFacts::Kind::kNamesrv), servers(ServerFacts::Kind::kBroker),
          topics, count(Severity::kError), count(Severity::kWarning), count(Severity::kUnknown));
  s.leave_with(count(Severity::kError) > 0 ? kErrors : count(Severity::kWarning) > 0 ? kWarnings : 0);
  return {};
}

}  // namespace

void add_doctor_commands(std::vector<Command>& to) {
  to.push_back({"doctor", "DoctorSubCommand", "Look for what is wrong with a cluster: exit status 0 nothing, 1 warnings, 2 errors, 3 it could not be looked at.",
                {{"", "expect", true, false, "Names of brokers that must be there, separated by commas"},
                 {"", "topics", true, false, "Of how many topics the routes are looked at, 1000"}},
                doctor, {}, extra::kJson, kNotLooked});
}

}  // namespace mq::admin
