// Headers of END_TRANSACTION (37), CHECK_TRANSACTION_STATE (39) and RESUME_CHECK_HALF_MESSAGE (323). Source: spec protocol 4.6, 7.1, 6.7.
#pragma once

#include "wire/header_codec.h"

namespace mq::wire {

struct EndTransactionHeader {
  std::string producerGroup;
  int64_t tranStateTableOffset = 0;   // queue offset of the half message
  int64_t commitLogOffset = 0;        // its physical offset
  int32_t commitOrRollback = 0;       // 8 commit, 12 rollback, 0 unknown
  bool fromTransactionCheck = false;
  std::string msgId;
  std::string transactionId;

  static constexpr auto fields() {
    using H = EndTransactionHeader;
    return std::tuple{required("producerGroup", &H::producerGroup),
                      required("tranStateTableOffset", &H::tranStateTableOffset),
                      required("commitLogOffset", &H::commitLogOffset),
                      required("commitOrRollback", &H::commitOrRollback),
                      optional("fromTransactionCheck", &H::fromTransactionCheck), optional("msgId", &H::msgId),
                      optional("transactionId", &H::transactionId)};
  }
};

struct CheckTransactionStateHeader {
  std::string topic;                  // QUIRK: the half topic's name, as Java sends it
  int64_t tranStateTableOffset = 0;
  int64_t commitLogOffset = 0;
  std::string msgId;                  // UNIQ_KEY
  std::string transactionId;          // UNIQ_KEY
  std::string offsetMsgId;
  std::string bname;

  static constexpr auto fields() {
    using H = CheckTransactionStateHeader;
    return std::tuple{required("topic", &H::topic), required("tranStateTableOffset", &H::tranStateTableOffset),
                      required("commitLogOffset", &H::commitLogOffset), optional("msgId", &H::msgId),
                      optional("transactionId", &H::transactionId), optional("offsetMsgId", &H::offsetMsgId),
                      optional("bname", &H::bname)};
  }
};

struct ResumeCheckHalfMessageHeader {
  std::optional<std::string> topic;   // of access control alone; clients before 5.2 leave it out
  std::optional<std::string> msgId;   // an offsetMsgId

  static constexpr auto fields() {
    using H = ResumeCheckHalfMessageHeader;
    return std::tuple{optional("topic", &H::topic), optional("msgId", &H::msgId)};
  }
};

}  // namespace mq::wire
