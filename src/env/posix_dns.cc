#include "env/posix_dns.h"

#include <ares.h>
#include <arpa/inet.h>
#include <sys/epoll.h>

#include <algorithm>

namespace mq::env {

namespace {
constexpr int kTryMs = 1000;        // so that a second name server is asked before callers give up (c-ares: 5 s)
constexpr int64_t kSilentMs = 300;  // then IPv4 is asked for by itself: there are name servers that never answer a question for IPv6
}  // namespace

class PosixResolve::Socket final : public Pollable {
 public:
  Socket(PosixResolve* owner, int f) : fd(f), owner_(owner) {}
  void on_events(uint32_t events) noexcept override {
    if (!owner_) return;
    const bool in = events & (EPOLLIN | EPOLLHUP | EPOLLERR);
    const bool out = events & (EPOLLOUT | EPOLLHUP | EPOLLERR);
    owner_->process(in ? fd : ARES_SOCKET_BAD, out ? fd : ARES_SOCKET_BAD);
  }
  void forget() noexcept { owner_ = nullptr; }
  const int fd;

 private:
  PosixResolve* owner_;   // null once retired
};

struct PosixResolve::Callbacks {
  static void state(void* self, ares_socket_t fd, int readable, int writable) {
    static_cast<PosixResolve*>(self)->socket_state(fd, readable, writable);
  }
  static void answered(void* data, int status, int, ares_addrinfo* info) {
    auto& self = *static_cast<PosixResolve*>(data);
    std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(info, ares_freeaddrinfo);
    if (self.answered_) return;   // the answer to cancelling
    self.answered_ = true;
    if (status == ARES_SUCCESS) self.answer_ = addresses(info);
    else self.answer_ = fail(code_of(status), ares_strerror(status)).at(self.host_);
    if (status == ARES_SUCCESS && self.answer_->empty()) self.answer_ = fail(Errc::kNotFound, "no address").at(self.host_);
  }
  /// Addresses end the wait, whatever else is being asked; without any it goes on.
  static void four_answered(void* data, int status, int, ares_addrinfo* info) {
    auto& self = *static_cast<PosixResolve*>(data);
    std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(info, ares_freeaddrinfo);
    if (self.answered_ || status != ARES_SUCCESS) return;
    auto found = addresses(info);
    if (found.empty()) return;
    self.answered_ = true;
    self.answer_ = std::move(found);
  }
  /// IPv4 first, as Java prefers it.
  static std::vector<std::string> addresses(const ares_addrinfo* info) {
    std::vector<std::string> v4, v6;
    for (const ares_addrinfo_node* n = info->nodes; n; n = n->ai_next) {
      char text[INET6_ADDRSTRLEN] = "";
      auto& list = n->ai_family == AF_INET ? v4 : v6;
      if (n->ai_family == AF_INET) {
        ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(n->ai_addr)->sin_addr, text, sizeof text);
      } else {
        ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(n->ai_addr)->sin6_addr, text, sizeof text);
      }
      if (std::ranges::find(list, text) == list.end()) list.emplace_back(text);
    }
    v4.insert(v4.end(), v6.begin(), v6.end());
    return v4;
  }
  static Errc code_of(int status) {
    switch (status) {
      case ARES_ENODATA: case ARES_ENOTFOUND: case ARES_EBADNAME: case ARES_ENONAME: return Errc::kNotFound;
      case ARES_ETIMEOUT: return Errc::kTimeout;
      default: return Errc::kIo;
    }
  }
};

PosixResolve::PosixResolve(PosixLoop& loop, std::string host, Done done, std::string servers)
    : loop_(loop), host_(std::move(host)), servers_(std::move(servers)), done_(std::move(done)) {}

PosixResolve::~PosixResolve() {
  answered_ = true;
  loop_.cancel(retry_timer_);
  loop_.cancel(deadline_timer_);
  loop_.cancel(four_timer_);
  if (channel_) ares_destroy(channel_);
  while (!sockets_.empty()) socket_state(sockets_.back()->fd, false, false);
}

int PosixResolve::open_channel() {
  ares_options options{};
  options.sock_state_cb = &Callbacks::state;
  options.sock_state_cb_data = this;
  options.timeout = kTryMs;
  options.tries = 3;
  if (const int rc = ares_init_options(&channel_, &options, ARES_OPT_SOCK_STATE_CB | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES); rc != ARES_SUCCESS) {
    channel_ = nullptr;
    return rc;
  }
  return servers_.empty() ? ARES_SUCCESS : ares_set_servers_ports_csv(channel_, servers_.c_str());
}

namespace {
void ask(ares_channel channel, const std::string& host, int family, ares_addrinfo_callback done, void* self) {
  ares_addrinfo_hints hints{};
  hints.ai_family = family;
  hints.ai_flags = ARES_AI_NOSORT;   // sorting would open sockets to every address
  ares_getaddrinfo(channel, host.c_str(), nullptr, &hints, done, self);
}
}  // namespace

void PosixResolve::start(int64_t timeout_ms) {
  if (const int rc = open_channel(); rc != ARES_SUCCESS) {
    answered_ = true;
    answer_ = fail(Errc::kIo, ares_strerror(rc)).at(host_);
  } else {
    ask(channel_, host_, AF_UNSPEC, &Callbacks::answered, this);
  }
  if (answered_) {
    deadline_timer_ = loop_.after(0, [this] { finish(); });
    return;
  }
  deadline_timer_ = loop_.after(timeout_ms, [this] {
    answered_ = true;
    answer_ = fail(Errc::kTimeout, "no answer from the name servers").at(host_);
    finish();
  });
  four_timer_ = loop_.after(kSilentMs, [this] { ask_for_four(); });
  arm();
}

/// c-ares tells the addresses of a question for both families only once it has given up one that is not answered.
void PosixResolve::ask_for_four() {
  four_timer_ = 0;
  ask(channel_, host_, AF_INET, &Callbacks::four_answered, this);
  go_on();
}

void PosixResolve::go_on() {
  if (answered_) finish();
  else arm();
}

void PosixResolve::socket_state(int fd, bool readable, bool writable) {
  const auto it = std::ranges::find_if(sockets_, [fd](const auto& s) { return s->fd == fd; });
  if (!readable && !writable) {
    if (it == sockets_.end()) return;
    loop_.unwatch(fd);
    (*it)->forget();
    std::unique_ptr<Pollable> gone = std::move(*it);
    sockets_.erase(it);
    loop_.retire(std::move(gone));
    return;
  }
  const uint32_t events = (readable ? uint32_t{EPOLLIN} : 0u) | (writable ? uint32_t{EPOLLOUT} : 0u);
  if (it != sockets_.end()) return loop_.rewatch(fd, events, **it);
  sockets_.push_back(std::make_unique<Socket>(this, fd));
  // Not watched for want of memory: the question ends by its time-out.
  [[maybe_unused]] const auto watched = loop_.watch(fd, events, *sockets_.back());
}

void PosixResolve::process(int read_fd, int write_fd) {
  ares_process_fd(channel_, read_fd, write_fd);
  go_on();
}

void PosixResolve::arm() {
  loop_.cancel(std::exchange(retry_timer_, 0));
  timeval wait{};
  if (!ares_timeout(channel_, nullptr, &wait)) return;
  retry_timer_ = loop_.after(wait.tv_sec * 1000 + wait.tv_usec / 1000 + 1, [this] {
    retry_timer_ = 0;
    process(ARES_SOCKET_BAD, ARES_SOCKET_BAD);
  });
}

void PosixResolve::cancel() {
  answered_ = true;
  answer_ = fail(Errc::kClosed, "the loop stops").at(host_);
  finish();
}

/// Never inside a c-ares callback: the owner may delete this.
void PosixResolve::finish() {
  Done done = std::move(done_);
  auto answer = std::move(answer_);
  done(*this, std::move(answer));
}

}  // namespace mq::env
