#include "sim/explorer.hpp"

#include <gmock/gmock.h>

namespace abc2::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Small programs on documents of their own, so that every state can be counted by hand.
Task<void> read_twice(World& world) {
  for (const char* key : {"x", "y"}) {
    const auto found = co_await world.store.get(key, store::Freshness::linearizable);
    if (!found) co_return;
  }
}

Task<void> add_one(World& world, std::string key) {
  const auto added = co_await world.store.add(key, R"({"schema":1})");
  if (!added) world.answer(R"({"did":"add","outcome":"corrupt","message":"failed"})");
}

// Reads a counter and writes one more: the mistake that every explorer must find, unless it goes on until applied.
Task<void> count_up(World& world, bool until_applied) {
  for (;;) {
    const auto found = co_await world.store.get("counter", store::Freshness::linearizable);
    const store::Snapshot now = found.value();
    const std::int64_t next = std::stoll(now->value.substr(now->value.find(':') + 1)) + 1;
    const auto written = co_await world.store.replace("counter", now->version, "{\"n\":" + std::to_string(next) + "}");
    if (written.value().kind() == store::WriteOutcome::Kind::applied || !until_applied) co_return;
  }
}

Task<void> expect_two(World& world) {
  const auto found = co_await world.store.get("counter", store::Freshness::linearizable);
  if (found.value()->value != R"({"n":2})") world.answer("the counter is " + found.value()->value);
}

Task<void> nothing_to_recover(World&) { co_return; }

Scenario two_readers(Budget budget) {
  Scenario scenario;
  scenario.name = "two readers";
  scenario.budget = budget;
  scenario.recovery = nothing_to_recover;
  for (const char* name : {"P", "Q"})
    scenario.actors.push_back({name, [](World& world) { return read_twice(world); }, 1, Milliseconds(0)});
  return scenario;
}

TEST(Explorer, CountsEveryOrderOfTwoReaders) {
  const Explored explored = explore(two_readers({}), {});
  EXPECT_THAT(explored.violation, IsEmpty());
  EXPECT_EQ(explored.states, 9u);  // each has made 0, 1 or 2 steps
  EXPECT_EQ(explored.steps, 12u);  // of a square of 3 by 3
  EXPECT_EQ(explored.endings, 1u);
  EXPECT_TRUE(explored.complete);
}

TEST(Explorer, CrashesEachProcessAtEachStep) {
  // One that has crashed is as one that has ended: without an answer there is nothing to tell them apart. With a crash
  // left there are 9 states; without, one of the two has ended, and the other has made 0, 1 or 2 steps.
  EXPECT_EQ(explore(two_readers({.crashes = 1}), {}).states, 9u + 5u);
}

TEST(Explorer, StopsWhereItIsTold) {
  ExploreSettings settings;
  settings.most_states = 5;
  EXPECT_FALSE(explore(two_readers({}), settings).complete);
}

Scenario one_adder(Budget budget) {
  Scenario scenario = two_readers(budget);
  scenario.actors.resize(1);
  scenario.actors[0].program = [](World& world) { return add_one(world, "x"); };
  return scenario;
}

TEST(Explorer, AnUnknownWriteLandsLaterOrNever) {
  // Begun; applied; unknown and in flight; unknown and landed.
  EXPECT_EQ(explore(one_adder({.unknowns = 1}), {}).states, 4u);
}

TEST(Explorer, AnEchoIsAppliedAndRejected) {
  EXPECT_EQ(explore(one_adder({.echoes = 1}), {}).states, 3u);  // begun; applied; applied and echoed
}

TEST(Explorer, ProcessesEndWhenTheStoreFails) {
  const Explored explored = explore(one_adder({.errors = 1}), {});
  EXPECT_THAT(explored.violation, HasSubstr("damaged: failed"));
  EXPECT_THAT(explored.story, HasSubstr("THE STORE FAILS"));
}

Scenario two_counters(bool until_applied) {
  Scenario scenario = two_readers({});
  scenario.start["counter"] = R"({"n":0})";
  for (auto& actor : scenario.actors)
    actor.program = [until_applied](World& world) { return count_up(world, until_applied); };
  scenario.recovery = expect_two;
  return scenario;
}

TEST(Explorer, FindsALostUpdateAndTellsItsStory) {
  const Explored explored = explore(two_counters(false), {});
  EXPECT_EQ(explored.violation, R"(recovery complains: the counter is {"n":1})");
  EXPECT_EQ(explored.story,
            "  1. P reads counter: v1 {7 bytes}\n"
            "  2. Q reads counter: v1 {7 bytes}\n"
            "  3. P CASes counter v1 {7 bytes}: applied\n"
            "  4. Q CASes counter v1 {7 bytes}: rejected\n"
            "   => recovery complains: the counter is {\"n\":1}\n");
}

TEST(Explorer, FindsNothingWhereNothingIsLost) {
  const Explored explored = explore(two_counters(true), {});
  EXPECT_THAT(explored.violation, IsEmpty()) << explored.story;
}

Task<void> throws(World& world) {
  const auto found = co_await world.store.get("x", store::Freshness::linearizable);
  if (found) throw std::runtime_error("a mistake of ours");
}

TEST(Explorer, FindsAnException) {
  Scenario scenario = two_readers({});
  scenario.actors[1].program = [](World& world) { return throws(world); };
  const Explored explored = explore(scenario, {});
  EXPECT_EQ(explored.violation, "a mistake of ours");
}

Task<void> overwrites(World& world) {
  const auto written = co_await world.store.replace("slot/s/1/1", store::Version(1), "{}");
  if (!written) co_return;
}

TEST(Explorer, FindsAChangeOfWhatNeverChanges) {
  Scenario scenario = two_readers({});
  scenario.start["slot/s/1/1"] = "{}";
  scenario.actors[1].program = [](World& world) { return overwrites(world); };
  EXPECT_THAT(explore(scenario, {}).violation, HasSubstr("never changed"));
}

Task<void> tells_the_time(World& world) {
  co_await world.runtime.sleep(Milliseconds(100));
  world.answer(R"({"did":"tell","at":)" + std::to_string(to_unix_ms(world.runtime.now())) + "}");
}

TEST(Explorer, ClocksJumpOncePerBudget) {
  Scenario scenario = two_readers({.jumps = 1});
  scenario.actors.resize(1);
  scenario.actors[0].program = [](World& world) { return tells_the_time(world); };
  scenario.jumps = {Milliseconds(5), Milliseconds(-5)};
  EXPECT_EQ(explore(scenario, {}).states, 4u);  // begun; and what each of three clocks tells
}

}  // namespace
}  // namespace abc2::sim
