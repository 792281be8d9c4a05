// The addresses that namesrvAddr stands for: what it lists, its names looked up again and again.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/function.h"
#include "env/loop.h"

namespace mq::broker {

/// One NameServer to register at.
struct NamesrvAddr {
  std::string addr;    // "10.0.0.7:9876"
  std::string entry;   // as configured: "rn:9876", or the same as addr
  /// The host of an entry that is a name, else empty.
  std::string host() const { return addr == entry ? std::string() : entry.substr(0, entry.rfind(':')); }
  /// For the log.
  std::string to_string() const { return addr == entry ? addr : entry + " (" + addr + ")"; }
  bool operator==(const NamesrvAddr&) const = default;
};

/// A name stands for all its addresses (a headless Service has several), each of which is told of by itself. Names are asked for again every
/// 10 s, and every half second, then less often, up to every 2 s, while one has no address yet or its owner says that something is amiss: what
/// comes back elsewhere is found as soon as the DNS knows. A look-up that fails changes nothing, and one that hangs holds nothing back.
/// Badge: owned by ctl.
class NamesrvList {
 public:
  /// `changed` runs on the loop when all() has changed; not after the list has died.
  NamesrvList(env::Loop& loop, UniqueFunction<void()> changed);
  ~NamesrvList();

  /// namesrvAddr: entries separated by ';' or ','. Names that are new are looked up at once; numeric entries count at once.
  void configure(std::string_view namesrvAddr);
  bool configured(std::string_view entry) const;
  /// Each address once, in the order of the entries.
  const std::vector<NamesrvAddr>& all() const noexcept { return all_; }
  /// True until the DNS has said something, or nothing in time, about each name.
  bool awaited() const noexcept;
  /// Something does not answer: its name may lead elsewhere. From true to true changes nothing.
  void set_amiss(bool amiss);
  void stop();

 private:
  struct Name {
    std::string entry;
    env::Endpoint endpoint;
    std::vector<std::string> addresses;   // "ip:port", sorted; of a numeric entry itself
    std::string error;                    // of the last look-up, said once
    bool numeric = false;
    bool asked = false;                   // a look-up is under way
    bool answered = false;
  };
  void look_up();
  void looked_up(const std::string& entry, Result<std::vector<std::string>> ips);
  void refresh();
  bool restless() const noexcept;

  env::Loop& loop_;
  UniqueFunction<void()> changed_;
  std::vector<Name> names_;
  std::vector<NamesrvAddr> all_;
  env::TimerId timer_ = 0;
  int64_t delay_ms_ = 0;                  // of the last restless look-up
  bool amiss_ = false;
  std::shared_ptr<int> alive_ = std::make_shared<int>();   // look-ups outlive the list
};

}  // namespace mq::broker
