// docs/reference/config.md, from the declarations of the options.
#include <fmt/format.h>

#include "apps/processes.h"
#include "base/no_effect.h"

namespace mq::apps {

namespace {

std::string_view when(const OptionInfo& info) {
  switch (info.reload) {
    case Reload::kLive: return "at once";
    case Reload::kRestart: return "after a restart";
    case Reload::kIgnored: return "no effect";
  }
  return "";
}

std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c;
  }
  return out;
}

void print_row(const OptionBase& option) {
  const OptionInfo& info = option.info();
  std::string doc(info.doc);
  if (!info.unit.empty()) doc += fmt::format(" Unit: {}.", info.unit);
  if (info.least != INT64_MIN) doc += fmt::format(" At least {}.", info.least);
  if (info.most != INT64_MAX) doc += fmt::format(" At most {}.", info.most);
  if (info.multiple != 1) doc += fmt::format(" Rounded up to a multiple of {}.", info.multiple);
  if (!info.allowed.empty()) doc += fmt::format(" One of {}.", info.allowed);
  if (!info.alias.empty()) doc += fmt::format(" Old spelling: {}.", info.alias);
  if (info.reload == Reload::kIgnored) doc += fmt::format(" No effect: {}.", why_no_effect(info.name));
  fmt::print("| {} | {} | {} | {} | {} |\n", info.name, option.type(), cell(option.default_text()), when(info), cell(doc));
}

void print_group(std::string_view title, std::string_view about, const ConfigGroup& group) {
  fmt::print("\n## {}\n\n{}\n\n| key | type | default | a change counts | meaning |\n|---|---|---|---|---|\n", title, about);
  for (const OptionBase* option : group.options()) print_row(*option);
}

}  // namespace

int config_reference_main() {
  set_java_processors(2);   // the page must not depend on the machine that makes it
  const broker::BrokerConfig broker;
  const store::MessageStoreConfig store;
  const broker::NettyServerConfig server;
  const broker::NettyClientConfig client;
  const broker::HostConfig host;
  const ops::ServiceConfig service;
  const auth::AuthConfig auth;
  const namesrv::NamesrvConfig names;
  const remoting::NettyServerConfig netty(9876);
  const remoting::TlsConfig tls;
  fmt::print("# Configuration\n\n"
             "This page is made by `merlinmq config-reference`; change the declarations instead.\n\n"
             "A server reads the Java properties file given with `-c`, then `ROCKETMQ_CONF_<key>` of the environment, then its command line.\n"
             "Keys are RocketMQ's, of 4.2 to 5.3. What Java loses without a word is taken in its evident meaning and said once: blanks behind\n"
             "a value, a byte order mark, old spellings. An unknown key is named in a warning. A value that cannot be read keeps the default and\n"
             "is named with what is allowed; a number beyond its limits is named with the one that is used; a port or a path that cannot be\n"
             "used stops the start. `mqadmin updateBrokerConfig` and\n"
             "`updateNamesrvConfig` change keys at run time, rewrite the file and say the same of a value as a start does.\n"
             "Defaults that follow the machine are those of 2 processors.\n");
  print_group("Broker", "BrokerConfig and BrokerIdentity.", broker);
  print_group("Store", "MessageStoreConfig.", store);
  print_group("Broker's server side", "NettyServerConfig.", server);
  print_group("Broker's client side", "NettyClientConfig.", client);
  print_group("Broker, keys of our own", "They are not RocketMQ's.", host);
  print_group("NameServer", "NamesrvConfig.", names);
  print_group("NameServer's server side", "NettyServerConfig.", netty);
  print_group("Both servers, access control", "AuthConfig. No request may change these keys. A Java NameServer knows none of them.", auth);
  print_group("Both servers, keys of our own", "They are not RocketMQ's.", service);
  print_group("TLS of both servers and mqadmin", "RocketMQ's system properties: `-Dtls.server.mode=enforcing` and so on in `JAVA_OPT` or `JAVA_OPT_EXT` count as "
              "at a Java server; they may also stand in the configuration file, and in the environment with underscores, as `ROCKETMQ_CONF_tls_server_mode`.", tls);
  return 0;
}

}  // namespace mq::apps
