#include "env/posix_dns.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "base/bytes.h"

namespace mq::env {
namespace {

constexpr uint16_t kA = 1, kAaaa = 28;

/// A name server on the loopback that knows 10.1.2.3 and 2001:db8::7 of every name, and is told what to keep to itself.
class NameServer {
 public:
  NameServer() {
    fd_ = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&at), size), 0);
    EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size), 0);
    port_ = ntohs(at.sin_port);
    thread_ = std::thread([this] { serve(); });
  }
  ~NameServer() {
    stop_ = true;
    thread_.join();
    ::close(fd_);
  }
  std::string at() const { return "127.0.0.1:" + std::to_string(port_); }
  std::atomic<int> silent{0};   // the type of question that is never answered
  std::atomic<int> none{0};     // the type of which the name has no address
  std::atomic<int> asked{0};

 private:
  void serve() {
    char question[512];
    while (!stop_) {
      pollfd wait{.fd = fd_, .events = POLLIN, .revents = 0};
      if (::poll(&wait, 1, 10) != 1) continue;
      sockaddr_in from{};
      socklen_t size = sizeof from;
      const ssize_t n = ::recvfrom(fd_, question, sizeof question, 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (n < 12) continue;
      ++asked;
      const std::string answer = answer_to({question, static_cast<size_t>(n)});
      if (!answer.empty()) ::sendto(fd_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&from), size);
    }
  }
  /// Header of 12 bytes, the name's labels up to an empty one, type, class.
  std::string answer_to(std::string_view question) const {
    size_t end = 12;
    while (end < question.size() && question[end] != 0) end += 1 + static_cast<uint8_t>(question[end]);
    if (end + 5 > question.size()) return {};
    const auto type = load_be<uint16_t>(reinterpret_cast<const std::byte*>(question.data()) + end + 1);
    if (type == silent) return {};
    std::string answer(question.substr(0, end + 5));
    answer[2] = '\x81', answer[3] = '\x80';                            // an answer, of a server that asks on
    answer.replace(6, 6, std::string("\0\0\0\0\0\0", 6));
    if (type == none) return answer;
    answer[7] = 1;
    unsigned char ip[16];
    const bool four = type == kA;
    ::inet_pton(four ? AF_INET : AF_INET6, four ? "10.1.2.3" : "2001:db8::7", ip);
    answer.append("\xC0\x0C", 2).append(question.substr(end + 1, 4)).append("\0\0\0\x3C\0", 5);   // of the name asked for, kept for a minute
    answer += static_cast<char>(four ? 4 : 16);
    answer.append(reinterpret_cast<const char*>(ip), four ? 4 : 16);
    return answer;
  }

  int fd_ = -1;
  uint16_t port_ = 0;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

class PosixDns : public testing::Test {
 protected:
  ~PosixDns() override { env_->stop_loop(loop_); }
  /// "10.1.2.3 2001:db8::7 ", or why not.
  std::string resolve(int64_t timeout_ms) {
    std::string text;
    std::atomic<bool> done{false};
    std::unique_ptr<PosixResolve> question;
    const auto begin = std::chrono::steady_clock::now();
    env_->run_on(loop_, [&] {
      question = std::make_unique<PosixResolve>(static_cast<PosixLoop&>(loop_), "rn.example.", [&](PosixResolve&, Result<std::vector<std::string>> r) {
        if (!r) text = std::string(to_string(r.error().code()));
        else for (const std::string& a : *r) text += a + " ";
        question.reset();
        done = true;
      }, server_.at());
      question->start(timeout_ms);
    });
    while (!done) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    took_ms_ = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
    return text;
  }

  NameServer server_;
  std::unique_ptr<Env> env_ = make_posix_env();
  Loop& loop_ = env_->start_loop("io-0");
  int64_t took_ms_ = 0;
};

TEST_F(PosixDns, BothFamiliesAreOneAnswer) {
  EXPECT_EQ(resolve(3000), "10.1.2.3 2001:db8::7 ");
  EXPECT_EQ(server_.asked, 2);
}

TEST_F(PosixDns, AServerThatIsSilentAboutIPv6HoldsUpNobodyForLong) {
  server_.silent = kAaaa;
  EXPECT_EQ(resolve(3000), "10.1.2.3 ");
  EXPECT_LT(took_ms_, 1500) << "and before the question is asked again";
}

TEST_F(PosixDns, AnAddressOfOneFamilyIsEnough) {
  server_.none = kA;
  EXPECT_EQ(resolve(3000), "2001:db8::7 ");
  server_.none = kAaaa;
  EXPECT_EQ(resolve(3000), "10.1.2.3 ");
}

TEST_F(PosixDns, ASilentServerEndsWithTheTime) {
  server_.silent = kA;
  server_.none = kAaaa;
  EXPECT_EQ(resolve(700), "timeout");
  EXPECT_GE(took_ms_, 700);
}

}  // namespace
}  // namespace mq::env
