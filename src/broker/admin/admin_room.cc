#include "broker/admin/admin_room.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/log.h"
#include "base/numbers.h"

namespace mq::broker {

using remoting::Answer;
using remoting::Request;
using wire::ResponseCode;

namespace {

Logger log("admin");
constexpr std::string_view kVersionText = "V5_3_3";

/// "0 B", "1.5 KiB", ... by 1024.
std::string human_bytes(int64_t bytes) {
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double v = static_cast<double>(bytes);
  size_t unit = 0;
  static constexpr std::string_view kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  while (v >= 1024 && unit + 1 < std::size(kUnits)) v /= 1024, ++unit;
  return fmt::format("{:.1f} {}", v, kUnits[unit]);
}

std::string thousands(int64_t n) {
  std::string s = std::to_string(n);
  for (auto i = static_cast<std::ptrdiff_t>(s.size()) - 3; i > 0; i -= 3) s.insert(static_cast<size_t>(i), 1, ',');
  return s;
}

std::string runtime_text(int64_t ms) {
  const int64_t s = ms / 1000;
  return fmt::format("[ {} days, {} hours, {} minutes, {} seconds ]", thousands(s / 86400), s / 3600 % 24, s / 60 % 60, s % 60);
}

std::string distribution(const std::array<int64_t, 13>& counts) {
  static constexpr std::string_view kNames[] = {"<=0ms", "0~10ms", "10~50ms", "50~100ms", "100~200ms", "200~500ms", "500ms~1s",
                                                "1~2s", "2~3s", "3~4s", "4~5s", "5~10s", "10s~"};
  std::string text;
  for (size_t i = 0; i < counts.size(); ++i) text += fmt::format("[{}]:{} ", kNames[i], counts[i]);
  return text;
}

}  // namespace

AdminRoom::AdminRoom(BrokerContext& broker, Configuration& all, std::string config_path, Hooks hooks)
    : broker_(broker), all_(all), config_path_(std::move(config_path)), hooks_(std::move(hooks)),
      disk_(broker.env.fs(), broker.env.clock(), broker.store.root_dir()) {
  MutexLock lock(mu_);
  version_.timestamp = broker.env.clock().now_ms();
}

void AdminRoom::start() {
  broker_.env.run_on(*broker_.ctl, [this] {
    auto sample = [this] { meters_.sample(broker_.store.stats(), broker_.env.clock().now_ms()); };
    sample();
    sampler_ = env::Periodic(*broker_.ctl, 1000, 1000, sample);
  });
}

void AdminRoom::stop() {
  broker_.env.run_on(*broker_.ctl, [this] { sampler_.stop(); });
}

Answer AdminRoom::update_config(const wire::NoHeader&, Request& request) {
  if (request.body().empty()) return request.ok();
  std::vector<std::string> black_list{"brokerConfigPath", "rocketmqHome", "configBlackList"};
  const std::string more = broker_.config.configBlackList();
  std::istringstream words(more);
  for (std::string word; std::getline(words, word, ';');) black_list.push_back(word);
  black_list.insert(black_list.end(), hooks_.locked_keys.begin(), hooks_.locked_keys.end());
  const auto done = all_.update(request.body_text(), black_list);
  if (!done) {
    if (done.error().code() == Errc::kPermission) return request.refuse(ResponseCode::NO_PERMISSION, done.error().message());
    return request.refuse(ResponseCode::SYSTEM_ERROR, "string2Properties error");
  }
  {
    MutexLock lock(mu_);
    version_.next(broker_.env.clock().now_ms());
  }
  for (const std::string& key : done->changed) log.info("{} is set to {} by {}", key, shown_value(key, all_.find(key)->text()), request.session().peer_text());
  for (const std::string& warning : done->warnings) log.warn("{}", warning);
  if (hooks_.on_config_change) hooks_.on_config_change(done->changed);
  if (!config_path_.empty()) {
    const bool posted = broker_.ctl->post([this] {
      if (auto r = env::replace_file(broker_.env.fs(), config_path_, all_.text(), true, all_.has_secrets() ? env::Open::kCreatePrivate : env::Open::kCreate); !r) {
        log.error("the changed configuration is in effect but cannot be written to {}: {}", config_path_, r.error().message());
      }
    });
    if (!posted) log.error("the changed configuration is in effect but not written: the control loop's queue is full");
  }
  const std::string said = done->text();
  return request.answer(ResponseCode::SUCCESS, wire::NoHeader{}, said.empty() ? std::string_view() : said);
}

Answer AdminRoom::get_config(const wire::NoHeader&, Request& request) {
  wire::GetBrokerConfigResponseHeader header;
  {
    MutexLock lock(mu_);
    header.version = to_text(to_json(version_));
  }
  if (request.frame().ext.find(ops::kConditionField).data()) return get_condition(std::move(header), request);
  return request.ok(header, all_.text(Configuration::Secrets::kHide));
}

Answer AdminRoom::get_condition(wire::GetBrokerConfigResponseHeader header, Request& request) {
  const bool posted = broker_.next_read_loop().post([this, version = std::move(header.version), responder = request.responder()]() mutable {
    Json all = Json::object();
    if (const auto ms = disk_.look()) all.add("diskMs", *ms);
    else all.add("diskError", ms.error().message());
    all.add("store", broker_.store.root_dir());
    const Json told_of_itself = hooks_.condition();
    for (const auto& [key, value] : told_of_itself.members()) all.add(key, value);
    ops::ConditionHeader told{.version = std::move(version), .condition = to_text(all)};
    env::Loop& loop = responder.session().loop();
    (void)loop.post([told = std::move(told), text = all_.text(Configuration::Secrets::kHide), responder = std::move(responder)]() mutable {
      (void)responder.ok(told, text);
    });
  });
  return posted ? request.later() : request.refuse(ResponseCode::SYSTEM_BUSY, "the loop that reads the disk has too much to do");
}

Answer AdminRoom::runtime_info(const wire::NoHeader&, Request& request) {
  const int64_t now = broker_.env.clock().now_ms();
  const store::StoreStats s = broker_.store.stats();
  const StoreMeters::Day day = meters_.day();
  wire::KvTable t;
  auto add = [&](std::string key, std::string value) { t.table.emplace_back(std::move(key), std::move(value)); };
  add("brokerVersionDesc", std::string(kVersionText));
  add("brokerVersion", std::to_string(wire::kOurVersion));
  add("brokerActive", "true");
  add("bootTimestamp", std::to_string(broker_.boot_ms));
  add("runtime", runtime_text(now - broker_.boot_ms));
  add("msgPutTotalYesterdayMorning", std::to_string(day.put_yesterday));
  add("msgPutTotalTodayMorning", std::to_string(day.put_today));
  add("msgPutTotalTodayNow", std::to_string(s.put_total));
  add("msgGetTotalYesterdayMorning", std::to_string(day.get_yesterday));
  add("msgGetTotalTodayMorning", std::to_string(day.get_today));
  add("msgGetTotalTodayNow", std::to_string(s.get_transferred));
  add("putTps", meters_.rates(StoreMeters::What::kPut));
  add("getFoundTps", meters_.rates(StoreMeters::What::kGetFound));
  add("getMissTps", meters_.rates(StoreMeters::What::kGetMiss));
  add("getTotalTps", meters_.rates(StoreMeters::What::kGetTotal));
  const std::string transferred = meters_.rates(StoreMeters::What::kGetTransferred);
  // Each tool gets the name of its own release: 4.x reads the misspelt one.
  add(request.frame().version < wire::kVersion5 ? "getTransferedTps" : "getTransferredTps", transferred);
  add_store_keys(t, s);
  add_pool_keys(t);
  if (hooks_.delay_progress) for (auto& [k, v] : hooks_.delay_progress()) add(std::move(k), std::move(v));
  for (const char* key : {"timerReadBehind", "timerOffsetBehind", "timerCongestNum"}) add(key, "0");
  for (const char* key : {"timerEnqueueTps", "timerDequeueTps"}) add(key, "0.0");
  std::sort(t.table.begin(), t.table.end());
  return request.ok_body(to_text(to_json(t)));
}

std::vector<std::pair<std::string, double>> AdminRoom::runtime_rates() const {
  using What = StoreMeters::What;
  std::vector<std::pair<std::string, double>> rates;
  struct Named { std::string_view name; What what; };
  for (const Named& n : {Named{"put_tps", What::kPut}, Named{"getfound_tps", What::kGetFound}, Named{"getmiss_tps", What::kGetMiss},
                         Named{"gettotal_tps", What::kGetTotal}, Named{"gettransfered_tps", What::kGetTransferred}}) {
    for (const size_t seconds : {10, 60, 600}) rates.emplace_back(fmt::format("{}{}", n.name, seconds), meters_.rate_over(n.what, seconds));
  }
  const StoreMeters::Day day = meters_.day();
  rates.emplace_back("msg_puttotal_todaymorning", static_cast<double>(day.put_today));
  rates.emplace_back("msg_puttotal_yesterdaymorning", static_cast<double>(day.put_yesterday));
  rates.emplace_back("msg_gettotal_todaymorning", static_cast<double>(day.get_today));
  rates.emplace_back("msg_gettotal_yesterdaymorning", static_cast<double>(day.get_yesterday));
  return rates;
}

void AdminRoom::add_store_keys(wire::KvTable& t, const store::StoreStats& s) const {
  auto add = [&](std::string key, std::string value) { t.table.emplace_back(std::move(key), std::move(value)); };
  add("putMessageTimesTotal", std::to_string(std::max<int64_t>(1, s.put_total)));
  add("putMessageSizeTotal", std::to_string(s.put_bytes));
  add("putMessageFailedTimes", std::to_string(s.put_failed));
  add("putMessageAverageSize", java_double_text(static_cast<double>(s.put_bytes) / static_cast<double>(std::max<int64_t>(1, s.put_total))));
  add("putMessageEntireTimeMax", std::to_string(s.put_entire_time_max_ms));
  add("getMessageEntireTimeMax", std::to_string(s.get_entire_time_max_ms));
  add("putMessageDistributeTime", distribution(s.put_distribute));
  add("putLatency99", "0.00");
  add("putLatency999", "0.00");
  add("dispatchMaxBuffer", "0");
  add("commitLogDiskRatio", java_double_text(s.commitlog_disk_ratio));
  add("commitLogDiskRatio_" + broker_.store.root_dir() + "/commitlog", java_double_text(s.commitlog_disk_ratio));
  add("consumeQueueDiskRatio", java_double_text(s.consumequeue_disk_ratio));
  add("commitLogMinOffset", std::to_string(s.commitlog_min));
  add("commitLogMaxOffset", std::to_string(s.commitlog_max));
  add("dispatchBehindBytes", std::to_string(std::max<int64_t>(0, s.commitlog_max - s.dispatched)));
  add("pageCacheLockTimeMills", std::to_string(broker_.store.append_under_way_ms()));
  int64_t earliest = -1;
  if (const auto first = broker_.store.record_at({s.commitlog_min})) {
    if (const auto record = decode_record(first->bytes, RecordCheck::kLengths)) earliest = record->m.storeTimestamp;
  }
  add("earliestMessageTimeStamp", std::to_string(earliest));
  add("startAcceptSendRequestTimeStamp", std::to_string(broker_.config.startAcceptSendRequestTimeStamp()));
  add("remainTransientStoreBufferNumbs", "2147483647");
  add("remainHowManyDataToFlush", human_bytes(std::max<int64_t>(0, s.commitlog_max - s.flushed)));
  if (s.disk_total_bytes > 0) {
    add("commitLogDirCapacity", fmt::format("Total : {}, Free : {}.", human_bytes(s.disk_total_bytes), human_bytes(s.disk_free_bytes)));
  }
}

/// Requests run to completion on their loop: there are no pools, and nothing waits in them. But sends wait for a slow disk.
void AdminRoom::add_pool_keys(wire::KvTable& t) const {
  struct Pool { std::string_view name; int32_t capacity; };
  const WaitingPuts sends = hooks_.waiting_sends ? hooks_.waiting_sends() : WaitingPuts{};
  const int64_t head_wait_ms = sends.since_ms > 0 ? std::max<int64_t>(0, broker_.env.clock().mono_ms() - sends.since_ms) : 0;
  for (const Pool& p : {Pool{"send", broker_.config.sendThreadPoolQueueCapacity()}, Pool{"pull", 100000}, Pool{"litePull", 100000}, Pool{"query", 20000}, Pool{"ack", 100000}}) {
    t.table.emplace_back(fmt::format("{}ThreadPoolQueueSize", p.name), std::to_string(p.name == "send" ? sends.count : 0));
    t.table.emplace_back(fmt::format("{}ThreadPoolQueueCapacity", p.name), std::to_string(p.capacity));
    t.table.emplace_back(fmt::format("{}ThreadPoolQueueHeadWaitTimeMills", p.name), std::to_string(p.name == "send" ? head_wait_ms : 0));
  }
  t.table.emplace_back("EndTransactionQueueSize", "0");
  t.table.emplace_back("EndTransactionThreadPoolQueueCapacity", "100000");
}

Answer AdminRoom::expire_files(const wire::NoHeader&, Request& request) {
  broker_.store.expire_now();
  return request.ok();
}

}  // namespace mq::broker
