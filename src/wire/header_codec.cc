#include "wire/header_codec.h"

namespace mq::wire::detail {

Failure missing_field(std::string_view name) { return fail(Errc::kInvalid, "required field " + std::string(name) + " missing"); }

Failure bad_field(std::string_view name, std::string_view value) {
  return fail(Errc::kInvalid, "field " + std::string(name) + " has the value \"" + std::string(value) + "\", a number is needed");
}

}  // namespace mq::wire::detail
