// The properties string of a message: line 1 is a name to look for, the rest the string.
#include <algorithm>

#include "broker/send/properties_rewrite.h"
#include "fuzz.h"
#include "msg/properties.h"
#include "msg/record.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mq;
  fuzz::Input input(data, size);
  const std::string name(input.line());
  const fuzz::Exact exact(input.rest());
  const std::string_view text = exact.text();

  std::string_view key, value, last;
  ByteBuffer copy;
  for (PropertyReader reader(text); reader.next(key, value);) {
    MQ_CHECK(!key.empty() && !value.empty());
    if (key == name) last = value;
    append_property(copy, 0, key, value);
  }
  MQ_CHECK(find_property(text, name).data() == last.data());
  // Copied pair by pair it says the same; without the name it does not have it any more.
  MQ_CHECK(find_property(copy.text(), name) == last);
  const std::string without = without_property(text, name);
  if (!name.empty()) MQ_CHECK(find_property(without, name).data() == nullptr);
  MQ_CHECK(without.size() <= text.size() + 1);

  const broker::PropertiesRewriter rewriter("DefaultRegion", true, "DefaultCluster");
  ByteBuffer out, record;
  const auto seen = broker::scan_properties(text);
  MessageFields m{.topic = "T", .properties = text};
  rewriter.rewrite(m, seen, seen.uniq_key.empty() ? "0123456789ABCDEF" : "", out);
  MQ_CHECK(properties_size(m) <= std::max(kMaxPropertiesBytes, text.size()));
  if (encode_record(m, record)) {
    const auto read = decode_record(record.view(), RecordCheck::kLengthsAndCrc);
    MQ_CHECK(read.has_value());
    const std::string_view stored = read->m.properties;
    const bool added = properties_size(m) > text.size() || m.properties.data() != text.data();
    MQ_CHECK(find_property(stored, "TAGS") == find_property(text, "TAGS"));
    MQ_CHECK(find_property(stored, "KEYS") == find_property(text, "KEYS"));
    if (added && text.size() < 30'000) MQ_CHECK(find_property(stored, "MSG_REGION") == "DefaultRegion");
    const FindableProperties found = findable_properties(stored);
    MQ_CHECK(found.tags == find_property(stored, "TAGS") && found.keys == find_property(stored, "KEYS"));
    MQ_CHECK(found.uniq_key == find_property(stored, "UNIQ_KEY"));
  }
  (void)java_hash(text);
  return 0;
}
