#include "base/metrics.hpp"

#include <gmock/gmock.h>

#include <thread>

namespace abc2 {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Metrics, SameNameAndLabelsAreOneMetricInWhateverOrder) {
  Metrics metrics;
  Counter& one = metrics.counter("a_total", "A.", {{"x", "1"}, {"y", "2"}});
  Counter& same = metrics.counter("a_total", "A.", {{"y", "2"}, {"x", "1"}});
  Counter& other = metrics.counter("a_total", "A.", {{"x", "2"}, {"y", "2"}});
  EXPECT_EQ(&one, &same);
  EXPECT_NE(&one, &other);
}

TEST(Metrics, CountsFromManyThreadsAreAllSeen) {
  Metrics metrics;
  Counter& counter = metrics.counter("a_total", "A.");
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 10'000; ++n) counter.add();
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(counter.value(), 120'000u);
}

TEST(Metrics, TextOfCountersAndGauges) {
  Metrics metrics;
  metrics.counter("b_total", "Bees.", {{"kind", "a\"b\\c\nd"}}).add(3);
  metrics.gauge("a_now", "Ants.").set(-2);
  EXPECT_EQ(metrics.text(),
            "# HELP a_now Ants.\n# TYPE a_now gauge\na_now -2\n"
            "# HELP b_total Bees.\n# TYPE b_total counter\nb_total{kind=\"a\\\"b\\\\c\\nd\"} 3\n");
}

TEST(Metrics, HistogramBucketsAreCumulativeAndBoundsInclusive) {
  Metrics metrics;
  Histogram& histogram = metrics.histogram("t_seconds", "T.", {{"verb", "get"}});
  histogram.observe(std::chrono::microseconds(10));     // on the first bound
  histogram.observe(std::chrono::nanoseconds(10'001));  // just above it
  histogram.observe(std::chrono::seconds(11));          // above the last
  const std::string text = metrics.text();
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{verb=\"get\",le=\"1e-05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{verb=\"get\",le=\"2.5e-05\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{verb=\"get\",le=\"10\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_bucket{verb=\"get\",le=\"+Inf\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("t_seconds_count{verb=\"get\"} 3\n"));
  EXPECT_EQ(histogram.count(), 3u);
}

TEST(Metrics, RefreshesRunBeforeEachText) {
  Metrics metrics;
  Gauge& gauge = metrics.gauge("g", "G.");
  metrics.before_text([&] { gauge.add(1); });
  EXPECT_THAT(metrics.text(), HasSubstr("\ng 1\n"));
  EXPECT_THAT(metrics.text(), HasSubstr("\ng 2\n"));
}

TEST(MetricsDeathTest, ANameHasOneKind) {
  Metrics metrics;
  metrics.counter("a_total", "A.");
  EXPECT_DEATH(metrics.gauge("a_total", "A."), "one kind");
}

}  // namespace
}  // namespace abc2
