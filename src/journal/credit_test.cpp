#include "journal/credit.hpp"

#include <gtest/gtest.h>

#include "journal/test_tokens.hpp"

namespace abc2::journal {
namespace {

using store::Fault;
using store::key_is;
using store::Verb;
using testing::Box;
using testing::Purse;
using testing::World;

struct Paid : World {
  Paid() { put("box", Box{0, Satoshi(40), Satoshi(0)}); }
  void expect_paid_once() {
    EXPECT_EQ(read<Purse>("ann").money, Satoshi(140));
    EXPECT_FALSE(read<Purse>("ann").pending);
    EXPECT_EQ(read<Box>("box").paid_out, Satoshi(40));
  }
};

TEST(Credit, IsPaidOnceHoweverOftenItIsAskedFor) {
  Paid world;
  EXPECT_TRUE(world.run(world.credit.credit("ann", "box")));
  EXPECT_FALSE(world.run(world.credit.credit("ann", "box")));
  world.expect_paid_once();
}

TEST(Credit, AnUnknownAtAnyWriteIsPaidOnce) {
  for (const Fault fault : {Fault::unknown_landed, Fault::unknown_lost, Fault::echo, Fault::unknown_later}) {
    for (std::size_t write = 0; write < 3; ++write) {
      Paid world;
      world.faulty.arm({.fault = fault, .verb = Verb::replace, .skip = write});
      // It may end undecided; asked again it ends paid.
      for (int again = 0; again < 3; ++again) {
        const auto result = runtime::run_blocking(world.credit.credit("ann", "box"));
        if (!result) EXPECT_EQ(result.error().code(), Code::undecided);
      }
      runtime::run_blocking(world.faulty.land_late_writes());
      world.run(world.credit.credit("ann", "box"));
      world.expect_paid_once();
    }
  }
}

TEST(Credit, ACrashAfterAnyWriteIsFinishedByTheNext) {
  std::size_t crashes = 0;
  for (std::size_t k = 1;; ++k) {
    Paid world;
    store::FaultyStore dying(world.memory, world.runtime);
    Kinds kinds;
    Credit<testing::BoxCredit> credit(dying, world.runtime, kinds);
    kinds.add(credit);
    dying.crash_at_write(k, store::Crash::after);
    const bool finished = store::run_until_crash(dying, credit.credit("ann", "box")).has_value();
    world.run(world.credit.credit("ann", "box"));
    world.expect_paid_once();
    if (finished) break;
    ++crashes;
  }
  EXPECT_EQ(crashes, 3u) << "credit, mark, drop";
}

TEST(Credit, R6AStaleReferenceIsNotPaidAgain) {
  // Between the reads of one crediter, another pays in full: the first read the holder before it, so its CAS fails.
  Paid world;
  bool other_paid = false;
  class Interfering final : public store::Store {
   public:
    Interfering(store::Store& inner, runtime::Runtime& runtime, std::function<void()> between)
        : Store(runtime), inner_(inner), between_(std::move(between)) {}
    Task<Result<store::Snapshot>> get(store::Key key, store::Freshness freshness) override {
      auto found = co_await inner_.get(key, freshness);
      if (++gets_ == 1) between_();
      co_return found;
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
    [[nodiscard]] bool exclusive() const override { return true; }

   private:
    store::Store& inner_;
    std::function<void()> between_;
    int gets_ = 0;
  } interfering(world.memory, world.runtime, [&] {
    world.run(world.credit.credit("ann", "box"));
    other_paid = true;
  });
  Kinds kinds;
  Credit<testing::BoxCredit> credit(interfering, world.runtime, kinds);
  kinds.add(credit);
  world.run(credit.credit("ann", "box"));
  EXPECT_TRUE(other_paid);
  world.expect_paid_once();
}

TEST(Credit, WhatIsMissingIsNamed) {
  Paid world;
  EXPECT_EQ(world.fails(world.credit.credit("nobody", "box")).code(), Code::not_found);
  EXPECT_EQ(world.fails(world.credit.credit("ann", "no box")).code(), Code::not_found);
}

}  // namespace
}  // namespace abc2::journal
