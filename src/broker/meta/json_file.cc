#include "broker/meta/json_file.h"

namespace mq::broker {

void save_when_durable(BrokerContext& broker, std::string path, Json content, UniqueFunction<void(Result<>)> done) {
  broker.store.when_durable(broker.store.max_phy(), *broker.ctl,
                            [&broker, path = std::move(path), content = std::move(content), done = std::move(done)](store::PutStatus status) mutable {
    if (status == store::PutStatus::kPutOk) return done(save_json_file(broker.env.fs(), path, content));
    done(fail(Errc::kIo, "the CommitLog is not on the disk yet (" + std::string(to_string(status)) + ")"));
  });
}

}  // namespace mq::broker
