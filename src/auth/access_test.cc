// A server with access control, asked over loopback: who gets in, what they may do, what is still known after a restart.
#include "auth/access.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "remoting/client.h"
#include "remoting/server.h"

namespace mq::auth {
namespace {

using wire::RequestCode;
using wire::ResponseCode;

struct TopicRoom {
  remoting::Answer max_offset(const wire::QueueHeader&, remoting::Request& request) { return ++served, request.ok(wire::OffsetResponseHeader{7}); }
  remoting::Answer get_config(const wire::NoHeader&, remoting::Request& request) { return ++served, request.ok(); }
  using routes = remoting::Routes<remoting::Route<RequestCode::GET_MAX_OFFSET, &TopicRoom::max_offset>,
                                  remoting::Route<RequestCode::GET_BROKER_CONFIG, &TopicRoom::get_config>>;
  std::atomic<int> served{0};
};

class AccessTest : public testing::Test {
 protected:
  AccessTest() : dir(std::filesystem::temp_directory_path() / ("access_test_" + std::to_string(::getpid()))), env(env::make_posix_env()) {
    std::filesystem::remove_all(dir);
    config.initAuthenticationUser.set(R"({"username":"root","password":"secret"})");
  }
  ~AccessTest() override {
    clients.clear();
    stop();
    env.reset();
    std::filesystem::remove_all(dir);
  }

  void start(bool authentication = true, bool authorization = true) {
    config.authenticationEnabled.set(authentication);
    config.authorizationEnabled.set(authorization);
    access = std::make_unique<Access>(config, env->fs(), file(), "C");
    ASSERT_TRUE(access->open());
    router = std::make_unique<remoting::Router>();
    router->mount(room);
    access->mount(*router, env->start_loop("ctl"));
    server = std::make_unique<remoting::Server>(std::vector<env::Loop*>{&env->start_loop("io")}, *env, *router, remoting::ServerOptions{.host = "127.0.0.1", .port = 0});
    ASSERT_TRUE(server->start());
    addr = "127.0.0.1:" + std::to_string(server->port());
  }
  void stop() {
    if (server) server->stop(true);
    server.reset();
  }
  std::string file() const { return (dir / "config/auth.json").string(); }

  remoting::BlockingClient& as(const std::string& user, const std::string& password) {
    auto& client = clients[user + "/" + password];
    if (!client) client = std::make_unique<remoting::BlockingClient>(*env, remoting::ClientOptions{.credentials = {user, password, {}}});
    return *client;
  }
  remoting::BlockingClient& root() { return as("root", "secret"); }
  template <RequestCode C>
  std::string ask(remoting::BlockingClient& client, const typename wire::RequestInfo<C>::Request& header, std::string_view body = {}) {
    const auto r = client.call<C>(addr, header, body);
    if (!r) return "no answer: " + r.error().message();
    return std::to_string(r->code) + (r->remark.empty() ? "" : " " + r->remark) + (r->body.empty() ? "" : " " + r->body);
  }
  std::string ask_topic(remoting::BlockingClient& client, const std::string& topic = "t") { return ask<RequestCode::GET_MAX_OFFSET>(client, {topic, 0}); }

  const std::filesystem::path dir;
  std::unique_ptr<env::Env> env;
  AuthConfig config;
  TopicRoom room;
  std::unique_ptr<Access> access;
  std::unique_ptr<remoting::Router> router;
  std::unique_ptr<remoting::Server> server;
  std::map<std::string, std::unique_ptr<remoting::BlockingClient>> clients;
  std::string addr;
};

TEST_F(AccessTest, LetsInWhoSigns) {
  start();
  remoting::BlockingClient nobody(*env);
  EXPECT_EQ(ask_topic(nobody), "16 username cannot be null.");
  EXPECT_EQ(ask_topic(as("ghost", "x")), "16 User:ghost is not found.");
  EXPECT_EQ(ask_topic(as("root", "wrong")), "16 check signature failed.");
  EXPECT_EQ(room.served, 0);
  EXPECT_EQ(ask_topic(root()), "0");
  EXPECT_EQ(ask<RequestCode::GET_MIN_OFFSET>(nobody, {"t", 0}), "16 username cannot be null.");   // also for codes nobody serves
  EXPECT_EQ(ask<RequestCode::GET_MIN_OFFSET>(root(), {"t", 0}), "3  request type 31 not supported");
  EXPECT_EQ(access->refused(), 4);
}

TEST_F(AccessTest, UsersNeedPolicies) {
  start();
  EXPECT_EQ(ask<RequestCode::AUTH_CREATE_USER>(root(), {"alice"}, R"({"password":"pw"})"), "0");
  EXPECT_EQ(ask<RequestCode::AUTH_GET_USER>(root(), {"alice"}), R"(0 {"password":"pw","userStatus":"enable","userType":"Normal","username":"alice"})");
  auto& alice = as("alice", "pw");
  EXPECT_EQ(ask_topic(alice), "16 User:alice has no permission to access Topic:t from 127.0.0.1, no matched policies.");
  EXPECT_EQ(ask<RequestCode::GET_BROKER_CONFIG>(alice, {}), "0");   // QUIRK: names no resource
  EXPECT_EQ(ask<RequestCode::AUTH_CREATE_ACL>(root(), {"User:alice"},
                                              R"({"policies":[{"entries":[{"resource":"Topic:t*","actions":["Get"],"decision":"Allow"},)"
                                              R"({"resource":"Topic:tx","actions":["Get"],"decision":"Deny"}]}]})"),
            "0");
  EXPECT_EQ(ask_topic(alice), "0");
  EXPECT_EQ(ask_topic(alice, "tx"), "16 User:alice has no permission to access Topic:tx from 127.0.0.1, the decision is deny.");
  EXPECT_EQ(ask<RequestCode::AUTH_DELETE_USER>(alice, {"root"}), "16 User:alice has no permission to access Cluster:C from 127.0.0.1, no matched policies.");
  EXPECT_EQ(ask<RequestCode::AUTH_DELETE_ACL>(root(), {"User:alice", {}, "Topic:t*"}), "0");
  EXPECT_EQ(ask_topic(alice), "16 User:alice has no permission to access Topic:t from 127.0.0.1, no matched policies.");
  EXPECT_EQ(ask<RequestCode::AUTH_UPDATE_USER>(root(), {"alice"}, R"({"userStatus":"disable"})"), "0");
  EXPECT_EQ(ask_topic(alice), "16 User:alice is disabled.");
}

TEST_F(AccessTest, OnlySuperUsersMakeSuperUsers) {
  start(true, false);
  ASSERT_EQ(ask<RequestCode::AUTH_CREATE_USER>(root(), {"bob"}, R"({"password":"pw"})"), "0");
  auto& bob = as("bob", "pw");
  EXPECT_EQ(ask<RequestCode::AUTH_CREATE_USER>(bob, {"eve"}, R"({"password":"p","userType":"super"})"), "1 The super user can only be create by super user");
  EXPECT_EQ(ask<RequestCode::AUTH_UPDATE_USER>(bob, {"bob"}, R"({"userType":"Super"})"), "1 The super user can only be update by super user");
  EXPECT_EQ(ask<RequestCode::AUTH_UPDATE_USER>(bob, {"root"}, R"({"password":"mine"})"), "16 The super user can only be update by super user");
  EXPECT_EQ(ask<RequestCode::AUTH_DELETE_USER>(bob, {"root"}), "16 The super user can only be update by super user");
  EXPECT_EQ(ask<RequestCode::AUTH_CREATE_USER>(bob, {"dan"}, R"({"password":"p"})"), "0");
}

TEST_F(AccessTest, RefusesAsRocketMq) {
  start();
  const std::string entry = R"([{"entries":[{"resource":"Topic:t","actions":["Pub"],"decision":"Allow"}]}]})";
  EXPECT_EQ(ask<RequestCode::AUTH_CREATE_USER>(root(), {}, "{}"), "29 The username is blank");
  EXPECT_EQ(ask<RequestCode::AUTH_GET_USER>(root(), {" "}), "29 The username is blank");
  EXPECT_EQ(ask<RequestCode::AUTH_CREATE_USER>(root(), {"u"}, "{}"), "16 password can not be blank");
  EXPECT_EQ(ask<RequestCode::AUTH_CREATE_USER>(root(), {"root"}, R"({"password":"p"})"), "16 The user is existed");
  EXPECT_EQ(ask<RequestCode::AUTH_UPDATE_USER>(root(), {"u"}, R"({"password":"p"})"), "16 The user is not exist");
  EXPECT_EQ(ask<RequestCode::AUTH_DELETE_USER>(root(), {"u"}), "0");
  EXPECT_EQ(ask<RequestCode::AUTH_GET_USER>(root(), {"u"}), "0");
  EXPECT_EQ(ask<RequestCode::AUTH_LIST_USER>(root(), {"nobody"}), "0");
  EXPECT_EQ(ask<RequestCode::AUTH_CREATE_ACL>(root(), {"User:u"}, "{}"), "1 The body of acl is null");
  EXPECT_EQ(ask<RequestCode::AUTH_CREATE_ACL>(root(), {"User:u"}, R"({"policies":)" + entry), "16 The subject of User:u is not exist.");
  EXPECT_EQ(ask<RequestCode::AUTH_CREATE_ACL>(root(), {"Role:u"}, R"({"policies":)" + entry), "1 An system error occurred, please try again later.");
  EXPECT_EQ(ask<RequestCode::AUTH_CREATE_ACL>(root(), {"User:root"}, R"({"policies":[{}]})"), "16 The policies is empty.");
  EXPECT_EQ(ask<RequestCode::AUTH_DELETE_ACL>(root(), {"User:root", {}, {}}), "16 The acl is not exist.");
  EXPECT_EQ(ask<RequestCode::AUTH_DELETE_ACL>(root(), {"User:u", {}, {}}), "16 The subject is not exist.");
  EXPECT_EQ(ask<RequestCode::AUTH_DELETE_ACL>(root(), {"User:root", {}, "Topi:t"}), "16 The resource is null.");
  EXPECT_EQ(ask<RequestCode::AUTH_GET_ACL>(root(), {"User:u"}), "16 The subject is not exist.");
  EXPECT_EQ(ask<RequestCode::AUTH_GET_ACL>(root(), {"User:root"}), "0");
}

TEST_F(AccessTest, ListsByPartsOfNames) {
  start();
  for (const char* name : {"alice", "alan", "bob"}) {
    ASSERT_EQ(ask<RequestCode::AUTH_CREATE_USER>(root(), {name}, R"({"password":"pw"})"), "0");
    ASSERT_EQ(ask<RequestCode::AUTH_CREATE_ACL>(root(), {subject_of(name)},
                                                R"({"policies":[{"entries":[{"resource":"Topic:t","actions":["Pub"],"decision":"Allow"},)"
                                                R"({"resource":"Group:g","actions":["Sub"],"decision":"Allow"}]}]})"),
              "0");
  }
  EXPECT_EQ(wire::parse_user_infos(root().call<RequestCode::AUTH_LIST_USER>(addr, {"al"})->body)->size(), 2u);
  EXPECT_EQ(wire::parse_acl_infos(root().call<RequestCode::AUTH_LIST_ACL>(addr, {})->body)->size(), 3u);
  const auto found = wire::parse_acl_infos(root().call<RequestCode::AUTH_LIST_ACL>(addr, {"bob", "Group:"})->body).value();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].subject, "User:bob");
  ASSERT_EQ(found[0].policies.at(0).entries.size(), 1u);
  EXPECT_EQ(found[0].policies[0].entries[0].resource, "Group:g");
}

TEST_F(AccessTest, KnowsUsersAndPoliciesAfterARestart) {
  start();
  ASSERT_EQ(ask<RequestCode::AUTH_CREATE_USER>(root(), {"alice"}, R"({"password":"pw"})"), "0");
  ASSERT_EQ(ask<RequestCode::AUTH_CREATE_ACL>(root(), {"User:alice"}, R"({"policies":[{"entries":[{"resource":"Topic:t","actions":["All"],"decision":"Allow"}]}]})"), "0");
  struct stat s{};
  for (const std::string& path : {file(), file() + ".bak"}) {
    ASSERT_EQ(::stat(path.c_str(), &s), 0) << path;
    EXPECT_EQ(s.st_mode & 0777, 0600u) << path;
  }
  stop();
  start();
  EXPECT_EQ(ask_topic(as("alice", "pw")), "0");
  EXPECT_EQ(ask_topic(as("alice", "pw"), "u"), "16 User:alice has no permission to access Topic:u from 127.0.0.1, no matched policies.");
}

TEST_F(AccessTest, AChangeThatCannotBeWrittenIsNotMade) {
  start();
  std::filesystem::remove_all(dir);
  std::ofstream(dir).put('x');   // a file where the folder was
  EXPECT_EQ(ask<RequestCode::AUTH_CREATE_USER>(root(), {"alice"}, R"({"password":"pw"})"), "1 An system error occurred, please try again later.");
  EXPECT_EQ(ask<RequestCode::AUTH_GET_USER>(root(), {"alice"}), "0");
  EXPECT_EQ(ask_topic(root()), "0");
}

TEST_F(AccessTest, AFileEditedByHandGivesLessNotMore) {
  std::filesystem::create_directories(dir / "config");
  std::ofstream(file()) << R"({"users":[{"username":"a","password":"p","userType":"Sooper","userStatus":"enable"},{"username":"b","password":"p"},{"username":"c"}],
    "acls":[{"subject":"User:a","policies":[{"entries":[{"resource":"Topic:t","actions":["Get"],"decision":"Allow","sourceIps":["nonsense"]}]}]}]})";
  start();
  EXPECT_EQ(ask_topic(as("a", "p")), "16 User:a has no permission to access Topic:t from 127.0.0.1, no matched policies.");
  EXPECT_EQ(ask_topic(as("b", "p")), "16 User:b is disabled.");
  EXPECT_EQ(ask_topic(as("c", "p")), "16 User:c is not found.");
}

TEST_F(AccessTest, WhiteListsAndHalfOfIt) {
  config.authenticationWhitelist.set("30, 26");
  config.authorizationWhitelist.set("26");
  start();
  remoting::BlockingClient nobody(*env);
  EXPECT_EQ(ask<RequestCode::GET_BROKER_CONFIG>(nobody, {}), "0");
  EXPECT_EQ(ask_topic(nobody), "16 Authorization failed. Please verify your access rights and try again.");
  EXPECT_EQ(ask_topic(as("ghost", "x")), "16 User:ghost not found.");
}

TEST_F(AccessTest, OffServesUsersOnlyWithAProvider) {
  start(false, false);
  remoting::BlockingClient nobody(*env);
  EXPECT_EQ(ask_topic(nobody), "0");
  EXPECT_TRUE(ask<RequestCode::AUTH_LIST_USER>(nobody, {}).starts_with("1 Access control is off here"));
  stop();
  config.authenticationMetadataProvider.set("org.apache.rocketmq.auth.authentication.provider.LocalAuthenticationMetadataProvider");
  start(false, false);
  EXPECT_EQ(ask<RequestCode::AUTH_LIST_USER>(nobody, {}), R"(0 [{"password":"secret","userStatus":"enable","userType":"Super","username":"root"}])");
}

TEST_F(AccessTest, ABadConfigurationStopsTheStartWithoutTellingSecrets) {
  const auto error = [&] {
    Access broken(config, env->fs(), file(), "C");
    const auto r = broken.open();
    return r ? "" : r.error().message();
  };
  config.authenticationEnabled.set(true);
  config.initAuthenticationUser.set("hunter2");
  EXPECT_EQ(error(), R"(initAuthenticationUser must be {"username":"...","password":"..."})");
  config.initAuthenticationUser.set("");
  config.innerClientAuthenticationCredentials.set(R"({"accessKey":"hunter2"})");
  EXPECT_EQ(error(), R"(innerClientAuthenticationCredentials must be {"accessKey":"...","secretKey":"..."})");
  config.innerClientAuthenticationCredentials.set("");
  config.authorizationProvider.set("com.example.Mine");
  EXPECT_EQ(error(), "authorizationProvider=com.example.Mine: Java classes cannot be loaded; leave it out, or name DefaultAuthorizationProvider");
}

}  // namespace
}  // namespace mq::auth
