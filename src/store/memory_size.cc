#include "store/memory_size.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace mq::store {
namespace {

int64_t cgroup_limit(const char* path) noexcept {
  std::FILE* f = std::fopen(path, "re");
  if (!f) return INT64_MAX;
  long long limit = 0;
  const bool ok = std::fscanf(f, "%lld", &limit) == 1 && limit > 0;   // "max" is no number
  std::fclose(f);
  return ok ? limit : INT64_MAX;
}

}  // namespace

int64_t memory_size() noexcept {
  const int64_t machine = int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
  return std::min({machine, cgroup_limit("/sys/fs/cgroup/memory.max"),
                   cgroup_limit("/sys/fs/cgroup/memory/memory.limit_in_bytes")});
}

}  // namespace mq::store
