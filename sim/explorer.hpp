// The explorer: runs a scenario in every order of its steps, with every fault that its budget allows, and audits the
// books wherever a run can end.
//
//   Explored explored = explore(race(), {});
//   if (!explored.violation.empty()) std::cout << explored.story;
//
// A state is what the store holds, what each process has done and heard, which writes are in flight, and what is left
// of the budget. Breadth-first: the first violation is one of the shortest. States are compared as a whole, not by a
// hash of them.
//
// Two things are left out because they can make no difference. A timer that goes off, and a read of a document that
// nobody writes (Scenario::fixed; a write there is a violation), are independent of all that the others do: when they
// are all that a process waits for, they come at once. And writes in flight that can never be applied any more are
// forgotten.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "sim/scenario.hpp"

namespace abc2::sim {

struct ExploreSettings {
  std::uint64_t most_states = 20'000'000;
  std::function<void(std::uint64_t states, std::uint64_t waiting)> progress = nullptr;  // now and then
};

struct Explored {
  std::string violation;      // empty: it holds
  std::string story;          // the shortest way to the violation, or to where it stopped, one step a line
  std::uint64_t states = 0;   // distinct ones
  std::uint64_t steps = 0;    // that lead from one to another
  std::uint64_t endings = 0;  // states in which every process has ended: recovered and audited
  std::uint64_t histories = 0, contents = 0, coroutines_run = 0;
  bool complete = true;  // false: most_states was reached first
  std::chrono::milliseconds took{0};
};

Explored explore(const Scenario& scenario, const ExploreSettings& settings);

}  // namespace abc2::sim
