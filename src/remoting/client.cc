#include "remoting/client.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <unordered_map>

#include "base/badges.h"
#include "remoting/client_link.h"

namespace mq::remoting {

namespace {

constexpr size_t kMaxPending = 65'536;              // as Java's asynchronous permits
constexpr size_t kMaxQueuedBytes = size_t{32} << 20;   // of one address while connecting

ResponseBase own(const wire::Frame& frame) {
  ResponseBase r;
  r.code = frame.code;
  r.has_remark = frame.remark.data() != nullptr;
  r.remark = frame.remark;
  r.version = frame.version;
  r.body = as_text(frame.body);
  for (const auto& [key, value] : frame.ext.pairs()) {
    if (value.data()) r.ext.emplace_back(key, value);
  }
  return r;
}

}  // namespace

// ---- Client::Impl ------------------------------------------------------------------------------------------------

/// Badge: owned by its loop.
struct Client::Impl final : LinkOwner {
  struct Pending {
    const ClientLink* link = nullptr;   // compared, never followed
    UniqueFunction<void(Result<ResponseBase>)> done;
    env::TimerId timer = 0;
  };

  Impl(env::Loop& l, ClientOptions o) : loop(l), options(o) {}

  ClientLink& link(const std::string& addr, const env::Endpoint& to) {
    auto& slot = links[addr];
    if (!slot || slot->closing()) {
      slot = std::make_shared<ClientLink>(*this, loop, addr, options);
      const auto named = server_names.find(addr);
      slot->connect(to, named == server_names.end() ? std::string() : named->second);
    }
    return *slot;
  }

  void on_response(const wire::Frame& frame) override {
    if (pending.contains(frame.opaque)) complete(frame.opaque, own(frame));
  }
  bool on_request(const std::string& addr, const wire::Frame& frame, ByteBuffer& answer) override {
    return request_hook && request_hook(addr, frame, answer);
  }
  void on_gone(ClientLink& gone, const Error& why) override {
    if (const auto it = links.find(gone.addr()); it != links.end() && it->second.get() == &gone) links.erase(it);
    std::vector<std::pair<int32_t, Pending>> lost;   // taken out first: a `done` may destroy the client
    for (auto it = pending.begin(); it != pending.end();) {
      if (it->second.link != &gone) {
        ++it;
        continue;
      }
      loop.cancel(it->second.timer);
      lost.emplace_back(it->first, std::move(it->second));
      it = pending.erase(it);
    }
    std::ranges::sort(lost, {}, [](const auto& p) { return p.first; });
    const std::string addr = gone.was_open() && lost_hook ? gone.addr() : std::string();
    const std::weak_ptr<int> still = alive;   // a `done` may destroy the client
    for (auto& [opaque, p] : lost) p.done(fail(why));
    if (!addr.empty() && !still.expired()) lost_hook(addr, why);
  }
  void complete(int32_t opaque, Result<ResponseBase> r) {
    const auto it = pending.find(opaque);
    if (it == pending.end()) return;
    Pending p = std::move(it->second);
    pending.erase(it);
    loop.cancel(p.timer);
    p.done(std::move(r));
  }
  /// Tells `done` the error in a later turn, never inside the call that failed.
  void refuse(const std::string& addr, UniqueFunction<void(Result<ResponseBase>)> done, Error why) {
    if (!done) return;
    const int32_t opaque = next_opaque++;
    Pending& p = pending[opaque];
    p.done = std::move(done);
    p.timer = loop.after(0, [this, opaque, why = std::move(why.at(addr))]() mutable { complete(opaque, fail(std::move(why))); });
  }

  env::Loop& loop;
  const ClientOptions options;
  std::unordered_map<std::string, std::shared_ptr<ClientLink>> links;
  std::unordered_map<std::string, std::string> server_names;   // by address
  std::unordered_map<int32_t, Pending> pending;
  UniqueFunction<bool(const std::string&, const wire::Frame&, ByteBuffer&)> request_hook;
  UniqueFunction<void(const std::string&, const Error&)> lost_hook;
  const std::shared_ptr<int> alive = std::make_shared<int>();   // gone with the client
  int32_t next_opaque = 0;
};

// ---- Client ------------------------------------------------------------------------------------------------------

Client::Client(env::Loop& loop, ClientOptions options) : impl_(std::make_unique<Impl>(loop, options)) {}

Client::~Client() {
  for (auto& [addr, link] : impl_->links) link->abandon();
  impl_->links.clear();
  while (!impl_->pending.empty()) {
    impl_->complete(impl_->pending.begin()->first, fail(Errc::kClosed, "the client is closed"));
  }
}

void Client::send(const std::string& addr, int32_t code, bool oneway, Writer write, ByteView body, int64_t timeout_ms,
                  UniqueFunction<void(Result<ResponseBase>)> done) {
  auto to = env::Endpoint::parse(addr);
  if (!to) return impl_->refuse(addr, std::move(done), std::move(to).error());
  if (impl_->pending.size() >= kMaxPending) {
    return impl_->refuse(addr, std::move(done), Error(Errc::kBusy, "too many unanswered requests"));
  }
  ClientLink& link = impl_->link(addr, *to);
  if (link.unsent() > kMaxQueuedBytes) {
    return impl_->refuse(addr, std::move(done), Error(Errc::kBusy, "too much output waits"));
  }
  const int32_t opaque = impl_->next_opaque++;
  const wire::FrameHead head{.type = impl_->options.serialize, .code = code, .opaque = opaque,
                             .flag = oneway ? wire::kFlagOneway : 0};
  const wire::Credentials& credentials = impl_->options.credentials;
  ByteBuffer plain;
  wire::FrameWriter w(credentials.empty() ? link.out() : plain, head, static_cast<bool>(write));
  if (write) write(w);
  w.finish(body);
  if (!credentials.empty()) wire::append_signed(link.out(), plain.view(), head, credentials);
  if (oneway || !done) return;
  Impl::Pending& p = impl_->pending[opaque];
  p.link = &link;
  p.done = std::move(done);
  p.timer = impl_->loop.after(timeout_ms, [impl = impl_.get(), opaque, addr] {
    impl->complete(opaque, fail(Errc::kTimeout, "no answer in time").at(addr));
  });
}

void Client::call_raw(const std::string& addr, int32_t code, std::vector<std::pair<std::string, std::string>> ext, ByteView body,
                      int64_t timeout_ms, UniqueFunction<void(Result<ResponseBase>)> done) {
  Writer write;
  if (!ext.empty()) {
    write = [&ext](wire::FrameWriter& w) {
      for (const auto& [key, value] : ext) w.field(key, std::string_view(value));
    };
  }
  send(addr, code, false, std::move(write), body, timeout_ms, std::move(done));
}

void Client::on_request(UniqueFunction<bool(const std::string& addr, const wire::Frame&, ByteBuffer& answer)> hook) {
  impl_->request_hook = std::move(hook);
}

void Client::on_lost(UniqueFunction<void(const std::string& addr, const Error& why)> hook) { impl_->lost_hook = std::move(hook); }

void Client::close(const std::string& addr) {
  if (const auto it = impl_->links.find(addr); it != impl_->links.end()) it->second->close();
}

void Client::set_server_name(const std::string& addr, std::string name) {
  if (name.empty()) impl_->server_names.erase(addr);
  else impl_->server_names.insert_or_assign(addr, std::move(name));
}

// ---- BlockingClient ----------------------------------------------------------------------------------------------

struct BlockingClient::Impl {
  env::Env& env;
  env::Loop& loop;
  std::unique_ptr<Client> client;   // badge: owned by loop
};

BlockingClient::BlockingClient(env::Env& env, ClientOptions options)
    : impl_(new Impl{.env = env, .loop = env.start_loop("client")}) {
  env.run_on(impl_->loop, [&] { impl_->client = std::make_unique<Client>(impl_->loop, options); });
}

BlockingClient::~BlockingClient() {
  impl_->env.run_on(impl_->loop, [&] { impl_->client.reset(); });
  impl_->env.stop_loop(impl_->loop);
}

void BlockingClient::blocking(UniqueFunction<void(Client&, Task)> start) {
  struct Wait {
    std::mutex mu;
    std::condition_variable ended;
    bool done = false;
  } wait;
  impl_->env.run_on(impl_->loop, [&] {
    start(*impl_->client, [&wait] {
      std::lock_guard lock(wait.mu);
      wait.done = true;
      wait.ended.notify_one();   // under the lock: `wait` dies as soon as the caller may go on
    });
  });
  std::unique_lock lock(wait.mu);
  wait.ended.wait(lock, [&] { return wait.done; });
}

Result<ResponseBase> BlockingClient::call_raw(const std::string& addr, int32_t code,
                                              std::vector<std::pair<std::string, std::string>> ext, std::string_view body,
                                              int64_t timeout_ms) {
  Result<ResponseBase> result;
  blocking([&](Client& c, Task finish) {
    c.call_raw(addr, code, std::move(ext), as_bytes(body), timeout_ms, [&result, finish = std::move(finish)](Result<ResponseBase> r) mutable {
      result = std::move(r);
      finish();
    });
  });
  return result;
}

}  // namespace mq::remoting
