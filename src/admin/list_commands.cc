// updateTopicList, updateSubGroupList, setConsumeMode. Source: spec mqadmin 3.2, 5.2.
#include <fmt/format.h>

#include "admin/command.h"
#include "admin/output.h"

namespace mq::admin {

namespace {

using wire::RequestCode;

/// What a list is called in its texts.
struct Words {
  std::string_view command, member, broker_text, cluster_text;
};

/// The file's array as the body of a request, each entry completed with defaults; "" for an empty array.
template <class Parse>
Result<std::string> body_of(Session& s, const Options& o, std::string_view member, Parse parse) {
  MQ_TRY(const std::string text, env::read_file(s.env().fs(), o.get("f")));
  MQ_TRY(const Json list, parse_json(text));
  if (!list.is_array()) return fail(Errc::kInvalid, fmt::format("{} does not hold a JSON array", o.get("f")));
  Json all = Json::array();
  for (const Json& one : list.items()) all.push(to_json(parse(one)));
  return all.size() == 0 ? std::string() : to_text(Json::object().add(std::string(member), std::move(all)));
}

template <RequestCode C, class Parse>
Result<> put_list(Session& s, const Options& o, const Words& words, Parse parse) {
  if (!s.env().fs().exists(o.get("f"))) {
    s.print("the file path {} does not exists\n", o.get("f"));
    return {};
  }
  MQ_TRY(const std::string body, body_of(s, o, words.member, parse));
  if (body.empty()) return {};
  const auto put = [&](const std::string& addr, std::string_view what) -> Result<> {
    MQ_TRY_VOID(s.ask_plain<C>(addr, {}, body));
    s.print("submit batch of {} to {} success, please check the result later.\n", what, addr);
    return {};
  };
  if (const auto addr = o.find("b")) return put(*addr, words.broker_text);
  MQ_TRY(const auto masters, s.masters(o.get("c")));
  for (const std::string& addr : masters) MQ_TRY_VOID(put(addr, words.cluster_text));
  s.write(usage_of(words.command));   // QUIRK: Java goes on to its usage
  return {};
}

Result<> put_topics(Session& s, const Options& o) {
  return put_list<RequestCode::UPDATE_AND_CREATE_TOPIC_LIST>(s, o, {"updateTopicList", "topicConfigList", "topic config", "topic config"},
                                                             wire::topic_config_from);
}

Result<> put_groups(Session& s, const Options& o) {
  return put_list<RequestCode::UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST>(
      s, o, {"updateSubGroupList", "groupConfigList", "group config", "subscription group config"}, wire::group_config_from);
}

Result<> set_mode(Session& s, const Options& o) {
  const std::string topic = o.get("t"), group = o.get("g"), mode = o.get("m");
  if (mode != "PULL" && mode != "POP") {
    return fail(Errc::kInvalid, "No enum constant org.apache.rocketmq.common.message.MessageRequestMode." + mode);
  }
  MQ_TRY(const int32_t share, o.int32("q", 0));
  const std::string body =
      to_text(Json::object().add("consumerGroup", group).add("mode", mode).add("popShareQueueNum", int64_t{share}).add("topic", topic));
  const auto put = [&](const std::string& addr) -> Result<> {
    MQ_TRY_VOID(s.ask_plain<RequestCode::SET_MESSAGE_REQUEST_MODE>(addr, {}, body));
    s.print("set consume mode to {} success.\n", addr);
    return {};
  };
  MQ_TRY_VOID(change_each(s, o, put));
  s.print("topic[{}] group[{}] consume mode[{}] popShareQueueNum[{}]", topic, group, mode, share);
  return {};
}

}  // namespace

void add_list_commands(std::vector<Command>& to) {
  const OptionSpec file{"f", "filename", true, true, "Path to a JSON file that holds an array of configs"};
  to.push_back({"updateTopicList", "UpdateTopicListSubCommand", "create or update topic in batch.",
                {{"b", "brokerAddr", true, true, "create topic to which broker", 1}, {"c", "clusterName", true, true, "create topic to which cluster", 1}, file},
                put_topics});
  to.push_back({"updateSubGroupList", "UpdateSubGroupListSubCommand", "Update or create subscription group in batch.",
                {{"b", "brokerAddr", true, true, "create groups to which broker", 1}, {"c", "clusterName", true, true, "create groups to which cluster", 1}, file},
                put_groups});
  to.push_back({"setConsumeMode", "SetConsumeModeSubCommand", "Set consume message mode. pull/pop etc.",
                {{"b", "brokerAddr", true, false, "create subscription group to which broker"},
                 {"c", "clusterName", true, false, "create subscription group to which cluster"},
                 {"t", "topicName", true, true, "topic name"},
                 {"g", "groupName", true, true, "consumer group name"},
                 {"m", "mode", true, true, "consume mode. PULL/POP"},
                 {"q", "popShareQueueNum", true, false, "num of queue which share in pop mode"}},
                set_mode, "bc"});
}

}  // namespace mq::admin
