// What recovery costs and how long it takes, measured in simulated time on the code that ships: the same numbers on
// every machine, but for the network and the disk, of which the simulator knows only that a store call takes 0.3 to
// 3 ms there and back.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "sim/agenda.hpp"

namespace abc2::sim {

// How long a purchase stays unsettled whose node died after a step.
struct Unsettled {
  std::uint32_t nodes = 0;
  std::string died_after;  // lock, fill, receipt, debit
  std::size_t samples = 0, unsettled = 0;
  Micros p50{0}, p99{0}, worst{0};
};

// One node of `nodes` dies with a hundred purchases at that step, ten times over (after a lock three times). If it is
// the only one it comes back after `only_node_returns`; else it does not, and the campaigns are in use on all others.
// Nobody else buys. After a lock the sweeps run, since only they deal with it; else they do not, so that what is
// measured is the recoverer, or the start of the only node.
Unsettled measure_unsettled(std::uint32_t nodes, const std::string& died_after);
inline constexpr Micros only_node_returns{2'000'000};

// Store calls in a second of a cluster of three nodes with ten purchases a second in twenty campaigns.
struct RecoveryCost {
  std::uint64_t campaigns = 0;  // that there are
  double purchases = 0, recoverer = 0, sweep = 0;
  std::uint64_t start_calls = 0;  // of a node at its start: it looks at everything once
  Micros start_took{0};
};
RecoveryCost measure_cost(std::uint64_t campaigns);

// The curve, as a picture.
std::string drawn(const std::vector<RecoveryCost>& costs);

// Measures and prints tables: 1, 10 and 100 nodes; 100 to `most_campaigns` campaigns. Draws into the file `svg`,
// unless it is empty. Returns the exit status: 1 if something was never settled or the file could not be written.
int measure(std::uint64_t most_campaigns, const std::string& svg, std::ostream& out);

}  // namespace abc2::sim
