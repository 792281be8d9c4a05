#include "broker/route/namesrv_list.h"

#include <algorithm>

#include "base/log.h"

namespace mq::broker {

namespace {

Logger log("route");

constexpr int64_t kLookUpMs = 10'000;
constexpr int64_t kFirstAgainMs = 500, kLastAgainMs = 2000;
constexpr int64_t kAnswerMs = 3000;   // the DNS has so long: enough for its second server

std::vector<std::string> entries_of(std::string_view rest) {
  std::vector<std::string> found;
  while (!rest.empty()) {
    const size_t end = rest.find_first_of(";,");
    std::string_view one = rest.substr(0, end);
    while (!one.empty() && one.front() == ' ') one.remove_prefix(1);
    while (!one.empty() && one.back() == ' ') one.remove_suffix(1);
    if (!one.empty() && std::ranges::find(found, one) == found.end()) found.emplace_back(one);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  return found;
}

}  // namespace

NamesrvList::NamesrvList(env::Loop& loop, UniqueFunction<void()> changed) : loop_(loop), changed_(std::move(changed)) {}

NamesrvList::~NamesrvList() { stop(); }

void NamesrvList::stop() {
  loop_.cancel(std::exchange(timer_, 0));
  alive_.reset();
}

void NamesrvList::configure(std::string_view namesrvAddr) {
  std::vector<Name> names;
  for (std::string& entry : entries_of(namesrvAddr)) {
    if (const auto known = std::ranges::find(names_, entry, &Name::entry); known != names_.end()) {
      names.push_back(std::move(*known));
      continue;
    }
    Name& fresh = names.emplace_back();
    if (auto endpoint = env::Endpoint::parse(entry)) fresh.endpoint = std::move(*endpoint);
    fresh.numeric = fresh.endpoint.host.empty() || !fresh.endpoint.ip_bytes().empty();   // what is no address is refused by the connect
    if (fresh.numeric) fresh.addresses = {entry};
    fresh.entry = std::move(entry);
  }
  names_ = std::move(names);
  refresh();
  if (awaited()) look_up();
}

bool NamesrvList::configured(std::string_view entry) const { return std::ranges::find(names_, entry, &Name::entry) != names_.end(); }

bool NamesrvList::awaited() const noexcept {
  return std::ranges::any_of(names_, [](const Name& n) { return !n.numeric && !n.answered; });
}

bool NamesrvList::restless() const noexcept {
  return amiss_ || std::ranges::any_of(names_, [](const Name& n) { return n.addresses.empty(); });
}

void NamesrvList::set_amiss(bool amiss) {
  if (std::exchange(amiss_, amiss) || !amiss) return;
  delay_ms_ = 0;
  look_up();
}

void NamesrvList::look_up() {
  if (!alive_) return;
  bool any = false;
  for (Name& name : names_) {
    if (name.numeric) continue;
    any = true;
    if (std::exchange(name.asked, true)) continue;
    loop_.net().resolve(name.endpoint.host, kAnswerMs, [this, entry = name.entry, alive = std::weak_ptr<int>(alive_)](Result<std::vector<std::string>> ips) {
      if (!alive.expired()) looked_up(entry, std::move(ips));
    });
  }
  delay_ms_ = restless() ? std::clamp(delay_ms_ * 2, kFirstAgainMs, kLastAgainMs) : 0;
  loop_.cancel(std::exchange(timer_, 0));
  if (any) timer_ = loop_.after(delay_ms_ ? delay_ms_ : kLookUpMs, [this] { timer_ = 0; look_up(); });
}

void NamesrvList::looked_up(const std::string& entry, Result<std::vector<std::string>> ips) {
  const auto name = std::ranges::find(names_, entry, &Name::entry);
  if (name == names_.end()) return;
  name->asked = false;
  const bool first = !std::exchange(name->answered, true);
  std::string error = ips ? std::string() : ips.error().message();
  if (error != name->error) {
    if (!error.empty()) log.warn("the name of NameServer {} cannot be looked up: {}; tried again until it can", entry, error);
    else log.info("the name of NameServer {} can be looked up", entry);
  }
  name->error = std::move(error);
  if (ips && !ips->empty()) {
    name->addresses.clear();
    for (const std::string& ip : *ips) name->addresses.push_back(env::Endpoint{ip, name->endpoint.port}.to_string());
    std::ranges::sort(name->addresses);
  }
  const std::vector<NamesrvAddr> before = all_;
  refresh();
  if (first || all_ != before) changed_();
}

void NamesrvList::refresh() {
  all_.clear();
  for (const Name& name : names_) {
    for (const std::string& addr : name.addresses) {
      if (std::ranges::find(all_, addr, &NamesrvAddr::addr) == all_.end()) all_.push_back({addr, name.entry});
    }
  }
}

}  // namespace mq::broker
