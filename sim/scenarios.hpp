// The scenarios, and what must be found in them when a rule is left out.
#pragma once
#include <vector>

#include "sim/scenario.hpp"

namespace abc2::sim {

// All of them, in the order in which they are run.
std::vector<Scenario> all_scenarios();

std::vector<Scenario> purchase_scenarios();
std::vector<Scenario> money_scenarios();
std::vector<Scenario> bitcoin_scenarios();

}  // namespace abc2::sim
