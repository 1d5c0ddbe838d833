// How many nodes there are, as each of them sees it: joining, leaving, dying, pausing.
#include "journal/membership.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "base/marks.hpp"
#include "engines/for_tests/test_store.hpp"
#include "journal/test_tokens.hpp"
#include "store/faulty_store.hpp"

namespace abc2::journal {
namespace {

using store::FaultyStore;
using testing::World;

class Nodes : public ::testing::Test {
 protected:
  // Another process on the same store; its index.
  std::size_t join() {
    used_.emplace_back();
    in_use_.emplace_back();
    const std::size_t index = nodes_.size();
    nodes_.push_back(std::make_unique<Membership>(
        world.memory, world.runtime, [this, index] { return in_use_.at(index); },
        [this, index](const store::Key& key) { used_.at(index).insert(key); }, "n" + std::to_string(index)));
    return index;
  }
  Membership& node(std::size_t index) { return *nodes_.at(index); }
  // Every living node's beat, `rounds` times.
  void beat(int rounds, const std::set<std::size_t>& except = {}) {
    for (int i = 0; i < rounds; ++i) {
      world.runtime.time += Membership::every;
      for (std::size_t n = 0; n < nodes_.size(); ++n)
        if (!except.contains(n)) world.run(node(n).round());
    }
  }
  std::size_t documents() { return world.run(world.memory.scan("node/", "", 100)).items.size(); }

  World world;
  std::vector<std::set<store::Key>> used_;
  std::vector<std::vector<store::Key>> in_use_;
  std::vector<std::unique_ptr<Membership>> nodes_;
};

TEST_F(Nodes, OneAloneHasAllTheWork) {
  join();
  EXPECT_EQ(node(0).count(), 1u) << "before its first look";
  EXPECT_TRUE(node(0).mine("balance/ann"));
  beat(3);
  EXPECT_EQ(node(0).count(), 1u);
  EXPECT_EQ(documents(), 1u);
}

TEST_F(Nodes, JoiningLeavingAndDyingAreNoticed) {
  for (int i = 0; i < 3; ++i) join();
  beat(2);
  for (std::size_t n = 0; n < 3; ++n) EXPECT_EQ(node(n).count(), 3u);
  world.run(node(2).leave());
  beat(1, {2});
  EXPECT_EQ(node(0).count(), 2u) << "at the next look";
  beat(4, {1, 2});
  EXPECT_EQ(node(0).count(), 2u) << "8 s are not over";
  beat(2, {1, 2});
  EXPECT_EQ(node(0).count(), 1u);
  beat(1, {2});
  beat(1, {2});
  EXPECT_EQ(node(0).count(), 2u) << "it was only paused";
  EXPECT_EQ(node(1).count(), 2u);
}

TEST_F(Nodes, NumbersOfTheDeadAreTakenOver) {
  for (int i = 0; i < 3; ++i) join();
  beat(2);
  EXPECT_EQ(documents(), 3u);
  world.run(node(0).leave());
  join();
  beat(2, {0});
  EXPECT_EQ(documents(), 3u) << "the new one has the number of the one that left";
  beat(10, {0, 1});
  join();
  beat(1, {0, 1});
  EXPECT_EQ(documents(), 4u) << "it has not seen yet that one is dead";
  beat(10, {0, 1});
  join();
  beat(10, {0, 1, 4});
  EXPECT_EQ(documents(), 5u);
  // The dead one wakes, finds its number taken or still its own, and is counted.
  beat(2, {0, 4});
  EXPECT_EQ(node(2).count(), 4u);
  beat(6, {0, 4});
  EXPECT_EQ(node(1).count(), 4u) << "once it has looked for long enough itself";
}

TEST_F(Nodes, AFreshLookDoesNotWaitForWhatIsLongDead) {
  join();
  beat(1);
  world.runtime.time += Membership::long_dead + Membership::every;
  join();
  beat(1, {0});
  EXPECT_EQ(node(1).count(), 1u);
  EXPECT_EQ(documents(), 1u) << "and its number is free at once";
}

TEST_F(Nodes, AClockThatIsBehindKillsNobody) {
  join();
  join();
  beat(1);
  world.runtime.time -= std::chrono::hours(1);
  beat(2);
  EXPECT_EQ(node(0).count(), 2u);
  EXPECT_EQ(node(1).count(), 2u);
  beat(6, {1});
  EXPECT_EQ(node(0).count(), 1u) << "and keeps nobody alive";
}

TEST_F(Nodes, TheWorkIsDividedAndOnlyTheShareOfWhoLeavesMoves) {
  for (int i = 0; i < 4; ++i) join();
  beat(2);
  std::vector<std::size_t> owner(4000), count(4);
  for (std::size_t k = 0; k < owner.size(); ++k) {
    const std::string key = "box/" + std::to_string(k);
    std::size_t owners = 0;
    for (std::size_t n = 0; n < 4; ++n)
      if (node(n).mine(key)) owner[k] = n, ++count[n], ++owners;
    ASSERT_EQ(owners, 1u) << key;
  }
  for (const std::size_t share : count) EXPECT_NEAR(static_cast<double>(share), 1000, 150);
  world.run(node(3).leave());
  beat(1, {3});
  for (std::size_t k = 0; k < owner.size(); ++k) {
    const std::string key = "box/" + std::to_string(k);
    if (owner[k] != 3) EXPECT_TRUE(node(owner[k]).mine(key)) << key;
  }
}

TEST_F(Nodes, WhatIsInUseAnywhereIsKnownToAll) {
  join();
  join();
  in_use_[0] = {"box/1"};
  beat(2);
  EXPECT_EQ(used_[1], std::set<store::Key>{"box/1"});
  EXPECT_TRUE(used_[0].empty()) << "a node knows its own anyway";
}

TEST_F(Nodes, EachKnowsWhatBecameOfTheOthers) {
  const auto states = [this](std::size_t index) {
    std::string text;
    for (const auto& one : node(index).nodes()) {
      const char* is = one.is == NodeState::Is::there ? "there" : one.is == NodeState::Is::left ? "left" : "silent";
      text += one.name + (one.self ? "*" : "") + " " + is + " " + std::to_string(one.in_use) + "; ";
    }
    return text;
  };
  for (int i = 0; i < 4; ++i) join();
  in_use_[1] = {"box/1", "box/2"};
  EXPECT_EQ(states(0), "n0* there 0; ") << "before its first look";
  beat(2);
  EXPECT_EQ(states(0), "n0* there 0; n1 there 2; n2 there 0; n3 there 0; ");
  EXPECT_EQ(states(1), "n1* there 2; n0 there 0; n2 there 0; n3 there 0; ");
  EXPECT_EQ(node(0).nodes()[1].since, node(1).nodes()[0].since);
  world.run(node(2).leave());
  beat(6, {2, 3});
  EXPECT_EQ(states(0), "n0* there 0; n1 there 2; n2 left 0; n3 silent 0; ");
  EXPECT_GE(node(0).nodes()[3].unchanged, Membership::dead_after);
  EXPECT_EQ(node(0).nodes()[1].unchanged, Milliseconds(0));
}

TEST_F(Nodes, AnUnknownOutcomeIsSettledByTheNextBeat) {
  FaultyStore faulty(world.memory, world.runtime);
  faulty.arm({.fault = store::Fault::unknown_landed, .times = 1});
  Membership one(faulty, world.runtime, [] { return std::vector<store::Key>(); }, [](const store::Key&) {});
  for (int i = 0; i < 3; ++i) world.run(one.round());
  EXPECT_EQ(documents(), 1u);
  faulty.arm({.fault = store::Fault::error, .times = 1});
  const auto task = [](Membership* it) -> Task<Result<bool>> { co_return (co_await it->round()).has_value(); };
  EXPECT_FALSE(world.run(task(&one)));
  EXPECT_EQ(one.count(), 1u);
}

}  // namespace
}  // namespace abc2::journal
