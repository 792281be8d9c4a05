// Streams between simulated machines: order, cuts, half-open connections, partitions.
#include <gtest/gtest.h>

#include <set>

#include "env/sim.h"

namespace mq::env {
namespace {

/// One end of a connection that records what it sees.
struct End final : ConnectionHandler {
  std::string got;
  std::string closed;   // why; empty while open
  int drained = 0;
  Connection* connection = nullptr;
  bool echo = false;
  bool yields = false;   // takes ten bytes at a time

  void take(Connection& c) {
    connection = &c;
    c.set_handler(this);
  }
  size_t on_data(Connection& c, ByteView bytes) noexcept override {
    if (yields && bytes.size() > 10) {
      c.yield();
      bytes = bytes.first(10);
    }
    got += as_text(bytes);
    if (echo) c.out().append(bytes);
    return bytes.size();
  }
  void on_close(Connection&, const Error& why) noexcept override {
    EXPECT_EQ(closed, "");
    closed = std::string(to_string(why.code()));
    connection = nullptr;
  }
  void on_drained(Connection&) noexcept override { ++drained; }
};

struct Pair {
  SimWorld world;
  SimMachine& server = world.machine("server");
  SimMachine& client = world.machine("client");
  Loop* server_loop = &server.env().start_loop("io");
  Loop* client_loop = &client.env().start_loop("io");
  End accepted, connected;
  std::unique_ptr<Listener> listener;
  Result<> outcome;

  explicit Pair(uint64_t seed) : world(seed) {}
  ~Pair() {
    if (server.alive()) server.crash(Crash::kProcess);
    if (client.alive()) client.crash(Crash::kProcess);
  }
  void listen() {
    server.env().run_on(*server_loop, [&] {
      listener = std::move(*server_loop->net().listen("", 9876, [&](Connection& c) { accepted.take(c); }));
    });
  }
  void connect(const std::string& host = "server", int64_t timeout_ms = 3000) {
    outcome = fail(Errc::kInvalid, "not yet");
    client.env().run_on(*client_loop, [&] {
      client_loop->net().connect({host, 9876}, timeout_ms, [&](Result<Connection*> c) {
        outcome = c ? Result<>() : fail(c.error());
        if (c) connected.take(**c);
      });
    });
  }
  void establish() {
    listen();
    connect();
    ASSERT_TRUE(world.run_until([&] { return connected.connection && accepted.connection; }, 1000));
  }
  void send(const std::string& text) {
    client.env().run_on(*client_loop, [&] {
      if (connected.connection) connected.connection->out().append(text);
    });
  }
};

std::string long_text(size_t size) {
  std::string text;
  while (text.size() < size) text += std::to_string(text.size()) + ",";
  return text;
}

TEST(SimNet, BytesArriveInOrderHoweverTheyAreCut) {
  for (uint64_t seed = 0; seed < 30; ++seed) {
    Pair p(seed);
    p.establish();
    p.accepted.echo = true;
    const std::string text = long_text(200'000);
    for (size_t at = 0; at < text.size(); at += 10'000) p.send(text.substr(at, 10'000));
    p.world.run_for(60'000);
    EXPECT_EQ(p.accepted.got, text) << "seed " << seed;
    EXPECT_EQ(p.connected.got, text) << "seed " << seed;
    EXPECT_EQ(p.connected.connection->unsent(), 0U);
  }
}

TEST(SimNet, AddressesAreAsOnARealNetwork) {
  Pair p(1);
  p.establish();
  EXPECT_EQ(p.accepted.connection->peer().host, p.client.address());
  EXPECT_EQ(p.accepted.connection->peer(), p.connected.connection->local());
  EXPECT_EQ(p.connected.connection->peer().to_string(), p.server.address() + ":9876");
  std::vector<std::string> found;
  p.world.set_name("both", {p.server.address(), p.client.address()});
  p.client.env().run_on(*p.client_loop, [&] {
    p.client_loop->net().resolve("both", 1000, [&](Result<std::vector<std::string>> r) { found = *r; });
  });
  p.world.run_for(100);
  EXPECT_EQ(found.size(), 2U);
}

TEST(SimNet, ConnectFailsAsItShould) {
  Pair p(2);
  p.connect();
  p.world.run_for(5000);
  EXPECT_EQ(p.outcome.error().code(), Errc::kRefused);
  p.connect("nobody");
  p.world.run_for(5000);
  EXPECT_EQ(p.outcome.error().code(), Errc::kNotFound);
  p.listen();
  p.world.cut("client", "server", true);
  p.connect();
  p.world.run_for(2000);
  EXPECT_EQ(p.outcome.error().code(), Errc::kInvalid);   // still trying
  p.world.run_for(2000);
  EXPECT_EQ(p.outcome.error().code(), Errc::kTimeout);
  p.world.cut("client", "server", false);
  p.connect();
  p.world.run_for(1000);
  EXPECT_TRUE(p.outcome);
  p.server.env().run_on(*p.server_loop, [&] {
    EXPECT_EQ(p.server_loop->net().listen("", 9876, [](Connection&) {}).error().code(), Errc::kBusy);
    p.listener.reset();
    EXPECT_TRUE(p.server_loop->net().listen("", 9876, [](Connection&) {}));
  });
}

TEST(SimNet, CloseSendsTheRestFirstAndAbortDoesNot) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    Pair p(seed);
    p.establish();
    const std::string text = long_text(100'000);
    p.client.env().run_on(*p.client_loop, [&] {
      p.connected.connection->out().append(text);
      p.connected.connection->close();
    });
    p.world.run_for(10'000);
    EXPECT_EQ(p.accepted.got, text);
    EXPECT_EQ(p.accepted.closed, "closed");
    EXPECT_EQ(p.connected.closed, "closed");
  }
  Pair p(99);
  p.establish();
  p.client.env().run_on(*p.client_loop, [&] {
    p.connected.connection->out().append("never");
    p.connected.connection->close(true);
  });
  p.world.run_for(1000);
  EXPECT_EQ(p.accepted.got, "");
  EXPECT_EQ(p.accepted.closed, "closed");
}

TEST(SimNet, PinnedBytesKeepTheirPlaceAndAreReleased) {
  Pair p(3);
  p.establish();
  auto shared = std::make_shared<std::string>(long_text(5'000));
  p.client.env().run_on(*p.client_loop, [&] {
    Connection& c = *p.connected.connection;
    c.out().append("head;");
    c.send_pinned({as_bytes(*shared), shared});
    c.out().append(";tail");
    EXPECT_EQ(c.unsent(), shared->size() + 10);
  });
  p.world.run_for(1000);
  EXPECT_EQ(p.accepted.got, "head;" + *shared + ";tail");
  EXPECT_EQ(shared.use_count(), 1);
}

TEST(SimNet, APausedReaderHoldsTheSenderBackUntilItDrains) {
  Pair p(4);
  p.establish();
  p.server.env().run_on(*p.server_loop, [&] { p.accepted.connection->pause(true); });
  const std::string text = long_text(4 << 20);
  p.send(text);
  p.world.run_for(5'000);
  EXPECT_EQ(p.accepted.got, "");
  EXPECT_TRUE(p.connected.connection->congested());
  EXPECT_EQ(p.connected.drained, 0);
  p.server.env().run_on(*p.server_loop, [&] { p.accepted.connection->pause(false); });
  p.world.run_for(60'000);
  EXPECT_EQ(p.accepted.got, text);
  EXPECT_EQ(p.connected.drained, 1);
}

TEST(SimNet, AYieldingReaderGetsTheRestLaterAlsoWhenItsPeerHasGone) {
  Pair p(4);
  p.establish();
  p.accepted.yields = true;
  const auto pause = [&](bool paused) { p.server.env().run_on(*p.server_loop, [&] { p.accepted.connection->pause(paused); }); };
  pause(true);
  const std::string text = long_text(1'003);
  p.send(text);
  p.client.env().run_on(*p.client_loop, [&] { p.connected.connection->close(); });
  p.world.run_for(5'000);
  EXPECT_EQ(p.accepted.got, "");
  pause(false);   // the end has arrived, too
  p.world.run_for(5'000);
  EXPECT_EQ(p.accepted.got, text);
  EXPECT_NE(p.accepted.closed, "");
}

TEST(SimNet, ACutStreamHasDeliveredAPrefix) {
  int cut = 0;
  for (uint64_t seed = 0; seed < 60; ++seed) {
    Pair p(seed);
    p.establish();
    p.client.faults().connection_cut = 0.1;
    const std::string text = long_text(50'000);
    for (size_t at = 0; at < text.size(); at += 5'000) p.send(text.substr(at, 5'000));
    p.world.run_for(10'000);
    EXPECT_EQ(p.accepted.got, text.substr(0, p.accepted.got.size()));
    EXPECT_EQ(p.accepted.closed, p.connected.closed);   // both see it
    cut += p.accepted.closed == "closed";
    if (p.accepted.closed.empty()) { EXPECT_EQ(p.accepted.got, text); }
  }
  EXPECT_GT(cut, 10);
  EXPECT_LT(cut, 60);
}

TEST(SimNet, ADeadProcessClosesItsConnections) {
  for (uint64_t seed = 0; seed < 10; ++seed) {
    Pair p(seed);
    p.establish();
    p.server.crash(Crash::kProcess);
    p.world.run_for(1000);
    EXPECT_EQ(p.connected.closed, "closed");
    p.connect();
    p.world.run_for(5000);
    EXPECT_EQ(p.outcome.error().code(), Errc::kRefused);
  }
}

TEST(SimNet, AMachineWithoutPowerLeavesHalfOpenConnections) {
  Pair p(5);
  p.establish();
  p.server.crash(Crash::kPower);
  p.world.run_for(100'000);
  EXPECT_EQ(p.connected.closed, "");            // nobody told it
  p.send("anybody there?");
  p.world.run_for(20'000);
  EXPECT_EQ(p.connected.closed, "");
  p.world.run_for(20'000);
  EXPECT_EQ(p.connected.closed, "timeout");

  Pair q(6);
  q.establish();
  q.server.crash(Crash::kPower);
  q.send("anybody there?");
  q.world.run_for(1000);
  q.server.env();                               // back again, and it knows of no connection
  q.world.run_for(5000);
  EXPECT_EQ(q.connected.closed, "closed");
}

TEST(SimNet, APartitionDelaysOrBreaks) {
  Pair p(7);
  p.establish();
  p.world.cut("client", "server", true);
  p.send("first");
  p.world.run_for(10'000);
  EXPECT_EQ(p.accepted.got, "");
  p.world.cut("client", "server", false);
  p.world.run_for(2000);
  EXPECT_EQ(p.accepted.got, "first");
  p.world.cut("client", "server", true);
  p.send("second");
  p.world.run_for(40'000);
  EXPECT_EQ(p.connected.closed, "timeout");
  EXPECT_EQ(p.accepted.got, "first");
}

TEST(SimNet, SharedListenersShareTheConnections) {
  std::set<int> loops;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    SimWorld world(seed);
    Env& env = world.machine("m").env();
    Loop* io[] = {&env.start_loop("io-0"), &env.start_loop("io-1")};
    End ends[2], client;
    std::unique_ptr<Listener> listeners[2];
    for (int i : {0, 1}) {
      env.run_on(*io[i], [&, i] {
        listeners[i] = std::move(*io[i]->net().listen("0.0.0.0", 100, [&, i](Connection& c) {
          EXPECT_TRUE(io[i]->here());
          loops.insert(i);
          ends[i].take(c);
        }, true));
      });
    }
    env.run_on(*io[0], [&] {
      io[0]->net().connect({"127.0.0.1", 100}, 1000, [&](Result<Connection*> c) { client.take(**c); });
    });
    world.run_for(100);
    EXPECT_TRUE(client.connection);
    EXPECT_EQ(client.connection->local().host, "127.0.0.1");
    world.machine("m").crash(Crash::kProcess);
  }
  EXPECT_EQ(loops.size(), 2U);
}

TEST(SimNet, StoppingALoopClosesItsConnections) {
  Pair p(8);
  p.establish();
  p.server.env().stop_loop(*p.server_loop);
  EXPECT_EQ(p.accepted.closed, "closed");
  p.world.run_for(100);
  EXPECT_EQ(p.connected.closed, "closed");
}

}  // namespace
}  // namespace mq::env
