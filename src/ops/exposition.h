// Prometheus text exposition (version 0.0.4), family by family.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace mq::ops {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

/// Badge: owned by whoever makes it; one for each scrape.
class Exposition {
 public:
  static constexpr std::string_view kContentType = "text/plain; version=0.0.4; charset=utf-8";

  /// No family gets more than `max_series` samples, of which a histogram has one for each bucket and two more; the others are counted.
  /// `expected` bytes of the text, such as the last one had: a text that grows is copied again and again.
  explicit Exposition(size_t max_series, size_t expected = 1 << 16) : max_series_(max_series) { text_.reserve(expected); }

  enum class Type : uint8_t { kGauge, kCounter, kHistogram };
  /// Opens a family; what follows belongs to it. `common` labels are in front of those of each sample.
  void family(std::string_view name, Type type, std::string_view help, Labels common = {});
  void sample(Labels labels, int64_t v);
  void sample(Labels labels, double v);
  /// `counts` has one element more than `bounds`: the last counts what is above.
  void histogram(Labels labels, std::span<const double> bounds, std::span<const int64_t> counts, double sum);

  size_t dropped() const noexcept { return dropped_; }
  std::string take() { return std::move(text_); }

 private:
  bool room(size_t series) noexcept;
  /// A line up to its value: the rendered labels, those of the family in front.
  void head(std::string_view suffix, std::string_view labels);
  void value(int64_t v);
  void value(double v);

  const size_t max_series_;
  size_t in_family_ = 0;
  size_t dropped_ = 0;
  std::string name_;
  std::string common_;   // rendered, without braces
  std::string labels_;   // of the sample at hand, as common_
  std::string text_;
};

}  // namespace mq::ops
