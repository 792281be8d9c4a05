// Who mqadmin is towards servers with access control. Source: spec mqadmin 1.6.
#pragma once

#include <string>

#include "env/file.h"
#include "wire/signature.h"

namespace mq::admin {

/// ROCKETMQ_ACCESS_KEY with ROCKETMQ_SECRET_KEY of the environment (ours), else accessKey and secretKey of `rocketmq_home`/conf/tools.yml.
/// None of them, or a blank key: empty, requests go unsigned. Errors: kCorrupt naming the file.
Result<wire::Credentials> find_credentials(env::FileSystem& fs, const std::string& rocketmq_home);

}  // namespace mq::admin
