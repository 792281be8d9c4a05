// Finds the quotes and backslashes of a text, 64 bytes at a time: the bones of a JSON header.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace mq::wire {

/// Walks forward over the special characters (`"` and `\`) of [begin, end). Each block is read once; between two calls
/// of take() only one bit is cleared, so finding the end of a string does not wait for the string before it.
class SpecialScanner {
 public:
  /// Bytes up to `readable` >= end may be loaded (they are not looked at): it saves a copy of the last block.
  SpecialScanner(const char* begin, const char* end, const char* readable) noexcept
      : base_(begin), end_(end), readable_(readable) {
    load();
  }

  /// The next special character and steps behind it; `end` when there is none.
  const char* take() noexcept {
    while (mask_ == 0) [[unlikely]] {
      if (end_ - base_ <= 64) return end_;
      base_ += 64;
      load();
    }
    const char* found = base_ + std::countr_zero(mask_);
    mask_ &= mask_ - 1;
    return found;
  }

  /// Forgets the special characters before `p`; `p` is not behind one already taken.
  void seek(const char* p) noexcept {
    while (p - base_ >= 64) {   // block by block: saw_non_ascii() must have seen them all
      base_ += 64;
      load();
    }
    mask_ &= ~uint64_t{0} << (p - base_);
  }

  /// Looks at what no string led to: saw_non_ascii() then speaks of the whole text.
  void finish() noexcept {
    while (end_ - base_ > 64) {
      base_ += 64;
      load();
    }
  }

  /// A byte above 0x7F stood in what was scanned so far.
  bool saw_non_ascii() const noexcept { return high_ != 0; }

 private:
  struct Block {
    uint64_t special;
    uint64_t high;
  };

  // The block comes back by value so that a scanner held in a local variable stays in registers.
  void load() noexcept {
    const Block b = block_at(base_, end_, readable_);
    mask_ = b.special;
    high_ |= b.high;
  }

  [[gnu::noinline]] static Block block_at(const char* from, const char* end, const char* readable) noexcept {
    const ptrdiff_t n = end - from;
    char copy[64];
    if (readable - from < 64) [[unlikely]] {
      std::memset(copy, 0, sizeof copy);
      if (n > 0) std::memcpy(copy, from, static_cast<size_t>(n));
      from = copy;
    }
    Block b{0, 0};
#if defined(__SSE2__)
    const __m128i quote = _mm_set1_epi8('"'), slash = _mm_set1_epi8('\\');
    for (int i = 0; i < 4; ++i) {
      const __m128i v = _mm_loadu_si128(reinterpret_cast<const __m128i*>(from) + i);
      const __m128i hit = _mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, slash));
      b.special |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(hit))) << (16 * i);
      b.high |= static_cast<uint64_t>(static_cast<uint32_t>(_mm_movemask_epi8(v))) << (16 * i);
    }
#else
    for (int i = 0; i < 64; ++i) {
      b.special |= uint64_t{from[i] == '"' || from[i] == '\\'} << i;
      b.high |= uint64_t{static_cast<unsigned char>(from[i]) >= 0x80} << i;
    }
#endif
    if (n < 64) {
      const uint64_t ours = n > 0 ? (uint64_t{1} << n) - 1 : 0;
      b.special &= ours;
      b.high &= ours;
    }
    return b;
  }

  const char* base_;       // start of the current block
  const char* end_;
  const char* readable_;
  uint64_t mask_ = 0;      // special characters of the block not taken yet
  uint64_t high_ = 0;
};

}  // namespace mq::wire
