// What the sweep does about holds, by the clock of whoever placed them.
#include <gtest/gtest.h>

#include "market/test_town.hpp"

namespace abc2::market::test {
namespace {

// Whether ann is still held after a node with a right clock has swept, if her hold was placed `ahead` of its time.
bool is_held_after_a_sweep(Milliseconds ahead) {
  Tools tools;
  Documents town = new_town(tools);
  leave_hold(town, tools, "ann", 1);
  const Time now = tools.runtime.now();
  alter<Balance>(town, keys::balance("ann"), [&](Balance& balance) { balance.hold->since = now + ahead; });
  engines::MemoryStore memory(tools.runtime);
  fill(memory, town);
  Node node(tools, memory);
  node.run(node.market.recover_now(now - limits::hold_is_old));
  EXPECT_TRUE(look(tools.runtime, memory).passed());
  return document<Balance>(dump(memory), keys::balance("ann")).hold.has_value();
}

TEST(MarketSweep, LeavesAYoungHoldToItsDriver) {
  EXPECT_TRUE(is_held_after_a_sweep(Milliseconds(0)));
  EXPECT_TRUE(is_held_after_a_sweep(-limits::hold_is_old / 2));
}

TEST(MarketSweep, EndsAnOldHold) { EXPECT_FALSE(is_held_after_a_sweep(-2 * limits::hold_is_old)); }

TEST(MarketSweep, EndsAHoldOfANodeWhoseClockWasFarAhead) {
  EXPECT_FALSE(is_held_after_a_sweep(std::chrono::hours(1)));
  EXPECT_TRUE(is_held_after_a_sweep(limits::hold_is_old / 2)) << "clocks are never quite the same";
}

}  // namespace
}  // namespace abc2::market::test
