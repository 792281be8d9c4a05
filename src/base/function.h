// UniqueFunction: a callable that can only be moved (gcc 12 lacks std::move_only_function).
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace mq {

template <class Sig>
class UniqueFunction;

/// Callables up to 48 bytes live inside; larger ones are allocated. Calling an empty one is a bug.
template <class R, class... A>
class UniqueFunction<R(A...)> {
  static constexpr size_t kInline = 48;
  struct Ops {
    R (*call)(void*, A&&...);
    void (*move)(void* to, void* from) noexcept;
    void (*destroy)(void*) noexcept;
  };
  template <class F>
  static constexpr bool fits = sizeof(F) <= kInline && alignof(F) <= alignof(std::max_align_t) &&
                               std::is_nothrow_move_constructible_v<F>;
  template <class F>
  static constexpr Ops kInlineOps{
      [](void* p, A&&... a) -> R { return (*static_cast<F*>(p))(std::forward<A>(a)...); },
      [](void* to, void* from) noexcept {
        new (to) F(std::move(*static_cast<F*>(from)));
        static_cast<F*>(from)->~F();
      },
      [](void* p) noexcept { static_cast<F*>(p)->~F(); }};
  template <class F>
  static constexpr Ops kHeapOps{
      [](void* p, A&&... a) -> R { return (**static_cast<F**>(p))(std::forward<A>(a)...); },
      [](void* to, void* from) noexcept { *static_cast<F**>(to) = *static_cast<F**>(from); },
      [](void* p) noexcept { delete *static_cast<F**>(p); }};

 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}
  template <class F>
    requires(!std::is_same_v<std::decay_t<F>, UniqueFunction> && std::is_invocable_r_v<R, std::decay_t<F>&, A...>)
  UniqueFunction(F&& f) {
    using D = std::decay_t<F>;
    if constexpr (fits<D>) {
      new (buf_) D(std::forward<F>(f));
      ops_ = &kInlineOps<D>;
    } else {
      *reinterpret_cast<D**>(buf_) = new D(std::forward<F>(f));
      ops_ = &kHeapOps<D>;
    }
  }
  UniqueFunction(UniqueFunction&& o) noexcept : ops_(std::exchange(o.ops_, nullptr)) {
    if (ops_) ops_->move(buf_, o.buf_);
  }
  UniqueFunction& operator=(UniqueFunction&& o) noexcept {
    if (this != &o) {
      reset();
      ops_ = std::exchange(o.ops_, nullptr);
      if (ops_) ops_->move(buf_, o.buf_);
    }
    return *this;
  }
  ~UniqueFunction() { reset(); }

  explicit operator bool() const noexcept { return ops_ != nullptr; }
  R operator()(A... a) { return ops_->call(buf_, std::forward<A>(a)...); }
  void reset() noexcept {
    if (ops_) std::exchange(ops_, nullptr)->destroy(buf_);
  }

 private:
  const Ops* ops_ = nullptr;
  alignas(std::max_align_t) std::byte buf_[kInline];
};

/// A unit of work for a loop.
using Task = UniqueFunction<void()>;

}  // namespace mq
