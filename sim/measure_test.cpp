// What is measured in simulated time is the same on every machine, so that tests may hold it against the limits.
#include "sim/measure.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace abc2::sim {
namespace {

constexpr Micros kMargin{500'000};  // a recovery itself, with its grace

TEST(Measure, EveryCrashedPurchaseIsSettledWithinTheLimits) {
  for (const std::uint32_t nodes : {1u, 5u}) {
    for (const char* step : {"fill", "receipt", "debit"}) {
      const Unsettled found = measure_unsettled(nodes, step);
      EXPECT_EQ(found.unsettled, 0u) << step;
      EXPECT_EQ(found.samples, 1000u) << step;
      EXPECT_GT(found.p50, Micros(0)) << step;
      EXPECT_LE(found.worst, limits::recovery_longest + kMargin) << step;
    }
    const Unsettled held = measure_unsettled(nodes, "lock");
    EXPECT_EQ(held.unsettled, 0u);
    EXPECT_EQ(held.samples, 300u);
    EXPECT_GE(held.p50, limits::hold_is_old - kMargin);
    EXPECT_LE(held.worst, limits::hold_is_old + Micros(3'000'000));
  }
}

TEST(Measure, TheRecovererCostsTheSameHoweverManyCampaignsThereAre) {
  const RecoveryCost few = measure_cost(100), many = measure_cost(10'000);
  EXPECT_GT(few.recoverer, 0);
  EXPECT_NEAR(many.recoverer / few.recoverer, 1, 0.1);
  EXPECT_NEAR(many.purchases / few.purchases, 1, 0.1);
  // Of the sweep it is the rate: three nodes, a thousand documents a second, at most five calls for each.
  EXPECT_LT(many.sweep, 3 * 1000 * 5);
  EXPECT_GT(many.start_calls, 10 * few.start_calls) << "a start looks at everything";
}

TEST(Measure, TheCurveIsDrawn) {
  const std::string svg = drawn({{100, 90, 40, 900, 1'000, {}}, {1'000, 90, 40, 3'000, 9'000, {}}});
  EXPECT_THAT(svg, ::testing::StartsWith("<svg "));
  for (const char* line : {"recoverer", "sweep", "purchases", "1,000"}) EXPECT_THAT(svg, ::testing::HasSubstr(line));
}

}  // namespace
}  // namespace abc2::sim
