#include "env/posix_connector.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <cerrno>

#include "env/posix_connection.h"

namespace mq::env {

PosixConnector::PosixConnector(PosixNet& net, Endpoint to, int64_t timeout_ms, ConnectHandler done)
    : net_(net), to_(std::move(to)), deadline_ms_(net.loop().clock().mono_ms() + timeout_ms), done_(std::move(done)) {}

PosixConnector::~PosixConnector() { drop_socket(); }

int64_t PosixConnector::left_ms() noexcept { return deadline_ms_ - net_.loop().clock().mono_ms(); }

void PosixConnector::start() {
  if (!to_.ip_bytes().empty()) {
    addresses_ = {to_.host};
    return try_next();
  }
  net_.resolve(to_.host, left_ms(), [this, alive = std::weak_ptr(alive_)](Result<std::vector<std::string>> r) {
    if (!alive.expired()) resolved(std::move(r));
  });
}

void PosixConnector::resolved(Result<std::vector<std::string>> addresses) {
  if (!addresses) return finish(fail(std::move(addresses).error()));
  addresses_ = std::move(*addresses);
  try_next();
}

void PosixConnector::try_next() {
  while (next_ < addresses_.size()) {
    const int64_t share_ms = left_ms() / static_cast<int64_t>(addresses_.size() - next_);
    if (left_ms() <= 0) break;
    if (auto begun = begin(addresses_[next_++]); !begun) {
      last_ = std::move(begun).error();
      continue;
    }
    timer_ = net_.loop().after(share_ms, [this] {
      timer_ = 0;
      attempt_failed(Error(Errc::kTimeout, "connect timed out"));
    });
    return;
  }
  // Not from inside connect(): the caller expects the answer later.
  timer_ = net_.loop().after(0, [this] {
    timer_ = 0;
    finish(fail(std::move(last_)));
  });
}

Result<> PosixConnector::begin(const std::string& address) {
  sockaddr_storage where{};
  socklen_t size = 0;
  if (auto& four = reinterpret_cast<sockaddr_in&>(where); ::inet_pton(AF_INET, address.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(to_.port);
    size = sizeof four;
  } else if (auto& six = reinterpret_cast<sockaddr_in6&>(where); ::inet_pton(AF_INET6, address.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(to_.port);
    size = sizeof six;
  } else {
    return fail(Errc::kInvalid, "not an IP address: " + address);
  }
  fd_ = ::socket(where.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd_ < 0) return fail_errno(errno, "socket");
  const int one = 1;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (::connect(fd_, reinterpret_cast<sockaddr*>(&where), size) != 0 && errno != EINPROGRESS) {
    const int error_number = errno;
    drop_socket();
    return fail_errno(error_number, "connect");
  }
  if (auto watched = net_.loop().watch(fd_, EPOLLOUT, *this); !watched) {
    drop_socket();
    return watched;
  }
  return {};
}

/// A connect to a free port of this machine can meet itself when the kernel picks that port as the source.
static bool is_self_connect(int fd) noexcept {
  sockaddr_storage a{}, b{};
  socklen_t a_size = sizeof a, b_size = sizeof b;
  return ::getsockname(fd, reinterpret_cast<sockaddr*>(&a), &a_size) == 0 &&
         ::getpeername(fd, reinterpret_cast<sockaddr*>(&b), &b_size) == 0 && endpoint_of(a) == endpoint_of(b);
}

void PosixConnector::on_events(uint32_t) noexcept {
  if (fd_ < 0) return;
  int error_number = 0;
  socklen_t size = sizeof error_number;
  ::getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error_number, &size);
  if (error_number == 0 && is_self_connect(fd_)) error_number = ECONNREFUSED;
  if (error_number != 0) return attempt_failed(fail_errno(error_number, "connect").error());
  Endpoint peer{addresses_[next_ - 1], to_.port};
  auto taken = net_.take(std::exchange(fd_, -1), std::move(peer), true);
  if (taken) finish(*taken);
  else finish(fail(std::move(taken).error()));
}

void PosixConnector::attempt_failed(Error why) {
  drop_socket();
  last_ = std::move(why);
  try_next();
}

void PosixConnector::drop_socket() noexcept {
  if (timer_) net_.loop().cancel(std::exchange(timer_, 0));
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

void PosixConnector::cancel() { finish(fail(Errc::kClosed, "the loop stops")); }

void PosixConnector::finish(Result<Connection*> result) {
  drop_socket();
  ConnectHandler done = std::move(done_);
  if (!result) result.error().at(to_.to_string());
  net_.loop().retire(net_.remove(*this));   // lives to the end of the turn
  done(std::move(result));
}

}  // namespace mq::env
