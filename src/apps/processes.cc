#include "apps/processes.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include "base/log.h"
#include "broker/core/identity.h"

namespace mq::apps {

namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

int print_and_leave(const Configuration& all, const CommandLine& line) {
  print_config(all, line.print_important);
  return 0;
}

Logger logger("tls");

/// The TLS of the configuration; what it warns of is said in the log, and on standard output when the log is not there. Errors as Tls::load.
Result<std::unique_ptr<remoting::Tls>> load_tls(const remoting::TlsConfig& config, const ops::ServiceConfig& service, env::FileSystem& fs, bool client) {
  auto tls = std::make_unique<remoting::Tls>(config, fs);
  MQ_TRY(const auto said, tls->load(client));
  for (const std::string& line : said) {
    if (service.logTo() == "file") fmt::print("{}\n", line);
    logger.warn("{}", line);
  }
  return tls;
}

/// Who may write and who tries: the nearest folder of `path` that exists.
std::string owner_text(std::string path) {
  struct stat s{};
  while (::stat(path.c_str(), &s) != 0 && path.find('/', 1) != std::string::npos) path.resize(path.rfind('/'));
  return fmt::format("uid {}, {} has owner {}:{} mode {:o}", ::geteuid(), path, s.st_uid, s.st_gid, s.st_mode & 07777);
}

}  // namespace

NamesrvProcess::NamesrvProcess(env::Env& env) : config(user_home(), environment("ROCKETMQ_HOME")), env_(env) {}

std::optional<int> NamesrvProcess::prepare(const CommandLine& line) {
  warn_of_jvm_variables(warnings);
  if (!line.config_file.empty()) config.configStorePath.set(line.config_file);
  if (auto r = load_config(env_.fs(), line, all, warnings); !r) {
    fmt::print(stderr, "{}\n", r.error().message());
    return kExitException;
  }
  if (!line.config_file.empty() && !line.print_all) fmt::print("load config properties file OK, {}\n", line.config_file);
  if (line.print_all) return print_and_leave(all, line);
  return std::nullopt;
}

Result<> NamesrvProcess::start() {
  MQ_TRY(contexts_, load_tls(tls, service, env_.fs(), false));
  server_ = std::make_unique<namesrv::NameServer>(env_, namesrv::NameServer::Configs{config, netty, service, all, contexts_.get(), &auth, &warnings});
  return server_->start();
}

void NamesrvProcess::stop() {
  if (server_) server_->stop();
}

bool NamesrvProcess::alive() { return server_->alive(); }

std::string NamesrvProcess::boot_line() const {
  return fmt::format("The Name Server boot success. serializeType=JSON, address {}:{}", netty.bindAddress(), server_->port());
}

BrokerProcess::BrokerProcess(env::Env& env) : env_(env) {
  config.namesrvAddr.set(environment("NAMESRV_ADDR"));
  config.rocketmqHome.set(environment("ROCKETMQ_HOME"));
}

std::optional<int> BrokerProcess::prepare(const CommandLine& line) {
  warn_of_jvm_variables(warnings);
  config_file_ = line.config_file;
  if (auto r = load_config(env_.fs(), line, all, warnings); !r) {
    fmt::print(stderr, "{}\n", r.error().message());
    return kExitException;
  }
  if (!all.given("useTLS")) client.useTLS.set(all.given("tls.enable") ? tls.enable() : tls.mode() == "enforcing");
  if (!line.namesrv_addr.empty()) config.namesrvAddr.set(line.namesrv_addr);
  if (line.needs_namesrv && !line.print_all && !line.print_important && config.namesrvAddr().empty()) {
    fmt::print(stderr, "env var NAME_SERVER_LIST invalid: neither it nor NAMESRV_ADDR nor the configuration file names a NameServer\n");
    return kExitUsage;
  }
  if (const std::string bad = check_namesrv_addr(config.namesrvAddr()); !bad.empty()) {
    fmt::print("{}\n", bad);
    return kExitStart;
  }
  if (auto identity = broker::settle_identity(config, store, host, user_home()); !identity) {
    fmt::print("{}\n", identity.error().message());
    return kExitStart;
  } else {
    warnings.insert(warnings.end(), identity->begin(), identity->end());
  }
  if (line.print_all || line.print_important) return print_and_leave(all, line);
  return std::nullopt;
}

Result<> BrokerProcess::start() {
  MQ_TRY(contexts_, load_tls(tls, service, env_.fs(), client.useTLS()));
  broker_ = std::make_unique<broker::Broker>(
      env_, broker::Broker::Configs{config, store, host, service, all, config_file_, user_home(), contexts_.get(), client.useTLS(), &auth, &warnings});
  auto up = broker_->start();
  if (!up && up.error().code() == Errc::kPermission) return fail(std::move(up).error()).at(owner_text(store.storePathRootDir()));
  return up;
}

void BrokerProcess::drain() {
  const int32_t seconds = host.drainSeconds();
  if (seconds <= 0) return;
  broker_->withdraw();
  wait_for_another_signal(seconds);
}

void BrokerProcess::stop() {
  if (broker_) broker_->stop();
}

std::string BrokerProcess::check_advertised_address() const { return broker_->check_advertised_address(); }

bool BrokerProcess::alive() { return broker_->alive(); }

std::string BrokerProcess::boot_line() const {
  const std::string names = config.namesrvAddr();
  return fmt::format("The broker[{}, {}] boot success. serializeType=JSON{}", broker_->name(), broker_->addr(),
                     names.empty() ? "" : " and name server is " + names);
}

}  // namespace mq::apps
