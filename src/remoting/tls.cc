#include "remoting/tls.h"

#include <algorithm>

#include "base/log.h"
#include "base/split.h"

namespace mq::remoting {
namespace {

Logger log("tls");

constexpr int64_t kMaxFileBytes = 4 << 20;
constexpr int64_t kDayMs = 86'400'000;

TlsMode mode_of(const std::string& text) {
  if (text == "disabled") return TlsMode::kDisabled;
  return text == "enforcing" ? TlsMode::kEnforcing : TlsMode::kPermissive;
}

/// As Java: any case, anything else is none.
TlsMaterial::Peer peer_of(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return static_cast<char>(c | 0x20); });
  if (text == "require") return TlsMaterial::Peer::kRequired;
  return text == "optional" ? TlsMaterial::Peer::kOptional : TlsMaterial::Peer::kNotAsked;
}

/// `to` becomes `from` with the keys of its tls.config.file in place of its own.
Result<> settle(TlsConfig& to, const TlsConfig& from, env::FileSystem& fs, std::vector<std::string>& warnings) {
  for (size_t i = 0; i < from.options().size(); ++i) (void)to.options()[i]->parse(from.options()[i]->text());
  const std::string path = from.configFile();
  if (path.empty() || !fs.exists(path)) {
    if (path != from.configFile.default_text()) warnings.push_back("tls.config.file=" + path + " does not exist, it is passed over");
    return {};
  }
  const auto text = env::read_file(fs, path, kMaxFileBytes);
  if (!text) return fail(text.error()).at("tls.config.file=" + path);
  const auto lines = parse_properties(*text);
  if (!lines) return fail(lines.error()).at(path);
  for (const PropertyLine& line : *lines) {
    const auto option = std::ranges::find_if(to.options(), [&](const OptionBase* o) { return o->info().name == line.key; });
    if (option == to.options().end()) {
      warnings.push_back(path + ": " + line.key + ": no such key is known, it has no effect");
    } else if (*option == &to.mode || *option == &to.enable || *option == &to.configFile) {
      warnings.push_back(path + ": " + line.key + " has no effect there, as in RocketMQ: put it into the server's configuration file, or into "
                         "the environment as ROCKETMQ_CONF_" + line.key);
    } else if (auto r = (*option)->parse(line.value); !r) {
      warnings.push_back(path + ": " + r.error().message());
    }
  }
  return {};
}

Result<std::string> read(env::FileSystem& fs, const Option<std::string>& path) {
  auto text = env::read_file(fs, path(), kMaxFileBytes);
  if (!text) return fail(std::move(text).error()).at(std::string(path.info().name) + "=" + path());
  return text;
}

/// Certificate and key; one path may not be given without the other.
Result<> read_identity(TlsMaterial& m, env::FileSystem& fs, const Option<std::string>& cert, const Option<std::string>& key) {
  if (cert().empty() != key().empty()) {
    return fail(Errc::kInvalid, std::string(cert.info().name) + " and " + std::string(key.info().name) + " are needed together");
  }
  MQ_TRY(m.certificate, read(fs, cert));
  MQ_TRY(m.key, read(fs, key));
  return {};
}

Result<TlsMaterial> server_material(const TlsConfig& c, env::FileSystem& fs) {
  TlsMaterial m;
  m.peer = TlsMaterial::Peer::kOptional;
  if (c.testMode()) return m;
  if (c.serverCertPath().empty() && c.serverKeyPath().empty()) {
    return fail(Errc::kInvalid, "tls.test.mode.enable=false needs a certificate: set tls.server.certPath and tls.server.keyPath");
  }
  MQ_TRY_VOID(read_identity(m, fs, c.serverCertPath, c.serverKeyPath));
  m.key_password = c.serverKeyPassword();
  m.peer = peer_of(c.needClientAuth());
  m.verify = c.authClient();
  if (m.verify && !c.serverTrustPath().empty()) {
    MQ_TRY(m.trusted, read(fs, c.serverTrustPath));
  }
  return m;
}

Result<TlsMaterial> client_material(const TlsConfig& c, env::FileSystem& fs) {
  TlsMaterial m;
  if (c.testMode()) return m;
  if (!c.clientCertPath().empty() || !c.clientKeyPath().empty()) MQ_TRY_VOID(read_identity(m, fs, c.clientCertPath, c.clientKeyPath));
  m.key_password = c.clientKeyPassword();
  m.verify = c.authServer();
  if (m.verify && !c.clientTrustPath().empty()) {
    MQ_TRY(m.trusted, read(fs, c.clientTrustPath));
  }
  return m;
}

}  // namespace

Tls::Tls(const TlsConfig& config, env::FileSystem& fs) : config_(config), fs_(fs), mode_(mode_of(config.mode())) {}

Result<std::shared_ptr<const TlsContext>> Tls::make(TlsContext::Side side, const TlsConfig& settled) const {
  const bool server = side == TlsContext::Side::kServer;
  MQ_TRY(const TlsMaterial material, server ? server_material(settled, fs_) : client_material(settled, fs_));
  auto made = TlsContext::make(side, material);
  if (!made) return fail(std::move(made).error()).at(server ? "TLS of the server" : "TLS of outgoing connections");
  return made;
}

Result<std::vector<std::string>> Tls::load(bool client) {
  std::vector<std::string> warnings;
  TlsConfig settled;
  with_client_ = client;
  auto made = settle(settled, config_, fs_, warnings);
  stamp(settled);
  if (!made && client) return fail(std::move(made).error());   // half of the options would trust servers that the file says not to trust
  if (made && mode_ != TlsMode::kDisabled) {
    auto context = make(TlsContext::Side::kServer, settled);
    if (context) server_.store(std::move(*context), std::memory_order_release);
    else made = fail(std::move(context).error());
  }
  if (!made && mode_ == TlsMode::kEnforcing) return fail(std::move(made).error());
  if (!made && mode_ != TlsMode::kDisabled) warnings.push_back(made.error().message() + "; TLS connections are refused until this is mended");
  if (!client) return warnings;
  MQ_TRY(auto context, make(TlsContext::Side::kClient, settled));
  client_.store(std::move(context), std::memory_order_release);
  return warnings;
}

/// Notes the files as they are now, before they are read: a change in between is seen the next time.
void Tls::stamp(const TlsConfig& settled) {
  seen_.clear();
  for (const Option<std::string>* path : {&settled.configFile, &settled.serverCertPath, &settled.serverKeyPath, &settled.serverTrustPath,
                                          &settled.clientCertPath, &settled.clientKeyPath, &settled.clientTrustPath}) {
    if ((*path)().empty()) continue;
    const auto entry = fs_.stat((*path)());
    seen_.push_back(entry ? Stamp{(*path)(), entry->size, entry->mtime_ms} : Stamp{(*path)()});
  }
}

bool Tls::changed() const {
  return std::ranges::any_of(seen_, [this](const Stamp& s) {
    const auto now = fs_.stat(s.path);
    return now && (now->size != s.size || now->mtime_ms != s.mtime_ms);   // one that is gone is about to be replaced
  });
}

void Tls::refresh() {
  if (!changed()) return;
  std::vector<std::string> warnings;
  TlsConfig settled;
  const auto read_again = settle(settled, config_, fs_, warnings);
  for (const std::string& w : warnings) log.warn("{}", w);
  stamp(settled);
  const auto renew = [&](TlsContext::Side side, Context& context) {
    auto made = read_again ? make(side, settled) : Result<std::shared_ptr<const TlsContext>>(fail(read_again.error()));
    if (!made) return log.warn("a TLS file has changed and cannot be used, what was read before stays: {}", made.error().message());
    context.store(std::move(*made), std::memory_order_release);
    log.info("a TLS file has changed: new {} use it", side == TlsContext::Side::kServer ? "connections" : "outgoing connections");
  };
  if (mode_ != TlsMode::kDisabled) renew(TlsContext::Side::kServer, server_);
  if (with_client_) renew(TlsContext::Side::kClient, client_);
}

void Tls::watch_end(int64_t now_ms) {
  watch(server().get(), "the TLS certificate (tls.server.certPath)", now_ms, server_end_);
  watch(client().get(), "the TLS certificate for outgoing connections (tls.client.certPath)", now_ms, client_end_);
}

env::Periodic Tls::look_after(env::Loop& loop) {
  return {loop, kRefreshMs, kRefreshMs, [this, &clock = loop.clock()] {
            refresh();
            watch_end(clock.now_ms());
          }};
}

void Tls::watch(const TlsContext* context, std::string_view whose, int64_t now_ms, Ending& said) {
  const int64_t ends_s = context ? context->not_after() : 0, left_ms = ends_s * 1000 - now_ms;
  if (ends_s == 0 || left_ms > kEndWarningDays * kDayMs) return;
  const bool urgent = left_ms <= kEndUrgentDays * kDayMs;
  if (said.not_after == ends_s && said.urgent == urgent && now_ms < said.again_ms) return;
  said = {ends_s, urgent, now_ms + kDayMs};
  if (left_ms <= 0) log.error("{} ended {} days ago: who checks it does not connect; replace it, a new one counts within a second", whose, -left_ms / kDayMs);
  else if (urgent) log.error("{} ends in {} days: replace it, a new one counts within a second", whose, left_ms / kDayMs);
  else log.warn("{} ends in {} days: replace it, a new one counts within a second", whose, left_ms / kDayMs);
}

std::vector<PropertyLine> tls_properties_of_java(char** environment) {
  std::vector<PropertyLine> found;
  for (char** e = environment; e && *e; ++e) {
    std::string_view entry(*e);
    const std::string_view name = entry.substr(0, entry.find('='));
    if (name != "JAVA_OPT" && name != "JAVA_OPT_EXT" && name != "JAVA_TOOL_OPTIONS") continue;
    entry.remove_prefix(std::min(entry.size(), name.size() + 1));
    for (const std::string_view piece : split(entry, " \t\n")) {
      std::string word(piece);
      std::erase_if(word, [](char c) { return c == '"' || c == '\''; });
      const size_t equals = word.find('=');
      if (!word.starts_with("-Dtls.") || equals == std::string::npos) continue;
      found.push_back({word.substr(2, equals - 2), word.substr(equals + 1), 0, ""});
    }
  }
  return found;
}

}  // namespace mq::remoting
