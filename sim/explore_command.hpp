// The command that runs the explorer: which scenarios, under which budget, and what is printed.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "sim/scenario.hpp"

namespace abc2::sim {

struct ExploreOptions {
  std::vector<std::string> scenarios;  // empty: all of them, or with `without` those in which it must be found
  std::string without;                 // a switch; empty: everything is kept
  std::optional<Form> form;            // none: all
  bool longer = false;                 // with the larger budgets
  bool list = false;                   // says which scenarios and switches there are
  bool progress = false;               // on standard error, while it runs
  std::optional<Budget> budget;        // instead of the scenario's own
  std::size_t processes = Scenario::most_actors;  // only the first so many
  std::uint64_t most_states = 50'000'000;
};

// 0: as it must be: everything holds, or without a rule the violation was found. 1: not so. 2: no such scenario or
// switch. Prints a line for each scenario as it ends, with the story of a violation.
int explore_command(const ExploreOptions& options, std::ostream& out);

// Arguments as of a program, its name left out. Prints help, or what is wrong with them, and returns the exit status.
int explore_main(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& errors);

}  // namespace abc2::sim
