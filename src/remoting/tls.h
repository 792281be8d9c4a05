// TLS as a process is set to it: the options, the files they name, and the contexts made of them.
#pragma once

#include <atomic>
#include <vector>

#include "base/options.h"
#include "env/file.h"
#include "env/loop.h"
#include "remoting/tls_context.h"

namespace mq::remoting {

/// RocketMQ's system properties (spec protocol 1.9). Here they may stand in the configuration file, in the environment as
/// ROCKETMQ_CONF_<key>, and as -D<key>=<value> in JAVA_OPT. Created once by main() or a test; read by all threads.
struct TlsConfig : ConfigGroup {
#define MQ_TLS_OPTION(type_, name_, key_, value_, ...) Option<type_> name_{this, value_, {.name = key_, __VA_ARGS__, .ours = true}}
  MQ_TLS_OPTION(std::string, mode, "tls.server.mode", "permissive", .doc = "What the ports take: permissive, TLS and plain connections; enforcing, TLS only; disabled, plain only.", .allowed = "disabled|permissive|enforcing");
  MQ_TLS_OPTION(bool, enable, "tls.enable", false, .doc = "TLS for the connections that a process makes: a broker's to its NameServers (useTLS overrides), mqadmin's.");
  MQ_TLS_OPTION(std::string, configFile, "tls.config.file", "/etc/rocketmq/tls.properties", .doc = "A properties file whose keys, of those below, override the others; may be missing.");
  MQ_TLS_OPTION(bool, testMode, "tls.test.mode.enable", true, .doc = "The server makes a certificate for itself at start, clients trust any: for trying out. The keys below count only without it.");
  MQ_TLS_OPTION(std::string, needClientAuth, "tls.server.need.client.auth", "none", .doc = "Whether clients are asked for a certificate: none, optional, require.");
  MQ_TLS_OPTION(std::string, serverKeyPath, "tls.server.keyPath", "", .doc = "Private key of the server, PEM.");
  MQ_TLS_OPTION(std::string, serverKeyPassword, "tls.server.keyPassword", "", .doc = "Its password.");
  MQ_TLS_OPTION(std::string, serverCertPath, "tls.server.certPath", "", .doc = "Certificate chain of the server, PEM, its own first.");
  MQ_TLS_OPTION(bool, authClient, "tls.server.authClient", false, .doc = "A client's certificate must be signed by one of tls.server.trustCertPath.");
  MQ_TLS_OPTION(std::string, serverTrustPath, "tls.server.trustCertPath", "", .doc = "Certificates that clients' certificates are checked with, PEM; empty: those of the system.");
  MQ_TLS_OPTION(std::string, clientKeyPath, "tls.client.keyPath", "", .doc = "Private key for outgoing connections, PEM.");
  MQ_TLS_OPTION(std::string, clientKeyPassword, "tls.client.keyPassword", "", .doc = "Its password.");
  MQ_TLS_OPTION(std::string, clientCertPath, "tls.client.certPath", "", .doc = "Certificate chain for outgoing connections, PEM.");
  MQ_TLS_OPTION(bool, authServer, "tls.client.authServer", false, .doc = "A server's certificate must be signed by one of tls.client.trustCertPath; its name is not compared, as in Java.");
  MQ_TLS_OPTION(std::string, clientTrustPath, "tls.client.trustCertPath", "", .doc = "Certificates that servers' certificates are checked with, PEM; empty: those of the system.");
#undef MQ_TLS_OPTION
};

enum class TlsMode : uint8_t { kDisabled, kPermissive, kEnforcing };

/// The contexts of a process. Made by its owner before the servers, outlives them. Contexts are published; load() and refresh()
/// from one thread at a time.
class Tls {
 public:
  static constexpr int64_t kRefreshMs = 1000;
  /// So long before a certificate ends there are warnings, and errors.
  static constexpr int64_t kEndWarningDays = 30, kEndUrgentDays = 7;

  /// `config` and `fs` must outlive it.
  Tls(const TlsConfig& config, env::FileSystem& fs);

  /// Reads what the options name. Returns what is worth a warning: with unusable files TLS is refused while plain connections go
  /// on, as in Java. Errors: kInvalid, kNotFound ... naming key and file, when nothing would be left to serve: in enforcing mode, and
  /// for outgoing connections with `client`.
  Result<std::vector<std::string>> load(bool client);
  /// Reads the files again when one has changed. New connections get the new context, those that are open keep theirs; what cannot
  /// be used is named in the log and the old context stays.
  void refresh();
  /// Says in the log that an own certificate ends soon, again when that becomes urgent, and each day that it stays so. With refresh().
  void watch_end(int64_t now_ms);
  /// refresh() and watch_end() on `loop`, each second, as long as the result lives.
  env::Periodic look_after(env::Loop& loop);

  // Any thread.
  TlsMode mode() const noexcept { return mode_; }
  /// Null when there is none.
  std::shared_ptr<const TlsContext> server() const noexcept { return server_.load(std::memory_order_acquire); }
  std::shared_ptr<const TlsContext> client() const noexcept { return client_.load(std::memory_order_acquire); }
  /// Seconds since the epoch at which the server's certificate ends; 0 when there is none.
  int64_t not_after() const noexcept {
    const auto context = server();
    return context ? context->not_after() : 0;
  }

 private:
  using Context = std::atomic<std::shared_ptr<const TlsContext>>;
  struct Stamp {
    std::string path;
    int64_t size = -1, mtime_ms = 0;
  };

  /// What was said last about a certificate that ends.
  struct Ending {
    int64_t not_after = 0;    // of which one
    bool urgent = false;
    int64_t again_ms = 0;
  };

  static void watch(const TlsContext* context, std::string_view whose, int64_t now_ms, Ending& said);
  Result<std::shared_ptr<const TlsContext>> make(TlsContext::Side side, const TlsConfig& settled) const;
  void stamp(const TlsConfig& settled);
  bool changed() const;

  const TlsConfig& config_;
  env::FileSystem& fs_;
  const TlsMode mode_;
  bool with_client_ = false;
  std::vector<Stamp> seen_;   // the files as they were when last read
  Ending server_end_, client_end_;
  Context server_, client_;   // badge: published
};

/// -Dtls.x=y of JAVA_OPT, JAVA_OPT_EXT and JAVA_TOOL_OPTIONS, where a Java server's start script has them.
std::vector<PropertyLine> tls_properties_of_java(char** environment);

}  // namespace mq::remoting
