// A record whose last sectors never reached the disk is told from a whole one, although its lengths and its CRC fit.
#include "store/format/torn_record.h"

#include <gtest/gtest.h>

#include <cstring>

namespace mq::store {
namespace {

TEST(TornRecord, EveryLostSectorBehindTheBodyShows) {
  const std::string properties = "KEYS\x01" + std::string(2000, 'k') + "\x02TAGS\x01" "a\x02", body(700, 'b');
  for (int64_t position = 0; position < 600; position += 4) {
    ByteBuffer log;
    log.append(std::string(static_cast<size_t>(position), 'x'));
    ASSERT_TRUE(encode_record({.topic = "T", .bornHost = *Host::parse("1.2.3.4", 5), .storeHost = *Host::parse("1.2.3.4", 5),
                               .body = as_bytes(body), .properties = properties}, log));
    const auto whole = decode_record(log.view().subspan(static_cast<size_t>(position)), RecordCheck::kLengthsAndCrc);
    ASSERT_TRUE(whole);
    EXPECT_FALSE(is_torn(*whole, position));
    for (size_t sector = 0; sector < log.size(); sector += kSectorBytes) {
      ByteBuffer torn;
      torn.append(log.view());
      std::memset(const_cast<std::byte*>(torn.view().data()) + sector, 0, std::min<size_t>(kSectorBytes, torn.size() - sector));
      if (sector + kSectorBytes <= static_cast<size_t>(position)) continue;   // before the record
      const auto record = decode_record(torn.view().subspan(static_cast<size_t>(position)), RecordCheck::kLengthsAndCrc);
      EXPECT_TRUE(!record || is_torn(*record, position)) << "position " << position << " sector " << sector;
    }
  }
}

TEST(TornRecord, EveryEndThatIsMissingShows) {
  for (const std::string& properties : {std::string("KEYS\x01k\x02TAGS\x01" "a\x02"), std::string()}) {
    ByteBuffer log;
    ASSERT_TRUE(encode_record({.topic = "Topic", .bornHost = *Host::parse("1.2.3.4", 5), .storeHost = *Host::parse("1.2.3.4", 5),
                               .body = as_bytes("body"), .properties = properties}, log));
    const size_t whole = log.size() - (properties.empty() ? 2 : 0);   // the two bytes of an empty length are zeros anyway
    for (size_t kept = 0; kept < whole; ++kept) {
      ByteBuffer torn;
      torn.append(log.view().first(kept));
      torn.append(std::string(log.size() - kept, '\0'));
      const auto record = decode_record(torn.view(), RecordCheck::kLengthsAndCrc);
      EXPECT_TRUE(!record || is_torn(*record, 0)) << kept << " of " << log.size() << " bytes";
    }
  }
}

TEST(TornRecord, NoPropertiesAndShortTopicsAreWhole) {
  const std::string body(100, 'b');
  for (int64_t position = 0; position < 1100; ++position) {
    ByteBuffer log;
    ASSERT_TRUE(encode_record({.topic = "T", .bornHost = *Host::parse("1.2.3.4", 5), .storeHost = *Host::parse("1.2.3.4", 5), .body = as_bytes(body)}, log));
    const auto record = decode_record(log.view(), RecordCheck::kLengthsAndCrc);
    ASSERT_TRUE(record);
    EXPECT_FALSE(is_torn(*record, position));
  }
}

}  // namespace
}  // namespace mq::store
