#include "namesrv/route_cache.h"

#include "base/check.h"

namespace mq::namesrv {

const std::string* RouteCache::find(std::string_view topic, RouteForm form) const {
  auto it = bodies_.find(topic);
  if (it == bodies_.end()) return nullptr;
  const std::string& body = it->second[static_cast<size_t>(form)];
  return body.empty() ? nullptr : &body;
}

const std::string& RouteCache::put(std::string_view topic, RouteForm form, std::string body) {
  MQ_CHECK(!body.empty());
  if (size_bytes_ + body.size() + topic.size() > kLimitBytes) all_changed();
  auto it = bodies_.find(topic);
  if (it == bodies_.end()) {
    it = bodies_.emplace(topic, Bodies{}).first;
    size_bytes_ += topic.size();
  }
  std::string& slot = it->second[static_cast<size_t>(form)];
  size_bytes_ += body.size();
  size_bytes_ -= slot.size();
  slot = std::move(body);
  return slot;
}

void RouteCache::topic_changed(std::string_view topic) {
  auto it = bodies_.find(topic);
  if (it == bodies_.end()) return;
  size_bytes_ -= it->first.size() + it->second[0].size() + it->second[1].size();
  bodies_.erase(it);
}

void RouteCache::all_changed() {
  bodies_.clear();
  size_bytes_ = 0;
}

}  // namespace mq::namesrv
