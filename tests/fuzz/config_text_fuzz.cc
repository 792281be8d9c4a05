// broker.conf, namesrv.conf and the bodies of UPDATE_*_CONFIG: properties text applied to the options.
#include "broker/core/config.h"
#include "broker/delay/delay_levels.h"
#include "broker/meta/attributes.h"
#include "fuzz.h"
#include "store/config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mq;
  const fuzz::Exact exact({reinterpret_cast<const char*>(data), size});
  (void)broker::DelayLevels::parse(exact.text());
  if (const auto changes = broker::parse_attribute_changes(exact.text())) {
    for (const auto kind : {broker::AttributesOf::kTopic, broker::AttributesOf::kGroup}) {
      (void)broker::apply_attribute_changes(kind, true, {}, *changes);
      (void)broker::apply_attribute_changes(kind, false, {{"a", "b"}}, *changes);
    }
  }
  const auto lines = parse_properties(exact.text());
  if (!lines) {
    MQ_CHECK(lines.error().code() == Errc::kInvalid);
    return 0;
  }
  broker::BrokerConfig broker_config;
  store::MessageStoreConfig store_config;
  Configuration all({&broker_config, &store_config});
  (void)all.apply(*lines, "broker.conf");
  // What getBrokerConfig shows is taken again without a change.
  const std::string shown = all.text();
  const auto changed = all.update(shown, {});
  MQ_CHECK(changed);
  MQ_CHECK(all.text() == shown);
  (void)all.update(exact.text(), {"brokerConfigPath", "rocketmqHome"});
  (void)all.print(true);
  return 0;
}
