// Deliberate bugs, to show that the tests notice such ones. In builds with MQ_DCHECKS only; a release has no trace of them.
#pragma once

#include <cstdint>

namespace mq::store {

enum class DeliberateBug : uint8_t {
  kNone,
  kAcknowledgesBeforeWriting,   // now and then the records of an append are written with the next one
  kSkipsEntries,                // now and then a record gets no ConsumeQueue entry
  kReorders,                    // the items of an append are appended in the opposite order
};

#ifdef MQ_DCHECKS
/// Set by a test while nothing runs.
inline DeliberateBug deliberate_bug = DeliberateBug::kNone;
#else
inline constexpr DeliberateBug deliberate_bug = DeliberateBug::kNone;
#endif

}  // namespace mq::store
