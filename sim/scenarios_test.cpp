#include "sim/scenarios.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "sim/explorer.hpp"
#include "sim/switches.hpp"

namespace abc2::sim {

// What GoogleTest says of a parameter.
void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }
void PrintTo(const Switch& rule, std::ostream* out) { *out << rule.name; }

namespace {

using ::testing::IsEmpty;
using ::testing::Not;

std::string as_test_name(std::string name) {
  std::ranges::replace(name, '-', '_');
  return name;
}

Scenario named(const std::string& name) {
  for (auto& scenario : all_scenarios())
    if (scenario.name == name) return scenario;
  ADD_FAILURE() << "there is no scenario " << name;
  return {};
}

// ------------------------------------------------------------------------------------------- all of them hold

class Holds : public ::testing::TestWithParam<Scenario> {};

TEST_P(Holds, InEveryOrderWithEveryFault) {
  const Explored explored = explore(GetParam(), {});
  EXPECT_THAT(explored.violation, IsEmpty()) << explored.story;
  EXPECT_TRUE(explored.complete);
  EXPECT_GT(explored.endings, 0u);
  if (GetParam().form == Form::steps)
    EXPECT_GE(explored.states, GetParam().least_states) << "the scenario has shrunk: does it still show anything?";
  RecordProperty("states", std::to_string(explored.states));
}

std::vector<Scenario> in_all_forms() {
  std::vector<Scenario> all;
  for (const auto& scenario : all_scenarios())
    for (const Form form : forms_of(scenario)) all.push_back(in_form(scenario, form));
  return all;
}

INSTANTIATE_TEST_SUITE_P(Scenario, Holds, ::testing::ValuesIn(in_all_forms()), [](const auto& info) {
  return as_test_name(info.param.name) + "_in_" + std::string(to_string(info.param.form));
});

TEST(Scenarios, ThatHaveNoCommitsAreTheSameInEveryForm) {
  for (const auto& scenario : all_scenarios()) {
    if (scenario.has_commits) continue;
    // One process, which is quick, and shows whether it writes otherwise.
    Scenario alone = scenario;
    alone.actors.resize(1);
    EXPECT_EQ(explore(alone, {}).states, explore(in_form(alone, Form::mixed), {}).states) << scenario.name;
  }
}

TEST(Scenarios, HaveAMillionStatesTogether) {
  std::uint64_t least = 0;
  for (const auto& scenario : all_scenarios()) least += scenario.least_states;
  EXPECT_GE(least, 1'000'000u);
}

// ------------------------------------------------------------------------- each rule is needed: without it, a loss

class Found : public ::testing::TestWithParam<Switch> {};

TEST_P(Found, WithoutTheRule) {
  const Without without(GetParam());
  ASSERT_THAT(GetParam().found_in, Not(IsEmpty()));
  for (const auto& name : GetParam().found_in) {
    const Explored explored = explore(named(name), {});
    EXPECT_THAT(explored.violation, Not(IsEmpty())) << name << " holds without " << GetParam().name;
    std::cout << explored.story;
    if (!GetParam().in_commits) continue;
    const Explored in_commits = explore(in_form(named(name), Form::commits), {});
    EXPECT_THAT(in_commits.violation, Not(IsEmpty())) << name << " holds in commits without " << GetParam().name;
    std::cout << in_commits.story;
  }
}

INSTANTIATE_TEST_SUITE_P(Without, Found, ::testing::ValuesIn(switches()),
                         [](const auto& info) { return as_test_name(info.param.name); });

}  // namespace
}  // namespace abc2::sim
