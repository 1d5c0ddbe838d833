// What the sweep does about holds, by the clock of whoever placed them.
#include <gtest/gtest.h>

#include "market/test_town.hpp"
#include "market/test_world.hpp"

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

// -------------------------------------------------------------------------------------------------------- at a start

// Ann's hold is `younger` than the Market that starts; afterwards, whether it is still there.
bool is_held_after_a_start(Milliseconds younger) {
  Tools tools;
  Documents town = new_town(tools);
  leave_hold(town, tools, "ann", 1);
  engines::TestStore memory(tools.runtime);
  Node node(tools, memory);
  const Time began = tools.runtime.now();  // at most some milliseconds later than the node's
  alter<Balance>(town, keys::balance("ann"), [&](Balance& balance) { balance.hold->since = began + younger; });
  fill(memory, town);
  EXPECT_EQ(node.run(node.market.recover_at_start()), 0u);
  EXPECT_EQ(text(look(tools.runtime, memory)), "");
  return document<Balance>(dump(memory), keys::balance("ann")).hold.has_value();
}

bool store_is_exclusive() {
  Tools tools;
  return engines::TestStore(tools.runtime).exclusive();
}

TEST(MarketStart, EndsWhatEndedProcessesHeldHoweverYoung) {
  EXPECT_EQ(is_held_after_a_start(-limits::hold_is_old / 2), !store_is_exclusive());
}

TEST(MarketStart, LeavesAHoldOfItsOwnToItsDriver) {
  EXPECT_TRUE(is_held_after_a_start(Milliseconds(0)));
  EXPECT_TRUE(is_held_after_a_start(limits::hold_is_old / 2)) << "or one of before the clock was set back";
}

TEST(MarketStart, AHoldOfBeforeTheClockWasSetBackEndsWhenItLooksOld) {
  Tools tools;
  Documents town = new_town(tools);
  leave_hold(town, tools, "ann", 1);
  engines::TestStore memory(tools.runtime);
  Node node(tools, memory);
  const Time held = tools.runtime.now() + limits::hold_is_old / 2;
  alter<Balance>(town, keys::balance("ann"), [&](Balance& balance) { balance.hold->since = held; });
  fill(memory, town);
  node.run(node.market.recover_at_start());
  EXPECT_TRUE(document<Balance>(dump(memory), keys::balance("ann")).hold);
  node.run(node.market.recover_now(held));  // as the sweep does once that time is long past
  EXPECT_FALSE(document<Balance>(dump(memory), keys::balance("ann")).hold);
}

// How long the sweep waits for the driver of a sale that is paid and not counted yet.
Milliseconds waits_for_the_driver(Time void_until) {
  testing::World world;
  Documents town;
  {
    Tools tools;
    town = new_town(tools);
    engines::TestStore memory(tools.runtime);
    fill(memory, town);
    store::FaultyStore dying(memory, tools.runtime);
    dying.crash_at_write(4, store::Crash::after);  // lock, slot, receipt, debit
    Node node(tools, dying);
    if (run_until_crash(dying, to_the_end(node.market.purchases.buy(order("ann", 1, 1)), &tools.runtime)))
      throw std::runtime_error("the purchase ran through");
    town = dump(memory);
  }
  if (document<Balance>(town, keys::balance("ann")).hold || document<Campaign>(town, kCampaign).last != 0)
    throw std::runtime_error("the purchase did not end where it should");
  fill(world.memory, town);
  PooledImageChecker checker(world.pool);
  ImageLibrary images(world.memory, checker);
  Metrics metrics;
  Market market(world.memory, world.runtime, world.hasher, images, metrics, {});
  const Time began = world.runtime.now();
  EXPECT_EQ(testing::run(market.recover_now(void_until)), 0u);
  EXPECT_EQ(world.read<Campaign>(kCampaign)->last, 1u);
  return world.runtime.now() - began;
}

TEST(MarketSweep, WaitsForADriverUnlessThereCanBeNone) {
  EXPECT_EQ(waits_for_the_driver(Time::max()), Milliseconds(0));
  EXPECT_EQ(waits_for_the_driver(Time(Milliseconds(0))), Milliseconds(limits::recovery_grace));
}

TEST(MarketStart, WaitsForADriverSinceItMayBeServing) {
  // What recover_at_start says in a store that nobody else can be using: a moment, not the end of time.
  testing::World world;
  EXPECT_EQ(waits_for_the_driver(world.runtime.now()), Milliseconds(limits::recovery_grace));
}

// ------------------------------------------------------------------------------------------------- what it costs

Task<Result<void>> round(journal::Recoverer* recoverer) {
  co_await recoverer->round();
  co_return success();
}

TEST(MarketRecoverer, SoonLeavesACampaignThatNobodyElseCanBeUsing) {
  testing::World world;
  Tools tools;
  fill(world.memory, new_town(tools));
  PooledImageChecker checker(world.pool);
  ImageLibrary images(world.memory, checker);
  Metrics metrics;
  Market market(world.memory, world.runtime, world.hasher, images, metrics, {});
  testing::run(market.purchases.buy(order("ann", 1, 1)));
  EXPECT_EQ(market.recoverer.in_use(), 1u);
  world.runtime.time += std::chrono::seconds(6);
  testing::run(round(&market.recoverer));  // the last look
  world.runtime.time += std::chrono::seconds(1);
  testing::run(round(&market.recoverer));
  EXPECT_EQ(market.recoverer.in_use(), store_is_exclusive() ? 0u : 1u);
}

// A store whose reads of single documents are counted.
class Counting final : public store::Store {
 public:
  Counting(store::Store& inner, runtime::Runtime& runtime) : Store(runtime), inner_(inner) {}
  Task<Result<store::Snapshot>> get(store::Key key, store::Freshness freshness) override {
    ++gets;
    return inner_.get(std::move(key), freshness);
  }
  Task<Result<store::WriteOutcome>> add(store::Key key, store::Value value) override {
    return inner_.add(std::move(key), std::move(value));
  }
  Task<Result<store::WriteOutcome>> replace(store::Key key, store::Version expected, store::Value value) override {
    return inner_.replace(std::move(key), expected, std::move(value));
  }
  Task<Result<store::ScanPage>> scan(store::Key prefix, store::Key after, std::size_t limit) override {
    return inner_.scan(std::move(prefix), std::move(after), limit);
  }
  [[nodiscard]] bool exclusive() const override { return inner_.exclusive(); }
  std::size_t gets = 0;

 private:
  store::Store& inner_;
};

// Users whose names sort one way and the keys of whose ads sort another: '-' is below '/'.
std::vector<std::string> many_users() {
  std::vector<std::string> users;
  for (int i = 100; i < 300; ++i) {
    users.push_back("u" + std::to_string(i));
    users.push_back("u" + std::to_string(i) + "-x");
  }
  return users;
}

Documents crowd(Time now) {
  Documents all;
  for (const auto& user : many_users()) {
    all[keys::credentials(user)] = store::encode(Credentials{"-", now});
    all[keys::balance(user)] = store::encode(Balance{});
    for (std::uint64_t n = 1; n <= 2; ++n)
      all[keys::filler(user, n)] = store::encode(
          Filler{uuid(static_cast<unsigned>(n)), "i", "image/png", 1, 1, "https://example.org/", "", "books", now});
    all[keys::fillers(user)] = store::encode(FillerList{2});
  }
  return all;
}

TEST(MarketSweep, AMarketInOrderCostsNoReadForEachUser) {
  Tools tools;
  engines::TestStore memory(tools.runtime);
  fill(memory, crowd(tools.runtime.now()));
  Counting counting(memory, tools.runtime);
  Node node(tools, counting);
  EXPECT_EQ(node.run(node.market.recover_now(Time::max())), 0u);
  EXPECT_LE(counting.gets, 10u) << "for " << many_users().size() << " users";
}

TEST(MarketSweep, FindsWhatIsMissingAmongMany) {
  Tools tools;
  Documents all = crowd(tools.runtime.now());
  const Documents whole = all;
  all.erase(keys::balance("u100"));    // the first
  all.erase(keys::balance("u299-x"));  // the last
  all.erase(keys::balance("u150-x"));
  all.erase(keys::fillers("u100-x"));  // the first of the lists
  all.erase(keys::fillers("u222"));
  alter<FillerList>(all, keys::fillers("u299"), [](FillerList& list) { list.last = 1; });
  engines::TestStore memory(tools.runtime);
  fill(memory, all);
  Node node(tools, memory);
  EXPECT_EQ(node.run(node.market.recover_now(Time::max())), 0u);
  EXPECT_EQ(dump(memory), whole);
}

TEST(MarketSweep, ListsCampaignsOfManySellers) {
  Tools tools;
  const Documents town = new_town(tools);
  const Campaign campaign = document<Campaign>(town, kCampaign);
  Documents all;
  for (const auto& user : many_users()) {
    for (std::uint64_t n = 1; n <= 2; ++n) all[keys::campaign(user, n)] = store::encode(campaign);
    all[keys::campaigns(user)] = store::encode(CampaignList{2});
  }
  const Documents whole = all;
  all.erase(keys::campaigns("u100"));
  all.erase(keys::campaigns("u170-x"));
  alter<CampaignList>(all, keys::campaigns("u299-x"), [](CampaignList& list) { list.last = 1; });
  engines::TestStore memory(tools.runtime);
  fill(memory, all);
  Node node(tools, memory);
  EXPECT_EQ(node.run(node.market.recover_now(Time::max())), 0u);
  EXPECT_EQ(dump(memory), whole);
}

}  // namespace
}  // namespace abc2::market::test
