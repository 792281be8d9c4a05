#include "ops/exposition.h"

#include <fmt/format.h>

#include <cmath>

#include "base/check.h"

namespace mq::ops {

namespace {

void append_label(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty() && out.back() != '{') out += ',';
  out.append(name).append("=\"");
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\', out += c;
    else if (c == '\n') out += "\\n";
    else out += c;
  }
  out += '"';
}

void append_number(std::string& out, double v) {
  if (std::isnan(v)) out += "NaN";
  else if (std::isinf(v)) out += v > 0 ? "+Inf" : "-Inf";
  else fmt::format_to(std::back_inserter(out), "{}", v);
}

std::string_view type_name(Exposition::Type type) {
  switch (type) {
    case Exposition::Type::kGauge: return "gauge";
    case Exposition::Type::kCounter: return "counter";
    case Exposition::Type::kHistogram: return "histogram";
  }
  return "untyped";
}

}  // namespace

void Exposition::family(std::string_view name, Type type, std::string_view help, Labels common) {
  name_ = name;
  in_family_ = 0;
  common_.clear();
  for (const auto& [k, v] : common) append_label(common_, k, v);
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type_name(type));
}

bool Exposition::room(size_t series) noexcept {
  if (in_family_ + series > max_series_) return dropped_ += series, false;
  in_family_ += series;
  return true;
}

void Exposition::head(std::string_view suffix, Labels labels, std::string_view le) {
  text_.append(name_).append(suffix);
  if (!common_.empty() || labels.size() > 0 || !le.empty()) {
    text_ += '{';
    text_ += common_;
    for (const auto& [k, v] : labels) append_label(text_, k, v);
    if (!le.empty()) append_label(text_, "le", le);
    text_ += '}';
  }
  text_ += ' ';
}

void Exposition::sample(Labels labels, int64_t value) {
  if (!room(1)) return;
  head("", labels);
  fmt::format_to(std::back_inserter(text_), "{}\n", value);
}

void Exposition::sample(Labels labels, double value) {
  if (!room(1)) return;
  head("", labels);
  append_number(text_, value);
  text_ += '\n';
}

void Exposition::histogram(Labels labels, std::span<const double> bounds, std::span<const int64_t> counts, double sum) {
  MQ_CHECK(counts.size() == bounds.size() + 1);
  if (!room(counts.size() + 2)) return;
  int64_t total = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    head("_bucket", labels, i < bounds.size() ? fmt::format("{:.1f}", bounds[i]) : "+Inf");
    fmt::format_to(std::back_inserter(text_), "{}\n", total);
  }
  head("_sum", labels);
  append_number(text_, sum);
  text_ += '\n';
  head("_count", labels);
  fmt::format_to(std::back_inserter(text_), "{}\n", total);
}

}  // namespace mq::ops
