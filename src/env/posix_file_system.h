// The real file system behind env::FileSystem.
#pragma once

#include <memory>

#include "env/file.h"

namespace mq::env {

/// Stateless but for the table of locks this process holds; any thread.
std::unique_ptr<FileSystem> make_posix_file_system();

Result<std::unique_ptr<File>> open_posix_file(const std::string& path, Open mode);

/// Whether a file system (statfs f_type) has large pages in the cache for what is written, with the kernel of that release (uname): ext4 since
/// Linux 6.16, XFS since 6.6.
bool has_large_pages(int64_t file_system, const std::string& release) noexcept;

}  // namespace mq::env
