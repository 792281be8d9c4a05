// Result<T>: an expected failure as a value. `fail(code, message)` makes one, `.at(place)` adds where it happened,
// MQ_TRY returns it upward:
//
//   Result<PhyOffset> CommitLog::recover_tail(File& last) {
//     MQ_TRY(Bytes block, last.read(0, kProbeSize));
//     if (block.empty()) return fail(Errc::kCorrupt, "empty CommitLog file").at(last.name());
//     ...
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace mq {

/// What kind of failure: callers branch on this, people read the message.
enum class Errc {
  kIo,           // the system refused a read or write
  kDiskFull,     // no space, or the reserve is reached
  kCorrupt,      // bytes are not what they must be
  kInvalid,      // an argument, option or request is wrong
  kNotFound,     // no such file, topic, key
  kTooLarge,     // over a limit
  kBusy,         // a bounded queue is full, a lock is held by another process
  kTimeout,      // no answer in time
  kClosed,       // the peer or this side has closed
  kRefused,      // the peer refused the connection
  kUnsupported,  // not offered here
  kPermission,   // the system denies access
};

std::string_view to_string(Errc code) noexcept;

/// A failure: its kind, its message for people, and the places it came through, innermost first.
class Error {
 public:
  Error(Errc code, std::string message) : code_(code), message_(std::move(message)) {}

  Errc code() const noexcept { return code_; }
  /// The message followed by the places, "no space left: 00000000000000000000: commitlog".
  const std::string& message() const noexcept { return message_; }

  Error& at(std::string_view place) {
    message_.append(": ").append(place);
    return *this;
  }

 private:
  Errc code_;
  std::string message_;
};

template <class T = void>
using Result = std::expected<T, Error>;

/// What `fail` returns: converts to any Result.
class [[nodiscard]] Failure : public std::unexpected<Error> {
 public:
  explicit Failure(Error e) : std::unexpected<Error>(std::move(e)) {}
  Failure&& at(std::string_view place) && {
    error().at(place);
    return std::move(*this);
  }
};

inline Failure fail(Errc code, std::string message) { return Failure(Error(code, std::move(message))); }
/// Passes on the error of another Result, to which `.at()` may be added.
inline Failure fail(Error e) { return Failure(std::move(e)); }
/// errno as a failure; `what` names the call and the object. ENOSPC and EDQUOT become kDiskFull and so on.
Failure fail_errno(int error_number, std::string_view what);

}  // namespace mq

#define MQ_CONCAT_(a, b) a##b
#define MQ_CONCAT(a, b) MQ_CONCAT_(a, b)
#define MQ_TRY_(tmp, decl, ...)                                              \
  auto tmp = (__VA_ARGS__);                                                  \
  if (!tmp) [[unlikely]] return ::mq::fail(std::move(tmp).error());          \
  decl = std::move(*tmp)
/// `MQ_TRY(auto x, f())`: x, or return f's error from this function.
#define MQ_TRY(decl, ...) MQ_TRY_(MQ_CONCAT(mq_try_, __COUNTER__), decl, __VA_ARGS__)
/// The same for a Result<void>.
#define MQ_TRY_VOID(...)                                                                            \
  do {                                                                                              \
    if (auto mq_r = (__VA_ARGS__); !mq_r) [[unlikely]] return ::mq::fail(std::move(mq_r).error()); \
  } while (false)
