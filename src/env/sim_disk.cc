#include "env/sim_disk.h"

#include <algorithm>
#include <functional>

namespace mq::env {

SimDisk::SimDisk(SimRng& rng, Order order) : rng_(rng), order_(order), root_(std::make_shared<SimNode>()) {
  root_->is_dir = true;
}

std::vector<std::string> SimDisk::split(const std::string& path) {
  std::vector<std::string> parts;
  for (size_t at = 0; at < path.size();) {
    const size_t slash = std::min(path.find('/', at), path.size());
    std::string part = path.substr(at, slash - at);
    at = slash + 1;
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      if (!parts.empty()) parts.pop_back();
      continue;
    }
    parts.push_back(std::move(part));
  }
  return parts;
}

DirEntry SimDisk::describe(const std::string& name, const SimNode& node) {
  return {name, node.is_dir, node.content ? node.content->size() : 0, node.mtime_ms};
}

Result<SimNodeRef> SimDisk::find(const std::string& path) const {
  SimNodeRef node = root_;
  for (const std::string& part : split(path)) {
    const auto found = node->entries.find(part);
    if (found == node->entries.end()) return fail(Errc::kNotFound, "no such file or folder: " + path);
    node = found->second;
  }
  return node;
}

Result<SimDisk::Place> SimDisk::parent_of(const std::string& path) const {
  std::vector<std::string> parts = split(path);
  if (parts.empty()) return fail(Errc::kIo, "the root folder: " + path);
  std::string name = std::move(parts.back());
  parts.pop_back();
  SimNodeRef dir = root_;
  for (const std::string& part : parts) {
    const auto found = dir->entries.find(part);
    if (found == dir->entries.end() || !found->second->is_dir) return fail(Errc::kNotFound, "no such folder: " + path);
    dir = found->second;
  }
  return Place{std::move(dir), std::move(name)};
}

void SimDisk::run(Operation operation) {
  for (const Edit& edit : operation) {
    if (edit.node) {
      edit.dir->entries[edit.name] = edit.node;
    } else {
      edit.dir->entries.erase(edit.name);
    }
  }
  journal_.push_back(std::move(operation));
}

void SimDisk::apply_durable(const Operation& operation) {
  for (const Edit& edit : operation) {
    if (edit.node) {
      edit.dir->durable[edit.name] = edit.node;
    } else {
      edit.dir->durable.erase(edit.name);
    }
  }
}

Result<SimNodeRef> SimDisk::open(const std::string& path, Open mode, int64_t now_ms) {
  MQ_TRY(Place place, parent_of(path));
  const auto found = place.dir->entries.find(place.name);
  if (found != place.dir->entries.end()) {
    if (found->second->is_dir) return fail(Errc::kIo, "is a folder: " + path);
    return found->second;
  }
  if (!creates(mode)) return fail(Errc::kNotFound, "no such file: " + path);
  auto node = std::make_shared<SimNode>();
  node->content = std::make_shared<SimContent>();
  node->mtime_ms = now_ms;
  run({{place.dir, place.name, node}});
  return node;
}

Result<std::vector<DirEntry>> SimDisk::list(const std::string& dir) const {
  MQ_TRY(SimNodeRef node, find(dir));
  if (!node->is_dir) return fail(Errc::kNotFound, "not a folder: " + dir);
  std::vector<DirEntry> out;
  for (const auto& [name, entry] : node->entries) out.push_back(describe(name, *entry));
  return out;
}

Result<> SimDisk::make_dirs(const std::string& dir, int64_t now_ms) {
  SimNodeRef node = root_;
  for (const std::string& part : split(dir)) {
    const auto found = node->entries.find(part);
    if (found != node->entries.end()) {
      if (!found->second->is_dir) return fail(Errc::kIo, "not a folder: " + dir);
      node = found->second;
      continue;
    }
    auto fresh = std::make_shared<SimNode>();
    fresh->is_dir = true;
    fresh->mtime_ms = now_ms;
    run({{node, part, fresh}});
    node = fresh;
  }
  return {};
}

Result<> SimDisk::remove(const std::string& path, bool dir) {
  MQ_TRY(Place place, parent_of(path));
  const auto found = place.dir->entries.find(place.name);
  if (found == place.dir->entries.end()) return fail(Errc::kNotFound, "no such file or folder: " + path);
  if (found->second->is_dir != dir) return fail(Errc::kIo, (dir ? "not a folder: " : "is a folder: ") + path);
  if (!found->second->entries.empty()) return fail(Errc::kIo, "folder is not empty: " + path);
  run({{place.dir, place.name, nullptr}});
  return {};
}

Result<> SimDisk::rename(const std::string& from, const std::string& to) {
  MQ_TRY(Place source, parent_of(from));
  MQ_TRY(Place target, parent_of(to));
  const auto found = source.dir->entries.find(source.name);
  if (found == source.dir->entries.end()) return fail(Errc::kNotFound, "no such file or folder: " + from);
  SimNodeRef node = found->second;
  const auto old = target.dir->entries.find(target.name);
  if (old != target.dir->entries.end()) {
    if (old->second == node) return {};
    if (old->second->is_dir != node->is_dir || !old->second->entries.empty()) return fail(Errc::kIo, "cannot replace " + to);
  }
  run({{source.dir, source.name, nullptr}, {target.dir, target.name, node}});
  return {};
}

Result<> SimDisk::sync_dir(const std::string& dir) {
  MQ_TRY(SimNodeRef node, find(dir));
  if (!node->is_dir) return fail(Errc::kIo, "not a folder: " + dir);
  const auto touches = [&](const Operation& operation) {
    return std::any_of(operation.begin(), operation.end(), [&](const Edit& edit) { return edit.dir == node; });
  };
  size_t last = 0;   // operations before it that a journal would commit along
  for (size_t i = 0; i < journal_.size(); ++i) {
    if (touches(journal_[i])) last = i + 1;
  }
  std::vector<Operation> rest;
  for (size_t i = 0; i < journal_.size(); ++i) {
    if (touches(journal_[i]) || (order_ == Order::kPrefix && i < last)) {
      apply_durable(journal_[i]);
    } else {
      rest.push_back(std::move(journal_[i]));
    }
  }
  journal_ = std::move(rest);
  return {};
}

void SimDisk::commit_journal() {
  if (order_ != Order::kPrefix) return;
  for (const Operation& operation : journal_) apply_durable(operation);
  journal_.clear();
}

void SimDisk::replace_contents(SimNode& node,
                               const std::function<std::shared_ptr<SimContent>(const SimNode&)>& next) {
  for (const auto& [name, entry] : node.entries) {
    if (entry->is_dir) {
      replace_contents(*entry, next);
    } else {
      entry->content = next(*entry);
    }
  }
}

void SimDisk::process_crash() {
  replace_contents(*root_, [](const SimNode& node) { return SimContent::after_process_crash(node.content); });
  // Files that are already removed, but whose removal may yet be undone by a power cut, keep their old content: the
  // dead process could still write to them only through a mapping, and then any content is possible anyway.
}

void SimDisk::power_loss() {
  const size_t kept = order_ == Order::kPrefix ? rng_.below(journal_.size() + 1) : journal_.size();
  for (size_t i = 0; i < kept; ++i) {
    if (order_ == Order::kPrefix || rng_.chance(0.5)) apply_durable(journal_[i]);
  }
  journal_.clear();
  const std::function<void(SimNode&)> roll_back = [&](SimNode& node) {
    node.entries = node.durable;
    for (const auto& [name, entry] : node.entries) {
      if (entry->is_dir) roll_back(*entry);
    }
  };
  roll_back(*root_);
  // One drive lost everything, another nothing: let the extremes happen as often as the mixture.
  constexpr double kKeep[] = {0, 0.1, 0.5, 0.9, 1};
  const double keep = kKeep[rng_.below(std::size(kKeep))];
  const double tear = rng_.chance(0.6) ? 0.3 : 0;
  replace_contents(*root_, [&](const SimNode& node) { return node.content->after_power_loss(rng_, keep, tear); });
}

int64_t SimDisk::used_bytes() const {
  const std::function<int64_t(const SimNode&)> sum = [&](const SimNode& node) {
    int64_t bytes = node.content ? node.content->allocated_bytes() : 0;
    for (const auto& [name, entry] : node.entries) bytes += sum(*entry);
    return bytes;
  };
  return sum(*root_);
}

}  // namespace mq::env
