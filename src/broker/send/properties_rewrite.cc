#include "broker/send/properties_rewrite.h"

#include <array>

#include "msg/properties.h"
#include "msg/record.h"
#include "msg/types.h"

namespace mq::broker {

namespace {

bool broker_owned(std::string_view name) noexcept {
  return name == prop::kMsgRegion || name == prop::kTraceOn || name == prop::kCluster || name == prop::kPopCk;
}

void append_pair(std::string& to, std::string_view name, std::string_view value) {
  to.append(name).append(1, '\x01').append(value).append(1, '\x02');
}

/// What a send looks at, of all texts that differ in nothing but values: where it stands.
struct PropertyPlaces {
  struct Place {
    uint32_t at = 0;
    uint32_t size = 0;   // 0: absent
  };
  static constexpr std::array kTexts = {&SendProperties::tags, &SendProperties::keys,  &SendProperties::uniq_key,
                                        &SendProperties::wait, &SendProperties::delay, &SendProperties::tran_msg};
  std::array<Place, kTexts.size()> places;
  bool special, timed, inner, plain;

  PropertyPlaces(const SendProperties& seen, std::string_view text) noexcept
      : special(seen.special), timed(seen.timed), inner(seen.inner), plain(seen.plain) {
    for (size_t i = 0; i < kTexts.size(); ++i) {
      const std::string_view t = seen.*kTexts[i];
      if (t.data()) places[i] = {static_cast<uint32_t>(t.data() - text.data()), static_cast<uint32_t>(t.size())};
    }
  }
  SendProperties in(std::string_view text) const noexcept {
    SendProperties p{.special = special, .timed = timed, .inner = inner, .plain = plain};
    for (size_t i = 0; i < kTexts.size(); ++i) {
      if (places[i].size > 0) p.*kTexts[i] = {text.data() + places[i].at, places[i].size};
    }
    return p;
  }
};

}  // namespace

SendProperties scan_properties(std::string_view text, wire::HeaderForm* form) noexcept {
  if (!form || !form->only_property_values_vary()) return scan_properties(text);
  if (const auto* places = form->kept<PropertyPlaces>()) return places->in(text);
  const SendProperties seen = scan_properties(text);
  form->keep(PropertyPlaces(seen, text));
  return seen;
}

SendProperties scan_properties(std::string_view text) noexcept {
  SendProperties p;
  PropertyReader reader(text);
  std::string_view name, value;
  size_t understood = 0;   // bytes; pairs without name or value are passed over by the reader
  while (reader.next(name, value)) {
    understood += name.size() + value.size() + 2;
    if (name.starts_with(prop::kTimerPrefix)) p.special = p.timed = true;
    switch (name.size()) {
      case 4:
        if (name == prop::kTags) p.tags = value;
        else if (name == prop::kKeys) p.keys = value;
        else if (name == prop::kWait) p.wait = value;
        break;
      case 5:
        if (name == prop::kDelay) p.delay = value;
        break;
      case 6: case 7: case 10:
        if (broker_owned(name)) p.plain = false;
        break;
      case 8:
        if (name == prop::kUniqKey) p.uniq_key = value;
        else if (name == prop::kTranMsg) p.tran_msg = value;
        else if (broker_owned(name)) p.plain = false;
        break;
      case 9:
        if (name == prop::kInnerNum) p.inner = true;
        break;
      default: break;
    }
  }
  if (understood != text.size() && understood != text.size() + 1) p.plain = false;
  p.special |= !p.delay.empty() || !p.tran_msg.empty();
  return p;
}

PropertiesRewriter::PropertiesRewriter(std::string_view region, bool trace_on, std::string_view cluster) {
  append_pair(suffix_, prop::kMsgRegion, region);
  append_pair(suffix_, prop::kTraceOn, trace_on ? "true" : "false");
  append_pair(suffix_, prop::kCluster, cluster);
}

void PropertiesRewriter::append_kept(std::string_view text, ByteBuffer& out) {
  PropertyReader reader(text);
  std::string_view name, value;
  while (reader.next(name, value)) {
    if (!broker_owned(name)) append_property(out, 0, name, value);
  }
}

std::string_view PropertiesRewriter::additions(std::string_view of_batch, ByteBuffer& out) const {
  if (of_batch.empty()) return suffix_;
  out.clear();
  append_kept(of_batch, out);
  out.append(suffix_);
  return out.text();
}

void PropertiesRewriter::rewrite(MessageFields& m, const SendProperties& seen, std::string_view new_uniq_key, ByteBuffer& out) const {
  const std::string_view text = m.properties;
  if (seen.plain && !seen.special && !seen.uniq_key.empty()) [[likely]] {   // nobody looks at the string again
    m.more_properties = suffix_;
    if (properties_size(m) > kMaxPropertiesBytes) m.more_properties = {};
    return;
  }
  out.clear();
  if (seen.plain) {
    out.append(text);
  } else {
    append_kept(text, out);
  }
  if (!out.empty() && out.text().back() != '\x02') out.push('\x02');
  const bool needs_key = seen.uniq_key.empty();
  const size_t added = suffix_.size() + (needs_key ? prop::kUniqKey.size() + new_uniq_key.size() + 2 : 0);
  if (out.size() + added <= kMaxPropertiesBytes) {
    out.append(suffix_);
    if (needs_key) append_property(out, 0, prop::kUniqKey, new_uniq_key);
  } else if (text.size() > kMaxPropertiesBytes || seen.plain) {
    return;
  }
  m.properties = out.text();
}

}  // namespace mq::broker
