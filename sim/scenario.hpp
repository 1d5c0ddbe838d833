// Scenario: a few actors, what they find, and what may go wrong: everything that an exploration starts from.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "sim/auditor.hpp"
#include "sim/process.hpp"

namespace abc2::sim {

// How often each may happen in one run.
struct Budget {
  std::uint8_t crashes = 0;   // a process ends, before or after any of its steps
  std::uint8_t unknowns = 0;  // the outcome of a write stays unknown: it lands at any later time, or never
  std::uint8_t echoes = 0;    // a write is applied, and reported rejected
  std::uint8_t errors = 0;    // a store call fails for certain
  std::uint8_t jumps = 0;     // the clock of a process jumps
  friend bool operator==(const Budget&, const Budget&) = default;
};

struct Scenario {
  std::string name;
  std::string about;          // one sentence
  Documents start;            // by key
  std::vector<Actor> actors;  // at most most_actors
  Budget budget;
  Budget longer;                    // of the longer run
  std::vector<std::string> fixed;   // prefixes of keys that nobody writes: see Explorer
  std::vector<Milliseconds> jumps;  // that a clock may make
  // Ends what the actors left, as the program does: the user's next action, recoverer, sweep. Answers only to
  // complain. Runs alone, as often as it changes anything.
  std::function<Task<void>(World& world)> recovery;
  Expectations expected;
  std::uint64_t least_states = 0;  // that `budget` must lead to: with fewer it has lost what it was for

  static constexpr std::size_t most_actors = 4;
  static constexpr std::size_t most_in_flight = 3;  // the most `unknowns`
};

}  // namespace abc2::sim
