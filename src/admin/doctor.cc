#include "admin/doctor.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "auth/config.h"
#include "base/numbers.h"
#include "base/properties_file.h"
#include "base/split.h"
#include "broker/core/config.h"
#include "env/loopback.h"
#include "env/net.h"
#include "msg/names.h"
#include "msg/types.h"
#include "namesrv/config.h"
#include "ops/service_config.h"
#include "remoting/config.h"
#include "remoting/tls.h"
#include "store/config.h"

namespace mq::admin {

namespace {

constexpr int64_t kClockWarnMs = 500, kClockErrorMs = 30'000;
constexpr double kDiskWarnMs = 100, kDiskErrorMs = 1000;
constexpr int64_t kPutLockMs = 1000;                  // osPageCacheBusyTimeOutMills
constexpr int64_t kFewFiles = 65'535, kFewestFiles = 4096;
constexpr int64_t kCalmSwappiness = 10;
constexpr int64_t kDayMs = 86'400'000;
constexpr size_t kNamesShown = 5;

/// Keys in which the brokers of a cluster usually agree, since clients meet all of them.
constexpr std::string_view kAlike[] = {"flushDiskType", "fileReservedTime", "messageDelayLevel", "maxMessageSize", "autoCreateTopicEnable",
                                       "autoCreateSubscriptionGroup", "defaultTopicQueueNums", "enablePropertyFilter", "aclEnable",
                                       "authenticationEnabled", "authorizationEnabled", "transactionCheckMax", "tls.server.mode"};

/// "a, b, c and 4 more".
std::string some(const std::vector<std::string>& names) {
  const size_t shown = std::min(names.size(), kNamesShown);
  std::string text = fmt::format("{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  return names.size() > shown ? text + fmt::format(" and {} more", names.size() - shown) : text;
}

std::string seconds(int64_t ms) { return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000); }

bool writable(const wire::QueueData& q) { return (q.perm & perm::kWrite) && q.writeQueueNums > 0; }

size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t corner = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = corner + ((a[i - 1] | 0x20) == (b[j - 1] | 0x20) ? 0 : 1);
      corner = std::exchange(row[j], std::min({change, row[j] + 1, row[j - 1] + 1}));
    }
  }
  return row.back();
}

class Examination {
 public:
  Examination(const ClusterFacts& facts, int64_t now_ms) : facts_(facts), now_ms_(now_ms) {}

  std::vector<Finding> run() {
    for (const ServerFacts& s : facts_.servers) reachable(s);
    brokers();
    views();
    clocks();
    for (const ServerFacts& s : facts_.servers) if (!s.unreachable) server(s);
    alike();
    versions();
    topics();
    for (const auto& [name, group] : facts_.groups) {
      if (group.members == 0 && group.behind > 0) {
        add(Severity::kWarning, "groups", name, fmt::format("{} messages wait and nobody consumes them", group.behind),
            "start its consumers, or delete the group with deleteSubGroup when it is no longer needed");
      }
    }
    std::ranges::stable_sort(found_, {}, &Finding::severity);
    return std::move(found_);
  }

 private:
  void add(Severity severity, std::string_view check, std::string name, std::string cause, std::string todo) {
    found_.push_back({severity, check, std::move(name), std::move(cause), std::move(todo)});
  }

  void reachable(const ServerFacts& s) {
    const bool broker = s.kind == ServerFacts::Kind::kBroker;
    if (s.unreachable) {
      add(Severity::kError, "address", s.name(), fmt::format("no connection from here to {}: {}", s.addr, *s.unreachable),
          broker ? "clients are told this address: start the broker, open the port, or set brokerIP1 (and advertisedPort) to what clients can reach"
                 : "start the NameServer, open the port, or take it out of the list");
      return;
    }
    if (s.vip_unreachable) {
      add(Severity::kWarning, "address", s.name(), fmt::format("no connection to its fast port, two below: {}", *s.vip_unreachable),
          "open or map that port too: older clients send there (vipChannelEnabled); or set com.rocketmq.sendMessageWithVIPChannel=false at the clients");
    }
    if (s.silent) {
      add(Severity::kError, "answer", s.name(), *s.silent,
          "look into its log; with access control, give this tool a user that may read the cluster (conf/tools.yml), with tls.server.mode=enforcing set tls.enable");
    }
  }

  void brokers() {
    std::set<std::string> names;
    std::map<std::string, std::set<int64_t>> ids;
    for (const View& v : facts_.views) {
      for (const auto& [name, data] : v.cluster.brokerAddrTable) {
        names.insert(name);
        for (const auto& [id, addr] : data.brokerAddrs) ids[name].insert(id);
      }
    }
    std::set<std::string> wanted = facts_.expected;
    for (const View& v : facts_.views) {
      for (const auto& [cluster, members] : v.cluster.clusterAddrTable) wanted.insert(members.begin(), members.end());
      for (const auto& [topic, route] : v.routes) for (const wire::QueueData& q : route.queueDatas) wanted.insert(q.brokerName);
    }
    for (const std::string& name : wanted) {
      if (names.contains(name)) continue;
      add(Severity::kError, "brokers", name, "no NameServer knows an address of this broker, which is expected or named in routes",
          "start it, or look into its log for why it cannot register");
    }
    for (const auto& [name, members] : ids) {
      if (members.contains(0)) continue;
      add(Severity::kError, "brokers", name, "it has slaves and no master: nothing can be sent to its queues", "start its master (brokerId=0)");
    }
    if (!facts_.views.empty() && names.empty()) {
      add(Severity::kError, "brokers", "the cluster", "no NameServer knows any broker", "start the brokers with namesrvAddr set to these NameServers");
    }
  }

  /// What one NameServer knows and another does not.
  void views() {
    if (facts_.views.size() < 2) return;
    constexpr std::string_view kTodo = "brokers register at every NameServer of their namesrvAddr each half minute: compare that list with this one, look for a "
                                       "cut between them, and ask again";
    std::map<std::string, std::set<std::string>> brokers;   // "broker-a id 0 at ADDR" -> NameServers
    std::map<std::string, std::set<std::string>> topics;
    for (const View& v : facts_.views) {
      for (const auto& [name, data] : v.cluster.brokerAddrTable) {
        for (const auto& [id, addr] : data.brokerAddrs) brokers[fmt::format("{} (id {}, {})", name, id, addr)].insert(v.namesrv);
      }
      for (const std::string& t : v.topics) topics[t].insert(v.namesrv);
    }
    for (const View& v : facts_.views) {
      std::vector<std::string> missing, topics_missing;
      for (const auto& [broker, by] : brokers) if (!by.contains(v.namesrv)) missing.push_back(broker);
      for (const auto& [topic, by] : topics) if (!by.contains(v.namesrv)) topics_missing.push_back(topic);
      if (!missing.empty()) {
        add(Severity::kError, "views", "NameServer " + v.namesrv, "it does not know " + some(missing) + ", another NameServer does: clients that ask it miss these queues",
            std::string(kTodo));
      }
      if (!topics_missing.empty() && missing.empty()) {   // else they are its brokers'
        add(Severity::kWarning, "views", "NameServer " + v.namesrv, fmt::format("it lacks {} topics that another NameServer has: {}", topics_missing.size(), some(topics_missing)),
            std::string(kTodo));
      }
    }
    routes();
  }

  void routes() {
    std::map<std::pair<std::string, std::string>, std::map<std::string, std::vector<std::string>>> told;   // topic, broker -> queues -> by whom
    for (const View& v : facts_.views) {
      for (const auto& [topic, route] : v.routes) {
        for (const wire::QueueData& q : route.queueDatas) {
          told[{topic, q.brokerName}][fmt::format("{} read, {} write queues, perm {}", q.readQueueNums, q.writeQueueNums, q.perm)].push_back(v.namesrv);
        }
      }
    }
    std::vector<std::string> differ;
    for (const auto& [at, forms] : told) {
      if (forms.size() < 2) continue;
      std::string text = fmt::format("{} on {}:", at.first, at.second);
      for (const auto& [form, by] : forms) text += fmt::format(" {} at {};", form, fmt::join(by, ", "));
      text.pop_back();
      differ.push_back(std::move(text));
    }
    if (differ.empty()) return;
    add(Severity::kWarning, "views", "routes", fmt::format("the NameServers tell {} routes differently: {}", differ.size(), some(differ)),
        "ask again in half a minute; when it stays, run wipeWritePerm or addWritePerm at every NameServer, or restart the broker");
  }

  void clocks() {
    std::vector<int64_t> offsets{0};   // this machine's
    for (const ServerFacts& s : facts_.servers) if (s.clock) offsets.push_back(s.clock->ahead_ms);
    int64_t middle = 0;   // of two, this machine is the measure
    if (offsets.size() > 2) {
      std::ranges::sort(offsets);
      middle = offsets[offsets.size() / 2];
    }
    const auto judge = [&](const std::string& name, int64_t ahead_ms, int64_t error_ms) {
      const int64_t off = std::abs(ahead_ms - middle);
      if (off <= kClockWarnMs + error_ms) return;
      add(off > kClockErrorMs ? Severity::kError : Severity::kWarning, "clock", name,
          fmt::format("its clock is {} {}{}", seconds(off), ahead_ms > middle ? "ahead" : "behind", offsets.size() > 2 ? " of most others" : " of this machine's"),
          "synchronise the clocks (chrony, NTP): delays, retries, searches by time and the deletion of old files go by them");
    };
    for (const ServerFacts& s : facts_.servers) if (s.clock) judge(s.name(), s.clock->ahead_ms, s.clock->error_ms);
    judge("this machine", 0, 0);
  }

  void server(const ServerFacts& s) {
    disk(s);
    limits(s);
    tls(s);
    for (const std::string& doubt : s.doubts) add(Severity::kWarning, "config", s.name(), doubt, "correct its configuration file, or the environment, and restart it");
    if (s.kind == ServerFacts::Kind::kBroker && loopback(s) && !std::ranges::all_of(facts_.servers, loopback)) {
      add(Severity::kWarning, "address", s.name(), "clients are told an address that only this machine can dial", "set brokerIP1");
    }
    untold(s);
  }

  static bool loopback(const ServerFacts& s) {
    const auto endpoint = env::Endpoint::parse(s.addr);
    return endpoint && env::is_loopback(endpoint->host);
  }

  void untold(const ServerFacts& s) {
    if (!s.condition.is_null() || s.silent) return;
    std::vector<std::string> what;
    if (!s.clock) what.emplace_back("its clock");
    if (s.machine.is_null()) what.emplace_back("its limits");
    else what.emplace_back("its limit of open files");
    if (s.kind == ServerFacts::Kind::kBroker && !s.disk_ms) what.emplace_back("how fast its disk is");
    what.emplace_back("the end of its TLS certificate");
    add(Severity::kUnknown, "answer", s.name(), fmt::format("a Java server does not tell {}", fmt::join(what, ", ")),
        s.here ? "look at the process itself: /proc/PID/limits" : "run this command on its machine as well, which shows some of it");
  }

  /// A percentage of the configuration, as the broker uses it. Brokers of 4.9 and before do not show each of them.
  static double percent_set(const ServerFacts& s, const Option<int32_t>& usual) {
    const auto set = s.config.find(usual.info().name);
    const auto told = set == s.config.end() ? std::nullopt : parse_int64(set->second);
    return static_cast<double>(within_limits(usual.info(), told.value_or(usual())));
  }

  void disk(const ServerFacts& s) {
    const store::MessageStoreConfig usual;
    const double keep = percent_set(s, usual.diskMaxUsedSpaceRatio) / 100;
    const double refuses = percent_set(s, usual.diskSpaceWarningLevelRatio) / 100;
    double fullest = 0;
    for (const auto& [key, ratio] : s.disk_ratios) fullest = std::max(fullest, ratio);
    if (fullest >= refuses) {
      add(Severity::kError, "disk", s.name(), fmt::format("the disk of its store is {:.0f} % full: sends are refused from {:.0f} % on", fullest * 100, refuses * 100),
          "make room, add space, or lower fileReservedTime and run deleteExpiredCommitLog");
    } else if (fullest >= keep) {
      add(Severity::kWarning, "disk", s.name(), fmt::format("the disk of its store is {:.0f} % full: from {:.0f} % on files are deleted before their time", fullest * 100, keep * 100),
          "make room, add space, or lower fileReservedTime");
    }
    std::optional<double> ms = s.disk_ms;
    if (const Json* told = s.condition.find("diskMs")) ms = told->as_double();
    if (ms && *ms >= kDiskWarnMs) {
      add(*ms >= kDiskErrorMs ? Severity::kError : Severity::kWarning, "disk", s.name(), fmt::format("writing 4 KiB to the disk of its store took {:.0f} ms", *ms),
          "look at the disk's load and health (iostat -x, dmesg): with SYNC_FLUSH every send waits for it");
    }
    if (const Json* error = s.condition.find("diskError")) {
      add(Severity::kError, "disk", s.name(), "its store cannot be written to: " + error->as_string(), "look at the disk and the rights of its folder");
    }
    if (s.put_lock_ms > kPutLockMs) {
      add(Severity::kError, "disk", s.name(), fmt::format("an append has been under way for {}", seconds(s.put_lock_ms)), "look at the disk's load and health (iostat -x, dmesg)");
    }
  }

  void limits(const ServerFacts& s) {
    const Json& l = s.condition.is_null() ? s.machine : s.condition["limits"];
    if (const Json* max = l.find("openFilesMax"); max && !s.condition.is_null()) {
      const int64_t used = l["openFiles"].as_int(), most = max->as_int();
      const bool short_of = used > most / 2;
      if (most < kFewFiles || short_of) {
        add(most < kFewestFiles || used > most / 10 * 9 ? Severity::kError : Severity::kWarning, "limits", s.name(),
            fmt::format("it may have {} files and connections open, and has {}", most, used), "raise the limit: LimitNOFILE of the unit, ulimit -n, --ulimit nofile of the container");
      }
    }
    if (const Json* max = l.find("mapsMax"); max && !s.condition.is_null() && l["maps"].as_int() > max->as_int() / 2) {
      add(Severity::kWarning, "limits", s.name(), fmt::format("it has mapped {} pieces of files of the {} that vm.max_map_count lets it", l["maps"].as_int(), max->as_int()),
          "sysctl -w vm.max_map_count=655360, and in /etc/sysctl.d");
    } else if (max && s.condition.is_null() && max->as_int() < kFewFiles - 5) {
      add(Severity::kWarning, "limits", s.name(), fmt::format("vm.max_map_count of its machine is {}", max->as_int()), "sysctl -w vm.max_map_count=655360, and in /etc/sysctl.d");
    }
    if (s.kind == ServerFacts::Kind::kBroker && l["swapBytes"].as_int() > 0 && l["swappiness"].as_int() > kCalmSwappiness) {
      add(Severity::kWarning, "limits", s.name(), fmt::format("its machine has swap and vm.swappiness={}: what is not asked for now may be swapped out", l["swappiness"].as_int()),
          "sysctl -w vm.swappiness=1, or turn swap off");
    }
  }

  void tls(const ServerFacts& s) {
    const int64_t ends_s = s.condition["tls"]["notAfter"].as_int();
    if (ends_s <= 0) return;
    const int64_t left_ms = ends_s * 1000 - now_ms_, days = left_ms / kDayMs;
    if (days > remoting::Tls::kEndWarningDays) return;
    add(days <= remoting::Tls::kEndUrgentDays ? Severity::kError : Severity::kWarning, "tls", s.name(),
        left_ms <= 0 ? fmt::format("its TLS certificate ended {} days ago", -days) : fmt::format("its TLS certificate ends in {} days", days),
        "replace tls.server.certPath and tls.server.keyPath; a running server takes the new ones within a second");
  }

  void alike() {
    std::map<std::string, std::vector<const ServerFacts*>> clusters;
    for (const ServerFacts& s : facts_.servers) if (s.kind == ServerFacts::Kind::kBroker && !s.config.empty()) clusters[s.cluster].push_back(&s);
    for (const auto& [cluster, members] : clusters) {
      for (const std::string_view key : kAlike) {
        std::map<std::string, std::vector<std::string>> values;
        for (const ServerFacts* s : members) {
          if (const auto at = s->config.find(key); at != s->config.end()) values[at->second].push_back(s->broker_name);
        }
        if (values.size() < 2) continue;
        std::vector<std::string> parts;
        for (const auto& [value, by] : values) parts.push_back(fmt::format("{} at {}", value.empty() ? "\"\"" : value, some(by)));
        add(Severity::kWarning, "config", cluster, fmt::format("its brokers differ in {}: {}", key, fmt::join(parts, "; ")), "give all brokers of a cluster the same value, unless it is meant");
      }
    }
  }

  void versions() {
    std::map<std::string, std::vector<std::string>> versions;
    for (const ServerFacts& s : facts_.servers) if (!s.version.empty()) versions[s.version].push_back(s.name());
    if (versions.size() < 2) return;
    std::vector<std::string> parts;
    for (const auto& [version, by] : versions) parts.push_back(fmt::format("{}: {}", version, some(by)));
    add(Severity::kWarning, "version", "the servers", fmt::format("they are of different versions: {}", fmt::join(parts, "; ")), "finish the upgrade, NameServers first");
  }

  void topics() {
    std::map<std::string, std::pair<std::set<std::string>, std::set<std::string>>> brokers;   // topics that can be sent to, topics
    std::set<std::string> closed, open;
    for (const View& v : facts_.views) {
      for (const auto& [topic, route] : v.routes) {
        if (is_system_topic(topic) || is_dlq_topic(topic) || is_retry_topic(topic)) continue;
        bool any = false;
        for (const wire::QueueData& q : route.queueDatas) {
          any |= writable(q);
          auto& [can, all] = brokers[q.brokerName];
          if (writable(q)) can.insert(topic);
          all.insert(topic);
        }
        (any ? open : closed).insert(topic);
      }
    }
    for (const auto& [broker, named] : brokers) {
      if (named.first.empty() && named.second.size() > 1) {
        add(Severity::kWarning, "topics", broker, fmt::format("none of its {} topics can be sent to", named.second.size()),
            "addWritePerm when it was taken out with wipeWritePerm, or brokerPermission=6");
      }
    }
    for (const std::string& topic : closed) {
      if (open.contains(topic)) continue;
      add(Severity::kWarning, "topics", topic, "no broker has a queue of it that can be sent to", "updateTopicPerm -p 6, updateTopic -w, or deleteTopic when it is no longer needed");
    }
    if (facts_.topics_left_out > 0) {
      add(Severity::kUnknown, "topics", "the topics", fmt::format("the routes of {} topics were not looked at", facts_.topics_left_out), "raise --topics");
    }
  }

  const ClusterFacts& facts_;
  const int64_t now_ms_;
  std::vector<Finding> found_;
};

}  // namespace

std::string_view to_string(Severity severity) noexcept {
  switch (severity) {
    case Severity::kError: return "ERROR";
    case Severity::kWarning: return "WARNING";
    case Severity::kUnknown: break;
  }
  return "UNKNOWN";
}

std::string ServerFacts::name() const {
  if (kind == Kind::kNamesrv) return "NameServer " + addr;
  return fmt::format("{}{} ({})", broker_name, broker_id == 0 ? "" : fmt::format(" slave {}", broker_id), addr);
}

std::vector<Finding> diagnose(const ClusterFacts& facts, int64_t now_ms) { return Examination(facts, now_ms).run(); }

std::vector<std::string> doubts_about(ServerFacts::Kind kind, std::string_view text) {
  const auto lines = parse_properties(text);
  if (!lines) return {"its configuration cannot be read: " + lines.error().message()};
  broker::BrokerConfig broker;
  store::MessageStoreConfig store;
  broker::NettyServerConfig server;
  broker::NettyClientConfig client;
  broker::HostConfig host;
  namesrv::NamesrvConfig namesrv;
  remoting::NettyServerConfig netty{9876};
  ops::ServiceConfig service;
  remoting::TlsConfig tls;
  auth::AuthConfig auth;
  std::vector<ConfigGroup*> groups{&service, &tls, &auth};
  if (kind == ServerFacts::Kind::kBroker) groups.insert(groups.end(), {&broker, &store, &server, &client, &host});
  else groups.insert(groups.end(), {&namesrv, &netty});
  const Configuration known(groups);
  std::vector<std::string> doubts;
  for (const PropertyLine& line : *lines) {
    if (known.find(line.key)) continue;
    std::string nearest;
    size_t steps = 3;   // what a slip of the hand may differ in
    for (const ConfigGroup* g : groups) {
      for (const OptionBase* o : g->options()) {
        if (const size_t d = distance(line.key, o->info().name); d < steps) steps = d, nearest = o->info().name;
      }
    }
    doubts.push_back(fmt::format("{}: no such key is known, it has no effect{}", line.key, nearest.empty() ? "" : fmt::format("; is {} meant?", nearest)));
  }
  return doubts;
}

std::optional<int64_t> time_of(int64_t boot_ms, std::string_view runtime) {
  static constexpr std::pair<std::string_view, int64_t> kUnits[] = {{"days", kDayMs}, {"hours", 3'600'000}, {"minutes", 60'000}, {"seconds", 1000}};
  std::vector<std::string_view> words;
  for (const std::string_view word : split(runtime, " ")) if (!word.empty()) words.push_back(word);
  int64_t age = 0;
  size_t units = 0;
  for (size_t i = 1; i < words.size(); ++i) {
    const std::string_view unit = words[i].substr(0, words[i].find(','));
    const auto found = std::ranges::find(kUnits, unit, &std::pair<std::string_view, int64_t>::first);
    if (found == std::end(kUnits)) continue;
    std::string digits(words[i - 1]);
    std::erase(digits, ',');
    const auto count = parse_int64(digits);
    if (!count) return std::nullopt;
    age += *count * found->second;
    ++units;
  }
  return units == std::size(kUnits) && boot_ms > 0 ? std::optional(boot_ms + age) : std::nullopt;
}

}  // namespace mq::admin
