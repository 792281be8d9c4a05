// storeCheck over files that something damaged (damaged_store.h): looking changes nothing, a repair that says it has repaired all leaves
// nothing to be found, the store starts over what is left; each file can be dumped.
#include "damaged_store.h"
#include "store/check/store_check.h"

extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }   // as in a crash, nothing is destroyed

namespace {

using namespace mq;
using namespace mq::store;

fuzz::Files files_of(env::FileSystem& fs) {
  fuzz::Files files;
  fuzz::collect(fs, fuzz::kStoreRoot, files);
  return files;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const fuzz::Files files = fuzz::damaged_store(input);
  env::SimWorld world(7);
  env::Env& env = world.machine("broker").env();
  fuzz::put(env.fs(), files);
  for (const auto& [path, content] : files) (void)dump_store_file(env.fs(), path, 0, 100);
  const fuzz::Files before = files_of(env.fs());
  CheckOptions options{.root = fuzz::kStoreRoot, .index_slots = 7, .index_entries = 12};
  const auto found = check_store(env, options);
  MQ_CHECK(files_of(env.fs()) == before);
  if (!found) return 0;   // no store at all
  (void)found->to_text();
  (void)found->to_json();
  options.repair = true;
  const auto repaired = check_store(env, options);
  MQ_CHECK(repaired);
  options.repair = false;
  const auto after = check_store(env, options);
  MQ_CHECK(after);
  MQ_CHECK(repaired->damaged() || !after->damaged());
  MessageStoreConfig config;
  fuzz::configure(config);
  Store store(env, config, {});
  const auto started = store.start();
  MQ_CHECK(started);
  fuzz::read_all(store);
  store.stop();
  return 0;
}
