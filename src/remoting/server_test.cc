// A toy room behind a real port, driven by typed calls and by raw sockets.
#include "remoting/server.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <thread>

#include "base/test_eventually.h"
#include "remoting/client.h"
#include "remoting/tls.h"

namespace mq::remoting {
namespace {

using wire::RequestCode;
using wire::ResponseCode;

struct ToyRoom {
  Answer max_offset(const wire::QueueHeader& h, Request& request) {
    ++served;
    if (h.topic == "throw") throw std::runtime_error("boom");
    if (h.topic == "never") return request.later();
    if (h.topic == "who") return request.refuse(ResponseCode::NO_PERMISSION, request.session().peer_text() + " over " + request.session().peer().to_string());
    if (h.topic == "noted") order.push_back(h.queueId);
    if (h.topic == "big" || h.topic == "noted") return request.ok(wire::OffsetResponseHeader{1}, std::string(300'000, 'b'));
    if (h.topic == "old") {
      static const std::string body(300'000, 'o');
      env::PinnedBytes piece{as_bytes(body), nullptr};
      return request.responder().answer_pinned(ResponseCode::SUCCESS, wire::OffsetResponseHeader{1}, {}, std::span(&piece, 1), body.size(), true);
    }
    if (h.topic == "long") return request.ok(wire::OffsetResponseHeader{1}, std::string(5'000, 'l'));
    if (h.topic == "keep") {
      kept.push_back(request.responder());
      return request.later();
    }
    return request.ok(wire::OffsetResponseHeader{h.queueId * 10});
  }
  /// Asks the client back and answers with what it said.
  Answer heartbeat(const wire::NoHeader&, Request& request) {
    Session& session = request.session();
    session.on_close([this] { ++closed; });
    session.call(
        [](ByteBuffer& out, int32_t opaque) {
          wire::encode_frame(out, {.code = 40, .opaque = opaque}, wire::NoHeader{});
        },
        300, [this, responder = request.responder()](Result<const wire::Frame*> r) mutable {
          if (!r) {
            call_error = r.error().code();
            (void)responder.refuse(ResponseCode::SYSTEM_ERROR, r.error().message());
          } else {
            (void)responder.answer(static_cast<ResponseCode>((*r)->code), wire::NoHeader{}, (*r)->remark, (*r)->body);
          }
        });
    return request.later();
  }

  using routes = Routes<Route<RequestCode::GET_MAX_OFFSET, &ToyRoom::max_offset>, Route<RequestCode::HEART_BEAT, &ToyRoom::heartbeat>>;

  std::atomic<int> served{0}, closed{0};
  std::vector<Responder> kept;            // badge: owned by loop
  std::vector<int32_t> order;             // badge: owned by loop, of tests with one; queueId of each "noted"
  std::atomic<Errc> call_error{Errc::kIo};
};

/// A client that speaks bytes.
class RawSocket {
 public:
  explicit RawSocket(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    a.sin_port = htons(port);
    const int one = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    timeval patience{10, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    connected = ::connect(fd_, reinterpret_cast<sockaddr*>(&a), sizeof a) == 0;
  }
  ~RawSocket() { ::close(fd_); }
  RawSocket(const RawSocket&) = delete;
  RawSocket& operator=(const RawSocket&) = delete;

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
  }
  /// The next frame; empty when the server has closed.
  std::string frame() {
    for (;;) {
      const auto size = wire::probe_frame(as_bytes(in_));
      if (size.state == wire::FrameSize::State::kComplete) {
        std::string f = in_.substr(0, size.bytes);
        in_.erase(0, size.bytes);
        return f;
      }
      char buffer[65536];
      const ssize_t n = ::recv(fd_, buffer, sizeof buffer, 0);
      if (n <= 0) return "";
      in_.append(buffer, static_cast<size_t>(n));
    }
  }
  void say_no_more() { ::shutdown(fd_, SHUT_WR); }
  bool closed_by_server() { return frame().empty(); }
  bool connected = false;

 private:
  int fd_;
  std::string in_;
};

std::string request_frame(std::string_view topic, int32_t queue, int32_t opaque, int32_t flag = 0,
                          wire::SerializeType type = wire::SerializeType::kJson, int32_t code = 30) {
  ByteBuffer out;
  wire::encode_frame(out, {.type = type, .code = code, .opaque = opaque, .flag = flag}, wire::QueueHeader{topic, queue});
  return std::string(out.text());
}

/// `count` requests one behind the other, opaque 0 and on.
std::string request_frames(std::string_view topic, int32_t queue, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all += request_frame(topic, queue, i);
  return all;
}

wire::Frame decoded(const std::string& bytes) {
  wire::Frame f;
  EXPECT_TRUE(wire::decode_frame(as_bytes(bytes), f));
  return f;
}

class Servers : public ::testing::Test {
 protected:
  Servers() { router_.mount(room_); }
  ~Servers() override {
    env_->run_on(*loops_[0], [&] { room_.kept.clear(); });
    server_.reset();
    for (env::Loop* loop : loops_) env_->stop_loop(*loop);
  }
  uint16_t start(ServerOptions options = {}, int loops = 1) {
    while (static_cast<int>(loops_.size()) < loops) loops_.push_back(&env_->start_loop("io-" + std::to_string(loops_.size())));
    options.host = "127.0.0.1";
    server_ = std::make_unique<Server>(loops_, *env_, router_, options);
    EXPECT_TRUE(server_->start());
    addr_ = "127.0.0.1:" + std::to_string(server_->port());
    return server_->port();
  }

  std::unique_ptr<env::Env> env_ = env::make_posix_env();
  std::vector<env::Loop*> loops_{&env_->start_loop("io-0")};
  ToyRoom room_;
  Router router_;
  std::unique_ptr<Server> server_;
  std::string addr_;
};

TEST_F(Servers, TypedCallsAreAnswered) {
  start();
  BlockingClient client(*env_);
  for (int i = 0; i < 100; ++i) {
    auto r = client.call<RequestCode::GET_MAX_OFFSET>(addr_, {"t", i});
    ASSERT_TRUE(r) << r.error().message();
    EXPECT_TRUE(r->ok());
    EXPECT_EQ(r->header.offset, i * 10);
    EXPECT_EQ(r->version, wire::kOurVersion);
  }
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(Servers, UnknownCodesExceptionsAndBadHeadersHaveTheirAnswers) {
  start();
  BlockingClient client(*env_);
  auto unknown = client.call_raw(addr_, 9999, {});
  ASSERT_TRUE(unknown);
  EXPECT_EQ(unknown->code, 3);
  EXPECT_EQ(unknown->remark, " request type 9999 not supported");
  EXPECT_EQ(client.call_raw(addr_, 200'050, {})->remark, " request type 200050 not supported");
  EXPECT_EQ(client.call_raw(addr_, -1, {})->code, 3);
  auto thrown = client.call<RequestCode::GET_MAX_OFFSET>(addr_, {"throw", 0});
  EXPECT_EQ(thrown->code, 1);
  EXPECT_EQ(thrown->remark, "boom");
  auto missing = client.call_raw(addr_, 30, {{"topic", "t"}});
  EXPECT_EQ(missing->code, 1);
  EXPECT_NE(missing->remark.find("queueId"), std::string::npos);
}

TEST_F(Servers, AnswersAreJsonForBinaryRequests) {
  RawSocket socket(start());
  for (const char* topic : {"t", "keep"}) {   // at once, and later through a Responder
    socket.send(request_frame(topic, 7, 5, 0, wire::SerializeType::kRocketMq));
    if (std::string(topic) == "keep") {
      ASSERT_TRUE(eventually([&] { return room_.served == 2; }));
      env_->run_on(*loops_[0], [&] { (void)room_.kept.front().ok(wire::OffsetResponseHeader{70}); });
    }
    const std::string bytes = socket.frame();
    ASSERT_FALSE(bytes.empty());
    const auto f = decoded(bytes);
    EXPECT_EQ(f.type, wire::SerializeType::kJson);
    EXPECT_EQ(f.opaque, 5);
    EXPECT_TRUE(f.is_response());
    EXPECT_EQ(f.ext.find("offset"), "70");
  }
}

TEST_F(Servers, FramesArriveByteByByteAndTenThousandAtOnce) {
  RawSocket socket(start());
  for (const char c : request_frame("t", 3, 77)) socket.send({&c, 1});
  EXPECT_EQ(decoded(socket.frame()).opaque, 77);
  std::string all;
  for (int i = 0; i < 10'000; ++i) all += request_frame("t", 3, i, i % 10 == 9 ? wire::kFlagOneway : 0);
  std::thread writer([&] { socket.send(all); });
  int answers = 0;
  for (int i = 0; i < 10'000; ++i) {
    if (i % 10 == 9) continue;   // one-way: never answered
    const std::string f = socket.frame();
    ASSERT_FALSE(f.empty());
    ASSERT_EQ(decoded(f).opaque, i);
    ++answers;
  }
  writer.join();
  EXPECT_EQ(answers, 9000);
  EXPECT_EQ(room_.served, 10'001);
}

TEST_F(Servers, OnewayIsServedAndNeverAnsweredNotEvenWithAnError) {
  RawSocket socket(start());
  socket.send(request_frame("throw", 1, 1, wire::kFlagOneway));
  socket.send(request_frame("t", 1, 2, wire::kFlagOneway, wire::SerializeType::kJson, 9999));
  socket.send(request_frame("t", 1, 3));
  EXPECT_EQ(decoded(socket.frame()).opaque, 3);
}

TEST_F(Servers, WrongProtocolsAndOversizedFramesAreClosed) {
  const uint16_t port = start();
  const std::string too_long("\x7f\xff\xff\xff\0\0\0\x02{}", 10);
  const std::string tls("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11);
  for (const std::string& bytes : {std::string("GET / HTTP/1.1\r\nHost: x\r\n\r\n"), too_long, tls,
                                   std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), std::string("\0\0\0\x08\0\0\0\x04null", 12)}) {
    RawSocket socket(port);
    socket.send(bytes);
    EXPECT_TRUE(socket.closed_by_server()) << bytes.substr(0, 4);
  }
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

TEST_F(Servers, AProxyHeaderNamesTheClient) {
  using namespace std::string_literals;
  const uint16_t port = start();
  const std::string v2 = "\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\x0a\x01\x01\x01\x0a\x01\x01\x02\x10\xe1\x2a\x9f"s;
  const auto who = [&](RawSocket& socket) { return std::string(decoded(socket.frame()).remark); };
  for (const std::string& header : {"PROXY TCP4 10.1.1.1 10.1.1.2 4321 10911\r\n"s, v2}) {
    RawSocket at_once(port), in_pieces(port);
    at_once.send(header + request_frame("who", 1, 1) + request_frame("who", 1, 2));
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(who(at_once).starts_with("10.1.1.1:4321 over 127.0.0.1:"));
    for (const char c : header + request_frame("who", 1, 1)) in_pieces.send({&c, 1});
    EXPECT_TRUE(who(in_pieces).starts_with("10.1.1.1:4321 over 127.0.0.1:"));
  }
  RawSocket unknown(port), twice(port), bad(port), plain(port);
  unknown.send("PROXY UNKNOWN\r\n" + request_frame("who", 1, 1));
  EXPECT_TRUE(who(unknown).starts_with("127.0.0.1:"));
  plain.send(request_frame("who", 1, 1));
  EXPECT_TRUE(who(plain).starts_with("127.0.0.1:"));
  twice.send(v2 + v2);
  EXPECT_TRUE(twice.closed_by_server());
  bad.send("PROXY TCP4 10.1.1.1 10.1.1.2 0 10911\r\n" + request_frame("who", 1, 1));
  EXPECT_TRUE(bad.closed_by_server());
}

TEST_F(Servers, AProxyHeaderThatDoesNotEndIsClosed) {
  const uint16_t port = start({.opening_ms = 1000});
  RawSocket slow(port), silent(port);
  std::atomic<bool> end{false};
  std::thread trickle([&] {
    for (const char c : std::string("PROXY TCP4 10.1.1.1 10.1.1.2 4321")) {
      if (end) return;
      slow.send({&c, 1});
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
  EXPECT_TRUE(slow.closed_by_server());
  end = true;
  trickle.join();
  silent.send(request_frame("t", 1, 1));   // nothing begun: it has its idle time
  EXPECT_FALSE(silent.frame().empty());
}

TEST_F(Servers, AFrameAboveTheConfiguredLimitIsClosed) {
  RawSocket socket(start({.max_frame_bytes = 1000}));
  socket.send(request_frame(std::string(900, 'x'), 1, 1));
  EXPECT_TRUE(socket.closed_by_server());
}

TEST_F(Servers, IdleAndStuckConnectionsAreClosed) {
  const uint16_t port = start({.idle_close_ms = 1500});
  RawSocket idle(port), stuck(port), busy(port);
  const std::string frame = request_frame("t", 1, 1);
  stuck.send(std::string_view(frame).substr(0, 20));
  std::atomic<bool> end{false};
  std::thread trickle([&] {   // never idle, never a whole frame
    for (size_t i = 20; !end && i + 1 < frame.size(); ++i) {
      stuck.send(std::string_view(frame).substr(i, 1));
      busy.send(frame);
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
  EXPECT_TRUE(idle.closed_by_server());
  EXPECT_TRUE(stuck.closed_by_server());
  end = true;
  trickle.join();
  EXPECT_EQ(server_->connections(), 1u);
}

TEST_F(Servers, ConnectionsAboveTheLimitAreTurnedAway) {
  const uint16_t port = start({.max_connections = 2});
  RawSocket one(port), two(port);
  one.send(request_frame("t", 1, 1));
  two.send(request_frame("t", 1, 1));
  EXPECT_FALSE(one.frame().empty());
  EXPECT_FALSE(two.frame().empty());
  RawSocket three(port);
  EXPECT_TRUE(three.closed_by_server());
  EXPECT_EQ(server_->connections(), 2u);
}

TEST_F(Servers, AClientThatDoesNotReadStopsBeingRead) {
  RawSocket socket(start());
  std::thread writer([&] { socket.send(request_frames("big", 1, 2000)); });   // 600 MB of answers
  ASSERT_TRUE(eventually([&] { return room_.served > 3; }));
  std::this_thread::sleep_for(std::chrono::milliseconds(200));
  EXPECT_LT(room_.served, 200);
  for (int i = 0; i < 300; ++i) ASSERT_EQ(decoded(socket.frame()).opaque, i);
  env_->run_on(*loops_[0], [&] { server_->stop(true); });
  while (!socket.frame().empty()) {}
  writer.join();
}

TEST_F(Servers, LongAnswersFillATurnOnlySoFar) {
  constexpr int kReaders = 4, kEach = 12;
  const uint16_t port = start();
  const auto most = std::make_shared<int>(0);   // the hook lives as long as the loop
  env_->run_on(*loops_[0], [&] {
    loops_[0]->at_turn_end([this, most, before = 0]() mutable {
      *most = std::max(*most, room_.served - before);
      before = room_.served;
    });
  });
  std::vector<std::thread> readers;
  std::atomic<int> answered{0};
  for (int r = 0; r < kReaders; ++r) {
    readers.emplace_back([&] {
      RawSocket socket(port);
      socket.send(request_frames("big", 1, kEach));
      for (int i = 0; i < kEach; ++i) answered += decoded(socket.frame()).opaque == i;
    });
  }
  for (std::thread& t : readers) t.join();
  EXPECT_EQ(answered, kReaders * kEach);
  env_->run_on(*loops_[0], [&] { EXPECT_LE(*most, kReaders); });   // without a limit each has its connection's 1 MiB
}

TEST_F(Servers, ReadersTakeTurns) {
  constexpr int kEach = 40;
  const uint16_t port = start();
  std::vector<std::thread> readers;
  for (int32_t r = 0; r < 3; ++r) {
    readers.emplace_back([&, r] {
      RawSocket socket(port);
      socket.send(request_frames("noted", r, kEach));
      for (int i = 0; i < kEach; ++i) EXPECT_EQ(decoded(socket.frame()).opaque, i);
    });
  }
  for (std::thread& t : readers) t.join();
  env_->run_on(*loops_[0], [&] {
    // While all three have requests waiting none is served twice before the others were: a connection that is full may pass now and then.
    std::array<int, 3> had{};
    int most = 0;
    for (const int32_t r : room_.order) {
      ++had[static_cast<size_t>(r)];
      const auto [least, top] = std::minmax_element(had.begin(), had.end());
      if (*least > 0 && *top < kEach) most = std::max(most, *top - *least);
    }
    EXPECT_LE(most, 10);
  });
}

TEST_F(Servers, ReadersThatRestGoOnAndMayLeave) {
  const uint16_t port = start();
  std::atomic<bool> end{false};
  std::thread other([&] {
    RawSocket socket(port);
    for (int i = 0; !end; ++i) {
      socket.send(request_frame("t", 1, i));
      ASSERT_EQ(decoded(socket.frame()).opaque, i);
    }
  });
  std::vector<std::thread> readers;
  for (int r = 0; r < 4; ++r) {
    readers.emplace_back([&, r, leaves = r == 3] {
      for (int round = 0; round < 10; ++round) {
        RawSocket socket(port);
        socket.send(request_frames("old", r, 20));
        for (int i = 0; i < (leaves ? 2 : 20); ++i) ASSERT_EQ(decoded(socket.frame()).opaque, i);
      }
    });
  }
  for (std::thread& t : readers) t.join();
  end = true;
  other.join();
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

TEST_F(Servers, WhatAReaderSentBeforeItsLastWordIsServed) {
  RawSocket socket(start());
  socket.send(request_frames("long", 1, 160));   // for several turns
  socket.say_no_more();
  for (int i = 0; i < 160; ++i) ASSERT_EQ(decoded(socket.frame()).opaque, i);
  EXPECT_TRUE(socket.closed_by_server());
}

TEST_F(Servers, TheServerAsksItsClientBack) {
  start();
  env::Loop& loop = env_->start_loop("client");
  std::unique_ptr<Client> client;
  std::atomic<int> code{-1};
  std::string body;
  const auto beat = [&] {
    code = -1;
    env_->run_on(loop, [&] {
      client->call<RequestCode::HEART_BEAT>(addr_, {}, {}, 3000, [&](auto r) {
        if (r) body = r->body;
        code = r ? r->code : -2;
      });
    });
    EXPECT_TRUE(eventually([&] { return code != -1; }));
  };
  env_->run_on(loop, [&] { client = std::make_unique<Client>(loop); });
  beat();
  EXPECT_EQ(code, 3);   // no hook: not supported
  env_->run_on(loop, [&] {
    client->on_request([](const std::string&, const wire::Frame& f, ByteBuffer& answer) {
      wire::encode_frame(answer, {.code = 0, .opaque = f.opaque, .flag = wire::kFlagResponse}, wire::NoHeader{}, as_bytes("hello"));
      return true;
    });
  });
  beat();
  EXPECT_EQ(code, 0);
  EXPECT_EQ(body, "hello");
  env_->run_on(loop, [&] {   // a hook that never answers: the server's own time-out
    client->on_request([](const std::string&, const wire::Frame&, ByteBuffer&) { return true; });
  });
  beat();
  EXPECT_EQ(code, 1);
  EXPECT_EQ(room_.call_error.load(), Errc::kTimeout);
  env_->run_on(loop, [&] { client.reset(); });
  EXPECT_TRUE(eventually([&] { return room_.closed == 3; }));
  env_->stop_loop(loop);
}

TEST_F(Servers, AThousandConnectionsOnTwoLoops) {
  const uint16_t port = start({}, 2);
  std::vector<std::unique_ptr<RawSocket>> sockets;
  for (int i = 0; i < 1000; ++i) {
    sockets.push_back(std::make_unique<RawSocket>(port));
    ASSERT_TRUE(sockets.back()->connected);
  }
  for (int i = 0; i < 1000; ++i) sockets[static_cast<size_t>(i)]->send(request_frame("t", 1, i));
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(decoded(sockets[static_cast<size_t>(i)]->frame()).opaque, i);
  EXPECT_EQ(server_->connections(), 1000u);
  sockets.clear();
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

TEST_F(Servers, APortInUseIsBusyAlsoForSeveralLoops) {
  const uint16_t port = start({}, 2);
  Server second(loops_, *env_, router_, {.host = "127.0.0.1", .port = port});
  const auto r = second.start();
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code(), Errc::kBusy);
  EXPECT_NE(r.error().message().find(addr_), std::string::npos);
}

TEST_F(Servers, AKeptResponderOfAClosedSessionAnswersNothing) {
  {
    RawSocket socket(start());
    socket.send(request_frame("keep", 1, 1));
    ASSERT_TRUE(eventually([&] { return room_.served == 1; }));
  }
  ASSERT_TRUE(eventually([&] { return server_->connections() == 0; }));
  env_->run_on(*loops_[0], [&] {
    ASSERT_EQ(room_.kept.size(), 1u);
    EXPECT_FALSE(room_.kept.front().session().open());
    (void)room_.kept.front().ok(wire::OffsetResponseHeader{1});
  });
}

// ---- TLS -------------------------------------------------------------------------------------------------------------

class TlsServers : public Servers {
 protected:
  TlsServers() { EXPECT_TRUE(tls_.load(true)); }
  ~TlsServers() override { server_.reset(); }   // before tls_
  uint16_t start_tls(ServerOptions options = {}, int loops = 1) {
    options.tls = &tls_;
    return start(options, loops);
  }
  /// A call over TLS, or over a plain connection.
  bool reaches(bool over_tls) {
    BlockingClient client(*env_, {.connect_timeout_ms = 2000, .tls = over_tls ? &tls_ : nullptr});
    return client.call<RequestCode::GET_MAX_OFFSET>(addr_, {"t", 4}, {}, 5000).has_value();
  }

  TlsConfig config_;
  Tls tls_{config_, env_->fs()};
};

TEST_F(TlsServers, PermissiveServesBothOnOnePort) {
  start_tls();
  EXPECT_TRUE(reaches(true));
  EXPECT_TRUE(reaches(false));
  EXPECT_TRUE(reaches(true));
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
}

TEST_F(TlsServers, EnforcingAndDisabledCloseTheOtherKind) {
  for (const char* mode : {"enforcing", "disabled"}) {
    TlsConfig config;
    config.mode.set(mode);
    Tls tls(config, env_->fs());
    ASSERT_TRUE(tls.load(false));
    start({.tls = &tls});
    EXPECT_EQ(reaches(true), std::string(mode) == "enforcing");
    EXPECT_EQ(reaches(false), std::string(mode) == "disabled");
    server_.reset();
  }
}

TEST_F(TlsServers, AProxyHeaderStandsBeforeTheHello) {
  const uint16_t port = start_tls();
  RawSocket whole(port), cut(port);
  const std::string hello("\x16\x03\x01\x00\x05nohel", 10);
  whole.send("PROXY TCP4 10.1.1.1 10.1.1.2 4321 10911\r\n" + hello);
  EXPECT_TRUE(whole.closed_by_server());   // with an alert: no such handshake message
  cut.send("PROXY TCP4 10.1.1.1 10.1.1.2 4321 10911\r\n");
  cut.send(request_frame("who", 1, 1));
  EXPECT_TRUE(std::string(decoded(cut.frame()).remark).starts_with("10.1.1.1:4321 over 127.0.0.1:"));
}

TEST_F(TlsServers, HostileHandshakesEnd) {
  const uint16_t port = start_tls({.opening_ms = 1000});
  RawSocket slow(port), garbage(port), silent(port), cut(port);
  garbage.send("\x16" + std::string(500, 'x'));
  EXPECT_TRUE(garbage.closed_by_server());
  cut.send(std::string("\x16\x03\x01\x02\x00\x01", 6));
  std::atomic<bool> end{false};
  std::thread trickle([&] {
    slow.send("\x16\x03\x01");
    slow.send(std::string_view("\x02\x00", 2));
    while (!end) {
      slow.send("\x01");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  EXPECT_TRUE(slow.closed_by_server());
  EXPECT_TRUE(cut.closed_by_server());
  end = true;
  trickle.join();
  EXPECT_TRUE(reaches(true));
  EXPECT_TRUE(eventually([&] { return server_->connections() == 1; }));   // the silent one, in its idle time
}

TEST_F(TlsServers, IdleConnectionsAreClosedAlsoOverTls) {
  start_tls({.idle_close_ms = 1500});
  BlockingClient client(*env_, {.tls = &tls_});
  EXPECT_TRUE(client.call<RequestCode::GET_MAX_OFFSET>(addr_, {"t", 4}));
  EXPECT_EQ(server_->connections(), 1u);
  EXPECT_TRUE(eventually([&] { return server_->connections() == 0; }));
  EXPECT_TRUE(client.call<RequestCode::GET_MAX_OFFSET>(addr_, {"t", 4}));
}

/// Bodies larger than a record, than a turn's input, and than what is sent before the end of a turn; more answers than a client reads
/// at once.
TEST_F(TlsServers, LargeBodiesAndManyRequestsPassOnTwoLoops) {
  start_tls({}, 2);
  env::Loop& loop = env_->start_loop("client");
  std::vector<std::unique_ptr<Client>> clients;
  for (const std::string topic : {"t", "big"}) {
    const size_t sent = topic == "t" ? 100'000 : 0, answer = topic == "t" ? 0 : 300'000;
    std::atomic<int> answered{0};
    env_->run_on(loop, [&] {
      for (int c = 0; c < 4; ++c) {
        clients.push_back(std::make_unique<Client>(loop, ClientOptions{.tls = &tls_}));
        for (int i = 0; i < 60; ++i) {
          const std::string body(static_cast<size_t>(i % 10) * sent, 'r');
          clients.back()->call<RequestCode::GET_MAX_OFFSET>(addr_, {topic, i}, as_bytes(body), 180'000, [&](auto r) {
            ASSERT_TRUE(r) << r.error().message();
            EXPECT_EQ(r->body.size(), answer);
            ++answered;
          });
        }
      }
    });
    EXPECT_TRUE(eventually([&] { return answered == 240; }, 180'000)) << topic;
  }
  env_->run_on(loop, [&] { clients.clear(); });
  env_->stop_loop(loop);
}

TEST_F(TlsServers, AClientOfAServerWithoutTlsIsToldInTime) {
  start();   // takes the hello for a frame and closes
  BlockingClient client(*env_, {.connect_timeout_ms = 1000, .tls = &tls_});
  const auto r = client.call<RequestCode::GET_MAX_OFFSET>(addr_, {"t", 4}, {}, 20'000);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code(), Errc::kClosed);
  server_.reset();
  env::Loop& loop = env_->start_loop("mute");   // listens and says nothing
  std::unique_ptr<env::Listener> listener;
  struct Mute final : env::ConnectionHandler {
    size_t on_data(env::Connection&, ByteView bytes) noexcept override { return bytes.size(); }
    void on_close(env::Connection&, const Error&) noexcept override {}
  } mute;
  env_->run_on(loop, [&] { listener = std::move(*loop.net().listen("127.0.0.1", 0, [&](env::Connection& c) { c.set_handler(&mute); })); });
  const auto late = client.call<RequestCode::GET_MAX_OFFSET>("127.0.0.1:" + std::to_string(listener->port()), {"t", 4}, {}, 20'000);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), Errc::kTimeout);
  EXPECT_NE(late.error().message().find("TLS handshake"), std::string::npos);
  env_->run_on(loop, [&] { listener.reset(); });
  env_->stop_loop(loop);
}

// ---- the client ------------------------------------------------------------------------------------------------------

TEST_F(Servers, FailuresNameTheAddress) {
  start();
  BlockingClient client(*env_, {.connect_timeout_ms = 500});
  auto late = client.call<RequestCode::GET_MAX_OFFSET>(addr_, {"never", 1}, {}, 50);
  EXPECT_EQ(late.error().code(), Errc::kTimeout);
  EXPECT_NE(late.error().message().find(addr_), std::string::npos);
  EXPECT_TRUE(client.call<RequestCode::GET_MAX_OFFSET>(addr_, {"t", 1}));   // the connection is still good
  EXPECT_EQ(client.call_raw("no port", 30, {}).error().code(), Errc::kInvalid);
  EXPECT_EQ(client.call_raw("no.such.host.invalid:1", 30, {}).error().code() == Errc::kRefused, false);
  server_.reset();
  const auto gone = client.call<RequestCode::GET_MAX_OFFSET>(addr_, {"t", 1});
  ASSERT_FALSE(gone);
  EXPECT_TRUE(gone.error().code() == Errc::kRefused || gone.error().code() == Errc::kClosed);
  EXPECT_NE(gone.error().message().find(addr_), std::string::npos);
}

TEST_F(Servers, AClientConnectsAgainAfterTheServerCameBack) {
  const uint16_t port = start();
  BlockingClient client(*env_);
  EXPECT_TRUE(client.call<RequestCode::GET_MAX_OFFSET>("localhost:" + std::to_string(port), {"t", 1}));
  server_.reset();
  start({.port = port});
  EXPECT_TRUE(eventually([&] { return client.call<RequestCode::GET_MAX_OFFSET>("localhost:" + std::to_string(port), {"t", 1}).has_value(); }, 100));
}

/// A call made while an old connection to the same address is on its way out belongs to the new one.
TEST_F(Servers, CallsAfterCloseAreNotLostWithTheOldConnection) {
  start();
  env::Loop& loop = env_->start_loop("client");
  std::unique_ptr<Client> client;
  std::atomic<int> first{0}, second{0};
  env_->run_on(loop, [&] {
    client = std::make_unique<Client>(loop);
    client->call<RequestCode::GET_MAX_OFFSET>(addr_, {"never", 1}, {}, 5000, [&](auto r) { first = r ? 1 : 2; });
  });
  ASSERT_TRUE(eventually([&] { return room_.served == 1; }));
  env_->run_on(loop, [&] {
    client->close(addr_);
    client->call<RequestCode::GET_MAX_OFFSET>(addr_, {"t", 1}, {}, 5000, [&](auto r) { second = r ? 1 : 2; });
  });
  EXPECT_TRUE(eventually([&] { return first != 0 && second != 0; }));
  EXPECT_EQ(first, 2);
  EXPECT_EQ(second, 1);
  env_->run_on(loop, [&] {   // a destroyed client completes what it has
    client->call<RequestCode::GET_MAX_OFFSET>(addr_, {"never", 1}, {}, 5000, [&](auto r) { first = r ? 1 : 3; });
    client.reset();
    EXPECT_EQ(first, 3);
  });
  env_->stop_loop(loop);
}

/// Both sides have more to send than the other takes at once: neither may wait for the other.
TEST_F(Servers, LargeRequestsAndLargeAnswersPassEachOther) {
  start();
  env::Loop& loop = env_->start_loop("client");
  std::unique_ptr<Client> client;
  std::atomic<int> answered{0};
  env_->run_on(loop, [&] {
    client = std::make_unique<Client>(loop);
    for (int i = 0; i < 60; ++i) {
      client->call<RequestCode::GET_MAX_OFFSET>(addr_, {"big", i}, as_bytes(std::string(400'000, 'r')), 60'000, [&](auto r) {
        ASSERT_TRUE(r) << r.error().message();
        EXPECT_EQ(r->body.size(), 300'000u);
        ++answered;
      });
    }
  });
  EXPECT_TRUE(eventually([&] { return answered == 60; }, 30'000));
  env_->run_on(loop, [&] { client.reset(); });
  env_->stop_loop(loop);
}

TEST_F(Servers, AServerThatHangsUpEndsTheCallsUnderWay) {
  start();
  env::Loop& loop = env_->start_loop("client");
  std::unique_ptr<Client> client;
  std::atomic<int> ended{0};
  env_->run_on(loop, [&] {
    client = std::make_unique<Client>(loop);
    for (int i = 0; i < 10; ++i) {
      client->call<RequestCode::GET_MAX_OFFSET>(addr_, {"never", 1}, {}, 60'000, [&](auto r) {
        EXPECT_EQ(r.error().code(), Errc::kClosed);
        if (++ended == 10) client.reset();   // from inside its own completion
      });
    }
  });
  ASSERT_TRUE(eventually([&] { return room_.served == 10; }));
  server_->stop(true);
  EXPECT_TRUE(eventually([&] { return ended == 10; }));
  env_->stop_loop(loop);
}

}  // namespace
}  // namespace mq::remoting
