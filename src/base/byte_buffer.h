// A growing byte buffer whose new space is not zeroed: the output of codecs and connections.
#pragma once

#include <cstdlib>
#include <new>
#include <utility>

#include "base/bytes.h"

namespace mq {

/// Owns one malloc block. Appending doubles it when full; clear() keeps the block. Not for sharing between threads.
class ByteBuffer {
 public:
  ByteBuffer() = default;
  ~ByteBuffer() { std::free(data_); }
  ByteBuffer(const ByteBuffer&) = delete;
  ByteBuffer& operator=(const ByteBuffer&) = delete;
  ByteBuffer(ByteBuffer&& o) noexcept
      : data_(std::exchange(o.data_, nullptr)), size_(std::exchange(o.size_, 0)), cap_(std::exchange(o.cap_, 0)) {}
  ByteBuffer& operator=(ByteBuffer&& o) noexcept {
    std::swap(data_, o.data_);
    std::swap(size_, o.size_);
    std::swap(cap_, o.cap_);
    return *this;
  }

  std::byte* data() noexcept { return data_; }
  const std::byte* data() const noexcept { return data_; }
  size_t size() const noexcept { return size_; }
  size_t capacity() const noexcept { return cap_; }
  bool empty() const noexcept { return size_ == 0; }
  ByteView view() const noexcept { return {data_, size_}; }
  std::string_view text() const noexcept { return as_text(view()); }

  void clear() noexcept { size_ = 0; }
  /// Frees the block when it has grown beyond `limit_bytes`; for buffers that live as long as a connection.
  void shrink(size_t limit_bytes) noexcept {
    if (cap_ > limit_bytes && size_ == 0) {
      std::free(std::exchange(data_, nullptr));
      cap_ = 0;
    }
  }

  /// `n` writable bytes behind the end; call commit(written) afterwards.
  std::byte* reserve(size_t n) {
    if (size_ + n > cap_) [[unlikely]] grow(size_ + n);
    return data_ + size_;
  }
  void commit(size_t n) noexcept { size_ += n; }

  void append(const void* p, size_t n) {
    if (n == 0) return;
    std::memcpy(reserve(n), p, n);
    size_ += n;
  }
  void append(ByteView b) { append(b.data(), b.size()); }
  void append(std::string_view s) { append(s.data(), s.size()); }
  void push(char c) {
    *reserve(1) = static_cast<std::byte>(c);
    ++size_;
  }
  template <class T>
  void append_be(T v) {
    store_be(reserve(sizeof v), v);
    size_ += sizeof v;
  }
  /// Removes `n` bytes from the front, moving the rest.
  void consume(size_t n) noexcept {
    if (n < size_) std::memmove(data_, data_ + n, size_ - n);
    size_ -= n;
  }
  void resize(size_t n) {
    if (n > size_) reserve(n - size_);
    size_ = n;
  }

 private:
  void grow(size_t need) {
    size_t cap = cap_ ? cap_ : 256;
    while (cap < need) cap *= 2;
    void* p = std::realloc(data_, cap);
    if (!p) throw std::bad_alloc();
    data_ = static_cast<std::byte*>(p);
    cap_ = cap;
  }

  std::byte* data_ = nullptr;
  size_t size_ = 0;
  size_t cap_ = 0;
};

}  // namespace mq
