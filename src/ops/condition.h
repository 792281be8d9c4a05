// What a server of ours tells `mqadmin doctor` of itself and its machine, beside its configuration: asked for with the field
// `condition` of GET_BROKER_CONFIG and GET_NAMESRV_CONFIG, which a Java server passes over.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/json.h"
#include "env/loop.h"
#include "remoting/tls.h"
#include "wire/header_codec.h"

namespace mq::ops {

inline constexpr std::string_view kConditionField = "condition";

/// GetBrokerConfigResponseHeader with the condition as JSON behind it.
struct ConditionHeader {
  std::optional<std::string> version, condition;

  static constexpr auto fields() {
    using H = ConditionHeader;
    return std::tuple{wire::optional("version", &H::version), wire::optional("condition", &H::condition)};
  }
};

/// This process's descriptors and mappings with their limits, this machine's swap:
/// {"openFiles","openFilesMax","maps","mapsMax","swapBytes","swappiness"}. What the system does not tell is left out. A few small
/// reads of /proc, any thread.
Json machine_limits();

/// How long a write of 4 KiB to a new file of the folder takes with its fdatasync, the slowest of three, in ms. The file goes again.
/// Blocks. Errors: as of files.
Result<double> probe_disk(env::FileSystem& fs, env::Clock& clock, const std::string& folder);

/// probe_disk for requests: asked more often than once a second it tells again what it found. Errors: also kBusy, while another
/// thread is at it.
class DiskProbe {
 public:
  DiskProbe(env::FileSystem& fs, env::Clock& clock, std::string folder) : fs_(fs), clock_(clock), folder_(std::move(folder)) {}
  /// Any thread that may wait for the disk.
  Result<double> look();

 private:
  env::FileSystem& fs_;
  env::Clock& clock_;
  const std::string folder_;
  std::atomic<bool> busy_{false};
  std::atomic<int64_t> next_ms_{0};    // badge: published; mono
  std::atomic<double> last_{0};        // badge: published
};

/// {"limits","warnings","tls":{"mode","notAfter"},"now"}: `warnings` are those of the start, about keys of the configuration, null: none;
/// `tls` null: there is none. Any thread.
Json condition(env::Clock& clock, const std::vector<std::string>* warnings, const remoting::Tls* tls);

}  // namespace mq::ops
