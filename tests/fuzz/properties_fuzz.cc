// The properties string of a message: line 1 is a name to look for, the rest the string.
#include "broker/send/properties_rewrite.h"
#include "fuzz.h"
#include "msg/properties.h"

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
  ByteBuffer out;
  const auto seen = broker::scan_properties(text);
  const std::string_view stored = rewriter.rewrite(text, seen, seen.uniq_key.empty() ? "0123456789ABCDEF" : "", out);
  MQ_CHECK(find_property(stored, "TAGS") == find_property(text, "TAGS"));
  MQ_CHECK(find_property(stored, "KEYS") == find_property(text, "KEYS"));
  if (stored.data() != text.data()) MQ_CHECK(find_property(stored, "MSG_REGION") == "DefaultRegion");
  (void)java_hash(text);
  return 0;
}
