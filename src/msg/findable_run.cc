#include "msg/findable_run.h"

#include <utility>

namespace mq {

void FindableRun::read(std::string_view properties) noexcept {
  found_ = findable_properties(properties);
  tags_code_ = mq::tags_code(found_.tags);
  before_ = properties;
  count_ = 0;
  for (const std::string_view v : {found_.uniq_key, found_.keys}) {
    if (v.data()) values_[count_++] = {static_cast<size_t>(v.data() - properties.data()), v.size()};
  }
  if (count_ == 2 && values_[1].at < values_[0].at) std::swap(values_[0], values_[1]);
}

}  // namespace mq
