// Registration of this broker at all NameServers. Source: spec protocol 8.1, semantics 24.1.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/badges.h"
#include "broker/meta/registries.h"
#include "broker/route/namesrv_list.h"
#include "remoting/client.h"

namespace mq::broker {

/// Lives on ctl (badge: owned by ctl), but for the list of waiters, which any loop adds to. A registration carries the whole table; where this
/// connection has registered already, changed topics are told one by one (217, known since 5.0; to others the whole table), at a cost that does
/// not grow with the table. The server's DataVersion stays behind then, until the next period. Changes
/// that come while a call is under way go out together with the next. Each NameServer goes its own way, by its address: one that is silent holds up
/// no other. A periodic round registers, or with forceRegister=false asks first whether the server knows the DataVersion, and registers only
/// where it does not, or where this connection has not registered yet: a NameServer forgets a broker whose connection ends, whatever
/// another one has asked since. Where a registration fails it is tried again after half a second, then after twice that, up to three seconds
/// (ten when it was refused), and so is one whose connection has ended: the server may be there again and know nothing.
///
/// An address that a name no longer leads to is registered at for as long as its connection lives: answers of the DNS come and go, and the same
/// server may have others. One that the operator takes out of namesrvAddr is unregistered at. When either is gone, all others are registered
/// at once more, for it may have been one of them by another address.
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
  /// Their addresses, a name replaced by all of its own; one that has none yet is left out. On ctl.
  std::vector<std::string> namesrvs() const;
  /// How many NameServers know this broker, as far as their last answers say. Any thread.
  int32_t registered_servers() const noexcept { return registered_count_.load(std::memory_order_relaxed); }

 private:
  struct Server {
    NamesrvAddr at;
    bool listed = true;                // false: kept while its connection lives, or being left
    bool leaving = false;              // unregistered at; then it is closed
    bool in_touch = false;             // this connection has registered
    bool under_way = false;            // a call, which every other waits for
    bool singly = false;               // takes topics one by one, as far as its release says ...
    bool singly_refused = false;       // ... and over this connection would not
    bool silent = false;               // it let one who waited for the announcement wait in vain
    bool whole_due = false;            // registered at whether something has changed or not
    bool question_due = false;         // asked, if not registered at anyway
    uint64_t announced = 0;            // the last change that it has been told
    std::optional<std::string> error;  // of its last answer, empty when it was good; none yet: no value
    env::TimerId retry_timer = 0;
    int64_t retry_ms = 0;
    bool failing() const noexcept { return error && !error->empty(); }
  };
  using ServerRef = std::shared_ptr<Server>;   // shared with its calls: it may be dropped meanwhile
  struct Waiter {
    env::Loop* loop;
    Task done;
    uint64_t change = 0;               // that must be announced
    int64_t until_ms = 0;
  };

  void wake() noexcept;
  void take_changes();
  void period();
  void list_changed();
  void adopt_list();
  void unlist(const ServerRef& server);
  void drop(const ServerRef& server);
  void advance(const ServerRef& server);
  void advance_all(bool whole);
  void register_at(const ServerRef& server);
  void ask(const ServerRef& server);
  std::optional<std::set<std::string>> news_for(const Server& server) const;
  void register_topics(const ServerRef& server, const std::set<std::string>& topics);
  void answered(const ServerRef& server, uint64_t change, bool refused, std::string error);
  void retry_later(const ServerRef& server, int64_t longest_ms);
  void lost(const std::string& addr, const Error& why);
  void unregister_at(const std::string& addr, UniqueFunction<void()> done);
  void count_servers();
  void answer_waiters();
  bool told(uint64_t change) const;
  void adopt_order_topics(std::string_view kv_table);
  void adopt_order(const std::string& topic);
  std::string ha_addr() const;

  BrokerContext& broker_;
  const Registries meta_;
  std::unique_ptr<remoting::Client> client_;
  env::Periodic timer_;
  std::unique_ptr<NamesrvList> list_;
  std::map<std::string, ServerRef> servers_;      // by address
  uint64_t change_ = 1;                           // counts what is to be announced
  struct Change {
    uint64_t number;
    std::vector<std::string> topics;              // none: everything
  };
  std::deque<Change> recent_;                     // the last ones
  std::vector<Waiter> in_wait_;                   // in the order of their time
  env::TimerId wait_timer_ = 0;                   // of the first of them
  std::atomic<int32_t> registered_count_{0};      // badge: published
  bool stopped_ = false;
  Mutex mu_;
  std::vector<Waiter> waiting_ GUARDED_BY(mu_);   // not taken over by ctl yet
  bool woken_ GUARDED_BY(mu_) = false;            // take_changes() has been posted
  std::vector<std::string> changed_topics_ GUARDED_BY(mu_);
  bool everything_changed_ GUARDED_BY(mu_) = false;
};

}  // namespace mq::broker
