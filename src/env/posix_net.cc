#include "env/posix_net.h"

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/log.h"
#include "env/posix_connection.h"
#include "env/posix_connector.h"
#include "env/posix_dns.h"

namespace mq::env {
namespace {

Logger log("net");

void set_option(int fd, int level, int name, int value) noexcept { ::setsockopt(fd, level, name, &value, sizeof value); }

/// Accepts until the queue is empty or its share of the turn is used up.
class Acceptor final : public Pollable {
 public:
  Acceptor(PosixNet& net, int fd, AcceptHandler on_accept) : net_(net), fd_(fd), on_accept_(std::move(on_accept)) {}
  ~Acceptor() override { stop(); }

  void stop() noexcept {
    if (fd_ < 0) return;
    if (timer_) net_.loop().cancel(timer_);
    ::close(std::exchange(fd_, -1));
  }

  void on_events(uint32_t) noexcept override {
    for (int i = 0; i < PosixNet::kAcceptsPerTurn && fd_ >= 0; ++i) {
      sockaddr_storage address{};
      socklen_t size = sizeof address;
      // TCP_NODELAY is inherited from the listening socket.
      const int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&address), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        if (auto c = net_.take(fd, endpoint_of(address), false)) on_accept_(**c);
        continue;
      }
      switch (errno) {
        case EAGAIN: return;
        case EINTR: case ECONNABORTED: case EPROTO: case ENETDOWN: case EHOSTUNREACH: case ENETUNREACH: case EPERM: continue;
        default: return exhausted(errno);
      }
    }
  }

 private:
  /// EMFILE, ENFILE, ENOBUFS, ENOMEM: level-triggered epoll would report the listener for ever.
  void exhausted(int error_number) noexcept {
    for (int i = 0; i < PosixNet::kAcceptsPerTurn; ++i) {
      if (!net_.shed_one(fd_)) break;
      ++shed_;
    }
    net_.loop().rewatch(fd_, 0, *this);
    timer_ = net_.loop().after(PosixNet::kAcceptPauseMs, [this, error_number] {
      timer_ = 0;
      complain(error_number);
      net_.loop().rewatch(fd_, EPOLLIN, *this);
    });
  }

  /// After the pause, when there may be a descriptor for the log again.
  void complain(int error_number) {
    int64_t swallowed = 0;
    if (!complaint_.allow(net_.loop().turn_ms(), swallowed)) return;
    log.warn("{} connections were turned away: {}", std::exchange(shed_, 0), fail_errno(error_number, "accept").error().message());
  }

  PosixNet& net_;
  int fd_;
  AcceptHandler on_accept_;
  int64_t shed_ = 0;
  TimerId timer_ = 0;
  RateLimit complaint_{10'000};
};

class PosixListener final : public Listener {
 public:
  PosixListener(PosixNet& net, std::unique_ptr<Acceptor> a, uint16_t port) : net_(net), acceptor_(std::move(a)), port_(port) {}
  ~PosixListener() override {
    acceptor_->stop();
    net_.loop().retire(std::move(acceptor_));   // its event may already be in this turn's list
  }
  uint16_t port() const noexcept override { return port_; }

 private:
  PosixNet& net_;
  std::unique_ptr<Acceptor> acceptor_;
  const uint16_t port_;
};

/// A bound, listening socket, or the error.
Result<int> listen_on(const sockaddr* address, socklen_t size, bool shared) {
  const int fd = ::socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail_errno(errno, "socket");
  set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (shared) set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
  set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  if (address->sa_family == AF_INET6) set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
  if (::bind(fd, address, size) == 0 && ::listen(fd, PosixNet::kBacklog) == 0) return fd;
  const int error_number = errno;
  ::close(fd);
  return fail_errno(error_number, "listen");
}

Result<int> listen_everywhere(uint16_t port, bool shared) {
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  auto fd = listen_on(reinterpret_cast<const sockaddr*>(&six), sizeof six, shared);
  if (fd || fd.error().code() == Errc::kBusy || fd.error().code() == Errc::kPermission) return fd;
  sockaddr_in four{};   // a system without IPv6
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  return listen_on(reinterpret_cast<const sockaddr*>(&four), sizeof four, shared);
}

Result<int> listen_on_host(const std::string& host, uint16_t port, bool shared) {
  if (host.empty()) return listen_everywhere(port, shared);
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* list = nullptr;
  // Blocks when the host is a name; listening happens at start only.
  if (const int rc = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list); rc != 0) {
    return fail(Errc::kInvalid, std::string("cannot listen: ") + ::gai_strerror(rc));
  }
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owned(list, ::freeaddrinfo);
  return listen_on(list->ai_addr, list->ai_addrlen, shared);
}

}  // namespace

PosixNet::PosixNet(PosixLoop& loop) : loop_(loop), reserve_(::open("/dev/null", O_RDONLY | O_CLOEXEC)) {}

PosixNet::~PosixNet() {
  if (reserve_ >= 0) ::close(reserve_);
}

Result<std::unique_ptr<Listener>> PosixNet::listen(const std::string& host, uint16_t port, AcceptHandler on_accept, bool shared) {
  const std::string place = Endpoint{host.empty() ? "*" : host, port}.to_string();
  auto fd = listen_on_host(host, port, shared);
  if (!fd) return fail(std::move(fd).error()).at(place);
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  ::getsockname(*fd, reinterpret_cast<sockaddr*>(&address), &size);
  auto acceptor = std::make_unique<Acceptor>(*this, *fd, std::move(on_accept));
  if (auto watched = loop_.watch(*fd, EPOLLIN, *acceptor); !watched) return fail(std::move(watched).error()).at(place);
  return std::make_unique<PosixListener>(*this, std::move(acceptor), endpoint_of(address).port);
}

void PosixNet::connect(const Endpoint& to, int64_t timeout_ms, ConnectHandler done) {
  connectors_.push_back(std::make_unique<PosixConnector>(*this, to, timeout_ms, std::move(done)));
  connectors_.back()->start();
}

std::unique_ptr<PosixConnector> PosixNet::remove(PosixConnector& c) {
  const auto it = std::ranges::find_if(connectors_, [&c](const auto& p) { return p.get() == &c; });
  MQ_CHECK(it != connectors_.end());
  auto gone = std::move(*it);
  connectors_.erase(it);
  return gone;
}

void PosixNet::resolve(const std::string& host, int64_t timeout_ms, ResolveHandler done) {
  if (!Endpoint{host, 0}.ip_bytes().empty()) {
    loop_.after(0, [host, done = std::move(done)]() mutable { done(std::vector{host}); });
    return;
  }
  resolves_.push_back(std::make_unique<PosixResolve>(
      loop_, host, [this, done = std::move(done)](PosixResolve& self, Result<std::vector<std::string>> answer) mutable {
        ResolveHandler tell = std::move(done);
        std::erase_if(resolves_, [&self](const auto& p) { return p.get() == &self; });   // `done` is gone from here on
        tell(std::move(answer));
      }));
  resolves_.back()->start(timeout_ms);
}

void PosixNet::shut_down() {
  while (!connectors_.empty()) connectors_.back()->cancel();
  while (!resolves_.empty()) resolves_.back()->cancel();
}

Result<PosixConnection*> PosixNet::take(int fd, Endpoint peer, bool watched) {
  auto c = std::make_unique<PosixConnection>(loop_, fd, std::move(peer));
  PosixConnection* p = c.get();
  if (watched) loop_.rewatch(fd, EPOLLIN, *p);
  else MQ_TRY_VOID(loop_.watch(fd, EPOLLIN, *p));
  p->interest_ = EPOLLIN;
  loop_.adopt(std::move(c));
  return p;
}

bool PosixNet::shed_one(int listener) noexcept {
  if (reserve_ < 0) return false;
  ::close(reserve_);
  const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd >= 0) ::close(fd);
  reserve_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  return fd >= 0;
}

}  // namespace mq::env
