// TLS without sockets: filters against each other, materials, options and their files, and a connection in the simulator.
#include "remoting/tls.h"

#include <gtest/gtest.h>

#include <random>

#include "env/sim.h"
#include "remoting/client.h"
#include "remoting/server.h"
#include "remoting/test_pki.h"

namespace mq::remoting {
namespace {

using Side = TlsContext::Side;
using Peer = TlsMaterial::Peer;
using test::Identity;

std::shared_ptr<const TlsContext> context(Side side, const TlsMaterial& m = {}) {
  auto made = TlsContext::make(side, m);
  EXPECT_TRUE(made) << made.error().message();
  return made ? *made : nullptr;
}

/// One end of a stream without a network.
struct End {
  explicit End(const std::shared_ptr<const TlsContext>& c) : filter(c->filter("name.example")) {}
  std::unique_ptr<env::StreamFilter> filter;
  ByteBuffer plain, wire;
  Result<> state;

  void take(std::string_view bytes) {
    if (state) state = filter->receive(as_bytes(bytes), plain, wire);
  }
  void say(std::string_view text) { filter->send(as_bytes(text), wire); }
};

/// Carries what both have to say to the other, in pieces of at most `cut` bytes, until both are silent.
void carry(End& a, End& b, size_t cut, std::mt19937& random) {
  while (!a.wire.empty() || !b.wire.empty()) {
    for (auto [from, to] : {std::pair{&a, &b}, std::pair{&b, &a}}) {
      const std::string bytes(from->wire.text());
      from->wire.clear();
      for (size_t at = 0; at < bytes.size();) {
        const size_t n = std::min<size_t>(bytes.size() - at, 1 + random() % cut);
        to->take(std::string_view(bytes).substr(at, n));
        at += n;
      }
    }
  }
}

/// The handshake; true when both ends are open and content.
bool shake_hands(End& client, End& server) {
  std::mt19937 random(3);
  client.take("");
  carry(client, server, 1 << 20, random);
  return client.filter->open() && server.filter->open() && client.state && server.state;
}

TEST(Tls, WhatIsSaidArrivesHoweverItIsCut) {
  const auto server = context(Side::kServer), client = context(Side::kClient);
  std::mt19937 random(7);
  for (const size_t cut : {1, 3, 100, 20'000, 1'000'000}) {
    End a(client), b(server);
    a.take("");
    EXPECT_FALSE(a.filter->open());
    carry(a, b, cut, random);
    ASSERT_TRUE(a.filter->open() && b.filter->open()) << cut;
    std::string to_b, to_a;
    for (const size_t size : {0, 1, 100, 16'384, 16'385, 300'000}) {
      to_b += std::string(size, 'b');
      to_a += std::string(size + 1, 'a');
      a.say(std::string(size, 'b'));
      b.say(std::string(size + 1, 'a'));
      carry(a, b, cut, random);
    }
    EXPECT_EQ(b.plain.text(), to_b);
    EXPECT_EQ(a.plain.text(), to_a);
    a.filter->finish(a.wire);
    a.filter->finish(a.wire);
    carry(a, b, cut, random);
    ASSERT_FALSE(b.state);
    EXPECT_EQ(b.state.error().code(), Errc::kClosed);
  }
}

TEST(Tls, MuchOutputCostsLittleMoreOnTheWire) {
  End a(context(Side::kClient)), b(context(Side::kServer));
  shake_hands(a, b);
  a.say(std::string(1 << 20, 'x'));
  EXPECT_LT(a.wire.size(), (1 << 20) + 64 * 40);   // full records
}

TEST(Tls, GarbageEndsWithAnErrorAndNothingElse) {
  const auto server = context(Side::kServer), client = context(Side::kClient);
  std::mt19937 random(11);
  End honest(client);
  honest.take("");
  const std::string hello(honest.wire.text());
  for (int i = 0; i < 2000; ++i) {
    End b(server);
    std::string bytes = i % 2 ? hello : "\x16" + std::string(1 + random() % 400, '\0');
    for (int flips = 0; flips < 1 + i % 20; ++flips) bytes[1 + random() % (bytes.size() - 1)] = static_cast<char>(random());
    b.take(bytes);
    b.take(std::string(20'000, static_cast<char>(random())));
    EXPECT_FALSE(b.filter->open());
    EXPECT_TRUE(b.state || b.state.error().code() == Errc::kInvalid);
    b.filter->finish(b.wire);
  }
  for (const char* text : {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "\x16GET / HTTP/1.1\r\n\r\n"}) {
    End b(server);
    b.take(text);
    EXPECT_FALSE(b.state) << text;
  }
  End damaged(client), other(server);   // once it is open
  shake_hands(damaged, other);
  damaged.say("hello");
  std::string bytes(damaged.wire.text());
  bytes.back() ^= 1;
  other.take(bytes);
  EXPECT_FALSE(other.state);
  EXPECT_EQ(other.plain.text(), "");
}

struct Outcome {
  std::string name;
  TlsMaterial server, client;
  bool good;
};

TEST(Tls, CertificatesAreAskedForAndCheckedAsSet) {
  const Identity ca("ca"), stranger("stranger"), server("server", &ca), client("client", &ca);
  const TlsMaterial own{.certificate = server.certificate(), .key = server.key()};
  const auto asking = [&](Peer peer, bool verify) {
    TlsMaterial m = own;
    m.peer = peer;
    m.verify = verify;
    if (verify) m.trusted = ca.certificate();
    return m;
  };
  const auto with = [](const Identity& i) { return TlsMaterial{.certificate = i.certificate(), .key = i.key()}; };
  const TlsMaterial none, checking{.verify = true, .trusted = ca.certificate()}, pinning{.verify = true, .trusted = server.certificate()};
  const Outcome cases[] = {
      {"no questions", own, none, true},
      {"required, none given", asking(Peer::kRequired, false), none, false},
      {"required, anything will do", asking(Peer::kRequired, false), with(stranger), true},
      {"required and checked", asking(Peer::kRequired, true), with(client), true},
      {"required and checked, of a stranger", asking(Peer::kRequired, true), with(stranger), false},
      {"optional, none given", asking(Peer::kOptional, true), none, true},
      {"optional, of a stranger", asking(Peer::kOptional, true), with(stranger), false},
      {"optional, anything will do", asking(Peer::kOptional, false), with(stranger), true},
      {"not asked", asking(Peer::kNotAsked, true), none, true},
      {"the client checks", own, checking, true},
      {"the client trusts this one alone", own, pinning, true},
      {"the client checks a self-made certificate", {}, checking, false},
      {"the client does not check", {}, none, true},
  };
  for (const Outcome& c : cases) {
    End a(context(Side::kClient, c.client)), b(context(Side::kServer, c.server));
    const bool good = shake_hands(a, b);
    EXPECT_EQ(good, c.good) << c.name;
    const Result<>& failed = b.state ? a.state : b.state;
    EXPECT_TRUE(good || failed.error().message().find("TLS") != std::string::npos);
  }
}

TEST(Tls, KeysInAllTheFormsOfTheDocumentation) {
  const Identity one("one"), other("other");
  const auto make = [&](const std::string& key, const std::string& password = "") {
    return TlsContext::make(Side::kServer, {.certificate = one.certificate(), .key = key, .key_password = password});
  };
  EXPECT_TRUE(make(one.key()));
  EXPECT_TRUE(make(one.old_key()));
  EXPECT_TRUE(make(one.key("secret"), "secret"));
  EXPECT_GT((*make(one.key()))->not_after(), 0);
  for (const auto& bad : {make(one.key("secret"), "wrong"), make(one.key("secret")), make(other.key()), make("no key"), make("")}) {
    ASSERT_FALSE(bad);
    EXPECT_NE(bad.error().message().find("private key"), std::string::npos) << bad.error().message();
    EXPECT_EQ(bad.error().message().find("secret"), std::string::npos);
  }
  EXPECT_FALSE(TlsContext::make(Side::kServer, {.certificate = "no certificate", .key = one.key()}));
  EXPECT_FALSE(TlsContext::make(Side::kClient, {.verify = true, .trusted = "nothing"}));
}

/// The key of RocketMQ's documentation: openssl pkcs8 -topk8 -v1 PBE-SHA1-RC4-128. Needs OpenSSL's legacy module, a file that a small
/// container may lack; then the refusal says so.
TEST(Tls, AKeyWithTheDocumentedOldCipher) {
  static const char* const kKey =
#include "remoting/test_old_key.inc"
      ;
  const auto made = TlsContext::make(Side::kServer, {.certificate = kKey, .key = kKey, .key_password = "123456"});
  EXPECT_TRUE(made) << made.error().message();
  EXPECT_FALSE(TlsContext::make(Side::kServer, {.certificate = kKey, .key = kKey, .key_password = "12345"}));
}

// ---- options and files -----------------------------------------------------------------------------------------------

class TlsFiles : public ::testing::Test {
 protected:
  TlsFiles() { EXPECT_TRUE(fs_.make_dirs("/t")); }
  ~TlsFiles() override { machine_.crash(env::Crash::kProcess); }
  void write(const std::string& path, const std::string& text) {
    world_.run_for(10);   // another time stamp
    ASSERT_TRUE(env::replace_file(fs_, path, text, false));
  }
  void use(const std::string& folder, const Identity& i) {
    write(folder + "/cert.pem", i.certificate());
    write(folder + "/key.pem", i.key());
  }
  static bool meet(const Tls& server, const Tls& client) {
    End a(client.client()), b(server.server());
    return shake_hands(a, b);
  }

  env::SimWorld world_{1};
  env::SimMachine& machine_ = world_.machine("m");
  env::FileSystem& fs_ = machine_.env().fs();
  TlsConfig config_;
};

TEST_F(TlsFiles, DefaultsAreTestModeOnBothSides) {
  Tls tls(config_, fs_);
  const auto warnings = tls.load(true);
  ASSERT_TRUE(warnings);
  EXPECT_TRUE(warnings->empty());
  EXPECT_EQ(tls.mode(), TlsMode::kPermissive);
  EXPECT_TRUE(meet(tls, tls));
}

TEST_F(TlsFiles, TheFileOverridesButForTheMode) {
  const Identity ca("ca"), server("server", &ca), client("client", &ca);
  use("/t", server);
  write("/t/ca.pem", ca.certificate());
  write("/t/tls.properties", "tls.test.mode.enable=false\ntls.server.certPath=/t/cert.pem\ntls.server.keyPath = /t/key.pem\n"
                             "tls.server.need.client.auth=REQUIRE\ntls.server.mode=disabled\ntls.enable=true\ntls.sever.keyPath=x\n");
  config_.configFile.set("/t/tls.properties");
  config_.mode.set("enforcing");
  Tls tls(config_, fs_);
  const auto warnings = tls.load(true);
  ASSERT_TRUE(warnings) << warnings.error().message();
  ASSERT_EQ(warnings->size(), 3u);
  EXPECT_NE((*warnings)[0].find("tls.server.mode has no effect there"), std::string::npos);
  EXPECT_NE((*warnings)[2].find("tls.sever.keyPath: no such key"), std::string::npos);
  EXPECT_EQ(tls.mode(), TlsMode::kEnforcing);
  EXPECT_FALSE(meet(tls, tls)) << "the client has no certificate";
  TlsConfig mine;
  mine.testMode.set(false);
  mine.clientCertPath.set("/t/cert.pem");
  mine.clientKeyPath.set("/t/key.pem");
  mine.authServer.set(true);
  mine.clientTrustPath.set("/t/ca.pem");
  Tls with(mine, fs_);
  (void)with.load(true);
  ASSERT_TRUE(with.client());
  EXPECT_TRUE(meet(tls, with));
}

TEST_F(TlsFiles, UnusableFilesLeavePlainConnectionsOrStopTheStart) {
  config_.testMode.set(false);
  const auto message = [&](bool client) {
    Tls tls(config_, fs_);
    const auto r = tls.load(client);
    EXPECT_FALSE(tls.server());
    return r ? (r->empty() ? "" : "warning: " + r->back()) : r.error().message();
  };
  EXPECT_EQ(message(false).find("warning: "), 0u);
  EXPECT_NE(message(false).find("set tls.server.certPath"), std::string::npos);
  config_.serverCertPath.set("/t/cert.pem");
  EXPECT_NE(message(false).find("tls.server.certPath and tls.server.keyPath are needed together"), std::string::npos);
  config_.serverKeyPath.set("/t/key.pem");
  EXPECT_NE(message(false).find("tls.server.certPath=/t/cert.pem"), std::string::npos);
  config_.mode.set("enforcing");
  EXPECT_EQ(message(false).find("warning: "), std::string::npos);
  config_.mode.set("disabled");
  EXPECT_EQ(message(false), "");
  config_.clientKeyPath.set("/t/key.pem");
  EXPECT_NE(message(true).find("tls.client.certPath and tls.client.keyPath"), std::string::npos);
}

TEST_F(TlsFiles, OutgoingConnectionsNeedAllOfTheFile) {
  write("/t/tls.properties", "tls.client.authServer=true\nbroken=\\u12\n");
  config_.configFile.set("/t/tls.properties");
  for (const char* mode : {"disabled", "permissive", "enforcing"}) {
    config_.mode.set(mode);
    Tls tls(config_, fs_);
    const auto r = tls.load(true);
    ASSERT_FALSE(r) << mode;
    EXPECT_NE(r.error().message().find("/t/tls.properties"), std::string::npos) << r.error().message();
    EXPECT_FALSE(tls.client());
  }
}

/// Once at 30 days, again from 7 on, then each day; a new certificate is silent until it ends itself.
TEST_F(TlsFiles, AnEndOfTheCertificateIsSaid) {
  const Identity first("first");
  use("/t", first);
  config_.testMode.set(false);
  config_.serverCertPath.set("/t/cert.pem");
  config_.serverKeyPath.set("/t/key.pem");
  Tls tls(config_, fs_);
  EXPECT_EQ(tls.not_after(), 0);
  ASSERT_TRUE(tls.load(false));
  constexpr int64_t kDay = 86'400'000;
  const int64_t end = tls.not_after() * 1000;
  ASSERT_GT(end, 0);
  const auto said = [&](int64_t now_ms) {
    testing::internal::CaptureStderr();
    tls.watch_end(now_ms);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(said(end - 31 * kDay), "");
  EXPECT_NE(said(end - 29 * kDay).find("ends in 29 days"), std::string::npos);
  EXPECT_EQ(said(end - 29 * kDay + 1000), "");
  EXPECT_NE(said(end - 28 * kDay).find("ends in 28 days"), std::string::npos);
  EXPECT_NE(said(end - 7 * kDay).find("ends in 7 days"), std::string::npos);
  EXPECT_EQ(said(end - 7 * kDay + 1000), "");
  EXPECT_NE(said(end + kDay).find("ended 1 days ago"), std::string::npos);
}

TEST_F(TlsFiles, ChangedFilesAreReadAgain) {
  const Identity first("first"), second("second"), third("third");
  use("/t", first);
  config_.testMode.set(false);
  config_.serverCertPath.set("/t/cert.pem");
  config_.serverKeyPath.set("/t/key.pem");
  Tls tls(config_, fs_);
  ASSERT_TRUE(tls.load(false));
  const auto trusting = [&](const Identity& i) {
    End a(context(Side::kClient, {.verify = true, .trusted = i.certificate()})), b(tls.server());
    shake_hands(a, b);
    return a.filter->open();
  };
  End open_before(context(Side::kClient)), its_server(tls.server());
  shake_hands(open_before, its_server);
  const auto before = tls.server();
  tls.refresh();
  EXPECT_EQ(tls.server(), before);
  write("/t/cert.pem", second.certificate());
  tls.refresh();   // the key is still that of the first
  EXPECT_TRUE(trusting(first));
  write("/t/key.pem", second.key());
  tls.refresh();
  EXPECT_TRUE(trusting(second));
  EXPECT_FALSE(trusting(first));
  ASSERT_TRUE(fs_.remove("/t/cert.pem"));
  tls.refresh();
  EXPECT_TRUE(trusting(second));
  use("/t", third);
  tls.refresh();
  EXPECT_TRUE(trusting(third));
  open_before.say("still here");
  std::mt19937 random(3);
  carry(open_before, its_server, 1 << 20, random);
  EXPECT_EQ(its_server.plain.text(), "still here");
}

TEST(TlsOptions, ComeFromWhereAJavaServerHasThem) {
  std::vector<std::string> texts{"JAVA_OPT=-server -Xmx1g -Dtls.server.mode=enforcing \"-Dtls.config.file=/x/tls.properties\" -Drocketmq.x=y", "OTHER=-Dtls.enable=true",
                                 "JAVA_OPT_EXT=-Dtls.test.mode.enable=false -Dtls.broken"};
  std::vector<char*> environment;
  for (std::string& t : texts) environment.push_back(t.data());
  environment.push_back(nullptr);
  const auto lines = tls_properties_of_java(environment.data());
  ASSERT_EQ(lines.size(), 3u);
  TlsConfig config;
  Configuration all({&config});
  ASSERT_TRUE(all.apply(lines, "JAVA_OPT"));
  EXPECT_EQ(config.mode(), "enforcing");
  EXPECT_EQ(config.configFile(), "/x/tls.properties");
  EXPECT_FALSE(config.testMode());
  EXPECT_FALSE(config.enable());
  EXPECT_TRUE(all.given("tls.server.mode"));
  EXPECT_FALSE(all.given("tls.enable"));
}

TEST(TlsOptions, PasswordsAreForTheFileOnly) {
  TlsConfig config;
  Configuration all({&config});
  config.serverKeyPassword.set("hush\nhush");
  config.serverKeyPath.set("/key.pem");
  EXPECT_NE(all.text().find("hush"), std::string::npos);
  EXPECT_EQ(all.text(Configuration::Secrets::kHide), "tls.server.keyPassword=******\ntls.server.keyPath=/key.pem\n");
}

// ---- in the simulator ------------------------------------------------------------------------------------------------

struct EchoRoom {
  Answer max_offset(const wire::QueueHeader& h, Request& request) {
    return request.ok(wire::OffsetResponseHeader{h.queueId}, std::string(static_cast<size_t>(h.queueId), 'x'));
  }
  using routes = Routes<Route<wire::RequestCode::GET_MAX_OFFSET, &EchoRoom::max_offset>>;
};

TEST(TlsInTheSimulator, RequestsAndAnswersPassForAllSeeds) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    env::SimWorld world(seed);
    env::SimMachine& there = world.machine("server");
    env::SimMachine& here = world.machine("client");
    TlsConfig config;
    config.mode.set("enforcing");
    Tls tls(config, there.env().fs());
    ASSERT_TRUE(tls.load(true));
    EchoRoom room;
    Router router;
    router.mount(room);
    Server server({&there.env().start_loop("io")}, there.env(), router, {.port = 9876, .tls = &tls});
    ASSERT_TRUE(server.start());
    env::Loop& loop = here.env().start_loop("client");
    std::unique_ptr<Client> client, plain;
    int answered = 0, refused = 0;
    here.env().run_on(loop, [&] {
      client = std::make_unique<Client>(loop, ClientOptions{.tls = &tls});
      plain = std::make_unique<Client>(loop);
      for (int i = 0; i < 20; ++i) {
        client->call<wire::RequestCode::GET_MAX_OFFSET>("server:9876", {"t", i * 3000}, {}, 30'000, [&, i](auto r) {
          ASSERT_TRUE(r) << r.error().message();
          EXPECT_EQ(r->body.size(), static_cast<size_t>(i) * 3000);
          ++answered;
        });
      }
      plain->call<wire::RequestCode::GET_MAX_OFFSET>("server:9876", {"t", 1}, {}, 30'000, [&](auto r) { refused += r ? 0 : 1; });
    });
    EXPECT_TRUE(world.run_until([&] { return answered == 20 && refused == 1; }, 30'000)) << "MQ_SEED=" << seed;
    here.env().run_on(loop, [&] { client.reset(), plain.reset(); });
    server.stop(true);
    world.run_for(1000);
    here.crash(env::Crash::kProcess);
  }
}

}  // namespace
}  // namespace mq::remoting
