// A request of the broker to one of its clients, from whatever loop. Source: spec protocol 7.
#pragma once

#include <functional>
#include <string>

#include "env/loop.h"
#include "remoting/request.h"
#include "wire/requests.h"

namespace mq::broker {

/// What a client said, kept beyond its frame.
struct Said {
  bool answered = false;
  bool timed_out = false;
  int32_t code = 0;
  std::string remark;
  bool has_remark = false;
  std::string body;
};

/// Asks one client; `done` runs on `home`. Any loop.
template <wire::RequestCode C>
void ask(const remoting::SessionRef& session, env::Loop& home, const typename wire::RequestInfo<C>::Request& header, std::string body,
         int64_t timeout_ms, std::function<void(Said)> done) {
  auto finish = [&home, done = std::move(done)](Said said) {
    (void)home.post([done, said = std::move(said)]() mutable { done(std::move(said)); });
  };
  const bool posted = session->loop().post([session, header, body = std::move(body), timeout_ms, finish] {
    session->call(
        [&](ByteBuffer& out, int32_t opaque) {
          wire::encode_frame(out, {.code = wire::RequestInfo<C>::code, .opaque = opaque}, header, as_bytes(body));
        },
        timeout_ms,
        [finish](Result<const wire::Frame*> answer) {
          Said said;
          if (answer) {
            const wire::Frame& f = **answer;
            said = {true, false, f.code, std::string(f.remark), f.remark.data() != nullptr, std::string(as_text(f.body))};
          } else {
            said.timed_out = answer.error().code() == Errc::kTimeout;
            said.remark = answer.error().message();
          }
          finish(std::move(said));
        });
  });
  if (!posted) finish({.remark = "the io loop's queue is full"});
}

}  // namespace mq::broker
