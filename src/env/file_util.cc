// Whole small files: configuration, JSON tables, the checkpoint.
#include "env/file.h"

namespace mq::env {

std::string free_name(FileSystem& fs, const std::string& path) {
  std::string name = path;
  for (int n = 1; fs.exists(name); ++n) name = path + "." + std::to_string(n);
  return name;
}

Result<std::string> read_file(FileSystem& fs, const std::string& path, int64_t limit_bytes) {
  MQ_TRY(const auto file, fs.open(path, Open::kRead));
  MQ_TRY(const int64_t size, file->size());
  if (size > limit_bytes) {
    return fail(Errc::kTooLarge, std::to_string(size) + " bytes, at most " + std::to_string(limit_bytes)).at(path);
  }
  std::string text(static_cast<size_t>(size), '\0');
  MQ_TRY_VOID(file->read(0, {reinterpret_cast<std::byte*>(text.data()), text.size()}));
  return text;
}

static Result<> write_whole(FileSystem& fs, const std::string& path, std::string_view content, Open how) {
  MQ_TRY(const auto file, fs.open(path, how));
  MQ_TRY_VOID(file->truncate(0));
  MQ_TRY_VOID(file->write(0, as_bytes(content)));
  return file->sync();
}

Result<> replace_file(FileSystem& fs, const std::string& path, std::string_view content, bool keep_bak, Open how) {
  const size_t slash = path.rfind('/');
  const std::string dir = slash == std::string::npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
  const std::string tmp = path + ".tmp";
  if (!fs.exists(dir)) MQ_TRY_VOID(fs.make_dirs(dir));
  MQ_TRY_VOID(write_whole(fs, tmp, content, how));
  // Between the two renames only PATH.bak is there; readers of such files fall back to it, as Java's do.
  if (keep_bak && fs.exists(path)) MQ_TRY_VOID(fs.rename(path, path + ".bak"));
  MQ_TRY_VOID(fs.rename(tmp, path));
  return fs.sync_dir(dir);
}

}  // namespace mq::env
