#include "base/no_effect.h"

#include <array>

namespace mq {

namespace {

struct Rule {
  std::string_view part;   // found anywhere in the key; the first rule that fits counts
  std::string_view why;
};

constexpr std::string_view kPools = "there are no thread pools and no queues before them: each request runs to completion on the loop of its connection";
constexpr std::string_view kSockets = "there is no Netty: sockets and buffers are sized by the kernel and the loops";
constexpr std::string_view kRocks = "there is no RocksDB: queues and tables are kept in RocketMQ's own files";
constexpr std::string_view kMemory = "messages are written with write() and read through the page cache, so the JVM's buffers have no counterpart";
constexpr std::string_view kRaft = "DLedger is not served";
constexpr std::string_view kExporter = "metrics are served in Prometheus text at httpPort, to whoever asks";
constexpr std::string_view kRemoved = "newer releases of RocketMQ have no use for it either";
constexpr std::string_view kAuthCache = "users and policies are in memory, and each request is checked by itself";
constexpr std::string_view kFilterServer = "filter servers were removed from RocketMQ 5";

constexpr std::array kRules{
        Rule{"rocksdb", kRocks}, Rule{"RocksDB", kRocks}, Rule{"RocksDb", kRocks}, Rule{"Rocksdb", kRocks}, Rule{"rocksDB", kRocks}, Rule{"combineCQ", kRocks},
    Rule{"combineAssign", kRocks}, Rule{"bottomMostCompression", kRocks}, Rule{"storeType", kRocks},
    Rule{"DLeger", kRaft}, Rule{"dLeger", kRaft}, Rule{"DLedger", kRaft}, Rule{"preferredLeader", kRaft},
    Rule{"ThreadPool", kPools}, Rule{"ThreadNum", kPools}, Rule{"WorkerThreads", kPools}, Rule{"ExecutorThreads", kPools}, Rule{"SelectorThreads", kPools},
    Rule{"QueueCapacity", kPools}, Rule{"waitTimeMillsIn", kPools}, Rule{"FastFailure", kPools}, Rule{"Semaphore", kPools}, Rule{"CallbackExecutor", kPools},
    Rule{"Socket", kSockets}, Rule{"WaterMark", kSockets}, Rule{"Netty", kSockets}, Rule{"Pooled", kSockets}, Rule{"Epoll", kSockets}, Rule{"socksProxy", kSockets},
    Rule{"transientStorePool", kMemory}, Rule{"TransientStore", kMemory}, Rule{"warmMapedFile", kMemory}, Rule{"warmMappedFile", kMemory}, Rule{"commitCommitLog", kMemory},
    Rule{"commitIntervalCommitLog", kMemory}, Rule{"Lock", kMemory}, Rule{"WithoutMmap", kMemory}, Rule{"MemoryFile", kMemory}, Rule{"TransferByHeap", kMemory},
    Rule{"Heap", kMemory}, Rule{"fastFailIfNoBuffer", kMemory}, Rule{"ByteBuffer", kMemory}, Rule{"LeastPages", kMemory},
    Rule{"metricsGrpc", kExporter}, Rule{"metricGrpc", kExporter}, Rule{"metricLogging", kExporter}, Rule{"metricsInDelta", kExporter}, Rule{"metricsPromExporter", kExporter},
    Rule{"metricsExporter", kExporter}, Rule{"Metrics", kExporter}, Rule{"metricsOtel", kExporter}, Rule{"metricsLabel", kExporter},
    Rule{"commercial", kRemoved}, Rule{"maxDelayTime", kRemoved}, Rule{"filterServer", kFilterServer},
    Rule{"userCache", kAuthCache}, Rule{"aclCache", kAuthCache}, Rule{"stateful", kAuthCache}, Rule{"authenticationStrategy", kAuthCache}, Rule{"authorizationStrategy", kAuthCache},
};

}  // namespace

std::string_view why_no_effect(std::string_view key) noexcept {
  for (const Rule& rule : kRules) {
    if (key.find(rule.part) != std::string_view::npos) return rule.why;
  }
  return "what it tunes is done differently here, or the feature is not served";
}

}  // namespace mq
