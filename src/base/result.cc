#include "base/result.h"

#include <cerrno>
#include <cstring>

namespace mq {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::kIo: return "io";
    case Errc::kDiskFull: return "disk full";
    case Errc::kCorrupt: return "corrupt";
    case Errc::kInvalid: return "invalid";
    case Errc::kNotFound: return "not found";
    case Errc::kTooLarge: return "too large";
    case Errc::kBusy: return "busy";
    case Errc::kTimeout: return "timeout";
    case Errc::kClosed: return "closed";
    case Errc::kRefused: return "refused";
    case Errc::kUnsupported: return "unsupported";
    case Errc::kPermission: return "permission";
  }
  return "unknown";
}

static Errc errc_of(int error_number) noexcept {
  switch (error_number) {
    case ENOSPC: case EDQUOT: return Errc::kDiskFull;
    case ENOENT: case ENOTDIR: return Errc::kNotFound;
    case EACCES: case EPERM: case EROFS: return Errc::kPermission;
    case ECONNREFUSED: return Errc::kRefused;
    case ETIMEDOUT: return Errc::kTimeout;
    case ECONNRESET: case EPIPE: return Errc::kClosed;
    case EAGAIN: case EADDRINUSE: return Errc::kBusy;
    default: return Errc::kIo;
  }
}

Failure fail_errno(int error_number, std::string_view what) {
  return fail(errc_of(error_number), std::string(what) + ": " + std::strerror(error_number));
}

}  // namespace mq
