// What a broker checks of a message before it looks at its content. Source: spec semantics 3.2.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "broker/meta/registries.h"
#include "broker/meta/topic_cache.h"
#include "remoting/request.h"
#include "wire/headers/send.h"
#include "wire/response_code.h"

namespace mq::broker {

/// A refusal before the store: code and remark.
struct Refusal {
  wire::ResponseCode code;
  std::string remark;
};

/// Badge: owned by one io loop, as the cache of topics it uses.
class SendChecks {
 public:
  SendChecks(BrokerContext& broker, const Registries& meta, TopicCache& topics)
      : broker_(broker), meta_(meta), topics_(topics), region_(broker.config.regionId()), trace_on_(broker.config.traceOn() ? "true" : "false") {}

  /// Start time, permission, name, group of a retry topic. Creates a topic that may be created; `topic` is set when nothing is
  /// refused.
  std::optional<Refusal> topic(const wire::SendMessageHeader& h, TopicCache::Entry*& topic);
  /// `queue_id` is not negative.
  std::optional<Refusal> queue(const remoting::Request& request, const wire::TopicConfig& config, int32_t queue_id) const;
  /// Of a message with TIMER_ properties, `delay_level` its DELAY. One whose time has come is an ordinary message; one whose time is to come is
  /// refused as by a Java broker without its timer: it must not be delivered at once.
  std::optional<Refusal> timer(std::string_view properties, int32_t delay_level) const;
  /// The header of every answer to a send, before the message has ids; its views live as long as this.
  wire::SendMessageResponseHeader response_header() const noexcept { return {.MSG_REGION = region_, .TRACE_ON = trace_on_}; }
  /// QUIRK: INVALID_PARAMETER came with 5.0. A 4.x producer that sends to a queue that is no more, for its route is some seconds old, tries another
  /// one when told SYSTEM_ERROR, as its brokers do, and fails with any other code. Pinned by tests/smoke/cases_message.py.
  remoting::Answer refuse(remoting::Request& request, const Refusal& refusal) const {
    const bool unknown = refusal.code == wire::ResponseCode::INVALID_PARAMETER && request.frame().version < wire::kVersion5;
    return request.answer(unknown ? wire::ResponseCode::SYSTEM_ERROR : refusal.code, response_header(), refusal.remark);
  }
  /// For a message that asks for none.
  int32_t any_queue(const wire::TopicConfig& config) const noexcept;

 private:
  std::optional<Refusal> retry_group(std::string_view topic);

  BrokerContext& broker_;
  const Registries meta_;
  TopicCache& topics_;
  const std::string region_;
  const std::string_view trace_on_;
};

}  // namespace mq::broker
