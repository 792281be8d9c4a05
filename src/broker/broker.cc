#include "broker/broker.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "auth/access.h"
#include "base/log.h"
#include "broker/admin/admin_room.h"
#include "broker/assign/assign_room.h"
#include "broker/client/client_room.h"
#include "broker/cold/cold_room.h"
#include "broker/core/identity.h"
#include "broker/core/local_address.h"
#include "broker/core/stored_message.h"
#include "broker/delay/delay_room.h"
#include "broker/offset/offset_admin_room.h"
#include "broker/relay/relay_room.h"
#include "broker/reply/reply_room.h"
#include "broker/stats/stats_room.h"
#include "broker/group/group_room.h"
#include "broker/ha/ha_room.h"
#include "broker/lock/lock_room.h"
#include "broker/observe/observe_room.h"
#include "broker/offset/offset_room.h"
#include "broker/pull/pull_room.h"
#include "broker/query/query_room.h"
#include "broker/rocksdb/rocksdb_room.h"
#include "broker/route/route_room.h"
#include "broker/send/send_room.h"
#include "broker/sendback/send_back_room.h"
#include "broker/topic/topic_room.h"
#include "broker/txn/transaction_room.h"
#include "env/loopback.h"
#include "msg/names.h"
#include "msg/properties.h"
#include "ops/pulse.h"
#include "remoting/reach.h"
#include "remoting/server.h"
#include "remoting/tls.h"

namespace mq::broker {

namespace {

Logger log("broker");
constexpr int64_t kPersistMs = 200;          // topics and groups, when they have changed
constexpr int32_t kMaxIoLoops = 8;
constexpr int64_t kPersistFiltersMs = 10'000;
constexpr int64_t kAliveMs = 1000;
constexpr int64_t kAdoptMs = 5000;           // how much older than the last one a message may be whose topic is adopted
constexpr int64_t kMostAdopted = 100'000;    // messages looked at for that

// A request without a room does not compile: add its room to the list, or the row is wrong.
template <class... Rooms>
constexpr bool every_request_has_a_room() {
  return true
#define X(code, name, ...) &&(Rooms::routes::has(wire::RequestCode::name) || ...)
      MQ_BROKER_REQUESTS(X)
#undef X
      ;
}
static_assert(every_request_has_a_room<SendRoom, PullRoom, SendBackRoom, TransactionRoom, LockRoom, TopicRoom, GroupRoom, ClientRoom, OffsetRoom,
                                       OffsetAdminRoom, RelayRoom, ReplyRoom, StatsRoom, DelayRoom, QueryRoom, AdminRoom, AssignRoom, ColdRoom, HaRoom, RocksdbRoom>());

int32_t io_loop_count(int64_t configured) {
  if (configured > 0) return static_cast<int32_t>(configured);
  const auto cores = static_cast<int32_t>(std::thread::hardware_concurrency());
  return cores <= 2 ? 1 : std::min(cores - 1, kMaxIoLoops);
}

}  // namespace

struct Broker::Impl {
  env::Env& env;
  Configs configs;
  std::unique_ptr<store::Store> store;
  std::unique_ptr<BrokerContext> context;
  std::unique_ptr<TopicTable> topics;
  std::unique_ptr<GroupTable> groups;
  std::unique_ptr<OffsetTable> offsets;
  std::unique_ptr<ClientTable> clients;
  std::unique_ptr<ConsumerFilters> filters;
  std::unique_ptr<QueueLocks> queue_locks;
  std::unique_ptr<PutPipeline> pipeline;
  std::unique_ptr<RouteRoom> route;
  std::unique_ptr<SendRoom> send;
  std::unique_ptr<PullRoom> pull;
  std::unique_ptr<SendBackRoom> send_back;
  std::unique_ptr<TransactionRoom> transactions;
  std::unique_ptr<DelayRoom> delay;
  std::unique_ptr<OffsetAdminRoom> offset_admin;
  std::unique_ptr<RelayRoom> relay;
  std::unique_ptr<ReplyRoom> replies;
  std::unique_ptr<StatsRoom> stats;
  std::unique_ptr<LockRoom> locks;
  std::unique_ptr<TopicRoom> topic_room;
  std::unique_ptr<GroupRoom> group_room;
  std::unique_ptr<ClientRoom> client_room;
  std::unique_ptr<OffsetRoom> offset_room;
  std::unique_ptr<QueryRoom> query;
  std::unique_ptr<AdminRoom> admin;
  std::unique_ptr<AssignRoom> assign;
  std::unique_ptr<ColdRoom> cold;
  std::unique_ptr<HaRoom> ha;
  std::unique_ptr<RocksdbRoom> rocksdb;
  std::unique_ptr<ObserveRoom> observe;
  std::unique_ptr<auth::Access> access;
  remoting::Router router;
  std::unique_ptr<remoting::Server> main_port, fast_port;
  env::Periodic persist_meta, persist_offsets, persist_filters, renew_tls;   // badge: owned by ctl
  std::vector<env::Loop*> loops;
  std::atomic<PullRoom*> arrivals{nullptr};      // badge: published
  std::atomic<bool> running{false};               // badge: published

  Impl(env::Env& e, Configs c) : env(e), configs(std::move(c)) {}

  Result<> settle() {
    MQ_TRY(const auto said, settle_identity(configs.broker, configs.store, configs.host, configs.home));
    for (const std::string& line : said) log.warn("{}", line);
    // A slave that copies nothing would look like a safety that is not there.
    if (configs.store.brokerRole() == "SLAVE") {
      return fail(Errc::kInvalid, "brokerRole=SLAVE: this broker cannot replicate yet; run masters only (brokerRole=ASYNC_MASTER, brokerId=0)");
    }
    return {};
  }

  Result<> open_store() {
    store::StoreHooks hooks;
    hooks.on_arrival = [this](std::span<const store::Arrival> a) {
      if (PullRoom* room = arrivals.load(std::memory_order_acquire)) room->on_arrival(a);
    };
    hooks.topic_exists = [this](std::string_view topic) { return !topics || topics->find(topic) != nullptr; };
    auto levels = DelayLevels::parse(configs.store.messageDelayLevel());
    if (!levels) return fail(std::move(levels).error());
    hooks.delay_ms_of_level = [table = *levels](int32_t level) { return table.delay_ms(table.clamp(level)); };
    filters = std::make_unique<ConsumerFilters>(env, ConsumerFilters::Settings{
        .path = configs.store.storePathRootDir() + "/config/consumerFilter.json", .error_percent = configs.broker.maxErrorRateOfBloomFilter(),
        .expected = configs.broker.expectConsumerNumUseFilter(), .clean_ms = configs.broker.filterDataCleanTimeSpan()});
    filters->load();
    if (configs.broker.enableCalcFilterBitMap()) hooks.filter_bits = filters.get();
    store = std::make_unique<store::Store>(env, configs.store, std::move(hooks));
    return store->start();
  }

  void build_context() {
    context.reset(new BrokerContext{.env = env, .config = configs.broker, .host = configs.host, .store_config = configs.store, .store = *store});
    BrokerContext& b = *context;
    if (configs.useTLS) b.outgoing_tls = configs.tls;
    for (int32_t i = 0; i < io_loop_count(configs.host.ioLoops.used()); ++i) b.io_loops.push_back(&env.start_loop(fmt::format("io-{}", i)));
    b.append_loop = &env.start_loop("append");
    for (env::Loop* loop : b.io_loops) loop->be_prompt();
    b.append_loop->be_prompt();
    b.ctl = &env.start_loop("ctl");
    for (int32_t i = 0; i < configs.host.readLoops.used(); ++i) b.read_loops.push_back(&env.start_loop(fmt::format("read-{}", i)));
    b.traffic = std::make_unique<Traffic>(b.io_loops.size() + 1);
    loops = b.io_loops;
    loops.push_back(b.append_loop);
    loops.push_back(b.ctl);
    loops.insert(loops.end(), b.read_loops.begin(), b.read_loops.end());
    b.broker_name = configs.broker.brokerName();
    b.cluster = configs.broker.brokerClusterName();
    const env::Endpoint told = advertised_address(configs.broker, configs.host);
    b.ip = told.host;
    b.addr = told.to_string();
    b.boot_ms = env.clock().now_ms();
  }

  /// Users and policies, before anything is let in.
  Result<> open_access() {
    if (!configs.auth) return {};
    access = std::make_unique<auth::Access>(*configs.auth, env.fs(), store->root_dir() + "/config/auth.json", context->cluster);
    if (configs.broker.aclEnable()) access->use_plain_acl(configs.broker.rocketmqHome());
    MQ_TRY_VOID(access->open());
    context->credentials = access->credentials();
    return {};
  }

  /// The address in stored messages and their ids is numeric. Behind a name it is this machine's own.
  Result<> resolve_store_host() {
    const env::Endpoint told = advertised_address(configs.broker, configs.host);
    auto host = Host::parse(told.host, told.port);
    if (!host) {
      const std::string own = choose_address(local_interfaces()).ip;
      log.info("brokerIP1={} is a name: clients are told the name, stored messages carry {}", told.host, own);
      host = Host::parse(own, configs.broker.listenPort());
    }
    if (!host) return fail(std::move(host).error());
    context->store_host = *host;
    return {};
  }

  Result<> load_tables() {
    topics = std::make_unique<TopicTable>(*context);
    groups = std::make_unique<GroupTable>(*context);
    offsets = std::make_unique<OffsetTable>(*context);
    clients = std::make_unique<ClientTable>(*context);
    queue_locks = std::make_unique<QueueLocks>(env.clock());
    topics->load();
    groups->load();
    MQ_TRY_VOID(offsets->load());
    adopt_queues();
    return {};
  }

  /// A topic that a send created just before a crash may be missing in topics.json while its messages are stored.
  void adopt_queues() {
    std::map<std::string, int32_t> found;
    const auto note = [&found](const std::string& topic, int32_t id) {
      auto& highest = found.try_emplace(topic, -1).first->second;
      highest = std::max(highest, id);
    };
    for (const auto& [topic, id] : store->queues()) {
      note(topic, id);
      if (topic == kScheduleTopic || topic == kHalfTopic) note_waiting(topic, id, note);
    }
    for (const auto& [topic, id] : found) {
      if (topics->find(topic)) continue;
      wire::TopicConfig c;
      c.topicName = topic;
      const bool of_group = topic.starts_with(kRetryPrefix) || topic.starts_with(kDlqPrefix);
      c.readQueueNums = c.writeQueueNums = std::max(id + 1, of_group ? 1 : configs.broker.defaultTopicQueueNums() / 2);
      c.perm = perm::kRead | perm::kWrite;
      log.warn("topic {} has messages but no entry in topics.json: it is entered with {} queues", topic, c.readQueueNums);
      topics->put(c);
    }
  }

  /// The targets of the last messages that wait for a delay or a decision: their topics may be as new, and have no queue yet.
  template <class Note>
  void note_waiting(const std::string& topic, int32_t id, const Note& note) const {
    const store::QueueRef queue = store->find_queue(topic, id);
    if (!queue) return;
    const int64_t max = store->max_offset(*queue).index, min = std::max(store->min_offset(*queue).index, max - kMostAdopted);
    int64_t newest = 0;
    for (int64_t offset = max; offset-- > min;) {
      const auto entry = store->entry_at(*queue, {offset});
      const auto bytes = entry ? store->record_at(entry->phy) : Result<env::PinnedBytes>(std::unexpected(entry.error()));
      const auto record = bytes ? decode_record(bytes->bytes, RecordCheck::kLengths) : Result<RecordView>(std::unexpected(bytes.error()));
      if (!record) continue;
      newest = std::max(newest, record->m.storeTimestamp);
      if (record->m.storeTimestamp < newest - kAdoptMs) break;
      const std::string target(find_property(record->m.properties, prop::kRealTopic));
      if (!target.empty() && !store->deleted_since(target, entry->phy)) note(target, real_queue_id(record->m.properties));
    }
  }

  Result<> build_rooms() {
    BrokerContext& b = *context;
    const Registries meta{*topics, *groups, *offsets, *clients, *filters, *queue_locks};
    auto levels = DelayLevels::parse(configs.store.messageDelayLevel());
    if (!levels) return fail(std::move(levels).error());
    pipeline = std::make_unique<PutPipeline>(b);
    route = std::make_unique<RouteRoom>(b, meta);
    b.announcer = route.get();
    send = std::make_unique<SendRoom>(b, meta, *pipeline);
    pull = std::make_unique<PullRoom>(b, meta);
    send_back = std::make_unique<SendBackRoom>(b, meta, *pipeline);
    transactions = std::make_unique<TransactionRoom>(b, meta, *pipeline);   // its rewrite comes before that of the delay levels
    delay = std::make_unique<DelayRoom>(b, *pipeline, std::move(*levels));
    MQ_TRY_VOID(delay->load());
    locks = std::make_unique<LockRoom>(meta, [this](const std::string& group) { client_room->notify(group); });
    topic_room = std::make_unique<TopicRoom>(b, meta);
    group_room = std::make_unique<GroupRoom>(b, meta);
    client_room = std::make_unique<ClientRoom>(b, meta);
    offset_room = std::make_unique<OffsetRoom>(b, meta);
    offset_admin = std::make_unique<OffsetAdminRoom>(b, meta);
    relay = std::make_unique<RelayRoom>(b, meta);
    replies = std::make_unique<ReplyRoom>(b, meta, *pipeline);
    stats = std::make_unique<StatsRoom>(b);
    query = std::make_unique<QueryRoom>(b, meta);
    AdminRoom::Hooks hooks;
    hooks.on_config_change = [this](const std::vector<std::string>& changed) {
      for (const std::string& key : changed) {
        if (key == "brokerPermission") topics->bump_version();
        if (key == "namesrvAddr") route->namesrv_list_changed();
      }
    };
    hooks.delay_progress = [this] {
      std::vector<std::pair<std::string, std::string>> keys;
      for (const auto& p : delay->progress()) keys.emplace_back(fmt::format("scheduleMessageOffset_{}", p.level), fmt::format("{},{}", p.offset, p.max));
      return keys;
    };
    hooks.waiting_sends = [this] { return pipeline->waiting(); };
    hooks.condition = [this] { return ops::condition(env.clock(), configs.warnings, configs.tls); };
    if (configs.auth) hooks.locked_keys = auth::locked_keys(*configs.auth);
    admin = std::make_unique<AdminRoom>(b, configs.all, configs.config_path, std::move(hooks));
    assign = std::make_unique<AssignRoom>(b, meta, [this] { return route ? route->namesrvs() : std::vector<std::string>{}; });
    assign->start();
    cold = std::make_unique<ColdRoom>(b);
    ha = std::make_unique<HaRoom>(b);
    rocksdb = std::make_unique<RocksdbRoom>(b);
    router.mount(*send);
    router.mount(*pull);
    router.mount(*send_back);
    router.mount(*transactions);
    router.mount(*locks);
    router.mount(*topic_room);
    router.mount(*group_room);
    router.mount(*client_room);
    router.mount(*offset_room);
    router.mount(*offset_admin);
    router.mount(*relay);
    router.mount(*replies);
    router.mount(*stats);
    router.mount(*delay);
    router.mount(*query);
    router.mount(*admin);
    router.mount(*assign);
    router.mount(*cold);
    router.mount(*ha);
    router.mount(*rocksdb);
    if (access) {
      access->mount(router, *b.ctl);
      env.run_on(*b.ctl, [&] { access->mount_plain(router, *b.ctl, {b.broker_name, b.addr, b.cluster}); });
    }
    pipeline->start();
    arrivals.store(pull.get(), std::memory_order_release);
    return {};
  }

  Result<> open_ports() {
    const int32_t port = configs.broker.listenPort();
    std::string host = configs.broker.bindAddress();
    if (host == "0.0.0.0" || host == "::") host.clear();
    auto options = [&](int32_t p, bool is_main) {
      remoting::ServerOptions o;
      o.host = host;
      o.port = static_cast<uint16_t>(std::max(p, 0));
      o.main_port = is_main;
      o.tls = configs.tls;
      if (const int64_t seconds = configs.broker.serverChannelMaxIdleTimeSeconds(); seconds > 0) o.idle_close_ms = seconds * 1000;
      return o;
    };
    main_port = std::make_unique<remoting::Server>(context->io_loops, env, router, options(port, true));
    MQ_TRY_VOID(main_port->start());
    fast_port = std::make_unique<remoting::Server>(context->io_loops, env, router, options(port - 2, false));
    return fast_port->start();
  }

  void start_periodic() {
    env.run_on(*context->ctl, [this] {
      if (configs.tls) renew_tls = configs.tls->look_after(*context->ctl);
      persist_meta = env::Periodic(*context->ctl, kPersistMs, kPersistMs, [this] { persist_topics_and_groups(false); });
      const int64_t period = configs.broker.flushConsumerOffsetInterval.used();
      persist_offsets = env::Periodic(*context->ctl, period, period, [this] { offsets->persist_when_durable(); });
      persist_filters = env::Periodic(*context->ctl, kPersistFiltersMs, kPersistFiltersMs, [this] { save_filters(); });
    });
    client_room->start();
    transactions->start();
    delay->start();
    stats->start();
    admin->start();
  }

  void save_filters() {
    if (auto r = filters->persist(); !r) log.error("consumerFilter.json cannot be written: {}", r.error().message());
  }

  void persist_topics_and_groups(bool at_once) {
    if (auto r = at_once ? topics->file().persist() : topics->file().persist_in_due_time(); !r) log.error("topics.json cannot be written: {}", r.error().message());
    if (auto r = at_once ? groups->file().persist() : groups->file().persist_in_due_time(); !r) log.error("subscriptionGroup.json cannot be written: {}", r.error().message());
  }

  void stop() {
    if (observe) observe->drain();
    if (context) {
      context->shutting_down.store(true);
      if (route) route->stop();
      if (pull) pull->stop();
      for (remoting::Server* s : {main_port.get(), fast_port.get()}) if (s) s->stop(true);
      if (assign) assign->stop();
      if (transactions) transactions->stop();
      if (delay) delay->stop();
      if (stats) stats->stop();
      if (client_room) client_room->stop();
      if (admin) admin->stop();
      const Result<> synced = store->sync();   // before the tables that speak of its messages
      env.run_on(*context->ctl, [this, &synced] {
        persist_meta.stop();
        renew_tls.stop();
        persist_offsets.stop();
        persist_filters.stop();
        if (filters) save_filters();
        if (access) access->stop();
        if (topics) persist_topics_and_groups(true);
        if (!offsets) return;
        if (auto r = synced ? offsets->persist() : synced; !r) log.error("consumerOffset.json cannot be written: {}", r.error().message());
      });
    }
    if (observe) observe->stop();
    main_port.reset();
    fast_port.reset();
    arrivals.store(nullptr, std::memory_order_release);
    route.reset();
    for (env::Loop* loop : loops) env.stop_loop(*loop);
    loops.clear();
    if (store) store->stop();
    running = false;
  }
};

Broker::Broker(env::Env& env, Configs configs) : impl_(std::make_unique<Impl>(env, std::move(configs))) {}

Broker::~Broker() {
  if (impl_->running || !impl_->loops.empty()) impl_->stop();
}

Result<> Broker::start() {
  Impl& i = *impl_;
  MQ_TRY_VOID(i.settle());
  i.observe = std::make_unique<ObserveRoom>(i.env, i.configs.service, i.configs.broker, [this] { return !impl_->running || alive(); });
  MQ_TRY_VOID(i.observe->start());
  MQ_TRY_VOID(i.open_store());
  i.build_context();
  MQ_TRY_VOID(i.open_access());
  MQ_TRY_VOID(i.resolve_store_host());
  MQ_TRY_VOID(i.load_tables());
  MQ_TRY_VOID(i.build_rooms());
  MQ_TRY_VOID(i.open_ports());
  i.start_periodic();
  i.route->start();
  i.running = true;
  i.observe->serve({.broker = *i.context, .meta = {*i.topics, *i.groups, *i.offsets, *i.clients, *i.filters, *i.queue_locks},
                    .registered_servers = [&i] { return i.route->registered_servers(); },
                    .handled = [&i](size_t code) {
                      remoting::RequestMeter::Row row = i.main_port->handled(code);
                      row.add(i.fast_port->handled(code));
                      return row;
                    },
                    .connections = [&i] { return i.main_port->connections() + i.fast_port->connections(); },
                    .tls_not_after = [&i] { return i.configs.tls ? i.configs.tls->not_after() : 0; },
                    .runtime_rates = [&i] { return i.admin->runtime_rates(); }});
  return {};
}

void Broker::withdraw() {
  if (impl_->observe) impl_->observe->drain();
  if (impl_->route) impl_->route->stop();
}

void Broker::stop() { impl_->stop(); }

std::string Broker::check_advertised_address() const {
  const Impl& i = *impl_;
  const env::Endpoint told = advertised_address(i.configs.broker, i.configs.host);
  std::string problem;
  if (const auto reached = remoting::try_connect(i.env, *i.context->ctl, told, kAliveMs); !reached) {
    problem = fmt::format("clients are told {}, but a connection from here to there fails ({}): unless a mapping makes it work for them, set brokerIP1",
                          told.to_string(), reached.error().message());
  }
  const bool loopback = env::is_loopback(told.host);
  const std::string names = i.configs.broker.namesrvAddr();
  if (problem.empty() && loopback && !names.empty() && !names.starts_with("127.") && !names.starts_with("localhost") && !names.starts_with("[::1]")) {
    problem = fmt::format("clients are told {}: only those on this machine can connect; set brokerIP1", told.to_string());
  }
  return problem;
}

bool Broker::alive() const {
  std::vector<env::Loop*> loops = impl_->loops;
  std::erase(loops, impl_->context->append_loop);   // a write that the disk holds up is no reason to start again: it would wait just so
  return ops::loops_respond(loops, kAliveMs);
}
const std::string& Broker::addr() const noexcept { return impl_->context->addr; }
const std::string& Broker::name() const noexcept { return impl_->context->broker_name; }

}  // namespace mq::broker
