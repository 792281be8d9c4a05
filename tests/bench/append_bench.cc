// What one log takes, on a disk: whole batches of records through Store::append, by one thread and by two at a time. Only one of them is in the
// append section: what an append costs is where more loops and cores no longer help.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "env/loop.h"
#include "msg/record.h"
#include "store/commit_log.h"
#include "store/store.h"

namespace mq::store {
namespace {

constexpr size_t kBody = 128, kProperties = 124;   // with a topic of 11 characters 354 bytes, what a Java producer's message of 128 takes

/// A store on the posix environment, in a folder of the working directory that goes away with it. Set up by the first thread of a benchmark.
class Log {
 public:
  Log() {
    config_.storePathRootDir.set(root_.string());
    env_ = env::make_posix_env();
    store_ = std::make_unique<Store>(*env_, config_, StoreHooks{});
    if (auto r = store_->start(); !r) throw std::runtime_error(r.error().message());
  }
  ~Log() {
    store_.reset();
    env_.reset();
    std::filesystem::remove_all(root_);
  }
  Store& store() { return *store_; }

 private:
  const std::filesystem::path root_ = std::filesystem::current_path() / ("append_bench_" + std::to_string(::getpid()));
  MessageStoreConfig config_;
  std::unique_ptr<env::Env> env_;
  std::unique_ptr<Store> store_;
};

std::unique_ptr<Log> shared_log;

AppendBatch batch_of(Store& store, size_t records) {
  AppendBatch batch;
  const std::string body(kBody, 'b'), properties(kProperties, 'p');
  for (size_t i = 0; i < records; ++i) {
    const std::string topic = "bench-" + std::to_string(10'000 + i % 64);
    const auto queue_id = static_cast<int32_t>(i / 64 % 8);
    AppendItem item{.offset = batch.bytes.size(), .queue = store.queue(topic, queue_id), .keys = 0};
    if (!encode_record({.topic = topic, .queueId = queue_id, .bornHost = *Host::parse("10.0.0.9", 4000), .storeHost = *Host::parse("10.0.0.1", 10911),
                        .body = as_bytes(body), .properties = properties}, batch.bytes)) {
      throw std::runtime_error("the record cannot be encoded");
    }
    item.size = batch.bytes.size() - item.offset;
    batch.items.push_back(std::move(item));
  }
  return batch;
}

/// Records a second of all threads together; CPU ns of a record.
void append(benchmark::State& state) {
  if (state.thread_index() == 0) shared_log = std::make_unique<Log>();
  AppendBatch batch;
  for (auto _ : state) {
    if (batch.empty()) batch = batch_of(shared_log->store(), static_cast<size_t>(state.range(0)));   // behind the threads' common start
    shared_log->store().append(batch);
    if (batch.items.front().status != PutStatus::kPutOk) state.SkipWithError("refused");
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  if (state.thread_index() == 0) shared_log.reset();
}
BENCHMARK(append)->Arg(1)->Arg(64)->Arg(512)->Threads(1)->Threads(2)->UseRealTime();

/// The first file of a log filled by turns of 17,000 bytes, what a loop writes at once at full load; CPU ns of a turn. 0: as it comes, 1: by
/// CommitLog::write, which makes the pieces of the cache large (the same again where the file system has no large pages).
void fill(benchmark::State& state) {
  constexpr int64_t kFile = 256 << 20, kTurn = 17'000;
  const std::filesystem::path root = std::filesystem::current_path() / ("append_bench_fill_" + std::to_string(::getpid()));
  const std::vector<std::byte> turn(kTurn, std::byte{'t'});
  const auto env = env::make_posix_env();
  std::unique_ptr<CommitLog> log;
  std::shared_ptr<MappedFile> file;
  int64_t at = kFile;
  for (auto _ : state) {
    if (at + kTurn + CommitLog::kFillerBytes > kFile) {
      state.PauseTiming();
      std::filesystem::remove_all(root);
      std::filesystem::create_directories(root);
      log = std::make_unique<CommitLog>(env->fs(), root.string(), kFile);
      log->set_end(0);
      if (!log->roll()) state.SkipWithError("no room");
      const auto files = log->files();
      file = files->back();
      at = 0;
      state.ResumeTiming();
    }
    if (!(state.range(0) ? log->write(turn) : file->file().write(at, turn))) state.SkipWithError("refused");
    at += kTurn;
  }
  state.SetBytesProcessed(state.iterations() * kTurn);
  std::filesystem::remove_all(root);
}
BENCHMARK(fill)->Arg(0)->Arg(1);

}  // namespace
}  // namespace mq::store
