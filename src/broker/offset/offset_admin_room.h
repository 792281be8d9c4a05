// Administration of consumer offsets: all of them (43), reset (222, pushed as 220 when useServerSideResetOffset is off), time span
// (303), correction (308), clone (314). Source: spec semantics 13.3, 13.4, protocol 6.3, 6.6.
#pragma once

#include <map>

#include "broker/meta/registries.h"
#include "remoting/router.h"

namespace mq::broker {

/// Handlers run on the io loop of the connection.
class OffsetAdminRoom {
 public:
  OffsetAdminRoom(BrokerContext& broker, const Registries& meta) : broker_(broker), meta_(meta) {}

  remoting::Answer all(const wire::NoHeader&, remoting::Request& request);
  remoting::Answer reset(const wire::ResetOffsetHeader& h, remoting::Request& request);
  remoting::Answer time_span(const wire::TopicGroupHeader& h, remoting::Request& request);
  remoting::Answer correction(const wire::CorrectionOffsetHeader& h, remoting::Request& request);
  remoting::Answer clone(const wire::CloneGroupOffsetHeader& h, remoting::Request& request);

  using routes = remoting::Routes<remoting::Route<wire::RequestCode::GET_ALL_CONSUMER_OFFSET, &OffsetAdminRoom::all>,
                                  remoting::Route<wire::RequestCode::INVOKE_BROKER_TO_RESET_OFFSET, &OffsetAdminRoom::reset>,
                                  remoting::Route<wire::RequestCode::QUERY_CONSUME_TIME_SPAN, &OffsetAdminRoom::time_span>,
                                  remoting::Route<wire::RequestCode::QUERY_CORRECTION_OFFSET, &OffsetAdminRoom::correction>,
                                  remoting::Route<wire::RequestCode::CLONE_GROUP_OFFSET, &OffsetAdminRoom::clone>>;

 private:
  static constexpr int32_t kVersionWithReset = 28;   // V3_0_7_SNAPSHOT

  remoting::Answer reset_here(const wire::ResetOffsetHeader& h, remoting::Request& request);
  remoting::Answer reset_by_clients(const wire::ResetOffsetHeader& h, remoting::Request& request);
  /// The first offset at or behind a time; the end when it is negative.
  int64_t offset_at(std::string_view topic, int32_t queue_id, int64_t timestamp_ms) const;
  Json offset_table(std::string_view topic, const std::map<int32_t, int64_t>& offsets) const;

  BrokerContext& broker_;
  const Registries meta_;
};

}  // namespace mq::broker
