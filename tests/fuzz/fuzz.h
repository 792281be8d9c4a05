// What every fuzz target shares: the entry point's name, and a reader that takes pieces off the input.
//
// A target is one file NAME_fuzz.cc with LLVMFuzzerTestOneInput. It parses, and where parsing succeeds it checks a law
// with MQ_CHECK (printing and parsing again gives the same, ...), so that wrong answers are found and not only crashes.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace mq::fuzz {

/// A copy of the input that stands alone in memory, so that a sanitizer sees every read beyond it.
class Exact {
 public:
  explicit Exact(std::string_view bytes) : size_(bytes.size()), data_(std::make_unique<char[]>(std::max<size_t>(size_, 1))) {
    if (size_ > 0) std::memcpy(data_.get(), bytes.data(), size_);
  }
  std::string_view text() const noexcept { return {data_.get(), size_}; }
  ByteView bytes() const noexcept { return as_bytes(text()); }

 private:
  size_t size_;
  std::unique_ptr<char[]> data_;
};

/// Takes pieces off the front of the input; what is missing reads as zeros.
class Input {
 public:
  Input(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  template <class T>
  T number() {
    T v{};
    const size_t n = std::min(sizeof v, rest_.size());
    std::memcpy(&v, rest_.data(), n);
    rest_.remove_prefix(n);
    return v;
  }
  std::string_view take(size_t n) {
    const std::string_view piece = rest_.substr(0, n);
    rest_.remove_prefix(piece.size());
    return piece;
  }
  /// Up to the next newline, which goes too.
  std::string_view line() {
    const std::string_view piece = take(rest_.find('\n'));
    take(1);
    return piece;
  }
  std::string_view rest() const noexcept { return rest_; }
  bool empty() const noexcept { return rest_.empty(); }

 private:
  std::string_view rest_;
};

/// An input whose first byte says what the rest is.
class Kinded {
 public:
  Kinded(const uint8_t* data, size_t size) : kind(size > 0 ? data[0] : 0), rest_({reinterpret_cast<const char*>(data) + (size > 0), size - (size > 0)}) {}
  const uint8_t kind;
  std::string_view text() const noexcept { return rest_.text(); }

 private:
  const Exact rest_;
};

}  // namespace mq::fuzz
