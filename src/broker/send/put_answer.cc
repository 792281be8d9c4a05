#include "broker/send/put_answer.h"

#include <fmt/format.h>

#include "broker/core/overload.h"

namespace mq::broker {

using store::PutStatus;
using wire::ResponseCode;

PutAnswer answer_of(const PutResult& result, const BrokerContext& broker) {
  switch (result.status) {
    case PutStatus::kPutOk: return {ResponseCode::SUCCESS, "", true};
    case PutStatus::kFlushDiskTimeout: return {ResponseCode::FLUSH_DISK_TIMEOUT, "", true};
    case PutStatus::kServiceNotAvailable: {
      const store::StoreStats s = broker.store.stats();
      // Java's sentence, for scripts that look for it, then the true reason.
      std::string remark = fmt::format(
          "service not available now. It may be caused by one of the following reasons: the broker's disk is full "
          "[CL: {:5.2f} CQ: {:5.2f} INDEX: {:5.2f}], messages are put to the slave, message store has been shut down, etc.",
          s.commitlog_disk_ratio, s.consumequeue_disk_ratio, s.consumequeue_disk_ratio);
      if (!s.why_not_writable.empty()) remark += " Here: " + s.why_not_writable;
      return {ResponseCode::SERVICE_NOT_AVAILABLE, std::move(remark), false};
    }
    case PutStatus::kCreateMappedFileFailed:
      return {ResponseCode::SYSTEM_ERROR, "create mapped file failed, server is busy or broken.", false};
    case PutStatus::kMessageIllegal:
      return {ResponseCode::MESSAGE_ILLEGAL,
              fmt::format("the message is illegal, maybe msg body or properties length not matched. msg body length limit {}B, "
                          "msg properties length limit 32KB.", broker.store_config.maxMessageSize()),
              false};
    case PutStatus::kOsPageCacheBusy: {
      if (result.waited_ms == 0) return {ResponseCode::SYSTEM_BUSY, std::string(kOverloadRemark), false};
      const bool stuck = broker.store.append_under_way_ms() >= broker.store_config.osPageCacheBusyTimeOutMills();
      return {ResponseCode::SYSTEM_BUSY, waited_too_long(stuck, result.waited_ms, result.waiting), false};
    }
    case PutStatus::kUnknownError: break;
  }
  return {ResponseCode::SYSTEM_ERROR, "UNKNOWN_ERROR", false};
}

}  // namespace mq::broker
