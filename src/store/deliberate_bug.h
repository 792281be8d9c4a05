// Deliberate bugs, to show that the tests notice such ones. In builds with MQ_DCHECKS only; a release has no trace of them.
#pragma once

#include <cstdint>
#ifdef MQ_DCHECKS
#include <cstdlib>
#include <string_view>
#endif

namespace mq::store {

enum class DeliberateBug : uint8_t {
  kNone,
  kAcknowledgesBeforeWriting,   // now and then the records of an append are written with the next one
  kSkipsEntries,                // now and then a record gets no ConsumeQueue entry
  kReorders,                    // the items of an append are appended in the opposite order
};

#ifdef MQ_DCHECKS
/// MQ_DELIBERATE_BUG=acknowledgesBeforeWriting, skipsEntries or reorders, for whole programs (tests/faults/bugs).
inline DeliberateBug deliberate_bug_of_environment() {
  const char* text = std::getenv("MQ_DELIBERATE_BUG");
  const std::string_view name = text ? text : "";
  if (name == "acknowledgesBeforeWriting") return DeliberateBug::kAcknowledgesBeforeWriting;
  if (name == "skipsEntries") return DeliberateBug::kSkipsEntries;
  if (name == "reorders") return DeliberateBug::kReorders;
  return DeliberateBug::kNone;
}

/// Set by a test while nothing runs.
inline DeliberateBug deliberate_bug = deliberate_bug_of_environment();
#else
inline constexpr DeliberateBug deliberate_bug = DeliberateBug::kNone;
#endif

}  // namespace mq::store
