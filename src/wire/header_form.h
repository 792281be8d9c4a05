// HeaderForm: what all JSON headers of one form have in common. A client writes the same keys in the same order, values of the same
// lengths; most values are the same each time as well. Whoever handles such frames keeps here what follows from that, so that
// only what differs is looked at again.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string_view>
#include <type_traits>
#include <vector>

namespace mq::wire {

/// Where the fields of a header struct stand among the pairs of all frames of one form: found out with the first frame,
/// so that the next ones compare no names.
struct FieldPlaces {
  static constexpr size_t kMost = 32;
  static constexpr uint32_t kAbsent = UINT32_MAX;
  const void* table = nullptr;           // the names of the struct's fields, which stand for the struct; null: not known yet
  std::array<uint32_t, kMost> at;        // by field
};

/// Made and owned by a ShapeCache. Badge: owned by its loop.
class HeaderForm {
 public:
  static constexpr size_t kBlock = 16;      // bytes copied at once
  static constexpr size_t kMostKept = 320;  // bytes of one kept thing

  /// Part of a value: bytes taken as they are, then what one escape means.
  struct Run {
    uint16_t from = 0;
    uint16_t size = 0;
    char escaped = 0;
    bool ends = false;       // the value's last: no escape follows
    bool varies = false;
  };
  struct Field {
    uint16_t key_at = 0;
    uint16_t key_size = 0;
    uint16_t value_at = 0;   // of a value without escapes
    uint16_t value_size = 0;
    uint16_t first_run = 0;  // of a value with escapes
    uint16_t runs = 0;       // 0: without escapes
    uint32_t room_at = 0;    // of its plain text in a frame's scratch
    bool varies = false;     // differs between the frames seen, in any of its runs
  };

  std::vector<char> like;    // the header it was learnt from
  std::vector<Field> fields;
  std::vector<Run> runs;     // of all values, in order
  size_t room = 0;           // bytes that the plain texts of all values with escapes take, with what a copy of blocks writes behind them
  FieldPlaces places;        // of the last kind of header read from such frames

  std::string_view key(size_t i, const char* header) const noexcept { return {header + fields[i].key_at, fields[i].key_size}; }
  /// The i-th value of a header of this form. `readable`: the end of what may be read behind the header; `scratch` has `room` bytes and
  /// holds the text of a value with escapes.
  std::string_view value(size_t i, const char* header, const char* readable, char* scratch) const noexcept {
    const Field& f = fields[i];
    if (f.runs == 0) [[likely]] return {header + f.value_at, f.value_size};
    return unescaped(f, header, readable, scratch + f.room_at);
  }
  /// The i-th value as in the header it was learnt from: as long-lived as the form.
  std::string_view own_value(size_t i) {
    own_.resize(room);
    return value(i, like.data(), like.data() + like.size(), own_.data());
  }
  /// True when a text of properties differs between frames in nothing but the values: what is between \1 and \2.
  bool only_property_values_vary() const noexcept { return only_property_values_vary_; }

  /// What differs is known anew: all that was kept is forgotten.
  void settle() noexcept;

  /// What was kept of that type; null: nothing. Valid until a frame of another form is decoded.
  template <class T>
  T* kept() noexcept {
    for (Kept& k : kept_) {
      if (k.type == &kType<T>) return std::launder(reinterpret_cast<T*>(k.bytes.data()));
    }
    return nullptr;
  }
  /// Keeps one thing of each type, of three types at most: what is read through kept() stays where it is.
  template <class T>
  void keep(const T& thing) noexcept {
    static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T> && sizeof(T) <= kMostKept);
    for (Kept& k : kept_) {
      if (k.type != nullptr && k.type != &kType<T>) continue;
      k.type = &kType<T>;
      std::memcpy(k.bytes.data(), &thing, sizeof thing);
      return;
    }
  }

 private:
  template <class T>
  static constexpr char kType = 0;   // its address stands for the type
  struct Kept {
    const char* type = nullptr;
    alignas(std::max_align_t) std::array<std::byte, kMostKept> bytes;
  };

  std::string_view unescaped(const Field& f, const char* header, const char* readable, char* to) const noexcept;

  bool only_property_values_vary_ = false;
  std::vector<char> own_;    // texts of own_value()
  std::array<Kept, 3> kept_;
};

}  // namespace mq::wire
