// Files of a small store as something damaged them: the input is a list of changes to a healthy store.
//
//   change := file index (1 byte), kind (1 byte), position (4 bytes), then the bytes of a write: count (1 byte), bytes
#pragma once

#include <map>

#include "base/log.h"
#include "env/sim.h"
#include "fuzz.h"
#include "msg/record.h"
#include "store/store.h"

namespace mq::fuzz {

inline constexpr const char* kStoreRoot = "/data/store";
using Files = std::map<std::string, std::string>;

inline void configure(store::MessageStoreConfig& config) {
  config.storePathRootDir.set(kStoreRoot);
  config.mappedFileSizeCommitLog.set(4 << 10);
  config.mappedFileSizeConsumeQueue.set(20 * 8);
  config.mappedFileSizeConsumeQueueExt.set(200);
  config.maxHashSlotNum.set(7);
  config.maxIndexNum.set(12);
}

/// Bit maps for one of the topics, so that there are units with and without.
class SomeBits final : public store::FilterBits {
 public:
  uint64_t version() const noexcept override { return 0; }
  size_t append(std::string_view topic, std::string_view, ByteBuffer& out) const noexcept override {
    if (topic != "A") return 0;
    out.append(std::string_view("bits"));
    return 4;
  }
};

/// Appends one message; its status.
inline store::AppendItem append(env::Env& env, store::Store& store, std::string_view topic, int32_t queue_id, std::string_view body) {
  store::AppendBatch batch;
  store::AppendItem item{.queue = store.queue(topic, queue_id)};
  item.size = encode_record({.topic = topic, .queueId = queue_id, .bornTimestamp = env.clock().now_ms(), .bornHost = *Host::parse("10.0.0.9", 4000),
                             .storeHost = *Host::parse("10.0.0.1", 10911), .body = as_bytes(body), .properties = "KEYS\x01k\x02UNIQ_KEY\x01u\x02"},
                            batch.bytes).value();
  batch.items.push_back(item);
  store.append(batch);
  return batch.items[0];
}

inline void collect(env::FileSystem& fs, const std::string& dir, Files& out) {
  const auto entries = fs.list(dir);
  MQ_CHECK(entries);
  for (const auto& e : *entries) {
    if (e.is_dir) collect(fs, dir + "/" + e.name, out);
    else out[dir + "/" + e.name] = env::read_file(fs, dir + "/" + e.name).value();
  }
}

/// What a few messages on two topics leave, stopped in order, once.
inline const Files& healthy_store() {
  static const Files files = [] {
    start_logging({.level = LogLevel::kOff});
    env::SimWorld world(1);
    env::Env& env = world.machine("broker").env();
    store::MessageStoreConfig config;
    configure(config);
    config.enableConsumeQueueExt.set(true);
    const SomeBits bits;
    store::Store store(env, config, {.filter_bits = &bits});
    MQ_CHECK(store.start());
    for (int i = 0; i < 40; ++i) {
      append(env, store, i % 3 ? "A" : "LongerTopic", i % 2, "body" + std::to_string(i));
      world.run_for(700);
    }
    store.stop();
    Files found;
    collect(env.fs(), kStoreRoot, found);
    found[std::string(kStoreRoot) + "/abort"] = "1";
    return found;
  }();
  return files;
}

inline Files damaged_store(Input& input) {
  Files files = healthy_store();
  std::vector<std::string> names;
  for (const auto& [name, content] : files) names.push_back(name);
  // The corpus counts them in this order: those of ConsumeQueueExt came later.
  std::stable_partition(names.begin(), names.end(), [](const std::string& name) { return name.find("consumequeue_ext") == std::string::npos; });
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

inline void put(env::FileSystem& fs, const Files& files) {
  for (const auto& [name, content] : files) {
    MQ_CHECK(fs.make_dirs(name.substr(0, name.rfind('/'))));
    auto file = fs.open(name, env::Open::kCreate);
    if (!file) continue;   // a name with a slash at its end, or of a folder
    MQ_CHECK((*file)->write(0, as_bytes(content)));
  }
}

/// Every message that reading gives is a whole record of its topic.
inline void read_all(const store::Store& store) {
  for (const auto& [topic, id] : store.queues()) {
    const store::QueueRef queue = store.find_queue(topic, id);
    MQ_CHECK(queue);
    const int64_t min = store.min_offset(*queue).index, max = store.max_offset(*queue).index;
    MQ_CHECK(min <= max);
    (void)store.offset_by_time(*queue, 0, store::Boundary::kLower);
    (void)store.earliest_store_time(*queue);
    for (int64_t at = min, rounds = 0; at < max && rounds < 200; ++rounds) {
      store::ReadResult r;
      store.read(queue.get(), {.offset = {at}, .may_wait = true}, r);
      (void)store.entry_at(*queue, {at});   // through its ConsumeQueueExt unit
      if (r.next.index <= at) break;
      at = r.next.index;
    }
    (void)store.query(topic, "k", 32, 0, INT64_MAX);
  }
}

}  // namespace mq::fuzz
