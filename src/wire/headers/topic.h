// Headers about topics and groups. Source: spec protocol 6.1, 6.2.
#pragma once

#include "wire/header_codec.h"

namespace mq::wire {

struct TopicHeader {
  std::string topic;

  static constexpr auto fields() {
    using H = TopicHeader;
    return std::tuple{required("topic", &H::topic)};
  }
};

struct GetTopicConfigHeader {
  std::string topic;
  std::optional<bool> lo;   // with the mapping of a static topic

  static constexpr auto fields() {
    using H = GetTopicConfigHeader;
    return std::tuple{required("topic", &H::topic), optional("lo", &H::lo)};
  }
};

struct GroupHeader {
  std::string group;

  static constexpr auto fields() {
    using H = GroupHeader;
    return std::tuple{required("group", &H::group)};
  }
};

struct CreateTopicHeader {
  std::string topic;
  std::optional<std::string> defaultTopic;
  int32_t readQueueNums = 0;
  int32_t writeQueueNums = 0;
  int32_t perm = 0;
  std::string topicFilterType;
  std::optional<int32_t> topicSysFlag;
  bool order = false;
  std::optional<std::string> attributes;
  std::optional<bool> force;

  static constexpr auto fields() {
    using H = CreateTopicHeader;
    return std::tuple{required("topic", &H::topic), optional("defaultTopic", &H::defaultTopic),
                      required("readQueueNums", &H::readQueueNums), required("writeQueueNums", &H::writeQueueNums),
                      required("perm", &H::perm), required("topicFilterType", &H::topicFilterType),
                      optional("topicSysFlag", &H::topicSysFlag), optional("order", &H::order),
                      optional("attributes", &H::attributes), optional("force", &H::force)};
  }
};

struct GetAllTopicConfigHeader {
  std::optional<int32_t> topicSeq;
  std::optional<std::string> dataVersion;
  std::optional<int32_t> maxTopicNum;

  static constexpr auto fields() {
    using H = GetAllTopicConfigHeader;
    return std::tuple{optional("topicSeq", &H::topicSeq), optional("dataVersion", &H::dataVersion),
                      optional("maxTopicNum", &H::maxTopicNum)};
  }
};

struct GetAllTopicConfigResponseHeader {
  std::optional<int32_t> totalTopicNum;

  static constexpr auto fields() {
    using H = GetAllTopicConfigResponseHeader;
    return std::tuple{optional("totalTopicNum", &H::totalTopicNum)};
  }
};

struct GetAllGroupResponseHeader {
  std::optional<int32_t> totalGroupNum;

  static constexpr auto fields() {
    using H = GetAllGroupResponseHeader;
    return std::tuple{optional("totalGroupNum", &H::totalGroupNum)};
  }
};

/// cleanOffset since 5.0; 4.9 spells it removeOffset.
struct DeleteGroupHeader {
  std::string groupName;
  bool cleanOffset = false;
  bool removeOffset = false;

  static constexpr auto fields() {
    using H = DeleteGroupHeader;
    return std::tuple{required("groupName", &H::groupName), optional("cleanOffset", &H::cleanOffset),
                      optional("removeOffset", &H::removeOffset)};
  }
};

/// topicList: names with semicolons between; it goes before topic. Neither: all topics of the group.
struct ConsumeStatsHeader {
  std::string consumerGroup;
  std::optional<std::string> topic;
  std::optional<std::string> topicList;

  static constexpr auto fields() {
    using H = ConsumeStatsHeader;
    return std::tuple{required("consumerGroup", &H::consumerGroup), optional("topic", &H::topic),
                      optional("topicList", &H::topicList)};
  }
};

}  // namespace mq::wire
