#include "admin/doctor.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "admin/command.h"

namespace mq::admin {
namespace {

constexpr int64_t kNow = 1'700'000'000'000;

ServerFacts broker(const std::string& name, const std::string& addr) {
  ServerFacts f;
  f.addr = addr;
  f.cluster = "C";
  f.broker_name = name;
  f.version = "V5_3_3";
  f.clock = ClockOffset{0, 1};
  f.condition = Json::object().add("limits", Json::object().add("openFiles", 50).add("openFilesMax", 655'350)).add("diskMs", 2.5);
  return f;
}

ServerFacts namesrv(const std::string& addr) {
  ServerFacts f = broker("", addr);
  f.kind = ServerFacts::Kind::kNamesrv;
  return f;
}

/// One NameServer's view of broker-a with a topic that can be read and written.
View view(const std::string& ns) {
  View v;
  v.namesrv = ns;
  v.cluster.clusterAddrTable["C"] = {"broker-a"};
  v.cluster.brokerAddrTable["broker-a"] = {.cluster = "C", .brokerName = "broker-a", .brokerAddrs = {{0, "10.0.0.3:10911"}}};
  v.topics = {"T"};
  v.routes["T"].queueDatas = {{.brokerName = "broker-a", .readQueueNums = 4, .writeQueueNums = 4, .perm = 6}};
  return v;
}

/// Two NameServers and a broker, all well.
ClusterFacts well() {
  ClusterFacts facts;
  facts.servers = {namesrv("10.0.0.1:9876"), namesrv("10.0.0.2:9876"), broker("broker-a", "10.0.0.3:10911")};
  facts.views = {view("10.0.0.1:9876"), view("10.0.0.2:9876")};
  return facts;
}

std::string text_of(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& f : findings) text += std::string(to_string(f.severity)) + " " + std::string(f.check) + " " + f.name + ": " + f.cause + "\n";
  return text;
}

TEST(Doctor, NothingIsWrongWithAClusterThatIsWell) { EXPECT_EQ(text_of(diagnose(well(), kNow)), ""); }

/// Each change to a cluster that is well, and the start of the one finding it makes.
TEST(Doctor, EachFaultIsFoundAlone) {
  struct Case {
    std::string_view finding;
    void (*change)(ClusterFacts&);
  };
  static const Case kCases[] = {
      {"ERROR address broker-a (10.0.0.3:10911): no connection from here", [](ClusterFacts& f) { f.servers[2].unreachable = "refused"; }},
      {"ERROR address NameServer 10.0.0.2:9876: no connection from here", [](ClusterFacts& f) { f.servers[1].unreachable = "refused", f.views.pop_back(); }},
      {"WARNING address broker-a (10.0.0.3:10911): no connection to its fast port", [](ClusterFacts& f) { f.servers[2].vip_unreachable = "refused"; }},
      {"ERROR answer broker-a (10.0.0.3:10911): denied", [](ClusterFacts& f) { f.servers[2].silent = "denied"; }},
      {"ERROR views NameServer 10.0.0.2:9876: it does not know broker-a (id 0, 10.0.0.3:10911)", [](ClusterFacts& f) {
         f.views[1] = View{};
         f.views[1].namesrv = "10.0.0.2:9876";
       }},
      {"WARNING views NameServer 10.0.0.1:9876: it lacks 1 topics that another NameServer has: U", [](ClusterFacts& f) { f.views[1].topics.insert("U"); }},
      {"WARNING views routes: the NameServers tell 1 routes differently: T on broker-a: 4 read, 4 write queues, perm 6 at 10.0.0.1:9876; 4 read, 8 write",
       [](ClusterFacts& f) { f.views[1].routes["T"].queueDatas[0].writeQueueNums = 8; }},
      {"ERROR brokers broker-b: no NameServer knows an address", [](ClusterFacts& f) { f.expected = {"broker-a", "broker-b"}; }},
      {"ERROR brokers broker-c: no NameServer knows an address", [](ClusterFacts& f) { for (View& v : f.views) v.cluster.clusterAddrTable["C"].insert("broker-c"); }},
      {"ERROR brokers broker-a: it has slaves and no master", [](ClusterFacts& f) { for (View& v : f.views) v.cluster.brokerAddrTable["broker-a"].brokerAddrs = {{1, "10.0.0.3:10911"}}; }},
      {"WARNING topics T: no broker has a queue of it that can be sent to", [](ClusterFacts& f) { for (View& v : f.views) v.routes["T"].queueDatas[0].perm = 4; }},
      {"WARNING topics broker-b: none of its 2 topics can be sent to", [](ClusterFacts& f) {
         for (View& v : f.views) {
           v.cluster.brokerAddrTable["broker-b"] = {.cluster = "C", .brokerName = "broker-b", .brokerAddrs = {{0, "10.0.0.4:10911"}}};
           v.topics.insert("U");
           v.routes["U"] = v.routes["T"];
           for (const char* topic : {"T", "U"}) v.routes[topic].queueDatas.push_back({.brokerName = "broker-b", .readQueueNums = 4, .writeQueueNums = 4, .perm = 4});
         }
       }},
      {"WARNING clock broker-a (10.0.0.3:10911): its clock is 2.0 s ahead of most others", [](ClusterFacts& f) { f.servers[2].clock = ClockOffset{2000, 1}; }},
      {"ERROR clock broker-a (10.0.0.3:10911): its clock is 60.0 s behind of most others", [](ClusterFacts& f) { f.servers[2].clock = ClockOffset{-60'000, 1}; }},
      {"WARNING clock this machine: its clock is 5.0 s behind", [](ClusterFacts& f) { for (ServerFacts& s : f.servers) s.clock = ClockOffset{5000, 1}; }},
      {"ERROR disk broker-a (10.0.0.3:10911): the disk of its store is 93 % full", [](ClusterFacts& f) { f.servers[2].disk_ratios["commitLogDiskRatio"] = 0.93; }},
      {"ERROR disk broker-a (10.0.0.3:10911): the disk of its store is 60 % full: sends are refused from 50 % on", [](ClusterFacts& f) {
         f.servers[2].config["diskSpaceWarningLevelRatio"] = "50";
         f.servers[2].disk_ratios["consumeQueueDiskRatio"] = 0.6;
       }},
      {"ERROR disk broker-a (10.0.0.3:10911): the disk of its store is 91 % full: sends are refused from 90 % on", [](ClusterFacts& f) {
         f.servers[2].config["diskSpaceWarningLevelRatio"] = "99";   // brokers take at most 90
         f.servers[2].disk_ratios["consumeQueueDiskRatio"] = 0.91;
       }},
      {"WARNING disk broker-a (10.0.0.3:10911): the disk of its store is 60 % full", [](ClusterFacts& f) {
         f.servers[2].config["diskMaxUsedSpaceRatio"] = "55";
         f.servers[2].disk_ratios["consumeQueueDiskRatio"] = 0.6;
       }},
      {"WARNING disk broker-a (10.0.0.3:10911): writing 4 KiB to the disk of its store took 120 ms", [](ClusterFacts& f) { f.servers[2].condition.set("diskMs", 120.0); }},
      {"ERROR disk broker-a (10.0.0.3:10911): its store cannot be written to: I/O", [](ClusterFacts& f) { f.servers[2].condition.add("diskError", "I/O"); }},
      {"ERROR disk broker-a (10.0.0.3:10911): an append has been under way for 1.5 s", [](ClusterFacts& f) { f.servers[2].put_lock_ms = 1500; }},
      {"ERROR limits broker-a (10.0.0.3:10911): it may have 1024 files", [](ClusterFacts& f) { f.servers[2].condition.set("limits", Json::object().add("openFiles", 50).add("openFilesMax", 1024)); }},
      {"WARNING limits broker-a (10.0.0.3:10911): it has mapped 40000 pieces", [](ClusterFacts& f) { f.servers[2].condition.set("limits", Json::object().add("maps", 40'000).add("mapsMax", 65'530)); }},
      {"WARNING limits broker-a (10.0.0.3:10911): its machine has swap", [](ClusterFacts& f) { f.servers[2].condition.set("limits", Json::object().add("swapBytes", 1 << 20).add("swappiness", 60)); }},
      {"WARNING tls broker-a (10.0.0.3:10911): its TLS certificate ends in 20 days", [](ClusterFacts& f) { f.servers[2].condition.add("tls", Json::object().add("notAfter", kNow / 1000 + 20 * 86'400 + 60)); }},
      {"ERROR tls broker-a (10.0.0.3:10911): its TLS certificate ended 2 days ago", [](ClusterFacts& f) { f.servers[2].condition.add("tls", Json::object().add("notAfter", kNow / 1000 - 2 * 86'400)); }},
      {"WARNING config broker-a (10.0.0.3:10911): x: no such key", [](ClusterFacts& f) { f.servers[2].doubts = {"x: no such key is known"}; }},
      {"WARNING config C: its brokers differ in flushDiskType: ASYNC_FLUSH at broker-a; SYNC_FLUSH at broker-b", [](ClusterFacts& f) {
         f.servers.push_back(broker("broker-b", "10.0.0.4:10911"));
         f.servers[2].config["flushDiskType"] = "ASYNC_FLUSH";
         f.servers[3].config["flushDiskType"] = "SYNC_FLUSH";
       }},
      {"WARNING version the servers: they are of different versions: V4_9_7: broker-a (10.0.0.3:10911); V5_3_3: NameServer", [](ClusterFacts& f) { f.servers[2].version = "V4_9_7"; }},
      {"WARNING groups G: 7 messages wait and nobody consumes them", [](ClusterFacts& f) { f.groups["G"] = {.behind = 7, .members = 0}, f.groups["H"] = {.behind = 9, .members = 1}; }},
      {"UNKNOWN answer broker-a (10.0.0.3:10911): a Java server does not tell its limits, how fast its disk is, the end of its TLS certificate",
       [](ClusterFacts& f) { f.servers[2].condition = {}; }},
      {"WARNING address broker-a (127.0.0.1:10911): clients are told an address that only this machine", [](ClusterFacts& f) { f.servers[2].addr = "127.0.0.1:10911"; }},
  };
  for (const Case& c : kCases) {
    ClusterFacts facts = well();
    c.change(facts);
    const auto findings = diagnose(facts, kNow);
    EXPECT_EQ(findings.size(), 1u) << c.finding << "\n" << text_of(findings);
    EXPECT_TRUE(text_of(findings).starts_with(c.finding)) << c.finding << "\n" << text_of(findings);
    for (const Finding& f : findings) EXPECT_FALSE(f.todo.empty()) << c.finding;
  }
}

TEST(Doctor, ErrorsComeFirst) {
  ClusterFacts facts = well();
  facts.servers[0].condition = {};
  facts.servers[2].vip_unreachable = "refused";
  facts.servers[1].unreachable = "refused";
  const auto findings = diagnose(facts, kNow);
  EXPECT_TRUE(std::ranges::is_sorted(findings, {}, &Finding::severity)) << text_of(findings);
  EXPECT_EQ(findings.size(), 3u);
}

TEST(Doctor, UnknownKeysAreNamedWithTheNearestKnownOne) {
  EXPECT_EQ(doubts_about(ServerFacts::Kind::kBroker, "brokerName=a\nflushDiskTyp=SYNC_FLUSH\nmyOwn=1\nkvConfigPath=/x\n"),
            (std::vector<std::string>{"flushDiskTyp: no such key is known, it has no effect; is flushDiskType meant?", "myOwn: no such key is known, it has no effect",
                                      "kvConfigPath: no such key is known, it has no effect"}));
  EXPECT_EQ(doubts_about(ServerFacts::Kind::kNamesrv, "kvConfigPath=/x\ntls.server.mode=enforcing\n"), std::vector<std::string>{});
}

TEST(Doctor, ReadsJavasAge) {
  EXPECT_EQ(time_of(1000, "[ 1,002 days, 3 hours, 4 minutes, 5 seconds ]"), 1000 + ((1002 * 24 + 3) * 60 + 4) * 60'000LL + 5000);
  EXPECT_EQ(time_of(1000, "[ 3 hours ]"), std::nullopt);
  EXPECT_EQ(time_of(0, "[ 0 days, 0 hours, 0 minutes, 5 seconds ]"), std::nullopt);
}

}  // namespace
}  // namespace mq::admin
