// What a command talks through: typed calls to NameServers and brokers, the look-ups that many commands share, and output.
#pragma once

#include <fmt/core.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "remoting/client.h"
#include "wire/bodies/client.h"
#include "wire/bodies/route.h"
#include "wire/bodies/stats.h"

namespace mq::admin {

/// A server's refusal as Java's tool words it: "CODE: 17  DESC: ..." with the FAQ tail.
Failure client_failure(int32_t code, std::string_view text);
Failure client_failure(std::string_view text);                                          // without a code
Failure broker_failure(const remoting::ResponseBase& response, std::string_view addr);

/// What Java's tool says of a cluster or an address that the NameServers do not know.
inline constexpr std::string_view kNoCluster = "Make sure the specified clusterName exists or the name server connected to is correct.";

/// Used by one command on the main thread.
class Session {
 public:
  /// `tls`: null for plain connections; loaded for clients. With `credentials` every request is signed.
  Session(env::Env& env, std::vector<std::string> namesrvs, const remoting::Tls* tls = nullptr, wire::Credentials credentials = {});

  // --- output ---------------------------------------------------------------------------------------------------------
  template <class... A>
  void print(fmt::format_string<A...> f, A&&... a) { write(fmt::vformat(f, fmt::make_format_args(a...))); }
  void write(std::string_view text);
  /// One thing that was found, for --json; beside it the command writes its text.
  void record(Json found) {
    if (records_) records_->push(std::move(found));
  }
  /// Puts a member into what was recorded last.
  void add_to_record(std::string name, Json value) {
    if (records_ && records_->size() > 0) records_->items().back().add(std::move(name), std::move(value));
  }
  /// From now on text is dropped and what is recorded is kept, until take_records().
  void keep_records() { records_ = Json::array(); }
  bool keeps_records() const noexcept { return records_.has_value(); }
  Json take_records() { return std::exchange(*records_, Json::array()); }
  /// A failure that does not end the command, as Java prints a stack trace and goes on.
  void complain(const Error& failure);
  /// What a server of ours says beside its success, as of a value that is not used as it was given: on stderr. Java's says nothing.
  void show_remark(const std::string& addr, const std::string& remark);

  /// The same of one after which nothing is left to do, but which Java's tool tells without the command's name.
  void fail_unnamed(const Error& failure) {
    complain(failure);
    failed_unnamed_ = true;
  }
  bool failed_unnamed() const noexcept { return failed_unnamed_; }

  /// The exit status of a command that did not fail, when it is not 0.
  void leave_with(int status) noexcept { status_ = status; }
  int status() const noexcept { return status_; }

  // --- calls ----------------------------------------------------------------------------------------------------------
  /// To one server; SUCCESS or a failure with its code and remark.
  template <wire::RequestCode C>
  Result<remoting::Response<typename wire::RequestInfo<C>::Response>> ask(
      const std::string& addr, const typename wire::RequestInfo<C>::Request& header = {}, std::string_view body = {},
      int64_t timeout_ms = 5000) {
    auto r = client_.call<C>(addr, header, body, timeout_ms);
    if (!r) return fail(Errc::kIo, call_text(r.error(), addr, timeout_ms));
    if (!r->ok()) return broker_failure(*r, addr);
    return r;
  }
  /// The same whatever the answer's code.
  template <wire::RequestCode C>
  Result<remoting::Response<typename wire::RequestInfo<C>::Response>> call(
      const std::string& addr, const typename wire::RequestInfo<C>::Request& header = {}, std::string_view body = {},
      int64_t timeout_ms = 5000) {
    auto r = client_.call<C>(addr, header, body, timeout_ms);
    if (!r) return fail(Errc::kIo, call_text(r.error(), addr, timeout_ms));
    return r;
  }
  /// As ask(); a refusal is worded without the server's address, as Java words those of NameServers, controllers and newer requests.
  template <wire::RequestCode C>
  Result<remoting::Response<typename wire::RequestInfo<C>::Response>> ask_plain(
      const std::string& addr, const typename wire::RequestInfo<C>::Request& header = {}, std::string_view body = {},
      int64_t timeout_ms = 5000) {
    auto r = client_.call<C>(addr, header, body, timeout_ms);
    if (!r) return fail(Errc::kIo, call_text(r.error(), addr, timeout_ms));
    if (!r->ok()) return client_failure(r->code, r->remark);
    return r;
  }
  /// QUERY_MESSAGE with the raw field _UNIQUE_KEY_QUERY; the records back to back, "" when nothing is found.
  Result<std::string> query_message(const std::string& addr, const std::string& topic, const std::string& key, int32_t max, int64_t begin_ms,
                                    int64_t end_ms, bool unique);
  /// To one NameServer of the list, the next one when it cannot be reached.
  template <wire::RequestCode C>
  Result<remoting::Response<typename wire::RequestInfo<C>::Response>> ask_namesrv(
      const typename wire::RequestInfo<C>::Request& header = {}, std::string_view body = {}) {
    std::string last = "connect to null failed";
    for (const std::string& addr : namesrvs_) {
      auto r = client_.call<C>(addr, header, body, 5000);
      if (r && r->ok()) return r;
      if (r) return client_failure(r->code, r->remark);
      last = call_text(r.error(), addr, 5000, "null");
    }
    return fail(Errc::kIo, last);
  }
  /// Any code with fields given by hand; the answer whatever its code.
  Result<remoting::ResponseBase> call_raw(const std::string& addr, int32_t code, std::vector<std::pair<std::string, std::string>> ext, int64_t timeout_ms) {
    auto r = client_.call_raw(addr, code, std::move(ext), {}, timeout_ms);
    if (!r) return fail(Errc::kIo, call_text(r.error(), addr, timeout_ms));
    return r;
  }
  const std::vector<std::string>& namesrvs() const noexcept {
    missed_namesrvs_ |= namesrvs_.empty();
    return namesrvs_;
  }
  /// A command went through the list of NameServers, and none was named: it told nobody.
  bool missed_namesrvs() const noexcept { return missed_namesrvs_; }
  env::Env& env() noexcept { return env_; }

  // --- look-ups (spec mqadmin 2.2) -------------------------------------------------------------------------------------
  Result<wire::TopicRouteData> route(const std::string& topic);
  Result<wire::ClusterInfo> cluster_info();
  /// All topics that the NameServers know.
  Result<std::vector<std::string>> topics();
  /// The brokers of a cluster by name; an unknown cluster prints Java's complaint and gives none.
  Result<std::vector<wire::BrokerData>> brokers_in(const std::string& cluster);
  /// Master addresses of a cluster in Java's order; an unknown cluster prints Java's complaint and gives none.
  Result<std::vector<std::string>> masters(const std::string& cluster);
  /// Masters and slaves.
  Result<std::vector<std::string>> all_brokers(const std::string& cluster);
  /// Masters of a cluster, each followed by its slaves, with the words under which their answers are shown. An unknown cluster prints
  /// Java's complaint and gives none.
  struct HeadedBroker { std::string heading, addr; };
  Result<std::vector<HeadedBroker>> headed_brokers(const std::string& cluster);
  /// The address of id 0, else of any id; "" when there is none.
  static std::string address_of(const wire::BrokerData& broker);
  /// The same of the broker of this name; "" when the route has none.
  static std::string address_in(const wire::TopicRouteData& route, std::string_view broker);
  /// (broker name, address) of a route's brokers.
  static std::vector<std::pair<std::string, std::string>> brokers_of(const wire::TopicRouteData& route);
  /// Queues that may be read, in the order of the route.
  static std::vector<wire::MessageQueue> readable_queues(const std::string& topic, const wire::TopicRouteData& route);

 private:
  /// `shown`: what a connection that fails is said to go to, when it is not the address.
  static std::string call_text(const Error& error, std::string_view addr, int64_t timeout_ms, std::string_view shown = {});

  env::Env& env_;
  std::vector<std::string> namesrvs_;
  mutable bool missed_namesrvs_ = false;
  std::optional<Json> records_;
  int status_ = 0;
  bool failed_unnamed_ = false;
  remoting::BlockingClient client_;
};

}  // namespace mq::admin
