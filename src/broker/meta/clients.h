// Who is connected: consumer groups with their members and subscriptions, producer groups. Source: spec semantics 11.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/core/context.h"
#include "remoting/request.h"
#include "wire/bodies/client.h"

namespace mq::broker {

struct ClientChannel {
  remoting::SessionRef session;
  std::string client_id;
  uint8_t language = 0;
  int32_t version = 0;
  int64_t last_update_ms = 0;
};

/// Any thread; guarded by one mutex, sections are short and never on the send path. Pulls without a subscription in the
/// header look one up per request.
class ClientTable {
 public:
  explicit ClientTable(BrokerContext& broker);

  struct Change {
    bool group = false;      // members or subscriptions
    bool differs = false;    // since this heartbeat the members disagree about what the group subscribes to
  };
  /// One consumer group of a heartbeat.
  Change register_consumer(const wire::ConsumerData& data, const ClientChannel& channel, bool without_sub);
  void register_producer(std::string_view group, const ClientChannel& channel);
  /// True when the group lost the member. `id` as in UNREGISTER_CLIENT.
  bool unregister_consumer(std::string_view group, const remoting::Session& session);
  void unregister_producer(std::string_view group, const remoting::Session& session);
  /// The connection has closed. Returns the consumer groups that lost a member.
  std::vector<std::string> drop_session(const remoting::Session& session);
  /// Members silent for `max_age_ms`: their sessions, to be closed by the caller.
  std::vector<remoting::SessionRef> expired(int64_t now_ms, int64_t max_age_ms) const;

  struct GroupView {
    wire::ConsumeType consume_type;
    wire::MessageModel model;
    wire::ConsumeFromWhere from_where;
  };
  std::optional<GroupView> consumer_group(std::string_view group) const;   // nullopt: no member
  std::shared_ptr<const wire::SubscriptionData> subscription(std::string_view group, std::string_view topic) const;
  std::vector<std::string> client_ids(std::string_view group) const;
  std::vector<ClientChannel> consumers(std::string_view group) const;
  std::vector<ClientChannel> producers(std::string_view group) const;
  /// The connection of a producer with this client id, of whatever group; null: none.
  remoting::SessionRef producer(std::string_view client_id) const;
  std::optional<wire::ConsumerConnection> connection(std::string_view group) const;
  /// Two members that subscribe differently, in words; "": all agree. The broker filters for the group by the subscription it heard of last,
  /// so what the others asked for is passed over in silence.
  std::string difference(std::string_view group) const;
  /// Names of the groups that have a member.
  std::vector<std::string> consumer_groups() const;
  std::vector<std::string> producer_groups() const;
  std::vector<std::string> groups_subscribing(std::string_view topic) const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace mq::broker
