// The same plans in one commit: what is written, what is never seen, and what becomes of commits that nobody hears of.
#include "journal/at_once.hpp"

#include <gmock/gmock.h>

#include "journal/list.hpp"
#include "journal/test_tokens.hpp"

namespace abc2::journal {
namespace {

using store::Fault;
using store::Verb;
using testing::Box;
using testing::Purse;
using testing::Token;

struct World : testing::World {
  World() : testing::World(true) {}
};

TEST(AtOnce, APurchaseIsOneWriteAndSettled) {
  World world;
  const Plan plan = world.plan("ann", "a1");
  const Placed placed = world.run(world.tokens.place(plan));
  EXPECT_EQ(placed.decision, Decision::ours);
  EXPECT_TRUE(placed.settled);
  EXPECT_EQ(world.faulty.writes(), 1u);
  world.run(world.tokens.settle(plan, placed));
  EXPECT_EQ(world.faulty.writes(), 1u) << "there is nothing left to settle";
}

TEST(AtOnce, ItLeavesTheVeryDocumentsThatStepsLeave) {
  World together;
  testing::World steps;
  together.run(together.tokens.place(together.plan("ann", "a1")));
  const Plan plan = steps.plan("ann", "a1");
  steps.run(steps.tokens.settle(plan, steps.run(steps.tokens.place(plan))));
  const auto all = [](testing::World& world) {
    std::vector<std::pair<store::Key, store::Value>> documents;
    for (auto& item : world.run(world.memory.scan("", "", 100)).items)
      documents.emplace_back(item.key, item.document.value);
    return documents;
  };
  EXPECT_EQ(all(together), all(steps));
}

TEST(AtOnce, OfTwoWithTheSameNumberOneGetsIt) {
  World world;
  const Plan ann = world.plan("ann", "a1"), bob = world.plan("bob", "b1");
  EXPECT_EQ(world.run(world.tokens.place(ann)).decision, Decision::ours);
  EXPECT_EQ(world.run(world.tokens.place(bob)).decision, Decision::others);
  EXPECT_EQ(world.read<Purse>("bob").money, Satoshi(100));
  EXPECT_TRUE(world.books_balance());
}

TEST(AtOnce, ADocumentThatHasChangedIsReadAgain) {
  for (const char* changed : {"ann", "box"}) {
    World world;
    const Plan plan = world.plan("ann", "a1");
    changed == std::string("ann") ? world.put("ann", Purse{Satoshi(50), {}, {}})
                                  : world.put("box", Box{0, Satoshi(0), Satoshi(0)});
    EXPECT_EQ(world.fails(world.tokens.place(plan)).code(), Code::conflict);
    EXPECT_FALSE(world.exists("box/token/1"));
  }
}

TEST(AtOnce, AnotherNodeThatWorksInStepsIsMetAtEachOfThem) {
  // A driver in steps has come so far; then somebody buys the same number in one commit.
  for (std::size_t steps = 1; steps <= 5; ++steps) {
    World world;
    const Plan anns = world.plan("ann", "a1"), bobs = world.plan("bob", "b1");
    store::Version locked(0);
    for (std::size_t i = 0; i < steps; ++i) {
      const auto& write = anns.writes[i];
      const auto* read = std::get_if<store::Version>(&write.condition);
      const auto outcome = std::holds_alternative<Absent>(write.condition)
                               ? world.run(world.memory.add(write.key, write.value))
                               : world.run(world.memory.replace(write.key, read ? *read : locked, write.value));
      ASSERT_EQ(outcome.kind(), store::WriteOutcome::Kind::applied);
      if (i == anns.lock) locked = outcome.version();
    }
    const auto placed = runtime::run_blocking(world.tokens.place(bobs));
    ASSERT_TRUE(placed) << placed.error().message();
    EXPECT_EQ(placed.value().decision, steps < 2 ? Decision::ours : Decision::others) << "after step " << steps;
    // Ann's driver never comes back: her purse is tidied, and the box is looked at.
    world.run(world.purses.tidy("ann", Time::max()));
    world.run(world.tokens.recover("box", Milliseconds(0)));
    EXPECT_TRUE(world.books_balance());
    EXPECT_EQ(world.read<Box>("box").last, 1u);
  }
}

TEST(AtOnce, R9AnEchoIsFoundToBeOurs) {
  World world;
  world.faulty.arm({.fault = Fault::echo, .verb = Verb::commit});
  const Placed placed = world.run(world.tokens.place(world.plan("ann", "a1")));
  EXPECT_EQ(placed.decision, Decision::ours);
  EXPECT_TRUE(placed.settled);
  EXPECT_TRUE(world.books_balance());
}

TEST(AtOnce, R4AnUnknownCommitIsDecidedAtTheEntrysKey) {
  for (const Fault fault : {Fault::unknown_landed, Fault::unknown_lost, Fault::unknown_later}) {
    World world;
    world.faulty.arm({.fault = fault, .verb = Verb::commit});
    const Placed placed = world.run(world.tokens.place(world.plan("ann", "a1")));
    EXPECT_EQ(placed.decision, fault == Fault::unknown_landed ? Decision::ours : Decision::voided);
    EXPECT_EQ(runtime::run_blocking(world.faulty.land_late_writes()), 0u) << "it is too late for it";
    world.run(world.tokens.recover("box", Milliseconds(0)));
    EXPECT_TRUE(world.books_balance());
    EXPECT_EQ(world.read<Purse>("ann").money, Satoshi(fault == Fault::unknown_landed ? 90 : 100));
  }
}

TEST(AtOnce, WithTheStoreGoneNothingIsSaidForCertain) {
  World world;
  world.faulty.arm({.fault = Fault::unknown_later, .verb = Verb::commit});
  world.faulty.arm({.fault = Fault::error, .skip = 1, .times = store::FaultRule::always});
  EXPECT_EQ(world.fails(world.tokens.place(world.plan("ann", "a1"))).code(), Code::undecided);
  world.faulty.heal();
  EXPECT_EQ(runtime::run_blocking(world.faulty.land_late_writes()), 1u);
  EXPECT_TRUE(world.books_balance());
}

// A page that is there already: left by an attempt that died before its lock, in steps.
TEST(AtOnce, WhatPreparesMayBeThereAlready) {
  const auto plan_in = [](World& world) {
    const auto box = world.run(store::get_existing<Box>(world.memory, "box", ""));
    const auto ann = world.run(store::get_existing<Purse>(world.memory, "ann", ""));
    return Journal<testing::TokenKind>::plan("box", box, "ann", ann, {"a1", "ann"}, world.runtime.now(),
                                             {{"page", "page/1", "x"}}, ann.value);
  };
  World fresh;
  EXPECT_EQ(fresh.run(fresh.tokens.place(plan_in(fresh))).decision, Decision::ours);
  EXPECT_EQ(fresh.faulty.writes(), 1u);
  EXPECT_TRUE(fresh.exists("page/1"));

  World world;
  ASSERT_EQ(world.run(world.memory.add("page/1", "x")).kind(), store::WriteOutcome::Kind::applied);
  EXPECT_EQ(world.run(world.tokens.place(plan_in(world))).decision, Decision::ours);
  EXPECT_TRUE(world.books_balance());
}

TEST(AtOnce, WhatIsTooLargeForACommitGoesInSteps) {
  World world;
  const auto box = world.run(store::get_existing<Box>(world.memory, "box", ""));
  const auto ann = world.run(store::get_existing<Purse>(world.memory, "ann", ""));
  const store::Value large(limits::value_bytes, 'x');
  const Plan plan =
      Journal<testing::TokenKind>::plan("box", box, "ann", ann, {"a1", "ann"}, world.runtime.now(),
                                        {{"page", "page/1", large}, {"page", "page/2", large}}, ann.value);
  const Placed placed = world.run(world.tokens.place(plan));
  EXPECT_FALSE(placed.settled);
  world.run(world.tokens.settle(plan, placed));
  EXPECT_EQ(world.faulty.writes(), 7u);
  EXPECT_TRUE(world.books_balance());
}

TEST(AtOnce, ACreditIsOneWrite) {
  World world;
  world.put("box", Box{0, Satoshi(40), Satoshi(0)});
  EXPECT_TRUE(world.run(world.credit.credit("ann", "box")));
  EXPECT_EQ(world.faulty.writes(), 1u);
  EXPECT_FALSE(world.run(world.credit.credit("ann", "box")));
  EXPECT_EQ(world.read<Purse>("ann").money, Satoshi(140));
}

TEST(AtOnce, ACreditIsPaidOnceWhateverBecomesOfItsCommits) {
  for (const Fault fault : {Fault::unknown_landed, Fault::unknown_lost, Fault::echo, Fault::unknown_later}) {
    for (std::size_t times = 1; times <= 3; ++times) {
      World world;
      world.put("box", Box{0, Satoshi(40), Satoshi(0)});
      world.faulty.arm({.fault = fault, .verb = Verb::commit, .times = times});
      EXPECT_TRUE(world.run(world.credit.credit("ann", "box")));
      runtime::run_blocking(world.faulty.land_late_writes());
      EXPECT_EQ(world.read<Purse>("ann").money, Satoshi(140)) << to_string(fault);
      EXPECT_EQ(world.read<Box>("box").paid_out, Satoshi(40));
    }
  }
}

TEST(AtOnce, APromiseOfANodeInStepsIsFinishedFirst) {
  World world;
  world.put("box", Box{0, Satoshi(40), Satoshi(0)});
  Pending pending{"box", "box", {}};
  pending.detail.text = store::encode_part(testing::BoxCredit::Due{Satoshi(0), Satoshi(40)}).text;
  world.put("ann", Purse{Satoshi(140), {}, pending});
  EXPECT_FALSE(world.run(world.credit.credit("ann", "box"))) << "it was paid by whoever promised";
  EXPECT_EQ(world.read<Purse>("ann").money, Satoshi(140));
  EXPECT_FALSE(world.read<Purse>("ann").pending);
}

struct Tokens {
  using Head = Box;
  using Entry = Token;
  static store::Key entry_key(const store::Key& head, std::uint64_t n) { return head + "/" + std::to_string(n); }
};

TEST(AtOnce, AnAdditionToAListIsOneWrite) {
  World world;
  List<Tokens> list(world.faulty);
  EXPECT_EQ(world.run(list.append("list", {"1", "x"}, 9)), 1u);
  EXPECT_EQ(world.run(list.append("list", {"2", "x"}, 9)), 2u);
  EXPECT_EQ(world.faulty.writes(), 2u);
  EXPECT_EQ(world.read<Box>("list").last, 2u);
}

TEST(AtOnce, AnAdditionKeepsItsNumberUntilItIsDecided) {
  for (const Fault fault : {Fault::unknown_landed, Fault::unknown_lost, Fault::echo, Fault::unknown_later}) {
    World world;
    List<Tokens> list(world.faulty);
    world.faulty.arm({.fault = fault, .verb = Verb::commit, .times = 2});
    EXPECT_EQ(world.run(list.append("list", {"1", "x"}, 9)), 1u) << to_string(fault);
    EXPECT_EQ(runtime::run_blocking(world.faulty.land_late_writes()), 0u);
    EXPECT_EQ(world.read<Box>("list").last, 1u);
    EXPECT_FALSE(world.exists("list/2"));
  }
}

TEST(AtOnce, AListThatChangedOtherwiseIsReadAgain) {
  World world;
  List<Tokens> list(world.faulty);
  world.run(list.append("list", {"1", "x"}, 9));
  // Between the look at the head and the commit.
  world.faulty.arm({.fault = Fault::unknown_later, .verb = Verb::commit});
  world.faulty.arm({.fault = Fault::error, .verb = Verb::commit});
  EXPECT_EQ(world.fails(list.append("list", {"2", "x"}, 9)).code(), Code::unavailable);
  world.put("list", Box{1, Satoshi(7), Satoshi(0)});
  EXPECT_EQ(runtime::run_blocking(world.faulty.land_late_writes()), 0u);
  EXPECT_EQ(world.run(list.append("list", {"2", "x"}, 9)), 2u);
  EXPECT_EQ(world.read<Box>("list").takings, Satoshi(7)) << "what else is in the head stays";
}

}  // namespace
}  // namespace abc2::journal
