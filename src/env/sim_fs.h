// The file system as one simulated process sees it: SimDisk behind checks of life, faults and planned crashes.
#pragma once

#include "env/file.h"
#include "env/sim_disk.h"

namespace mq::env {

class SimProcess;

class SimFs final : public FileSystem {
 public:
  explicit SimFs(SimProcess& process) : process_(process) {}

  Result<std::unique_ptr<File>> open(const std::string& path, Open mode) override;
  Result<std::vector<DirEntry>> list(const std::string& dir) override;
  Result<DirEntry> stat(const std::string& path) override;
  bool exists(const std::string& path) override;
  Result<> make_dirs(const std::string& dir) override;
  Result<> remove(const std::string& path) override;
  Result<> remove_dir(const std::string& dir) override;
  Result<> rename(const std::string& from, const std::string& to) override;
  Result<> sync_dir(const std::string& dir) override;
  Result<DiskUsage> disk_usage(const std::string& path) override;
  Result<std::unique_ptr<FileLock>> lock(const std::string& path) override;

 private:
  SimProcess& process_;
};

}  // namespace mq::env
