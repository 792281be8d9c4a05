// The store over files that something damaged: the input is a list of changes to a small healthy store. Whatever was
// done to them, the store starts, never reads beyond a file, gives whole records, takes a message and starts again.
//
//   change := file index (1 byte), kind (1 byte), position (4 bytes), then the bytes of a write: count (1 byte), bytes
#include <map>
#include <set>

#include "base/log.h"
#include "env/sim.h"
#include "fuzz.h"
#include "msg/record.h"
#include "store/store.h"

extern "C" const char* __asan_default_options() { return "detect_leaks=0"; }   // as in a crash, nothing is destroyed

namespace {

using namespace mq;
using namespace mq::store;

constexpr const char* kRoot = "/data/store";
using Files = std::map<std::string, std::string>;

void configure(MessageStoreConfig& config) {
  config.storePathRootDir.set(kRoot);
  config.mappedFileSizeCommitLog.set(4 << 10);
  config.mappedFileSizeConsumeQueue.set(20 * 8);
  config.maxHashSlotNum.set(7);
  config.maxIndexNum.set(12);
}

/// Appends one message; its status.
AppendItem append(env::Env& env, Store& store, std::string_view topic, int32_t queue_id, std::string_view body) {
  AppendBatch batch;
  AppendItem item{.queue = store.queue(topic, queue_id)};
  item.size = encode_record({.topic = topic, .queueId = queue_id, .bornTimestamp = env.clock().now_ms(), .bornHost = *Host::parse("10.0.0.9", 4000),
                             .storeHost = *Host::parse("10.0.0.1", 10911), .body = as_bytes(body), .properties = "KEYS\x01k\x02UNIQ_KEY\x01u\x02"},
                            batch.bytes).value();
  batch.items.push_back(item);
  store.append(batch);
  return batch.items[0];
}

void collect(env::FileSystem& fs, const std::string& dir, Files& out) {
  const auto entries = fs.list(dir);
  MQ_CHECK(entries);
  for (const auto& e : *entries) {
    if (e.is_dir) collect(fs, dir + "/" + e.name, out);
    else out[dir + "/" + e.name] = env::read_file(fs, dir + "/" + e.name).value();
  }
}

/// What a few messages on two topics leave, stopped in order, once.
const Files& healthy() {
  static const Files files = [] {
    start_logging({.level = LogLevel::kOff});
    env::SimWorld world(1);
    env::Env& env = world.machine("broker").env();
    MessageStoreConfig config;
    configure(config);
    Store store(env, config, {});
    MQ_CHECK(store.start());
    for (int i = 0; i < 40; ++i) {
      append(env, store, i % 3 ? "A" : "LongerTopic", i % 2, "body" + std::to_string(i));
      world.run_for(700);
    }
    store.stop();
    Files found;
    collect(env.fs(), kRoot, found);
    found[std::string(kRoot) + "/abort"] = "1";
    return found;
  }();
  return files;
}

Files damaged(fuzz::Input& input) {
  Files files = healthy();
  std::vector<std::string> names;
  for (const auto& [name, content] : files) names.push_back(name);
  while (!input.empty()) {
    const std::string& name = names[input.number<uint8_t>() % names.size()];
    const auto kind = input.number<uint8_t>();
    std::string& content = files[name];
    const size_t at = input.number<uint32_t>() % (content.size() + 1);
    switch (kind % 6) {
      case 0: {
        const std::string_view bytes = input.take(input.number<uint8_t>());
        content.replace(at, bytes.size(), bytes);
        break;
      }
      case 1: content.resize(at); break;
      case 2: files.erase(name); break;
      case 3: std::fill(content.begin() + static_cast<int64_t>(at), content.end(), '\0'); break;
      case 4: content = files[names[at % names.size()]]; break;
      default: files[name.substr(0, name.rfind('/') + 1) + std::string(input.line())] = content;
    }
  }
  return files;
}

void put(env::FileSystem& fs, const Files& files) {
  for (const auto& [name, content] : files) {
    MQ_CHECK(fs.make_dirs(name.substr(0, name.rfind('/'))));
    auto file = fs.open(name, env::Open::kCreate);
    if (!file) continue;   // a name with a slash at its end, or of a folder
    MQ_CHECK((*file)->write(0, as_bytes(content)));
  }
}

/// Every message that reading gives is a whole record of its topic.
void read_all(const Store& store) {
  for (const auto& [topic, id] : store.queues()) {
    const QueueRef queue = store.find_queue(topic, id);
    MQ_CHECK(queue);
    const int64_t min = store.min_offset(*queue).index, max = store.max_offset(*queue).index;
    MQ_CHECK(min <= max);
    (void)store.offset_by_time(*queue, 0, Boundary::kLower);
    (void)store.earliest_store_time(*queue);
    for (int64_t at = min, rounds = 0; at < max && rounds < 200; ++rounds) {
      ReadResult r;
      store.read(queue.get(), {.offset = {at}, .may_wait = true}, r);
      if (r.next.index <= at) break;
      at = r.next.index;
    }
    (void)store.query(topic, "k", 32, 0, INT64_MAX);
  }
}

void start_and_use(env::SimWorld& world) {
  env::Env& env = world.machine("broker").env();
  MessageStoreConfig config;
  configure(config);
  std::map<std::pair<std::string, int32_t>, int64_t> ends;
  for (int life = 0; life < 2; ++life) {
    Store store(env, config, {});
    const auto started = store.start();
    MQ_CHECK(started);
    read_all(store);
    if (life == 0) {
      const AppendItem item = append(env, store, "A", 0, "after");
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
  const Files files = damaged(input);
  env::SimWorld world(7);
  put(world.machine("broker").env().fs(), files);
  start_and_use(world);
  return 0;
}
