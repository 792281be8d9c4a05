#include "ops/exposition.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace mq::ops {

namespace {

bool must_be_escaped(char c) noexcept { return c == '\\' || c == '"' || c == '\n'; }

void append_label(std::string& out, std::string_view name, std::string_view value) {
  if (!out.empty()) out += ',';
  out.append(name).append("=\"");
  if (std::ranges::none_of(value, must_be_escaped)) out += value;   // nearly always
  else for (const char c : value) {
    if (must_be_escaped(c)) out += '\\';
    out += c == '\n' ? 'n' : c;
  }
  out += '"';
}

void render(std::string& out, Labels labels) {
  out.clear();
  for (const auto& [name, value] : labels) append_label(out, name, value);
}

bool whole(double v) noexcept { return v == std::trunc(v) && std::abs(v) < 1e15; }

/// With one digit behind the point. What is whole, as nearly all, is not left to the search for the digits of a fraction.
std::string bound_text(double v) { return whole(v) ? fmt::format("{}.0", static_cast<int64_t>(v)) : fmt::format("{:.1f}", v); }

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
  render(common_, common);
  fmt::format_to(std::back_inserter(text_), "# HELP {} {}\n# TYPE {} {}\n", name, help, name, type_name(type));
}

bool Exposition::room(size_t series) noexcept {
  if (in_family_ + series > max_series_) return dropped_ += series, false;
  in_family_ += series;
  return true;
}

void Exposition::head(std::string_view suffix, std::string_view labels) {
  text_.append(name_).append(suffix);
  if (!common_.empty() || !labels.empty()) {
    text_.append(1, '{').append(common_).append(common_.empty() || labels.empty() ? "" : ",").append(labels) += '}';
  }
  text_ += ' ';
}

void Exposition::value(int64_t v) { text_.append(fmt::format_int(v).c_str()) += '\n'; }

void Exposition::value(double v) {
  if (whole(v)) return value(static_cast<int64_t>(v));
  if (std::isnan(v)) text_ += "NaN";
  else if (std::isinf(v)) text_ += v > 0 ? "+Inf" : "-Inf";
  else fmt::format_to(std::back_inserter(text_), "{}", v);
  text_ += '\n';
}

void Exposition::sample(Labels labels, int64_t v) {
  if (!room(1)) return;
  render(labels_, labels);
  head("", labels_);
  value(v);
}

void Exposition::sample(Labels labels, double v) {
  if (!room(1)) return;
  render(labels_, labels);
  head("", labels_);
  value(v);
}

void Exposition::histogram(Labels labels, std::span<const double> bounds, std::span<const int64_t> counts, double sum) {
  MQ_CHECK(counts.size() == bounds.size() + 1);
  if (!room(counts.size() + 2)) return;
  render(labels_, labels);
  const size_t own = labels_.size();
  int64_t total = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    total += counts[i];
    labels_.resize(own);
    if (i < bounds.size()) append_label(labels_, "le", bound_text(bounds[i]));
    else append_label(labels_, "le", "+Inf");
    head("_bucket", labels_);
    value(total);
  }
  labels_.resize(own);
  head("_sum", labels_);
  value(sum);
  head("_count", labels_);
  value(total);
}

}  // namespace mq::ops
