#include "remoting/reach.h"

#include <chrono>
#include <future>

namespace mq::remoting {

namespace {

/// For a connection that is only tried.
class Unheard final : public env::ConnectionHandler {
 public:
  size_t on_data(env::Connection&, ByteView bytes) noexcept override { return bytes.size(); }
  void on_close(env::Connection&, const Error&) noexcept override {}
  static Unheard& instance() {
    static Unheard handler;
    return handler;
  }
};

}  // namespace

Result<Reached> try_connect(env::Env& env, env::Loop& loop, const env::Endpoint& to, int64_t timeout_ms) {
  const auto said = std::make_shared<std::promise<Result<Reached>>>();
  std::future<Result<Reached>> answer = said->get_future();
  env.run_on(loop, [&] {
    loop.net().connect(to, timeout_ms, [said](Result<env::Connection*> c) {
      if (!c) return said->set_value(fail(std::move(c).error()));
      (*c)->set_handler(&Unheard::instance());
      const Reached reached{.same_machine = (*c)->local().host == (*c)->peer().host};
      (*c)->close(true);
      said->set_value(reached);
    });
  });
  if (answer.wait_for(std::chrono::milliseconds(2 * timeout_ms)) != std::future_status::ready) {
    return fail(Errc::kTimeout, "the loop " + loop.name() + " does not answer");
  }
  return answer.get();
}

}  // namespace mq::remoting
