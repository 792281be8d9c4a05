// The real file system behind env::FileSystem.
#pragma once

#include <memory>

#include "env/file.h"

namespace mq::env {

/// Stateless but for the table of locks this process holds; any thread.
std::unique_ptr<FileSystem> make_posix_file_system();

Result<std::unique_ptr<File>> open_posix_file(const std::string& path, Open mode);

}  // namespace mq::env
