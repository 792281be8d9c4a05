#include "store/mapped_file.h"

#include "store/format/segment_name.h"

namespace mq::store {

Result<std::shared_ptr<MappedFile>> MappedFile::map(std::unique_ptr<env::File> file, int64_t base, int64_t size) {
  MQ_TRY(auto mapping, file->map(size, false));
  return std::shared_ptr<MappedFile>(new MappedFile(base, size, std::move(file), std::move(mapping)));
}

Result<std::shared_ptr<MappedFile>> MappedFile::open(env::FileSystem& fs, const std::string& dir, int64_t base, int64_t size, env::Open mode) {
  MQ_TRY(auto file, fs.open(dir + "/" + segment_name(base), mode));
  MQ_TRY(const int64_t found, file->size());
  if (found < size) {
    return fail(Errc::kCorrupt, std::to_string(found) + " bytes instead of " + std::to_string(size)).at(file->path());
  }
  return map(std::move(file), base, size);
}

Result<std::shared_ptr<MappedFile>> MappedFile::create(env::FileSystem& fs, const std::string& dir, int64_t base, int64_t size) {
  MQ_TRY(auto file, fs.open(dir + "/" + segment_name(base), env::Open::kCreate));
  MQ_TRY_VOID(file->truncate(size));
  return map(std::move(file), base, size);
}

}  // namespace mq::store
