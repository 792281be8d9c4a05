#include "env/sim_fs.h"

#include <algorithm>
#include <vector>

#include "base/check.h"
#include "env/sim_machine.h"

namespace mq::env {

namespace {

Failure dead() { return fail(Errc::kIo, "the simulated process is dead"); }

/// Runs a changing operation on the disk of a live process, unless the machine is to die here; then it may have
/// happened or not, and the caller sees a failure like any later call.
template <class Apply>
Result<> change(SimProcess& process, Apply apply) {
  if (!process.alive()) return dead();
  SimMachineImpl& machine = process.machine();
  switch (machine.next_disk_op()) {
    case SimMachineImpl::Fate::kRun: return apply();
    case SimMachineImpl::Fate::kDieBefore: break;
    case SimMachineImpl::Fate::kDieAfter: (void)apply(); break;
  }
  machine.crash(machine.planned_crash());
  return dead();
}

bool fault_strikes(SimMachineImpl& machine, double chance, const std::string& path) {
  return chance > 0 && path.find(machine.faults().faulty_path) != std::string::npos && machine.rng().chance(chance);
}

class SimMapping final : public Mapping {
 public:
  SimMapping(std::shared_ptr<SimContent> content, int64_t size, SimProcess& process)
      : content_(std::move(content)), process_(process) {
    data_ = content_->data();
    size_ = static_cast<size_t>(size);
  }
  bool resident(size_t, size_t) const noexcept override {
    return !process_.machine().rng().chance(process_.machine().faults().cold_read);
  }
  SimContent& content() const noexcept { return *content_; }

 private:
  std::shared_ptr<SimContent> content_;
  SimProcess& process_;   // lives as long as the world
};

class SimFile final : public File {
 public:
  SimFile(std::string path, SimNodeRef node, bool writable, SimProcess& process)
      : path_(std::move(path)), node_(std::move(node)), writable_(writable), process_(process) {}

  const std::string& path() const noexcept override { return path_; }

  Result<int64_t> size() const override {
    if (!process_.alive()) return dead();
    return content().size();
  }

  Result<> read(int64_t offset, MutableByteView into) const override {
    if (!process_.alive()) return dead();
    if (offset < 0 || offset + static_cast<int64_t>(into.size()) > content().size()) {
      return fail(Errc::kCorrupt, "file ends before the read does: " + path_);
    }
    if (strikes(process_.machine().faults().read_error)) return fail(Errc::kIo, "simulated read error: " + path_);
    if (!into.empty()) std::memcpy(into.data(), content().data() + offset, into.size());
    return {};
  }

  Result<bool> read_cached(int64_t offset, MutableByteView into) const override {
    if (process_.machine().rng().chance(process_.machine().faults().cold_read)) return false;
    MQ_TRY_VOID(read(offset, into));
    return true;
  }

  Result<> write(int64_t offset, ByteView bytes) override {
    if (!process_.alive()) return dead();
    MQ_TRY_VOID(check_range(offset, static_cast<int64_t>(bytes.size())));
    SimMachineImpl& machine = process_.machine();
    machine.scheduler().note_bytes(static_cast<uint64_t>(offset), bytes);
    const auto fate = machine.next_disk_op();
    if (fate != SimMachineImpl::Fate::kRun) {
      // kill -9 in the middle of a write leaves a prefix of it.
      const size_t part = fate == SimMachineImpl::Fate::kDieAfter ? bytes.size() : machine.rng().below(bytes.size() + 1);
      content().write(offset, bytes.first(part));
      machine.crash(machine.planned_crash());
      return dead();
    }
    if (strikes(machine.faults().write_error)) {
      content().write(offset, bytes.first(machine.rng().below(bytes.size() + 1)));
      return fail(Errc::kIo, "simulated write error: " + path_);
    }
    MQ_TRY_VOID(check_space(offset, static_cast<int64_t>(bytes.size())));
    machine.scheduler().trace("{}: write {} [{}, +{})", machine.name(), path_, offset, bytes.size());
    if (machine.rng().chance(machine.faults().lost_write)) return {};
    content().write(offset, bytes);
    node_->mtime_ms = process_.clock().now_ms();
    return {};
  }

  Result<> write_padded(int64_t offset, ByteView bytes, int64_t zeros) override {
    MQ_TRY_VOID(write(offset, bytes));
    const int64_t end = offset + static_cast<int64_t>(bytes.size());
    if (!check_range(end, zeros) || !check_space(end, zeros)) return {};
    content().write(end, std::vector<std::byte>(static_cast<size_t>(zeros)));
    return {};
  }
  int64_t cache_piece_bytes() const noexcept override { return 16 << 10; }

  Result<> sync() override {
    return change(process_, [&]() -> Result<> {
      return sync_with([&](SimContent& c) { c.sync(); });
    });
  }

  Result<> sync_mapping(const Mapping& mapping, size_t offset, size_t size) override {
    return change(process_, [&]() -> Result<> {
      MQ_CHECK(offset + size <= mapping.size());
      MQ_CHECK(&static_cast<const SimMapping&>(mapping).content() == node_->content.get());
      return sync_with([&](SimContent& c) { c.sync_range(static_cast<int64_t>(offset), static_cast<int64_t>(size)); });
    });
  }

  void write_back(int64_t offset, int64_t size) noexcept override {
    if (process_.alive()) content().write_back(process_.machine().rng(), offset, size);
  }
  void drop_cache(int64_t, int64_t) noexcept override {}

  Result<> allocate(int64_t size) override {
    return change(process_, [&]() -> Result<> {
      MQ_TRY_VOID(check_range(0, size));
      MQ_TRY_VOID(check_space(0, size));
      content().allocate(size);
      return {};
    });
  }

  Result<> truncate(int64_t size) override {
    return change(process_, [&]() -> Result<> {
      MQ_TRY_VOID(check_range(0, size));
      content().truncate(size);
      return {};
    });
  }

  Result<> zero(int64_t offset, int64_t size) override {
    const int64_t now = content().size();
    size = std::min(size, now - offset);
    if (size <= 0) return {};
    const std::vector<std::byte> zeros(static_cast<size_t>(size));
    return write(offset, zeros);
  }

  Result<std::shared_ptr<Mapping>> map(int64_t size, bool writable) override {
    if (!process_.alive()) return dead();
    if (size < 0 || size > content().size() || (writable && !writable_)) {
      return fail(Errc::kInvalid, "cannot map so much of " + path_);
    }
    if (writable) content().note_writable_mapping(size);
    return std::make_shared<SimMapping>(node_->content, size, process_);
  }

 private:
  SimContent& content() const noexcept { return *node_->content; }
  bool strikes(double chance) const { return fault_strikes(process_.machine(), chance, path_); }

  Result<> check_range(int64_t offset, int64_t size) const {
    if (!writable_) return fail(Errc::kPermission, "opened for reading only: " + path_);
    if (offset < 0 || size < 0 || offset + size > kSimMaxFile) return fail(Errc::kTooLarge, "simulated file: " + path_);
    return {};
  }
  Result<> check_space(int64_t offset, int64_t size) const {
    const int64_t limit = process_.machine().faults().disk_limit_bytes;
    if (limit > 0 && process_.machine().disk().used_bytes() + content().would_allocate(offset, size) > limit) {
      return fail(Errc::kDiskFull, "simulated disk is full: " + path_);
    }
    return {};
  }
  template <class Sync>
  Result<> sync_with(Sync sync) {
    SimMachineImpl& machine = process_.machine();
    machine.scheduler().note(3, static_cast<uint64_t>(content().size()));
    machine.scheduler().trace("{}: sync {}", machine.name(), path_);
    if (strikes(machine.faults().sync_error)) {
      content().fail_sync(machine.rng());
      return fail(Errc::kIo, "simulated sync error: " + path_);
    }
    if (machine.rng().chance(machine.faults().lying_sync)) return {};
    sync(content());
    if (machine.rng().chance(0.5)) machine.disk().commit_journal();
    return {};
  }

  const std::string path_;
  const SimNodeRef node_;
  const bool writable_;
  SimProcess& process_;   // lives as long as the world
};

class SimLock final : public FileLock {
 public:
  SimLock(std::string path, SimProcess& process) : path_(std::move(path)), process_(process) {}
  ~SimLock() override {
    if (process_.alive()) process_.machine().locks().erase(path_);
  }

 private:
  const std::string path_;
  SimProcess& process_;
};

}  // namespace

Result<std::unique_ptr<File>> SimFs::open(const std::string& path, Open mode) {
  if (!process_.alive()) return dead();
  SimMachineImpl& machine = process_.machine();
  const bool is_new = creates(mode) && !machine.disk().find(path);
  if (fault_strikes(machine, machine.faults().open_error, path)) return fail(Errc::kIo, "simulated lack of descriptors: " + path);
  SimNodeRef node;
  const auto look_up = [&]() -> Result<> {
    MQ_TRY(node, machine.disk().open(path, mode, process_.clock().now_ms()));
    return {};
  };
  if (is_new) {
    MQ_TRY_VOID(change(process_, look_up));
  } else {
    MQ_TRY_VOID(look_up());
  }
  return std::make_unique<SimFile>(path, std::move(node), mode != Open::kRead, process_);
}

Result<std::vector<DirEntry>> SimFs::list(const std::string& dir) {
  if (!process_.alive()) return dead();
  return process_.machine().disk().list(dir);
}

Result<DirEntry> SimFs::stat(const std::string& path) {
  if (!process_.alive()) return dead();
  MQ_TRY(SimNodeRef node, process_.machine().disk().find(path));
  std::vector<std::string> parts = SimDisk::split(path);
  return SimDisk::describe(parts.empty() ? "/" : parts.back(), *node);
}

bool SimFs::exists(const std::string& path) {
  return process_.alive() && process_.machine().disk().find(path).has_value();
}

Result<> SimFs::make_dirs(const std::string& dir) {
  return change(process_, [&] { return process_.machine().disk().make_dirs(dir, process_.clock().now_ms()); });
}

Result<> SimFs::remove(const std::string& path) {
  return change(process_, [&] { return process_.machine().disk().remove(path, false); });
}

Result<> SimFs::remove_dir(const std::string& dir) {
  return change(process_, [&] { return process_.machine().disk().remove(dir, true); });
}

Result<> SimFs::rename(const std::string& from, const std::string& to) {
  return change(process_, [&] { return process_.machine().disk().rename(from, to); });
}

Result<> SimFs::sync_dir(const std::string& dir) {
  return change(process_, [&]() -> Result<> {
    SimMachineImpl& machine = process_.machine();
    if (machine.rng().chance(machine.faults().lying_sync)) return {};
    return machine.disk().sync_dir(dir);
  });
}

Result<DiskUsage> SimFs::disk_usage(const std::string& path) {
  if (!process_.alive()) return dead();
  MQ_TRY_VOID(process_.machine().disk().find(path));
  constexpr int64_t kUnlimited = int64_t{1} << 40;
  const int64_t limit = process_.machine().faults().disk_limit_bytes;
  const int64_t total = limit > 0 ? limit : kUnlimited;
  return DiskUsage{total, std::max<int64_t>(total - process_.machine().disk().used_bytes(), 0)};
}

Result<std::unique_ptr<FileLock>> SimFs::lock(const std::string& path) {
  MQ_TRY(std::unique_ptr<File> file, open(path, Open::kCreate));
  // One process lives on a machine at a time, so a second taker is a second store of the same process: a mistake that
  // fcntl locks would not show, and that is answered like another process here.
  if (!process_.machine().locks().insert(path).second) return fail(Errc::kBusy, "locked by another process: " + path);
  return std::make_unique<SimLock>(path, process_);
}

}  // namespace mq::env
