#include "journal/journal.hpp"

#include <gmock/gmock.h>

#include "journal/test_tokens.hpp"

namespace abc2::journal {
namespace {

using store::Fault;
using store::key_is;
using store::key_prefix;
using store::Verb;
using testing::Box;
using testing::Purse;
using testing::Token;
using testing::World;

// Puts a hold into ann's purse as a driver does that dies right after its lock.
Hold lock_only(World& world, std::string attempt) {
  const Plan plan = world.plan("ann", std::move(attempt));
  const auto& lock = plan.writes[plan.lock];
  EXPECT_EQ(world.run(world.memory.replace(lock.key, std::get<store::Version>(lock.condition), lock.value)).kind(),
            store::WriteOutcome::Kind::applied);
  return plan.hold;
}

TEST(Journal, TheBuyerIsDecidedAfterTwoWritesAndSettledAfterFive) {
  World world;
  const Plan plan = world.plan("ann", "a1");
  const Placed placed = world.run(world.tokens.place(plan));
  EXPECT_EQ(placed.decision, Decision::ours);
  EXPECT_EQ(world.faulty.writes(), 2u);
  world.run(world.tokens.settle(plan, placed));
  EXPECT_EQ(world.faulty.writes(), 5u);
  EXPECT_EQ(world.read<Purse>("ann").money, Satoshi(90));
  EXPECT_EQ(world.read<Box>("box").last, 1u);
  EXPECT_TRUE(world.exists("box/receipt/1"));
  EXPECT_TRUE(world.books_balance());
}

TEST(Journal, OfTwoWithTheSameNumberOneGetsIt) {
  World world;
  const Plan ann = world.plan("ann", "a1"), bob = world.plan("bob", "b1");
  const Placed anns = world.run(world.tokens.place(ann));
  EXPECT_EQ(world.run(world.tokens.place(bob)).decision, Decision::others);
  EXPECT_FALSE(world.read<Purse>("bob").hold);
  EXPECT_EQ(world.read<Purse>("bob").money, Satoshi(100));
  world.run(world.tokens.settle(ann, anns));
  EXPECT_TRUE(world.books_balance());
}

TEST(Journal, AttemptIdsAreNotEnoughToTakeSomebodyElsesEntry) {
  World world;
  const Plan ann = world.plan("ann", "same"), bob = world.plan("bob", "same");
  const Placed anns = world.run(world.tokens.place(ann));
  EXPECT_EQ(world.run(world.tokens.place(bob)).decision, Decision::others);
  world.run(world.tokens.settle(ann, anns));
  EXPECT_EQ(world.read<Purse>("bob").money, Satoshi(100));
  EXPECT_TRUE(world.books_balance());
}

TEST(Journal, AHolderThatChangedIsDecidedAgain) {
  World world;
  const Plan plan = world.plan("ann", "a1");
  world.put("ann", Purse{Satoshi(5), {}, {}});
  EXPECT_EQ(world.fails(world.tokens.place(plan)).code(), Code::conflict);
  EXPECT_FALSE(world.exists("box/token/1"));
}

TEST(Journal, R9AnEchoedLockIsFound) {
  World world;
  world.faulty.arm({.fault = Fault::echo, .verb = Verb::replace, .key = key_is("ann")});
  const Plan plan = world.plan("ann", "a1");
  const Placed placed = world.run(world.tokens.place(plan));
  EXPECT_EQ(placed.decision, Decision::ours);
  world.run(world.tokens.settle(plan, placed));
  EXPECT_TRUE(world.books_balance());
}

TEST(Journal, AChangeBetweenAnEchoedLockAndTheDebitIsKept) {
  World world;
  world.faulty.arm({.fault = Fault::echo, .verb = Verb::replace, .key = key_is("ann")});
  const Plan plan = world.plan("ann", "a1");
  const Placed placed = world.run(world.tokens.place(plan));
  Purse richer = world.read<Purse>("ann");
  richer.money += Satoshi(7);
  world.put("ann", richer);
  world.run(world.tokens.settle(plan, placed));
  EXPECT_EQ(world.read<Purse>("ann").money, Satoshi(97));
}

TEST(Journal, R9AnEchoedFillIsOurs) {
  World world;
  world.faulty.arm({.fault = Fault::echo, .verb = Verb::add, .key = key_prefix("box/token/")});
  const Plan plan = world.plan("ann", "a1");
  const Placed placed = world.run(world.tokens.place(plan));
  EXPECT_EQ(placed.decision, Decision::ours);
  world.run(world.tokens.settle(plan, placed));
  EXPECT_TRUE(world.books_balance());
}

TEST(Journal, R4AnUnknownFillThatLandedIsSettled) {
  World world;
  world.faulty.arm({.fault = Fault::unknown_landed, .verb = Verb::add, .key = key_prefix("box/token/")});
  const Placed placed = world.run(world.tokens.place(world.plan("ann", "a1")));
  EXPECT_EQ(placed.decision, Decision::ours);
  EXPECT_TRUE(placed.settled);
  EXPECT_EQ(world.read<Purse>("ann").money, Satoshi(90));
  EXPECT_TRUE(world.books_balance());
}

TEST(Journal, R4AnUnknownFillThatLandsLaterFindsAVoid) {
  World world;
  world.faulty.arm({.fault = Fault::unknown_later, .verb = Verb::add, .key = key_prefix("box/token/")});
  EXPECT_EQ(world.run(world.tokens.place(world.plan("ann", "a1"))).decision, Decision::voided);
  EXPECT_EQ(runtime::run_blocking(world.faulty.land_late_writes()), 0u);
  EXPECT_EQ(world.read<Purse>("ann").money, Satoshi(100));
  EXPECT_EQ(world.run(world.tokens.recover("box", Milliseconds(0))), Recovered::passed_void);
  EXPECT_EQ(world.read<Box>("box").last, 1u);
  EXPECT_TRUE(world.books_balance());
}

TEST(Journal, AFillThatWasCertainlyNotWrittenLeavesNoHold) {
  World world;
  world.faulty.arm({.fault = Fault::error, .verb = Verb::add, .key = key_prefix("box/token/")});
  EXPECT_EQ(world.run(world.tokens.place(world.plan("ann", "a1"))).decision, Decision::voided);
  EXPECT_TRUE(world.books_balance());
}

TEST(Journal, R5TheHeadDoesNotAdvanceOverADebitThatWasNotSeen) {
  World world;
  const Plan plan = world.plan("ann", "a1");
  const Placed placed = world.run(world.tokens.place(plan));
  world.faulty.arm({.fault = Fault::unknown_lost, .verb = Verb::replace, .key = key_is("ann")});
  EXPECT_EQ(world.fails(world.tokens.settle(plan, placed)).code(), Code::undecided);
  EXPECT_EQ(world.read<Box>("box").last, 0u) << "so that somebody will look";
  EXPECT_EQ(world.run(world.tokens.recover("box", Milliseconds(0))), Recovered::settled);
  EXPECT_TRUE(world.books_balance());
}

TEST(Journal, R2ADepositBetweenLockAndDebitDoesNotHideTheDebit) {
  World world;
  const Plan plan = world.plan("ann", "a1");
  const Placed placed = world.run(world.tokens.place(plan));
  Purse richer = world.read<Purse>("ann");
  richer.money += Satoshi(50);
  world.put("ann", richer);
  world.run(world.tokens.settle(plan, placed));
  EXPECT_EQ(world.read<Purse>("ann").money, Satoshi(140));
  EXPECT_EQ(world.read<Box>("box").last, 1u);
}

TEST(Journal, TheHeadMayChangeForOtherReasonsBeforeItAdvances) {
  World world;
  const Plan plan = world.plan("ann", "a1");
  const Placed placed = world.run(world.tokens.place(plan));
  world.put("box", world.read<Box>("box"));  // another version
  world.run(world.tokens.settle(plan, placed));
  EXPECT_EQ(world.read<Box>("box").last, 1u);
  EXPECT_TRUE(world.books_balance());
}

TEST(Journal, SettlingTwiceChargesOnce) {
  World world;
  const Plan plan = world.plan("ann", "a1");
  const Placed placed = world.run(world.tokens.place(plan));
  EXPECT_EQ(world.run(world.tokens.recover("box", Milliseconds(0))), Recovered::settled);
  world.run(world.tokens.settle(plan, placed));
  EXPECT_EQ(world.read<Purse>("ann").money, Satoshi(90));
  EXPECT_EQ(world.read<Box>("box").takings, Satoshi(10));
  EXPECT_EQ(world.run(world.tokens.recover("box", Milliseconds(0))), Recovered::nothing);
}

TEST(Journal, RecoveryLeavesADriverThatIsOnlySlowItsTime) {
  World world;
  const Plan plan = world.plan("ann", "a1");
  const Placed placed = world.run(world.tokens.place(plan));
  // While recovery waits for its grace, the driver settles.
  world.runtime.on_sleep = [&] { world.run(world.tokens.settle(plan, placed)); };
  EXPECT_EQ(world.run(world.tokens.recover("box", limits::recovery_grace)), Recovered::moved_on);
  EXPECT_TRUE(world.books_balance());
}

TEST(Journal, AnEntryThatNobodyWasChargedForStopsTheHeadAndSaysWhich) {
  World world;
  world.put("box/token/1", Token{"a1", "ann"});
  const Error error = world.fails(world.tokens.recover("box", Milliseconds(0)));
  EXPECT_EQ(error.code(), Code::corrupt);
  EXPECT_THAT(error.message(), ::testing::HasSubstr("box/token/1"));
  EXPECT_EQ(world.read<Box>("box").last, 0u);
}

TEST(Journal, R3AnUndecidedHoldIsEndedByAVoidAtItsKey) {
  World world;
  const Hold hold = lock_only(world, "a1");
  EXPECT_EQ(world.run(world.tokens.resolve("ann", hold)), Decision::voided);
  EXPECT_TRUE(world.read<Token>("box/token/1").voided());
  // The driver was only slow: its fill comes too late.
  EXPECT_EQ(world.run(world.memory.add("box/token/1", hold.entry.text)).kind(), store::WriteOutcome::Kind::rejected);
  EXPECT_TRUE(world.books_balance());
}

TEST(Journal, AVoidWithAnUnknownOutcomeIsAddedAgainUntilTheKeyIsDecided) {
  World world;
  const Hold hold = lock_only(world, "a1");
  world.faulty.arm({.fault = Fault::unknown_lost, .verb = Verb::add, .times = 3});
  EXPECT_EQ(world.run(world.tokens.resolve("ann", hold)), Decision::voided);
  EXPECT_TRUE(world.books_balance());
}

TEST(Journal, AHoldWhoseKeyStaysUndecidedIsKept) {
  World world;
  const Hold hold = lock_only(world, "a1");
  world.faulty.arm({.fault = Fault::unknown_lost, .verb = Verb::add, .times = store::FaultRule::always});
  EXPECT_EQ(world.fails(world.tokens.resolve("ann", hold)).code(), Code::undecided);
  EXPECT_TRUE(world.read<Purse>("ann").hold);
}

TEST(Journal, ResumingAddsTheEntryThatTheHoldCarries) {
  World world;
  const Hold hold = lock_only(world, "a1");
  EXPECT_EQ(world.run(world.tokens.resume("ann", hold)), Decision::ours);
  EXPECT_EQ(world.read<Token>("box/token/1").attempt, "a1");
  EXPECT_EQ(world.read<Purse>("ann").money, Satoshi(90));
  EXPECT_TRUE(world.books_balance());
}

TEST(Journal, ResumingWhatWasVoidedDropsTheHold) {
  World world;
  const Hold hold = lock_only(world, "a1");
  world.put("box/token/1", Token{"a1", ""});
  EXPECT_EQ(world.run(world.tokens.resume("ann", hold)), Decision::voided);
  EXPECT_EQ(world.read<Purse>("ann").money, Satoshi(100));
  EXPECT_FALSE(world.read<Purse>("ann").hold);
}

TEST(Holders, AYoungHoldHasADriverAndIsLeftAlone) {
  World world;
  lock_only(world, "a1");
  const Time now = world.runtime.now();
  EXPECT_TRUE(world.run(world.purses.tidy("ann", now - Milliseconds(1))));
  EXPECT_FALSE(world.exists("box/token/1"));
  EXPECT_FALSE(world.run(world.purses.tidy("ann", now)));
  EXPECT_TRUE(world.books_balance());
}

TEST(Holders, AHoldFromTheFutureIsOfNoKnownAgeAndIsEnded) {
  World world;
  lock_only(world, "a1");
  const Time now = world.runtime.now();
  const Time old = now - Milliseconds(1);
  EXPECT_TRUE(world.run(world.purses.tidy("ann", old, now)));
  EXPECT_FALSE(world.run(world.purses.tidy("ann", old, old)));
  EXPECT_TRUE(world.books_balance());
}

TEST(Holders, AYoungHoldThatIsDecidedIsSettledAtOnce) {
  World world;
  world.run(world.tokens.place(world.plan("ann", "a1")));
  EXPECT_FALSE(world.run(world.purses.tidy("ann", world.runtime.now() - Milliseconds(1))));
  EXPECT_EQ(world.read<Purse>("ann").money, Satoshi(90));
  EXPECT_TRUE(world.books_balance());
}

TEST(Holders, AHoldOfALaterVersionIsReportedAndKept) {
  World world;
  Purse purse = world.read<Purse>("ann");
  purse.hold = Hold{"from the future", "x", 1, "a", world.runtime.now(), {}};
  world.put("ann", purse);
  EXPECT_EQ(world.fails(world.purses.tidy("ann", Time::max())).code(), Code::newer_schema);
  EXPECT_TRUE(world.read<Purse>("ann").hold);
}

}  // namespace
}  // namespace abc2::journal
