#include "admin/credentials.h"

#include <cstdlib>

#include "base/yaml.h"

namespace mq::admin {

Result<wire::Credentials> find_credentials(env::FileSystem& fs, const std::string& rocketmq_home) {
  const char* access = std::getenv("ROCKETMQ_ACCESS_KEY");
  const char* secret = std::getenv("ROCKETMQ_SECRET_KEY");
  if (access && *access && secret && *secret) return wire::Credentials{access, secret, {}};
  const std::string path = rocketmq_home + "/conf/tools.yml";
  constexpr int64_t kLimitBytes = 1 << 20;
  const auto text = env::read_file(fs, path, kLimitBytes);
  if (!text) return wire::Credentials{};
  const auto yaml = parse_yaml(*text);
  if (!yaml) return fail(yaml.error()).at(path);
  return wire::Credentials{(*yaml)["accessKey"].as_string(), (*yaml)["secretKey"].as_string(), {}};
}

}  // namespace mq::admin
