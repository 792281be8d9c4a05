// Changes of administration are answered when they are on the disk.
#pragma once

#include <utility>

#include "base/function.h"
#include "base/log.h"
#include "broker/core/context.h"
#include "broker/core/overload.h"
#include "remoting/request.h"

namespace mq::broker {

/// Does `work` on ctl, then answers on the connection's loop: SUCCESS, or SYSTEM_ERROR with why it failed.
inline remoting::Answer answer_after(BrokerContext& broker, remoting::Request& request, UniqueFunction<Result<>()> work) {
  const bool posted = broker.ctl->post([work = std::move(work), responder = request.responder()]() mutable {
    env::Loop& loop = responder.session().loop();
    const bool back = loop.post([responder = std::move(responder), done = work()]() mutable {
      (void)(done ? responder.ok() : responder.refuse(wire::ResponseCode::SYSTEM_ERROR, done.error().message()));
    });
    if (!back) Logger("admin").warn("the answer to a change is dropped: the io loop's queue is full");
  });
  if (!posted) return request.refuse(wire::ResponseCode::SYSTEM_BUSY, kOverloadRemark);
  return request.later();
}

/// What a table's file could not take is said and tried again; the change itself counts.
inline void say_unless(const Result<>& saved, const char* file) {
  if (!saved) Logger("admin").error("{} cannot be written: {}", file, saved.error().message());
}

}  // namespace mq::broker
