#include "remoting/reach.h"

#include <chrono>
#include <future>

#include "remoting/unheard.h"

namespace mq::remoting {

Result<Reached> try_connect(env::Env& env, env::Loop& loop, const env::Endpoint& to, int64_t timeout_ms) {
  const auto said = std::make_shared<std::promise<Result<Reached>>>();
  std::future<Result<Reached>> answer = said->get_future();
  env.run_on(loop, [&] {
    loop.net().connect(to, timeout_ms, [said](Result<env::Connection*> c) {
      if (!c) return said->set_value(fail(std::move(c).error()));
      const Reached reached{.same_machine = (*c)->local().host == (*c)->peer().host};
      Unheard::turn_away(**c);
      said->set_value(reached);
    });
  });
  if (answer.wait_for(std::chrono::milliseconds(2 * timeout_ms)) != std::future_status::ready) {
    return fail(Errc::kTimeout, "the loop " + loop.name() + " does not answer");
  }
  return answer.get();
}

}  // namespace mq::remoting
