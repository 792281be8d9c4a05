// Registration of this broker at all NameServers. Source: spec protocol 8.1, semantics 24.1.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/badges.h"
#include "broker/meta/registries.h"
#include "remoting/client.h"

namespace mq::broker {

/// Lives on ctl (badge: owned by ctl), but for the list of waiters, which any loop adds to. Every registration carries the
/// whole table; changes of one turn go out together. With forceRegister=false a periodic round first asks each server
/// whether it knows the DataVersion and registers only where it does not. A server that could not be reached is tried again
/// after half a second, then after twice that, up to ten seconds; a round also follows half a second after a connection has ended: the
/// server may be there again, as another process or elsewhere, and know nothing. A name with several addresses (a headless Service) stands for
/// all of them and is looked up again every ten seconds at most; other names are resolved by each connect.
class RouteRoom final : public RouteAnnouncer {
 public:
  RouteRoom(BrokerContext& broker, const Registries& meta);
  ~RouteRoom() override;

  /// Registers at once and then every registerNameServerPeriod. Not from a loop.
  void start();
  /// Unregisters everywhere. Not from a loop.
  void stop();

  void topic_changed(std::string_view topic) noexcept override;
  void when_announced(env::Loop& loop, Task done) noexcept override;
  /// namesrvAddr has changed: servers that are no longer in it are unregistered at. Any thread.
  void namesrv_list_changed() noexcept;
  /// Their addresses, a name with several replaced by all of them. On ctl.
  std::vector<std::string> namesrvs() const;
  /// How many NameServers know this broker, as far as their last answers say. Any thread.
  int32_t registered_servers() const noexcept { return registered_count_.load(std::memory_order_relaxed); }

 private:
  struct Waiter {
    env::Loop* loop;
    Task done;
  };
  enum class Why : uint8_t { kChange, kPeriod };
  void request_round(Why why) noexcept;
  void start_round();
  void look_up_names(UniqueFunction<void()> then);
  void begin_round(bool force);
  void finish_round();
  void answer_waiters();
  void retry_failed();
  void lost(const std::string& addr, const Error& why);
  void register_at(const std::string& addr);
  void register_if_unknown(const std::string& addr);
  void registered(const std::string& addr, const std::string& error);
  void adopt_order_topics(std::string_view kv_table);
  std::string ha_addr() const;
  void unregister_at(const std::string& addr, UniqueFunction<void()> done);
  std::vector<std::string> configured() const;

  BrokerContext& broker_;
  const Registries meta_;
  std::unique_ptr<remoting::Client> client_;
  env::Periodic timer_;
  env::TimerId late_timer_ = 0;                // answers in_round_ although a server is silent
  std::map<std::string, std::vector<std::string>> expanded_;   // "rn:9876" -> its addresses, when there are several
  std::vector<std::string> looked_up_;         // the list that was looked up last ...
  int64_t looked_up_ms_ = 0;                   // ... and when
  std::shared_ptr<int> alive_ = std::make_shared<int>();   // look-ups outlive the room
  env::TimerId retry_timer_ = 0;               // while a server refuses or is away
  env::TimerId lost_timer_ = 0;                // a connection has ended just now
  int64_t retry_ms_ = 0;
  std::vector<std::string> registered_at_;     // where the last round went
  std::map<std::string, std::string> failing_; // server -> its last error, said once
  std::atomic<int32_t> registered_count_{0};   // badge: published
  int32_t under_way_ = 0;
  bool again_ = false;                         // something changed while a round is under way
  bool stopped_ = false;
  std::vector<Waiter> in_round_;               // answered when this round ends
  Mutex mu_;
  std::vector<Waiter> waiting_ GUARDED_BY(mu_);   // for the next round
  bool asked_ GUARDED_BY(mu_) = false;            // a round has been posted
  bool changed_ GUARDED_BY(mu_) = false;          // and it must register whatever the servers know
};

}  // namespace mq::broker
