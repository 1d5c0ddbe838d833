// The audit beside a market that moves between any two of its reads.
#include <gmock/gmock.h>

#include <random>

#include "market/test_town.hpp"

namespace abc2::market {
namespace {

using namespace test;

// Lets something happen before each read.
class MovingStore final : public store::Store {
 public:
  MovingStore(store::Store& inner, runtime::Runtime& runtime) : Store(runtime), inner_(inner) {}
  std::function<void()> before_read;

  Task<Result<store::Snapshot>> get(store::Key key, store::Freshness freshness) override {
    before_read();
    return inner_.get(std::move(key), freshness);
  }
  Task<Result<store::ScanPage>> scan(store::Key prefix, store::Key after, std::size_t) override {
    before_read();
    return inner_.scan(std::move(prefix), std::move(after), 3);  // small pages: much happens between them
  }
  Task<Result<store::WriteOutcome>> add(store::Key key, store::Value value) override {
    return inner_.add(std::move(key), std::move(value));
  }
  Task<Result<store::WriteOutcome>> replace(store::Key key, store::Version expected, store::Value value) override {
    return inner_.replace(std::move(key), expected, std::move(value));
  }
  [[nodiscard]] bool exclusive() const override { return false; }

 private:
  store::Store& inner_;
};

// A market in which processes begin things and die in the middle of them, and others finish what they find.
class Bustle {
 public:
  Bustle(Tools& tools, std::uint64_t seed) : tools_(tools), random_(seed) { fill(memory, new_town(tools)); }

  void step() {
    const std::string buyer = draw(2) == 0 ? "ann" : "bob";
    const unsigned id = ++count_;
    const std::uint64_t next = run(store::get_existing<Campaign>(memory, kCampaign, "")).value.last + 1;
    switch (draw(7)) {
      case 0:
        return act(
            [&](Node& node) { return without(node.market.money.fund("f" + std::to_string(id), buyer, Satoshi(7))); });
      case 1: return act([&](Node& node) { return without(node.market.money.collect_earnings("sue", 1)); });
      case 2: return act([&](Node& node) { return without(node.market.money.collect_fees("opa")); });
      case 3: return act([&](Node& node) { return node.market.recover_user(buyer); });
      case 4:
        return act(
            [&](Node& node) { return without(node.market.purchases.sales().recover(kCampaign, Milliseconds(0))); });
      default: return act([&](Node& node) { return without(node.market.purchases.buy(order(buyer, next, id))); });
    }
  }

 private:
  template <class T>
  static Task<Result<void>> without(Task<Result<T>> task) {
    CO_TRY_VOID(co_await std::move(task));
    co_return success();
  }
  template <class T>
  T run(Task<Result<T>> task) {
    return runtime::run_blocking(std::move(task)).value();
  }
  std::uint64_t draw(std::uint64_t below) { return random_() % below; }
  // In a process that dies at one of its first ten writes, or at none.
  void act(const std::function<Task<Result<void>>(Node&)>& begin) {
    store::FaultyStore dying(memory, tools_.runtime);
    dying.crash_at_write(1 + draw(10), draw(2) == 0 ? store::Crash::before : store::Crash::after);
    Node node(tools_, dying);
    const auto ended = run_until_crash(dying, to_the_end(begin(node), &tools_.runtime));
    if (!ended) ++deaths;
    // So that prices stay within limits: slots end.
    EXPECT_TRUE(runtime::run_blocking(later()));
  }
  Task<bool> later() {
    co_await tools_.runtime.sleep(std::chrono::hours(60));
    co_return true;
  }

  Tools& tools_;

 public:
  engines::TestStore memory{tools_.runtime};
  unsigned deaths = 0;

 private:
  std::mt19937_64 random_;
  unsigned count_ = 1000;
};

TEST(AuditLive, FindsNothingHoweverMuchMovesWhileItLooks) {
  Tools tools;
  std::uint64_t in_flight = 0, sold = 0, deaths = 0;
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Bustle bustle(tools, seed);
    MovingStore moving(bustle.memory, tools.runtime);
    std::size_t reads = 0;
    moving.before_read = [&] {
      if (++reads % 2 == 0) bustle.step();
    };
    for (int looks = 0; looks < 15; ++looks) {
      AuditReport report = look(tools.runtime, moving);
      // What only the wait of Audit::run tells from a mistake: a hold that has lost, not dropped yet.
      std::erase_if(report.findings, [](const AuditFinding& finding) {
        return finding.check == 7 &&
               (finding.what.ends_with("which is void") || finding.what.ends_with("which somebody else has"));
      });
      EXPECT_EQ(text(report), "");
      in_flight += report.in_flight;
      sold = std::max(sold, report.slots_sold);
    }
    deaths += bustle.deaths;
    Node node(tools, bustle.memory);
    EXPECT_EQ(node.run(node.market.recover_now(Time::max())), 0u);
    const AuditReport quiet = look(tools.runtime, bustle.memory);
    EXPECT_EQ(text(quiet), "");
    EXPECT_EQ(quiet.in_flight, 0u);
  }
  EXPECT_GT(in_flight, 20u) << "the looks met what was half-done";
  EXPECT_GT(sold, 10u);
  EXPECT_GT(deaths, 100u);
}

// A hold that has lost its slot, and is dropped while the audit waits; another one that nobody drops.
TEST(AuditLive, WhatIsPutRightWhileItWaitsIsNotReported) {
  Tools tools;
  Documents town = new_town(tools);
  leave_hold(town, tools, "ann", 1);
  leave_hold(town, tools, "bob", 2);
  town[keys::slot(kCampaign, 1)] = store::encode(SaleKind::void_entry({kCampaign, 1}, "of somebody"));
  engines::TestStore memory(tools.runtime);
  fill(memory, town);
  EXPECT_EQ(look(tools.runtime, memory).findings.size(), 2u);

  MovingStore moving(memory, tools.runtime);
  const Time begun = tools.runtime.now();
  bool dropped = false;
  moving.before_read = [&] {
    if (dropped || tools.runtime.now() - begun < limits::recovery_longest) return;
    dropped = true;
    Node node(tools, memory);
    node.run(node.market.purchases.holders().tidy(keys::balance("ann"), Time::max()));
  };
  Audit audit(moving, tools.runtime);
  const AuditReport report = runtime::run_blocking(audit.run(limits::recovery_longest)).value();
  EXPECT_TRUE(dropped);
  ASSERT_EQ(report.findings.size(), 1u) << text(report);
  EXPECT_EQ(report.findings[0].document, keys::balance("bob"));
  EXPECT_EQ(report.findings[0].check, 7);
}

TEST(AuditLive, WhatIsWrongIsReportedThoughSumsMoveOn) {
  Tools tools;
  Documents town = old_town(tools);
  alter<Campaign>(town, kCampaign, [](Campaign& campaign) { campaign.earned += Satoshi(1); });
  engines::TestStore memory(tools.runtime);
  fill(memory, town);
  MovingStore moving(memory, tools.runtime);
  unsigned id = 0;
  const Time begun = tools.runtime.now();
  moving.before_read = [&] {
    // One more purchase in each wait.
    if (tools.runtime.now() - begun < limits::recovery_longest * (id + 1)) return;
    Node node(tools, memory);
    const std::uint64_t next = document<Campaign>(dump(memory), kCampaign).last + 1;
    node.run(node.market.purchases.buy(order("bob", next, 900 + ++id)));
  };
  Audit audit(moving, tools.runtime);
  const AuditReport report = runtime::run_blocking(audit.run(limits::recovery_longest)).value();
  EXPECT_GT(id, 0u);
  EXPECT_THAT(report.findings, testing::Contains(testing::Field(&AuditFinding::document, kCampaign)));
}

TEST(AuditLive, AnErrorOfTheStoreIsNoFinding) {
  Tools tools;
  engines::TestStore memory(tools.runtime);
  fill(memory, old_town(tools));
  store::FaultyStore faulty(memory, tools.runtime);
  faulty.arm({.fault = store::Fault::error, .verb = store::Verb::scan, .key = store::key_prefix("slot/")});
  Audit audit(faulty, tools.runtime);
  const auto report = runtime::run_blocking(audit.run(limits::recovery_longest));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code(), Code::unavailable);
}

}  // namespace
}  // namespace abc2::market
