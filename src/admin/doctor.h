// What is wrong with a cluster: facts in, findings out. Nothing here asks anybody; doctor_look.h gathers the facts.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "wire/bodies/route.h"

namespace mq::admin {

enum class Severity : uint8_t { kError, kWarning, kUnknown };   // kUnknown: the server does not tell
std::string_view to_string(Severity severity) noexcept;         // "ERROR", ...

struct Finding {
  Severity severity;
  std::string_view check;    // "clock", "disk", "limits", "address", "config", "version", "views", "topics", "groups", "brokers", "tls", "answer"
  std::string name;          // of the server, topic or group it is about
  std::string cause, todo;
};

/// How far a clock is ahead of this machine's, give or take.
struct ClockOffset {
  int64_t ahead_ms = 0, error_ms = 0;
};

struct ServerFacts {
  enum class Kind : uint8_t { kNamesrv, kBroker };
  Kind kind = Kind::kBroker;
  std::string addr, cluster, broker_name;      // the last two of a broker
  int64_t broker_id = 0;
  std::optional<std::string> unreachable;      // why no connection could be made
  std::optional<std::string> vip_unreachable;  // a broker's port for the VIP channel, two below
  std::optional<std::string> silent;           // connected, but a question was refused or not answered
  std::optional<ClockOffset> clock;            // none: it does not tell
  std::string version;
  std::map<std::string, std::string, std::less<>> config;
  std::vector<std::string> doubts;             // about its configuration, each a sentence
  Json condition;                              // as ops::condition and "diskMs"; null: a Java server, or one of ours before it had that
  std::map<std::string, double> disk_ratios;   // by runtime key, 0 to 1
  int64_t put_lock_ms = 0;                     // how long the append has been held, at this moment
  bool here = false;                           // it runs on this machine
  Json machine;                                // ops::machine_limits() of this machine, when `here` and it does not tell itself
  std::optional<double> disk_ms;               // of its store, measured from here

  std::string name() const;                    // "NameServer 10.0.0.1:9876", "broker-a (10.0.0.1:10911)"
};

/// What one NameServer tells.
struct View {
  std::string namesrv;
  wire::ClusterInfo cluster;
  std::set<std::string> topics;
  std::map<std::string, wire::TopicRouteData> routes;   // of the topics that were looked at
};

struct GroupFacts {
  int64_t behind = 0;    // messages, over all brokers
  int64_t members = 0;   // most that one broker knows
};

struct ClusterFacts {
  std::vector<ServerFacts> servers;
  std::vector<View> views;                   // of the NameServers that answered
  std::map<std::string, GroupFacts> groups;  // those that are behind
  std::set<std::string> expected;            // broker names that must be there
  int64_t topics_left_out = 0;               // topics whose routes were not looked at
};

/// Errors first, then warnings, then what is not known; in each of these in the order of the checks. `now_ms` is this machine's time.
std::vector<Finding> diagnose(const ClusterFacts& facts, int64_t now_ms);

/// What a server's start would have said of keys and values of its configuration, which a Java server passes over in silence. `text` is
/// the answer to GET_BROKER_CONFIG or GET_NAMESRV_CONFIG.
std::vector<std::string> doubts_about(ServerFacts::Kind kind, std::string_view text);

/// The server's time from Java's words for its age, "[ 1 days, 2 hours, 3 minutes, 4 seconds ]"; to the second. None: it reads differently.
std::optional<int64_t> time_of(int64_t boot_ms, std::string_view runtime);

}  // namespace mq::admin
