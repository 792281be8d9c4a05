#include "broker/relay/relay_room.h"

#include <fmt/format.h>

#include <map>
#include <memory>

#include "broker/core/ask_client.h"
#include "broker/core/overload.h"
#include "msg/record.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using remoting::Responder;
using wire::RequestCode;
using wire::ResponseCode;

namespace {

/// Passes on what the client said, as its own answer.
void pass_on(Responder& responder, const std::string& group, const std::string& client, const Said& said) {
  if (said.answered) {
    (void)responder.answer(static_cast<ResponseCode>(said.code), wire::NoHeader{},
                           said.has_remark ? std::string_view(said.remark) : std::string_view(), as_bytes(said.body));
  } else if (said.timed_out) {
    (void)responder.refuse(ResponseCode::CONSUME_MSG_TIMEOUT, fmt::format("consumer <{}> <{}> Timeout: {}", group, client, said.remark));
  } else {
    (void)responder.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("invoke consumer <{}> <{}> Exception: {}", group, client, said.remark));
  }
}

}  // namespace

Result<ClientChannel> RelayRoom::member(const std::string& group, const std::string& client_id) const {
  for (ClientChannel& c : meta_.clients.consumers(group)) {
    if (c.client_id != client_id) continue;
    if (c.version >= kVersionWithRelay) return std::move(c);
    return fail(Errc::kInvalid, fmt::format("The Consumer <{}> Version <{}> too low to finish, please upgrade it to V3_1_8_SNAPSHOT", client_id,
                                            wire::version_name(c.version)));
  }
  return fail(Errc::kNotFound, fmt::format("The Consumer <{}> <{}> not online", group, client_id));
}

Answer RelayRoom::running_info(const wire::ConsumerRunningInfoHeader& h, Request& request) {
  const auto client = member(h.consumerGroup, h.clientId);
  if (!client) return request.refuse(ResponseCode::SYSTEM_ERROR, client.error().message());
  auto responder = std::make_shared<Responder>(request.responder());
  ask<RequestCode::GET_CONSUMER_RUNNING_INFO>(
      client->session, request.loop(), h, {}, kTimeoutMs,
      [responder, group = h.consumerGroup, id = h.clientId](Said said) { pass_on(*responder, group, id, said); });
  return request.later();
}

Answer RelayRoom::consume_directly(const wire::ConsumeMessageDirectlyHeader& h, Request& request) {
  const std::string id = h.clientId.value_or("");
  const auto client = member(h.consumerGroup, id);
  if (!client) return request.refuse(ResponseCode::SYSTEM_ERROR, client.error().message());
  wire::ConsumeMessageDirectlyHeader out = h;
  out.brokerName = broker_.broker_name;
  if (const TopicRef topic = h.topic ? meta_.topics.find(*h.topic) : nullptr) out.topicSysFlag = topic->config()->topicSysFlag;
  if (const auto group = meta_.groups.find(h.consumerGroup)) out.groupSysFlag = group->groupSysFlag;
  const auto place = parse_offset_msg_id(h.msgId.value_or(""));
  if (!place) return request.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("msgId[{}]: {}", h.msgId.value_or(""), place.error().message()));

  // The message may have to come from the disk.
  auto responder = std::make_shared<Responder>(request.responder());
  env::Loop& home = request.loop();
  env::Loop& reader = broker_.next_read_loop();
  const bool posted = reader.post([this, &home, responder, out, id, session = client->session, phy = place->offset] {
    const auto record = broker_.store.record_at(phy);
    if (!record) {
      (void)home.post([responder, phy] {
        (void)responder->refuse(ResponseCode::SYSTEM_ERROR, fmt::format("can not find message by the offset, {}", phy.bytes));
      });
      return;
    }
    ask<RequestCode::CONSUME_MESSAGE_DIRECTLY>(session, home, out, std::string(as_text(record->bytes)), kTimeoutMs,
                                               [responder, group = out.consumerGroup, id](Said said) { pass_on(*responder, group, id, said); });
  });
  if (!posted) return request.refuse(ResponseCode::SYSTEM_BUSY, kOverloadRemark);
  return request.later();
}

Answer RelayRoom::consumer_status(const wire::ConsumerStatusHeader& h, Request& request) {
  const auto members = meta_.clients.consumers(h.group);
  if (members.empty()) return request.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("No Any Consumer online in the consumer group: [{}]", h.group));

  struct Gathering {   // badge: owned by the asking connection's loop
    Responder responder;
    std::map<std::string, Json> tables;
    size_t waiting = 0;
    void answer_when_all_are_in() {
      if (waiting != 0) return;
      Json consumers = Json::object();
      for (auto& [id, table] : tables) consumers.add(id, std::move(table));
      const Json body = Json::object().add("consumerTable", std::move(consumers)).add("messageQueueTable", Json::object());
      (void)responder.answer(ResponseCode::SUCCESS, wire::NoHeader{}, {}, as_bytes(to_text(body)));
    }
  };
  const auto all = std::make_shared<Gathering>();
  all->responder = request.responder();
  wire::ConsumerStatusHeader question{h.topic, h.group, std::nullopt};
  std::vector<ClientChannel> asked;
  for (const ClientChannel& c : members) {
    if (c.version < kVersionWithStatus) {
      return request.refuse(ResponseCode::SYSTEM_ERROR, fmt::format("the client does not support this feature. version={}", c.version));
    }
    if (!h.clientAddr || h.clientAddr->empty() || *h.clientAddr == c.client_id) asked.push_back(c);
  }
  all->waiting = asked.size();
  for (const ClientChannel& c : asked) {
    ask<RequestCode::GET_CONSUMER_STATUS_FROM_CLIENT>(c.session, request.loop(), question, {}, kStatusTimeoutMs, [all, id = c.client_id](Said said) {
      if (said.answered && said.code == 0) {
        if (const auto body = parse_json(said.body); body && body->find("messageQueueTable")) all->tables[id] = (*body)["messageQueueTable"];
      }
      --all->waiting;
      all->answer_when_all_are_in();
    });
  }
  all->answer_when_all_are_in();   // when nobody was to be asked
  return request.later();
}

}  // namespace mq::broker
