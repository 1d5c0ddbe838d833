// The verdicts of the design's model checker (check_protocol.py), case by case, on the code that ships. Each test has
// the name of its case there. Where the two differ, the test says why.
#include <gmock/gmock.h>

#include <algorithm>
#include <deque>

#include "sim/explorer.hpp"
#include "sim/node.hpp"
#include "sim/scenarios.hpp"
#include "sim/switches.hpp"

namespace abc2::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A scenario with other processes or another budget, and some rules left out.
struct Case {
  std::string scenario;
  Budget budget;
  std::vector<std::string> without = {};
  std::vector<std::size_t> processes = {0, 1, 2};  // of the scenario's
};

Explored verdict(const Case& a_case) {
  const auto all = all_scenarios();
  const auto found = std::ranges::find(all, a_case.scenario, &Scenario::name);
  if (found == all.end()) {
    ADD_FAILURE() << "there is no scenario " << a_case.scenario;
    return {};
  }
  Scenario scenario = *found;
  scenario.budget = a_case.budget;
  scenario.actors.clear();
  for (const std::size_t process : a_case.processes) scenario.actors.push_back(found->actors[process]);
  std::deque<Without> without;
  for (const auto& name : a_case.without) {
    const auto rule = std::ranges::find(switches(), name, &Switch::name);
    if (rule == switches().end()) {
      ADD_FAILURE() << "there is no rule " << name;
      return {};
    }
    without.emplace_back(*rule);
  }
  return explore(scenario, {});
}

void expect_holds(const Case& a_case) {
  const Explored explored = verdict(a_case);
  EXPECT_THAT(explored.violation, IsEmpty()) << explored.story;
  EXPECT_TRUE(explored.complete);
  EXPECT_GT(explored.endings, 0u);
}

// Everything that the protocol's first sketch did not have.
const std::vector<std::string> as_sketched{"R1", "R2", "R3", "R4", "R5", "R9", "fresh-attempts"};

TEST(Model, Race) { expect_holds({"race", {1, 1, 0, 0, 0}}); }

// With a crash instead of an unknown outcome: see `--longer`, and docs/proof.md for how far that comes.
TEST(Model, TwoTabs) { expect_holds({"two-tabs", {2, 0, 0, 0, 0}}); }

TEST(Model, LoginDuringPurchase) { expect_holds({"login-during-purchase", {1, 1, 0, 0, 0}}); }
TEST(Model, CreditDuringPurchase) { expect_holds({"credit-during-purchase", {1, 1, 0, 0, 0}}); }
TEST(Model, TwoCrediters) { expect_holds({"two-crediters", {1, 1, 0, 0, 0}}); }
TEST(Model, Echoes) { expect_holds({"echoes", {1, 0, 1, 0, 0}}); }

// one-commit-and-chain, one-commit-race: no engine here commits several documents at once.

TEST(Model, SketchRace) { expect_holds({"race", {1, 0, 0, 0, 0}, as_sketched}); }

TEST(Model, SketchTwoTabs) {
  const Explored explored = verdict({"two-tabs", {0, 0, 0, 0, 0}, as_sketched});
  EXPECT_THAT(explored.violation, Not(IsEmpty()));
}

// There, a buyer is charged twice. Here, one step earlier, two tabs were told that the same slot is theirs.
TEST(Model, WithoutAttemptIds) {
  const Explored explored = verdict({"two-tabs", {0, 0, 0, 0, 0}, {"R1"}});
  EXPECT_THAT(explored.violation, HasSubstr("the receipt of slot 1 is another one's")) << explored.story;
}

// There, it is a loss only if a login waits instead of deciding. Here it is one at once: the auditor asks in every
// state whether what the campaign is past was paid.
TEST(Model, WithoutReread) {
  const Explored explored = verdict({"credit-during-purchase", {0, 0, 0, 0, 0}, {"R2"}});
  EXPECT_THAT(explored.violation, HasSubstr("never charged")) << explored.story;
}

TEST(Model, LoginUnlocks) {
  const Explored explored = verdict({"login-during-purchase", {0, 0, 0, 0, 0}, {"R3"}});
  EXPECT_THAT(explored.violation, HasSubstr("never charged")) << explored.story;
}

TEST(Model, UnknownSlotIsRead) {
  const Explored explored = verdict({"race", {0, 1, 0, 0, 0}, {"R4"}, {0, 2}});
  EXPECT_THAT(explored.violation, HasSubstr("nobody is charged")) << explored.story;
}

// As WithoutReread.
TEST(Model, UnknownDebitGoesOn) {
  const Explored explored = verdict({"race", {0, 1, 0, 0, 0}, {"R5"}, {0, 2}});
  EXPECT_THAT(explored.violation, HasSubstr("never charged")) << explored.story;
}

TEST(Model, ReferenceFirst) {
  const Explored explored = verdict({"two-crediters", {0, 0, 0, 0, 0}, {"R6"}, {0, 1}});
  EXPECT_THAT(explored.violation, HasSubstr("credited twice")) << explored.story;
}

TEST(Model, EchoIsBelieved) {
  const Explored explored = verdict({"race", {0, 0, 1, 0, 0}, {"R9"}, {0, 2}});
  EXPECT_THAT(explored.violation, HasSubstr("nobody is charged")) << explored.story;
}

}  // namespace
}  // namespace abc2::sim
