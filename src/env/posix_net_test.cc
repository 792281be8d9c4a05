#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>

#include "base/test_eventually.h"
#include "env/loop.h"

namespace mq::env {
namespace {

/// Consumes lines of `unit` bytes, keeps what it saw, does what the test says with each call.
struct Reader : ConnectionHandler {
  size_t on_data(Connection& c, ByteView bytes) noexcept override {
    ++calls;
    largest = std::max(largest.load(), bytes.size());
    size_t used = 0;
    while (bytes.size() - used >= unit && !(stop_when && stop_when(c))) {
      if (keep) text.append(as_text(bytes.subspan(used, unit)));
      received += unit;
      if (echo) c.out().append(bytes.subspan(used, unit));
      used += unit;
      if (each) each(c);
    }
    return used;
  }
  void on_close(Connection&, const Error& e) noexcept override {
    why = e.code();
    ++closes;
  }
  void on_drained(Connection&) noexcept override { ++drained; }

  size_t unit = 1;
  bool keep = true, echo = false;
  UniqueFunction<bool(Connection&)> stop_when;
  UniqueFunction<void(Connection&)> each;
  std::string text;
  std::atomic<size_t> received{0}, largest{0};
  std::atomic<int> calls{0}, closes{0}, drained{0};
  std::atomic<Errc> why{};
};

/// For stop_when: takes one unit a turn.
UniqueFunction<bool(Connection&)> after_one_yield() {
  return [one = false](Connection& c) mutable {
    if (!std::exchange(one, !one)) return false;
    c.yield();
    return true;
  };
}

/// A client that is a mere socket; -1 when it does not connect.
int raw_connect(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(port);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0) return fd;
  ::close(fd);
  return -1;
}

/// Closes with a reset.
void reset(int fd) {
  const linger now{1, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  ::close(fd);
}

class PosixNets : public ::testing::Test {
 protected:
  ~PosixNets() override {
    env_->run_on(loop_, [&] { listener_.reset(); });
    env_->stop_loop(loop_);
  }
  uint16_t listen(const std::string& host, AcceptHandler on_accept) {
    env_->run_on(loop_, [&] { listener_ = loop_.net().listen(host, 0, std::move(on_accept)).value(); });
    return listener_->port();
  }
  uint16_t listen_for(ConnectionHandler& handler) {
    return listen("", [&](Connection& c) {
      c.set_handler(&handler);
      server_side_ = &c;
      ++accepted_;
    });
  }
  Result<Connection*> connect(const std::string& host, uint16_t port, ConnectionHandler& handler, int64_t timeout_ms = 5000) {
    std::atomic<bool> done{false};
    Result<Connection*> result = nullptr;
    env_->run_on(loop_, [&] {
      loop_.net().connect({host, port}, timeout_ms, [&](Result<Connection*> r) {
        if (r) (*r)->set_handler(&handler);
        result = std::move(r);
        done = true;
      });
      EXPECT_FALSE(done);   // never from inside
    });
    EXPECT_TRUE(eventually([&] { return done.load(); }));
    return result;
  }
  void on_loop(Task task) { env_->run_on(loop_, std::move(task)); }

  Reader& make() { return *handlers_.emplace_back(std::make_unique<Reader>()); }

  std::vector<std::unique_ptr<Reader>> handlers_;   // outlive the loop
  std::unique_ptr<Env> env_ = make_posix_env();
  Loop& loop_ = env_->start_loop("io-0");
  std::unique_ptr<Listener> listener_;
  Connection* server_side_ = nullptr;
  std::atomic<int> accepted_{0};
};

TEST(Endpoint, ParsesAndPrints) {
  EXPECT_EQ(Endpoint::parse("127.0.0.1:10911").value().to_string(), "127.0.0.1:10911");
  EXPECT_EQ(Endpoint::parse("[::1]:9876").value(), (Endpoint{"::1", 9876}));
  EXPECT_EQ(Endpoint::parse("::1:9876").value().to_string(), "[::1]:9876");
  EXPECT_EQ(Endpoint::parse("broker-a:80").value().host, "broker-a");
  for (const char* bad : {"", "host", ":1", "a:", "a:65536", "a:-1", "a:1x"}) {
    EXPECT_EQ(Endpoint::parse(bad).error().code(), Errc::kInvalid) << bad;
  }
  EXPECT_EQ((Endpoint{"1.2.3.4", 0}.ip_bytes().size()), 4u);
  EXPECT_EQ((Endpoint{"::1", 0}.ip_bytes().size()), 16u);
  EXPECT_TRUE((Endpoint{"localhost", 0}.ip_bytes().empty()));
}

TEST_F(PosixNets, BothFamiliesAndNamesReachADualStackListener) {
  Reader& server = make();
  server.echo = true;
  const uint16_t port = listen_for(server);
  for (const char* host : {"127.0.0.1", "::1", "localhost"}) {
    Reader& client = make();
    auto c = connect(host, port, client);
    if (!c && std::string(host) == "::1") continue;   // a machine without IPv6
    ASSERT_TRUE(c) << host << ": " << c.error().message();
    on_loop([&] {
      EXPECT_EQ((*c)->peer().port, port);
      EXPECT_EQ(server_side_->peer(), (*c)->local());
      EXPECT_EQ(server_side_->local().port, port);
      (*c)->out().append("ping");
    });
    EXPECT_TRUE(eventually([&] { return client.received == 4; }));
    on_loop([&] { (*c)->close(); });
    EXPECT_TRUE(eventually([&] { return client.closes == 1; }));
  }
}

TEST_F(PosixNets, ResolveGivesAddressesAndRefusesNonsense) {
  for (const auto& [host, ok] : std::vector<std::pair<std::string, bool>>{{"localhost", true}, {"10.1.2.3", true}, {"no.such.host.invalid", false}}) {
    std::atomic<bool> done{false};
    Result<std::vector<std::string>> answer;
    on_loop([&] {
      loop_.net().resolve(host, 2000, [&](auto r) { answer = std::move(r), done = true; });
      EXPECT_FALSE(done);
    });
    ASSERT_TRUE(eventually([&] { return done.load(); })) << host;
    EXPECT_EQ(answer.has_value(), ok) << host;
    if (ok) {
      EXPECT_EQ(answer->front(), host == "localhost" ? "127.0.0.1" : host);
    }
  }
}

TEST_F(PosixNets, ConnectFailuresHaveTheirCodes) {
  Reader &server = make(), &client = make();
  const uint16_t port = listen_for(server);
  on_loop([&] { listener_.reset(); });
  EXPECT_EQ(connect("127.0.0.1", port, client).error().code(), Errc::kRefused);
  EXPECT_NE(connect("127.0.0.1", port, client).error().message().find("127.0.0.1:"), std::string::npos);
}

/// A listener with a full queue never answers: the connect must end by itself.
TEST_F(PosixNets, ConnectTimesOut) {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof a;
  ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
  ASSERT_EQ(::listen(fd, 0), 0);
  ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size), 0);
  std::vector<Reader*> readers;
  bool timed_out = false;
  for (int i = 0; i < 8 && !timed_out; ++i) {
    readers.push_back(&make());
    auto c = connect("127.0.0.1", ntohs(a.sin_port), *readers.back(), 100);
    timed_out = !c && c.error().code() == Errc::kTimeout;
  }
  EXPECT_TRUE(timed_out);
  ::close(fd);
  EXPECT_TRUE(eventually([&] {
    return std::ranges::all_of(readers, [&](auto& r) { return r->closes == 1 || r == readers.back(); });
  }));
}

TEST_F(PosixNets, APortInUseIsBusy) {
  Reader& server = make();
  const uint16_t port = listen_for(server);
  on_loop([&] {
    auto second = loop_.net().listen("", port, [](Connection&) {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code(), Errc::kBusy);
    EXPECT_NE(second.error().message().find(std::to_string(port)), std::string::npos);
  });
}

TEST_F(PosixNets, SeveralLoopsShareAPort) {
  Loop& other = env_->start_loop("io-1");
  std::unique_ptr<Listener> one, two;
  on_loop([&] { one = loop_.net().listen("127.0.0.1", 0, [](Connection& c) { c.close(); }, true).value(); });
  env_->run_on(other, [&] {
    auto r = other.net().listen("127.0.0.1", one->port(), [](Connection& c) { c.close(); }, true);
    EXPECT_TRUE(r);
    if (r) two = std::move(*r);
  });
  on_loop([&] { one.reset(); });
  env_->run_on(other, [&] { two.reset(); });
}

TEST_F(PosixNets, AcceptedSocketsHaveNoDelay) {
  Reader &server = make(), &client = make();
  const uint16_t port = listen_for(server);
  ASSERT_TRUE(connect("127.0.0.1", port, client));
  ASSERT_TRUE(eventually([&] { return accepted_ == 1; }));
  // The server's descriptor is not visible through Connection: look for the socket whose local port is ours.
  int checked = 0;
  for (int fd = 3; fd < 256; ++fd) {
    sockaddr_in6 a{};
    socklen_t size = sizeof a;
    int listening = 1, no_delay = 0;
    socklen_t option = sizeof listening;
    if (::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &size) != 0 || a.sin6_family != AF_INET6 || ntohs(a.sin6_port) != port) continue;
    ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &option);
    ::getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &no_delay, &option);
    if (listening) continue;
    EXPECT_NE(no_delay, 0);
    ++checked;
  }
  EXPECT_EQ(checked, 1);
}

TEST_F(PosixNets, UnitsLargerThanTheBufferArriveWhole) {
  Reader &server = make(), &client = make();
  server.unit = 3'000'000;
  const uint16_t port = listen_for(server);
  auto c = connect("127.0.0.1", port, client).value();
  std::string big(6'000'000, '\0');
  for (size_t i = 0; i < big.size(); ++i) big[i] = static_cast<char>(i * 31 >> 7);
  on_loop([&] { c->out().append(big); });
  ASSERT_TRUE(eventually([&] { return server.received == big.size(); }));
  on_loop([&] { EXPECT_TRUE(server.text == big); });
}

TEST_F(PosixNets, FragmentsAreKeptUntilAUnitIsThere) {
  Reader &server = make(), &client = make();
  server.unit = 7;
  const uint16_t port = listen_for(server);
  auto c = connect("127.0.0.1", port, client).value();
  std::string all;
  for (int i = 0; i < 70; ++i) {
    all += static_cast<char>('0' + i);
    on_loop([&] { c->out().push(all.back()); });
    ASSERT_TRUE(eventually([&] { return server.received == all.size() / 7 * 7; }));
  }
  on_loop([&] { EXPECT_EQ(server.text, all); });
}

TEST_F(PosixNets, PinnedPiecesKeepTheirOrderAndAreReleased) {
  Reader &server = make(), &client = make();
  server.keep = true;
  const uint16_t port = listen_for(server);
  auto c = connect("127.0.0.1", port, client).value();
  auto large = std::make_shared<std::string>(700'000, 'L');
  auto small = std::make_shared<std::string>(100, 's');
  std::string expected;
  for (int round = 0; round < 20; ++round) {
    on_loop([&] {
      for (int i = 0; i < 200 && round == 3; ++i) {   // more pieces than one system call takes
        auto piece = std::make_shared<std::string>(3000, static_cast<char>('a' + i % 26));
        c->send_pinned({as_bytes(*piece), piece});
        c->out().push('.');
        expected.append(*piece).push_back('.');
      }
      c->out().append("head");
      c->send_pinned({as_bytes(*large), large});
      c->send_pinned({as_bytes(*small), small});
      c->out().append("tail");
      EXPECT_GE(c->unsent(), 700'000u);
    });
    expected.append("head").append(*large).append(*small).append("tail");
  }
  ASSERT_TRUE(eventually([&] { return server.received == expected.size(); }));
  on_loop([&] {
    EXPECT_TRUE(server.text == expected);
    EXPECT_EQ(c->unsent(), 0u);
  });
  EXPECT_EQ(large.use_count(), 1);
  EXPECT_EQ(small.use_count(), 1);
}

TEST_F(PosixNets, CloseInsideOnDataSendsTheOutputFirst) {
  Reader &server = make(), &client = make();
  server.echo = true;
  server.each = [](Connection& c) {
    c.out().append("bye");
    c.close();
    c.close();
  };
  server.stop_when = [](Connection& c) { return c.closing(); };
  const uint16_t port = listen_for(server);
  auto c = connect("127.0.0.1", port, client).value();
  on_loop([&] { c->out().append("abc"); });
  ASSERT_TRUE(eventually([&] { return client.closes == 1 && server.closes == 1; }));
  on_loop([&] {});
  EXPECT_EQ(client.text, "abye");
  EXPECT_EQ(server.closes.load(), 1);
  EXPECT_EQ(client.why.load(), Errc::kClosed);
}

TEST_F(PosixNets, AbortThrowsTheOutputAway) {
  Reader &server = make(), &client = make();
  server.each = [](Connection& c) {
    c.out().append("never");
    c.close(true);
  };
  server.stop_when = [](Connection& c) { return c.closing(); };
  const uint16_t port = listen_for(server);
  auto c = connect("127.0.0.1", port, client).value();
  on_loop([&] { c->out().append("abc"); });
  ASSERT_TRUE(eventually([&] { return client.closes == 1 && server.closes == 1; }));
  EXPECT_EQ(client.text, "");
}

/// The peer sends its last request and closes its side: the answer of the same turn still reaches it.
TEST_F(PosixNets, AnswersOfTheLastTurnGoOutBeforeTheClose) {
  Reader& server = make();
  server.echo = true;
  const uint16_t port = listen_for(server);
  const int fd = raw_connect(port);
  ASSERT_GE(fd, 0);
  ASSERT_EQ(::send(fd, "hello", 5, 0), 5);
  ::shutdown(fd, SHUT_WR);
  char answer[16];
  EXPECT_EQ(::recv(fd, answer, sizeof answer, MSG_WAITALL), 5);
  ::close(fd);
  EXPECT_TRUE(eventually([&] { return server.closes == 1; }));
}

TEST_F(PosixNets, WhatAPeerSentBeforeItWentIsReadAlthoughAWriteFails) {
  Reader& reader = make();
  const uint16_t port = listen_for(reader);
  const int fd = raw_connect(port);
  ASSERT_GE(fd, 0);
  ASSERT_TRUE(eventually([&] { return accepted_ == 1; }));
  const std::string last(5000, 'x');
  on_loop([&] {   // the loop is busy while the peer sends its last words and goes
    EXPECT_EQ(::send(fd, last.data(), last.size(), 0), static_cast<ssize_t>(last.size()));
    reset(fd);
    server_side_->out().append("an answer that nobody reads");
  });
  EXPECT_TRUE(eventually([&] { return reader.closes == 1; }));
  EXPECT_EQ(reader.received, last.size());
}

TEST_F(PosixNets, BackPressurePausesAndDrains) {
  Reader &server = make(), &client = make();
  server.echo = true;
  server.unit = 1000;
  std::atomic<bool> was_congested{false};
  server.stop_when = [&](Connection& c) {
    if (!c.congested()) return false;
    was_congested = true;
    c.pause(true);
    return true;
  };
  struct Resuming : Reader {
    void on_drained(Connection& c) noexcept override {
      Reader::on_drained(c);
      c.pause(false);
    }
  };
  auto& resuming = static_cast<Resuming&>(*handlers_.emplace_back(std::make_unique<Resuming>()));
  resuming.echo = true;
  resuming.unit = 1000;
  resuming.keep = false;
  resuming.stop_when = std::move(server.stop_when);
  const uint16_t port = listen_for(resuming);
  client.keep = false;
  auto c = connect("127.0.0.1", port, client).value();
  on_loop([&] {
    c->pause(true);   // a client that does not read
    c->out().append(std::string(40'000'000, 'x'));
  });
  ASSERT_TRUE(eventually([&] { return was_congested.load(); }));
  const size_t stuck = resuming.received;
  EXPECT_LT(stuck, 40'000'000u);
  on_loop([&] { c->pause(false); });
  ASSERT_TRUE(eventually([&] { return client.received == 40'000'000; }, 60'000));
  EXPECT_GT(resuming.drained.load(), 0);
}

TEST_F(PosixNets, ResumingHandsOverTheRestAlthoughNothingNewCame) {
  Reader &server = make(), &client = make();
  std::atomic<bool> hold{true};
  server.stop_when = [&](Connection& c) {
    if (hold) c.pause(true);
    return hold.load();
  };
  const uint16_t port = listen_for(server);
  auto c = connect("127.0.0.1", port, client).value();
  on_loop([&] { c->out().append("kept"); });
  ASSERT_TRUE(eventually([&] { return server.calls == 1; }));
  hold = false;
  on_loop([&] { server_side_->pause(false); });
  ASSERT_TRUE(eventually([&] { return server.received == 4; }));
}

TEST_F(PosixNets, AYieldingReaderGetsTheRestInLaterTurnsAlsoWhenItsPeerHasGone) {
  Reader &server = make(), &client = make();
  server.unit = 10;
  server.stop_when = after_one_yield();
  const uint16_t port = listen_for(server);
  auto c = connect("127.0.0.1", port, client).value();
  on_loop([&] {
    c->out().append(std::string(1000, 'x'));
    c->close();
  });
  EXPECT_TRUE(eventually([&] { return server.closes == 1; }));
  EXPECT_EQ(server.received, 1000u);
  EXPECT_GE(server.calls, 100);
}

TEST_F(PosixNets, AYieldingReaderIsGivenOnlySoMuchInAdvance) {
  Reader& server = make();
  server.unit = 10;
  server.keep = false;
  server.stop_when = after_one_yield();
  const int fd = raw_connect(listen_for(server));
  ASSERT_GE(fd, 0);
  const std::string piece(1 << 20, 'x');
  size_t sent = 0;
  const auto end = std::chrono::steady_clock::now() + std::chrono::milliseconds(300);
  while (std::chrono::steady_clock::now() < end) {
    const ssize_t n = ::send(fd, piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n > 0) sent += static_cast<size_t>(n);
  }
  EXPECT_LT(server.largest, size_t{1} << 20);
  EXPECT_GT(server.received, 100u);
  EXPECT_LT(sent, server.received + (size_t{32} << 20));   // what the kernel keeps
  reset(fd);
}

TEST_F(PosixNets, WhatAYieldingReaderLeftIsHandledAlsoAfterAReset) {
  Reader& server = make();
  server.unit = 10;
  std::atomic<bool> hold{true};
  server.stop_when = [&](Connection& c) {
    if (hold) c.yield();
    return hold.load();
  };
  const uint16_t port = listen_for(server);
  const int fd = raw_connect(port);
  ASSERT_GE(fd, 0);
  const std::string sent(1000, 'x');
  ASSERT_EQ(::send(fd, sent.data(), sent.size(), 0), static_cast<ssize_t>(sent.size()));
  ASSERT_TRUE(eventually([&] { return server.calls > 3; }));
  reset(fd);
  const int calls = server.calls;
  ASSERT_TRUE(eventually([&] { return server.calls > calls + 3; }));
  EXPECT_EQ(server.closes, 0);
  hold = false;
  EXPECT_TRUE(eventually([&] { return server.closes == 1; }));
  EXPECT_EQ(server.received, 1000u);
}

TEST_F(PosixNets, APeerThatVanishesWhilePausedIsNoticed) {
  Reader &server = make(), &client = make();
  const uint16_t port = listen_for(server);
  auto c = connect("127.0.0.1", port, client).value();
  ASSERT_TRUE(eventually([&] { return accepted_ == 1; }));
  on_loop([&] {
    server_side_->pause(true);
    server_side_->out().append("unread");
  });
  ASSERT_TRUE(eventually([&] { return client.received == 6; }));
  on_loop([&] {
    c->out().append("x");
    c->close(true);
  });
  on_loop([&] { server_side_->out().append(std::string(1000, 'y')); });   // provokes the reset
  EXPECT_TRUE(eventually([&] { return server.closes == 1; }));
}

TEST_F(PosixNets, StoppingTheLoopClosesEachConnectionOnce) {
  Loop& other = env_->start_loop("io-1");
  Reader& server = make();
  std::unique_ptr<Listener> l;
  env_->run_on(other, [&] { l = other.net().listen("127.0.0.1", 0, [&](Connection& c) { c.set_handler(&server), ++accepted_; }).value(); });
  std::vector<Reader*> clients;
  for (int i = 0; i < 50; ++i) {
    clients.push_back(&make());
    ASSERT_TRUE(connect("127.0.0.1", l->port(), *clients.back()));
  }
  ASSERT_TRUE(eventually([&] { return accepted_ == 50; }));
  env_->stop_loop(other);
  l.reset();
  EXPECT_EQ(server.closes.load(), 50);
  EXPECT_TRUE(eventually([&] { return std::ranges::all_of(clients, [](auto& c) { return c->closes == 1; }); }));
}

/// Without descriptors the waiting clients are closed, the loop does not spin, and later clients are served again.
TEST_F(PosixNets, DescriptorExhaustionShedsAndRecovers) {
  Reader& server = make();
  server.echo = true;
  const uint16_t port = listen_for(server);
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  a.sin_port = htons(port);
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  rlimit tight = before;
  tight.rlim_cur = static_cast<rlim_t>(fd) + 1;   // everything below is in use but gaps, which we fill
  ::setrlimit(RLIMIT_NOFILE, &tight);
  std::vector<int> fillers;
  for (int f; (f = ::dup(0)) >= 0;) fillers.push_back(f);
  ASSERT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&a), sizeof a), 0);
  char byte;
  EXPECT_EQ(::recv(fd, &byte, 1, 0), 0);          // closed, not left hanging
  for (int f : fillers) ::close(f);
  ::close(fd);
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(accepted_.load(), 0);
  Reader& client = make();
  auto c = connect("127.0.0.1", port, client);
  ASSERT_TRUE(c);
  on_loop([&] { (*c)->out().append("ok"); });
  EXPECT_TRUE(eventually([&] { return client.received == 2; }));
}

}  // namespace
}  // namespace mq::env
