// Headers of QUERY_MESSAGE (12) and VIEW_MESSAGE_BY_ID (33). Source: spec protocol 4.7.
#pragma once

#include "wire/header_codec.h"

namespace mq::wire {

struct QueryMessageHeader {
  std::string topic;
  std::string key;
  int32_t maxNum = 0;
  int64_t beginTimestamp = 0;
  int64_t endTimestamp = 0;

  static constexpr auto fields() {
    using H = QueryMessageHeader;
    return std::tuple{required("topic", &H::topic), required("key", &H::key), required("maxNum", &H::maxNum),
                      required("beginTimestamp", &H::beginTimestamp), required("endTimestamp", &H::endTimestamp)};
  }
};

struct QueryMessageResponseHeader {
  std::optional<int64_t> indexLastUpdateTimestamp;
  std::optional<int64_t> indexLastUpdatePhyoffset;

  static constexpr auto fields() {
    using H = QueryMessageResponseHeader;
    return std::tuple{optional("indexLastUpdateTimestamp", &H::indexLastUpdateTimestamp),
                      optional("indexLastUpdatePhyoffset", &H::indexLastUpdatePhyoffset)};
  }
};

struct ViewMessageHeader {
  int64_t offset = 0;
  std::optional<std::string> topic;

  static constexpr auto fields() {
    using H = ViewMessageHeader;
    return std::tuple{required("offset", &H::offset), optional("topic", &H::topic)};
  }
};

}  // namespace mq::wire
