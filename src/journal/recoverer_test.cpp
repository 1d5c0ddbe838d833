#include "journal/recoverer.hpp"

#include <gtest/gtest.h>

#include "journal/sweep.hpp"
#include "journal/test_tokens.hpp"

namespace abc2::journal {
namespace {

using store::Fault;
using testing::Box;
using testing::Purse;
using testing::World;

std::size_t round(World& world, Recoverer& recoverer) {
  world.runtime.time += limits::recovery_dice;
  const auto task = [](Recoverer* it) -> Task<Result<std::size_t>> { co_return co_await it->round(); };
  return world.run(task(&recoverer));
}

TEST(Recoverer, SettlesWhatADeadDriverLeft) {
  World world;
  Recoverer recoverer(world.runtime, [] { return 1u; }, std::chrono::minutes(1));
  recoverer.use(world.tokens, "box");
  world.run(world.tokens.place(world.plan("ann", "a1")));
  round(world, recoverer);
  EXPECT_EQ(recoverer.counts().settled, 1u);
  EXPECT_EQ(world.read<Box>("box").last, 1u);
  EXPECT_TRUE(world.books_balance());
}

TEST(Recoverer, OfManyNodesAboutOneLooksInASecondAndEachWithinTen) {
  World world;
  constexpr unsigned nodes = 20, rounds = 600;
  std::uint64_t all = 0;
  for (unsigned node = 0; node < nodes; ++node) {
    Recoverer recoverer(world.runtime, [] { return nodes; }, std::chrono::hours(1));
    recoverer.use(world.tokens, "box");
    Time looked = world.runtime.now();
    std::uint64_t looks = 0;
    for (unsigned i = 0; i < rounds; ++i) {
      round(world, recoverer);
      if (recoverer.counts().looks != looks) looked = world.runtime.now();
      looks = recoverer.counts().looks;
      ASSERT_LE(world.runtime.now() - looked, limits::recovery_longest);
    }
    all += looks;
  }
  // Chance alone gives 1 a second; with the bound of ten seconds it is about 2.5 for 20 nodes.
  EXPECT_GT(all, rounds);
  EXPECT_LT(all, 4 * rounds);
}

TEST(Recoverer, WhatIsNotInUseAnyMoreIsLeftAfterALastLook) {
  World world;
  Recoverer recoverer(world.runtime, [] { return 1u; }, Milliseconds(5000));
  recoverer.use(world.tokens, "box");
  for (int i = 0; i < 10; ++i) round(world, recoverer);
  EXPECT_EQ(recoverer.in_use(), 0u);
  const auto looks = recoverer.counts().looks;
  round(world, recoverer);
  EXPECT_EQ(recoverer.counts().looks, looks);
}

TEST(Recoverer, SurvivesAStoreThatFails) {
  World world;
  Recoverer recoverer(world.runtime, [] { return 1u; }, std::chrono::minutes(1));
  recoverer.use(world.tokens, "box");
  world.run(world.tokens.place(world.plan("ann", "a1")));
  world.faulty.arm({.fault = Fault::error, .times = 2});
  EXPECT_EQ(round(world, recoverer), 1u);
  EXPECT_EQ(round(world, recoverer), 1u);
  EXPECT_EQ(recoverer.counts().errors, 2u);
  EXPECT_EQ(round(world, recoverer), 0u);
  EXPECT_EQ(recoverer.counts().settled, 1u);
}

TEST(Recoverer, AClockThatWasSetBackDoesNotKeepItFromLooking) {
  World world;
  Recoverer recoverer(world.runtime, [] { return 1'000'000u; }, std::chrono::hours(24));
  recoverer.use(world.tokens, "box");
  world.runtime.time -= std::chrono::hours(1);
  round(world, recoverer);
  EXPECT_EQ(recoverer.counts().looks, 1u);
}

TEST(Sweep, HandsEverythingUnderItsPrefixesToTheirHandlers) {
  World world;
  Sweep sweep(world.faulty, world.runtime);
  std::vector<std::string> seen;
  sweep.add("b", [&](store::ScanItem item, Time) -> Task<Result<void>> {
    seen.push_back(item.key);
    co_return success();
  });
  sweep.add("ann", [&](store::ScanItem, Time) -> Task<Result<void>> { co_return Error(Code::undecided, "as if"); });
  EXPECT_EQ(world.run(sweep.once(Time::max())), 1u) << "one handler failed";
  EXPECT_EQ(seen, (std::vector<std::string>{"bob", "box"}));
  EXPECT_EQ(sweep.counts().documents, 3u);
  EXPECT_EQ(sweep.counts().rounds, 1u);
}

// How long it takes to be through with 30 documents, which a look takes from them all, once.
Milliseconds takes(std::size_t per_second) {
  World world;
  for (int i = 0; i < 30; ++i) {
    const auto added = world.run(world.memory.add("many/" + std::to_string(i), "x"));
    EXPECT_EQ(added.kind(), store::WriteOutcome::Kind::applied);
  }
  Sweep sweep(world.faulty, world.runtime);
  std::size_t looked_at = 0;
  sweep.add(
      "many/",
      [](store::ScanItem, Time) -> Task<Result<void>> {
        ADD_FAILURE() << "none was to be handed over";
        co_return success();
      },
      [&](std::vector<store::ScanItem> page) -> Task<Result<std::vector<store::ScanItem>>> {
        looked_at += page.size();
        if (looked_at == 30) world.runtime.stop = true;
        co_return std::vector<store::ScanItem>();
      });
  const Time began = world.runtime.now();
  const auto run = [](Sweep* it, std::size_t rate) -> Task<Result<void>> {
    co_await it->run(rate);
    co_return success();
  };
  world.run(run(&sweep, per_second));
  EXPECT_EQ(looked_at, 30u);
  return world.runtime.now() - began;
}

TEST(Sweep, KeepsItsRateAndIsSoonThroughWithLittle) {
  EXPECT_GE(takes(10), Milliseconds(2'500));  // all but the last page's pause
  EXPECT_LE(takes(10), Milliseconds(3'100));
  EXPECT_EQ(takes(1000), Milliseconds(100));
}

TEST(Sweep, ALookSaysWhichDocumentsAreHandedOver) {
  World world;
  Sweep sweep(world.faulty, world.runtime);
  std::vector<std::string> seen;
  const auto handler = [&](store::ScanItem item, Time) -> Task<Result<void>> {
    seen.push_back(item.key);
    co_return success();
  };
  sweep.add("b", handler, [](std::vector<store::ScanItem> page) -> Task<Result<std::vector<store::ScanItem>>> {
    std::erase_if(page, [](const store::ScanItem& item) { return item.key == "bob"; });
    co_return page;
  });
  sweep.add("ann", handler, [](std::vector<store::ScanItem>) -> Task<Result<std::vector<store::ScanItem>>> {
    co_return Error(Code::unavailable, "as if");
  });
  EXPECT_EQ(world.run(sweep.once(Time::max())), 1u) << "a look failed";
  EXPECT_EQ(seen, (std::vector<std::string>{"box"}));
  EXPECT_EQ(sweep.counts().documents, 3u);
}

TEST(Sweep, EndsWithTheProcess) {
  World world;
  Sweep sweep(world.faulty, world.runtime);
  sweep.add("b", [](store::ScanItem, Time) -> Task<Result<void>> { co_return success(); });
  world.runtime.stop = true;
  EXPECT_EQ(runtime::run_blocking(sweep.once(Time::max())).error().code(), Code::unavailable);
}

TEST(Sweep, ResolvesOldHoldsAndLeavesYoungOnesAlone) {
  World world;
  Sweep sweep(world.faulty, world.runtime);
  sweep.add("ann", [&](store::ScanItem item, Time void_until) -> Task<Result<void>> {
    CO_TRY_VOID(co_await world.purses.tidy(item.key, void_until));
    co_return success();
  });
  const Plan plan = world.plan("ann", "a1");
  const auto& lock = plan.writes[plan.lock];
  ASSERT_EQ(world.run(world.memory.replace(lock.key, std::get<store::Version>(lock.condition), lock.value)).kind(),
            store::WriteOutcome::Kind::applied);
  // The sweep's loop goes round until the hold is old enough; then the runtime stops it.
  const Time placed = world.runtime.now();
  const auto watch = [&](const auto& again) -> void {
    if (!world.read<Purse>("ann").hold) return void(world.runtime.stop = true);
    world.runtime.on_sleep = [&] { again(again); };
  };
  world.runtime.on_sleep = [&] { watch(watch); };
  const auto run = [](Sweep* it) -> Task<Result<void>> {
    co_await it->run(100);
    co_return success();
  };
  world.run(run(&sweep));
  EXPECT_GE(world.runtime.now() - placed, limits::hold_is_old);
  EXPECT_TRUE(world.books_balance());
}

}  // namespace
}  // namespace abc2::journal
