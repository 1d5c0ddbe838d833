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
  EXPECT_GE(explored.states, GetParam().least_states) << "the scenario has shrunk: does it still show anything?";
  RecordProperty("states", std::to_string(explored.states));
}

INSTANTIATE_TEST_SUITE_P(Scenario, Holds, ::testing::ValuesIn(all_scenarios()),
                         [](const auto& info) { return as_test_name(info.param.name); });

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
  }
}

INSTANTIATE_TEST_SUITE_P(Without, Found, ::testing::ValuesIn(switches()),
                         [](const auto& info) { return as_test_name(info.param.name); });

}  // namespace
}  // namespace abc2::sim
