// The store over files that something damaged (damaged_store.h). Whatever was done to them, the store starts, never reads
// beyond a file, gives whole records, takes a message and starts again.
#include <set>

#include "damaged_store.h"

extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }   // as in a crash, nothing is destroyed

namespace {

using namespace mq;
using namespace mq::store;

void start_and_use(env::SimWorld& world, bool with_ext) {
  env::Env& env = world.machine("broker").env();
  MessageStoreConfig config;
  fuzz::configure(config);
  config.enableConsumeQueueExt.set(with_ext);
  const fuzz::SomeBits bits;
  std::map<std::pair<std::string, int32_t>, int64_t> ends;
  for (int life = 0; life < 2; ++life) {
    Store store(env, config, {.filter_bits = &bits});
    const auto started = store.start();
    MQ_CHECK(started);
    fuzz::read_all(store);
    if (life == 0) {
      const AppendItem item = fuzz::append(env, store, "A", 0, "after");
      MQ_CHECK(item.status == PutStatus::kPutOk);
      ReadResult r;
      store.read(item.queue.get(), {.offset = item.queue_offset, .may_wait = true}, r);
      MQ_CHECK(r.message_count == 1 && decode_record(r.slices[0].bytes, RecordCheck::kLengthsAndCrc));
    }
    store.stop();
    for (const auto& [topic, id] : store.queues()) {
      const int64_t max = store.max_offset(*store.find_queue(topic, id)).index;
      if (life == 0) ends[{topic, id}] = max;
      else MQ_CHECK((ends[{topic, id}] == max));
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Input input(data, size);
  const fuzz::Files files = fuzz::damaged_store(input);
  for (const bool with_ext : {false, true}) {
    env::SimWorld world(7);
    fuzz::put(world.machine("broker").env().fs(), files);
    start_and_use(world, with_ext);
  }
  return 0;
}
