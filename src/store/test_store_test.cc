#include "store/test_store.h"

#include "base/log.h"
#include "msg/properties.h"
#include "store/format/segment_name.h"

namespace mq::store {

TestStore::TestStore(uint64_t seed, bool sync_flush) : world_(seed), machine_(world_.machine("broker")) {
  start_logging({.level = LogLevel::kOff});   // damage makes many complaints
  config_.storePathRootDir.set(kRoot);
  config_.mappedFileSizeCommitLog.set(static_cast<int32_t>(kLogFile));
  config_.mappedFileSizeConsumeQueue.set(static_cast<int32_t>(kQueueFile));
  config_.maxHashSlotNum.set(11);
  config_.maxIndexNum.set(20);
  config_.flushDiskType.set(sync_flush ? "SYNC_FLUSH" : "ASYNC_FLUSH");
}

TestStore::~TestStore() { crash(); }

Result<> TestStore::start() {
  store_ = std::make_unique<Store>(machine_.env(), config_, hooks);
  return store_->start();
}

void TestStore::stop() {
  store_->stop();
  store_.reset();
}

void TestStore::crash(env::Crash how) {
  if (machine_.alive()) machine_.crash(how);
  store_.reset();
}

AppendItem TestStore::try_append(const std::string& topic, int32_t queue_id, std::string_view key) {
  const std::string body = "message " + std::to_string(next_++);
  std::string properties = "TAGS\x01" "a\x02";
  if (!key.empty()) properties += "KEYS\x01" + std::string(key) + "\x02";
  AppendBatch batch;
  AppendItem item{.queue = store_->queue(topic, queue_id), .tagsCode = tags_code("a")};
  item.size = encode_record({.topic = topic, .queueId = queue_id, .bornTimestamp = machine_.env().clock().now_ms(), .bornHost = *Host::parse("10.0.0.9", 4000),
                             .storeHost = *Host::parse("10.0.0.1", 10911), .body = as_bytes(body), .properties = properties}, batch.bytes).value();
  batch.items.push_back(item);
  store_->append(batch);
  if (batch.items[0].status == PutStatus::kPutOk) bodies_[{topic, queue_id}].push_back(body);
  return batch.items[0];
}

void TestStore::append(const std::string& topic, int32_t queue_id, int count) {
  for (int i = 0; i < count; ++i) ASSERT_EQ(try_append(topic, queue_id).status, PutStatus::kPutOk) << store_->stats().why_not_writable;
}

std::optional<PutStatus> TestStore::when_durable(PhyOffset end, int64_t limit_ms) {
  std::optional<PutStatus> told;
  env::Loop& loop = machine_.env().start_loop("waiter");
  store_->when_durable(end, loop, [&](PutStatus status) { told = status; });
  world_.run_until([&] { return told.has_value(); }, limit_ms);
  machine_.env().stop_loop(loop);
  return told;
}

size_t TestStore::found(const std::string& topic, const std::string& key) const {
  return store_->query(topic, key, 64, 0, INT64_MAX).value().records.size();
}

void TestStore::expect_all(const char* when) {
  SCOPED_TRACE(when);
  for (const auto& [key, bodies] : bodies_) {
    const auto& [topic, queue_id] = key;
    const QueueRef q = store_->find_queue(topic, queue_id);
    ASSERT_TRUE(q) << topic << "-" << queue_id;
    ASSERT_EQ(store_->max_offset(*q).index, static_cast<int64_t>(bodies.size())) << topic << "-" << queue_id;
    for (size_t i = 0; i < bodies.size(); ++i) {
      const auto entry = store_->entry_at(*q, {static_cast<int64_t>(i)});
      ASSERT_TRUE(entry) << topic << "-" << queue_id << " offset " << i << ": " << entry.error().message();
      EXPECT_EQ(entry->tagsCode, tags_code("a"));
      const auto bytes = store_->record_at(entry->phy);
      ASSERT_TRUE(bytes) << bytes.error().message();
      const auto record = decode_record(bytes->bytes, RecordCheck::kLengthsAndCrc);
      ASSERT_TRUE(record) << record.error().message();
      EXPECT_EQ(as_text(record->m.body), bodies[i]) << topic << "-" << queue_id << " offset " << i;
      EXPECT_EQ(record->m.queueOffset, static_cast<int64_t>(i));
    }
  }
}

void TestStore::expect_restart(const char* when) {
  SCOPED_TRACE(when);
  const auto started = start();
  ASSERT_TRUE(started) << started.error().message();
  expect_all("after the start");
  auto queues = bodies_;
  for (const auto& [key, bodies] : queues) append(key.first, key.second);
  expect_all("after one more message");
}

std::string TestStore::log_file(int n) { return "commitlog/" + segment_name(n * kLogFile); }

std::string TestStore::queue_file(const std::string& topic, int32_t queue_id, int n) {
  return "consumequeue/" + topic + "/" + std::to_string(queue_id) + "/" + segment_name(n * kQueueFile);
}

void TestStore::write(const std::string& name, int64_t at, std::string_view bytes) {
  auto file = fs().open(path(name), env::Open::kReadWrite);
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_TRUE((*file)->write(at, as_bytes(bytes)));
}

void TestStore::make(const std::string& name, std::string_view bytes) {
  ASSERT_TRUE(fs().make_dirs(path(name).substr(0, path(name).rfind('/'))));
  auto file = fs().open(path(name), env::Open::kCreate);
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_TRUE((*file)->write(0, as_bytes(bytes)));
}

void TestStore::truncate(const std::string& name, int64_t size) {
  auto file = fs().open(path(name), env::Open::kReadWrite);
  ASSERT_TRUE(file) << file.error().message();
  ASSERT_TRUE((*file)->truncate(size));
}

void TestStore::remove_all(const std::string& dir) {
  const auto entries = fs().list(path(dir)).value();
  for (const auto& e : entries) {
    if (e.is_dir) {
      remove_all(dir + "/" + e.name);
    } else {
      ASSERT_TRUE(fs().remove(path(dir + "/" + e.name)));
    }
  }
  ASSERT_TRUE(fs().remove_dir(path(dir)));
}

std::vector<std::string> TestStore::names(const std::string& prefix) {
  std::vector<std::string> found;
  const auto entries = fs().list(kRoot).value();
  for (const auto& e : entries) {
    if (e.name.starts_with(prefix)) found.push_back(e.name);
  }
  return found;
}

}  // namespace mq::store
