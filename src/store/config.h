// MessageStoreConfig: the options of the store, spelt as RocketMQ spells them (spec storage 4.1).
#pragma once

#include "base/options.h"

namespace mq::store {

/// Created once by main() or a test, before the store; read by all threads.
struct MessageStoreConfig : ConfigGroup {
#define MQ_STORE_OPTION(type_, name_, value_, ...) Option<type_> name_{this, value_, {.name = #name_, __VA_ARGS__}}
  MQ_STORE_OPTION(std::string, storePathRootDir, "", .doc = "Folder of everything the store keeps.", .important = true);
  MQ_STORE_OPTION(std::string, storePathCommitLog, "", .doc = "Folder of the CommitLog; empty: commitlog below the root.", .important = true);
  MQ_STORE_OPTION(int32_t, mappedFileSizeCommitLog, 1 << 30, .doc = "Size of one CommitLog file.", .unit = "bytes", .alias = "mapedFileSizeCommitLog");
  MQ_STORE_OPTION(int32_t, mappedFileSizeConsumeQueue, 300000 * 20, .doc = "Size of one ConsumeQueue file.", .unit = "bytes", .alias = "mapedFileSizeConsumeQueue");
  MQ_STORE_OPTION(std::string, flushDiskType, "ASYNC_FLUSH", .doc = "When a send is answered: after memory or after disk.", .important = true, .allowed = "SYNC_FLUSH|ASYNC_FLUSH");
  MQ_STORE_OPTION(int32_t, maxMessageSize, 4 << 20, .doc = "Largest body of a message.", .unit = "bytes", .reload = Reload::kLive);
  MQ_STORE_OPTION(int32_t, fileReservedTime, 72, .doc = "Age from which a CommitLog file is deleted.", .unit = "h", .reload = Reload::kLive, .important = true);
  // The store's author adds the rest of spec storage 4.1 here, row by row.
#undef MQ_STORE_OPTION
};

}  // namespace mq::store
