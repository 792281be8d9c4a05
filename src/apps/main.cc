// One executable for all: it acts by the name it is called with (mqnamesrv, mqbroker, mqadmin) or by its first argument.
#include <fmt/core.h>

#include <string>
#include <string_view>
#include <vector>

#include "admin/command.h"
#include "apps/server_main.h"

namespace mq::apps {

int admin_main(const std::vector<std::string>& words) {
  const auto env = env::make_posix_env();
  return admin::run_mqadmin(*env, words);
}

}  // namespace mq::apps

int main(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  std::string_view name = argc > 0 ? argv[0] : "";
  name = name.substr(name.rfind('/') + 1);
  if (!name.starts_with("mq") && !words.empty()) {
    name = words.front() == "namesrv" ? "mqnamesrv" : words.front() == "broker" ? "mqbroker" : words.front() == "admin" ? "mqadmin" : "";
    if (!name.empty()) words.erase(words.begin());
  }
  if (name == "mqnamesrv") return mq::apps::namesrv_main(words);
  if (name == "mqbroker") return mq::apps::broker_main(words);
  if (name == "mqadmin") return mq::apps::admin_main(words);
  fmt::print("usage: merlinmq namesrv|broker|admin [options]\nThe links mqnamesrv, mqbroker and mqadmin do the same.\n");
  return 1;
}
