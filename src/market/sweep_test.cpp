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
  engines::TestStore memory(tools.runtime);
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

// A store that answers later, as one on a server does: what is done side by side comes in between.
class Distant final : public store::Store {
 public:
  Distant(store::Store& inner, FastRuntime& runtime) : Store(runtime), inner_(inner) {}
  Task<Result<store::Snapshot>> get(store::Key key, store::Freshness freshness) override {
    co_await runtime_.sleep(Milliseconds(0));
    auto found = co_await inner_.get(std::move(key), freshness);
    co_return found;
  }
  Task<Result<store::WriteOutcome>> add(store::Key key, store::Value value) override {
    co_await runtime_.sleep(Milliseconds(0));
    auto outcome = co_await inner_.add(std::move(key), std::move(value));
    co_return outcome;
  }
  Task<Result<store::WriteOutcome>> replace(store::Key key, store::Version expected, store::Value value) override {
    co_await runtime_.sleep(Milliseconds(0));
    auto outcome = co_await inner_.replace(std::move(key), expected, std::move(value));
    co_return outcome;
  }
  [[nodiscard]] bool commits() const override { return inner_.commits(); }
  Task<Result<store::WriteOutcome::Kind>> commit(std::vector<store::Write> writes) override {
    co_await runtime_.sleep(Milliseconds(0));
    auto outcome = co_await inner_.commit(std::move(writes));
    co_return outcome;
  }
  Task<Result<store::ScanPage>> scan(store::Key prefix, store::Key after, std::size_t limit) override {
    return inner_.scan(std::move(prefix), std::move(after), limit);
  }
  [[nodiscard]] bool exclusive() const override { return inner_.exclusive(); }

 private:
  store::Store& inner_;
};

// The sweep handles them side by side, and all of them change one balance.
TEST(MarketSweep, CreditsManyDepositsOfOneUserInOneRound) {
  constexpr int kDeposits = 60;
  Tools tools;
  Documents town = new_town(tools);
  const Satoshi before = document<Balance>(town, keys::balance("ann")).money;
  for (int i = 0; i < kDeposits; ++i)
    town[keys::deposit("late-" + std::to_string(i))] =
        store::encode(Deposit{"ann", Satoshi(5), "operator", tools.runtime.now(), false});
  for (const bool commits : {false, true}) {
    SCOPED_TRACE(commits ? "with commits" : "in steps");
    engines::TestStore real(tools.runtime, {.commits = commits});
    fill(real, town);
    Distant distant(real, tools.runtime);
    Node node(tools, distant);
    EXPECT_EQ(node.run(node.market.recover_now(Time::max())), 0u) << "so many could not be finished";
    EXPECT_EQ(document<Balance>(dump(real), keys::balance("ann")).money, before + Satoshi(5 * kDeposits));
    EXPECT_EQ(text(look(tools.runtime, real)), "");
  }
}

}  // namespace
}  // namespace abc2::market::test
