#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>
#include <thread>

#include "ops/exposition.h"
#include "ops/http_server.h"
#include "ops/pulse.h"

namespace mq::ops {
namespace {

TEST(Exposition, WritesFamiliesAsPrometheusReadsThem) {
  Exposition e(10);
  e.family("a_total", Exposition::Type::kCounter, "Counts.", {{"cluster", "c"}});
  e.sample({{"topic", "x\"y\\z\n"}}, int64_t{3});
  e.family("b", Exposition::Type::kGauge, "Is.");
  e.sample({}, 0.5);
  EXPECT_EQ(e.take(), "# HELP a_total Counts.\n# TYPE a_total counter\na_total{cluster=\"c\",topic=\"x\\\"y\\\\z\\n\"} 3\n"
                      "# HELP b Is.\n# TYPE b gauge\nb 0.5\n");
}

TEST(Exposition, BucketsAreCumulative) {
  Exposition e(10);
  e.family("h", Exposition::Type::kHistogram, "H.");
  e.histogram({{"k", "v"}}, std::array{1.0, 10.0}, std::array<int64_t, 3>{1, 2, 3}, 99.5);
  EXPECT_EQ(e.take(), "# HELP h H.\n# TYPE h histogram\nh_bucket{k=\"v\",le=\"1.0\"} 1\nh_bucket{k=\"v\",le=\"10.0\"} 3\n"
                      "h_bucket{k=\"v\",le=\"+Inf\"} 6\nh_sum{k=\"v\"} 99.5\nh_count{k=\"v\"} 6\n");
}

TEST(Exposition, NumbersAreWrittenInTheirShortestForm) {
  Exposition e(10);
  e.family("n", Exposition::Type::kGauge, "N.");
  for (const double v : {0.0, 3.0, -2.0, 0.1, 1e15, 1e22, std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(), std::nan("")}) e.sample({}, v);
  EXPECT_EQ(e.take(), "# HELP n N.\n# TYPE n gauge\nn 0\nn 3\nn -2\nn 0.1\nn 1000000000000000\nn 1e+22\nn +Inf\nn -Inf\nn NaN\n");
  Exposition h(10);
  h.family("h", Exposition::Type::kHistogram, "H.", {{"a", "b"}});
  h.histogram({}, std::array{0.25, 4194304.0}, std::array<int64_t, 3>{0, 0, 1}, 0.5);
  EXPECT_EQ(h.take(), "# HELP h H.\n# TYPE h histogram\nh_bucket{a=\"b\",le=\"0.2\"} 0\nh_bucket{a=\"b\",le=\"4194304.0\"} 0\n"
                      "h_bucket{a=\"b\",le=\"+Inf\"} 1\nh_sum{a=\"b\"} 0.5\nh_count{a=\"b\"} 1\n");
}

TEST(Exposition, AFamilyIsBounded) {
  Exposition e(2);
  for (const char* name : {"a", "b"}) {
    e.family(name, Exposition::Type::kGauge, "G.");
    for (int64_t i = 0; i < 5; ++i) e.sample({}, i);
  }
  EXPECT_EQ(e.dropped(), 6u);
  e.family("h", Exposition::Type::kHistogram, "H.");
  e.histogram({}, std::array<double, 0>{}, std::array<int64_t, 1>{1}, 1);   // three samples
  EXPECT_EQ(e.dropped(), 9u);
}

TEST(Http, ParsesRequestLines) {
  const auto r = parse_http_request("GET /metrics?name=a HTTP/1.1\r\nHost: x");
  ASSERT_TRUE(r);
  EXPECT_EQ(r->method, "GET");
  EXPECT_EQ(r->path, "/metrics");
  EXPECT_EQ(r->query, "name=a");
  for (const char* bad : {"", "GET", "GET /", "GET / HTTP/2", "GET x HTTP/1.1", "\x16\x03\x01", "GET  HTTP/1.1"}) EXPECT_FALSE(parse_http_request(bad)) << bad;
}

TEST(Pulse, NoticesALoopThatHangs) {
  const auto env = env::make_posix_env();
  env::Loop& loop = env->start_loop("l");
  std::array<env::Loop*, 1> loops{&loop};
  EXPECT_TRUE(loops_respond(loops, 5000));
  std::atomic<bool> go{false};
  ASSERT_TRUE(loop.post([&] { while (!go.load()) std::this_thread::yield(); }));
  EXPECT_FALSE(loops_respond(loops, 20));
  go.store(true);
  EXPECT_TRUE(loops_respond(loops, 5000));
}

}  // namespace
}  // namespace mq::ops
