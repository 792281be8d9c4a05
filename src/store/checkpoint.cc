#include "store/checkpoint.h"

#include <zlib.h>

#include <algorithm>
#include <array>

#include "base/log.h"

namespace mq::store {
namespace {

Logger log("store");

constexpr size_t kFileBytes = 4096;
constexpr size_t kOursAt = 1024;
constexpr size_t kOursBytes = 48;
constexpr int64_t kMagic = 0x4D65726C696E4D51;   // "MerlinMQ"
constexpr int64_t kJavaSlackMs = 3000;

using Page = std::array<std::byte, kFileBytes>;

int32_t crc_of_ours(const Page& page) noexcept {
  return static_cast<int32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(page.data() + kOursAt), kOursBytes));
}

Page encode(const CheckpointData& d) noexcept {
  Page page{};
  const auto put = [&](size_t at, int64_t v) { store_be(page.data() + at, v); };
  put(0, d.physicMsgTimestamp);
  put(8, d.logicsMsgTimestamp);
  put(16, d.indexMsgTimestamp);
  put(24, d.masterFlushedOffset);
  put(32, d.confirmPhyOffset);
  put(kOursAt, kMagic);
  put(kOursAt + 8, d.recoverFrom);
  put(kOursAt + 16, d.cleanEnd);
  std::memcpy(page.data() + kOursAt + 24, page.data(), 24);
  store_be(page.data() + kOursAt + kOursBytes, crc_of_ours(page));
  return page;
}

CheckpointData decode(const Page& page) noexcept {
  const auto get = [&](size_t at) { return load_be<int64_t>(page.data() + at); };
  CheckpointData d{get(0), get(8), get(16), get(24), get(32), -1, -1};
  const bool ours = get(kOursAt) == kMagic && load_be<int32_t>(page.data() + kOursAt + kOursBytes) == crc_of_ours(page);
  if (ours && std::memcmp(page.data() + kOursAt + 24, page.data(), 24) == 0) {
    d.recoverFrom = get(kOursAt + 8);
    d.cleanEnd = get(kOursAt + 16);
  }
  return d;
}

Result<> read_page(env::FileSystem& fs, const std::string& path, Page& page) {
  MQ_TRY(const auto file, fs.open(path, env::Open::kRead));
  MQ_TRY(const int64_t size, file->size());
  if (size != static_cast<int64_t>(kFileBytes)) return fail(Errc::kCorrupt, std::to_string(size) + " bytes instead of " + std::to_string(kFileBytes)).at(path);
  return file->read(0, page);
}

}  // namespace

int64_t CheckpointData::min_timestamp() const noexcept {
  return std::max<int64_t>(std::min(physicMsgTimestamp, logicsMsgTimestamp) - kJavaSlackMs, 0);
}

Result<CheckpointData> Checkpoint::read(env::FileSystem& fs, const std::string& path) {
  Page page{};
  MQ_TRY_VOID(read_page(fs, path, page));
  return decode(page);
}

Result<CheckpointData> Checkpoint::load() {
  Page page{};
  if (fs_.exists(path_)) {
    if (auto r = read_page(fs_, path_, page); !r) {
      const std::string aside = env::free_name(fs_, path_ + ".bad");
      log.warn("{}; it is kept as {} and made anew", r.error().message(), aside);
      MQ_TRY_VOID(fs_.rename(path_, aside));
      page = {};
    }
  }
  MQ_TRY(file_, fs_.open(path_, env::Open::kCreate));
  MQ_TRY_VOID(file_->truncate(kFileBytes));
  saved_ = decode(page);
  return saved_;
}

Result<> Checkpoint::save(const CheckpointData& data, bool durable) {
  if (data != saved_) {
    MQ_TRY_VOID(file_->write(0, encode(data)));
    saved_ = data;
    is_durable_ = false;
  }
  if (durable && !is_durable_) {
    MQ_TRY_VOID(file_->sync());
    is_durable_ = true;
  }
  return {};
}

}  // namespace mq::store
