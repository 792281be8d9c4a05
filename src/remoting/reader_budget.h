// How much a loop does for readers, clients that are given long answers one after the other, while others use it too.
//
// Everybody else would wait behind them, so with others about a turn's answers to readers are short. A consumer that catches up with what
// was stored long ago also takes whatever a loop can give; where the process may only use so much CPU time (a container's limit, a
// virtual machine's share) it would be used up, and all threads stopped for the rest of the period. So those who catch up rest now and then.
// Readers of new messages do not: there are only so many, and who is kept from them falls behind.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "env/clock.h"

namespace mq::remoting {

/// Badge: owned by its loop.
class ReaderBudget {
 public:
  static constexpr size_t kTurnBytes = 256 << 10;         // answered in a turn while there are only readers
  static constexpr size_t kSharedTurnBytes = 64 << 10;    // else: a tenth of a millisecond, most of it copying to the kernel
  static constexpr size_t kBytesForOther = 512;           // or as long as the requests of others take, of which one takes a microsecond
  static constexpr int64_t kSpellUs = 1000;               // of full turns with old messages; then who catches up rests for kRestMs
  static constexpr int64_t kRestMs = 2;
  static constexpr int kOthersTurns = 1000;               // full ones, for which somebody who asked for something is expected to ask again

  /// A long answer; `old`: of messages that were stored long ago.
  void note_answer(size_t bytes, bool old) noexcept {
    answered_ += bytes;
    old_ |= old;
  }
  /// A request of somebody who is no reader.
  void note_other() noexcept { ++others_; }
  /// True when a reader's next request is to wait for another turn.
  bool used_up() const noexcept { return answered_ >= limit_; }
  /// At the end of each turn. True when those who catch up are to rest now.
  bool end_turn(env::Clock& clock) noexcept {
    const bool full = used_up() && old_, rest = full && end_full_turn(clock.mono_us());
    if (others_ > 0) expected_ = kOthersTurns;
    else if (expected_ > 0 && used_up()) --expected_;
    limit_ = expected_ > 0 ? std::clamp(others_ * kBytesForOther, kSharedTurnBytes, kTurnBytes) : kTurnBytes;
    was_full_ = full && !rest;
    answered_ = others_ = 0;
    old_ = false;
    return rest;
  }

 private:
  bool end_full_turn(int64_t now_us) noexcept {
    if (was_full_) {   // no pause between two full turns: the second begins at once
      spell_us_ += now_us - ended_us_;
      spell_others_ += static_cast<int64_t>(others_);
    }
    ended_us_ = now_us;
    if (spell_us_ < kSpellUs) return false;
    const bool busy = spell_others_ > spell_us_ / 2;   // others keep the loop at work anyway: a rest would leave it no less to do
    spell_us_ = spell_others_ = 0;
    return expected_ > 0 && !busy;
  }

  size_t limit_ = kTurnBytes;
  size_t answered_ = 0, others_ = 0;             // bytes and requests, in this turn
  bool old_ = false;                             // some of the bytes
  int expected_ = 0;                             // full turns for which others are expected
  bool was_full_ = false;                        // the turn before this one ...
  int64_t ended_us_ = 0;                         // ... which ended then
  int64_t spell_us_ = 0, spell_others_ = 0;      // of full turns since the last rest
};

}  // namespace mq::remoting
