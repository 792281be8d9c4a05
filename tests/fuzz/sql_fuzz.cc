// A SQL92 filter: line 1 is the expression, the rest the properties it is asked about.
#include "fuzz.h"
#include "msg/sql/sql_expression.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace mq;
  fuzz::Input input(data, size);
  const fuzz::Exact text(input.line()), properties(input.rest());
  const auto expression = sql::Expression::compile(text.text());
  if (!expression) {
    MQ_CHECK(expression.error().code() == Errc::kInvalid && !expression.error().message().empty());
    return 0;
  }
  const bool one = (*expression)->matches(properties.text());
  MQ_CHECK((*expression)->matches(properties.text()) == one);
  // A filter compiled again from the same text decides the same.
  const auto twin = sql::Expression::compile(text.text());
  MQ_CHECK(twin && (*twin)->matches(properties.text()) == one);
  return 0;
}
