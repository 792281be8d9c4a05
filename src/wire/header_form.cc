#include "wire/header_form.h"

#include <algorithm>

namespace mq::wire {

std::string_view HeaderForm::unescaped(const Field& f, const char* header, const char* readable, char* const to) const noexcept {
  char* at = to;
  for (const Run *run = runs.data() + f.first_run, *const last = run + f.runs; run < last; ++run) {
    const Run r = *run;   // what is written below might be it, as far as the compiler knows
    const char* from = header + r.from;
    if (static_cast<size_t>(readable - from) >= r.size + kBlock) [[likely]] {
      for (size_t k = 0; k < r.size; k += kBlock) std::memcpy(at + k, from + k, kBlock);   // scratch has that room
    } else {
      std::memcpy(at, from, r.size);
    }
    at += r.size;
    *at = r.escaped;
    at += r.ends ? 0 : 1;
  }
  return {to, static_cast<size_t>(at - to)};
}

void HeaderForm::settle() noexcept {
  for (Kept& k : kept_) k.type = nullptr;
  only_property_values_vary_ = true;
  for (const Field& f : fields) {
    char before = '\2';   // what ends in front of the run
    for (const Run *run = runs.data() + f.first_run, *const last = run + f.runs; run < last; ++run) {
      if (run->varies && !(before == '\1' && (run->ends || run->escaped == '\2'))) only_property_values_vary_ = false;
      before = run->escaped;
    }
  }
}

}  // namespace mq::wire
