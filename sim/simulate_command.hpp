// The command that runs the simulator: from which seeds, and what is printed.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace abc2::sim {

// Arguments as of a program, its name left out. Prints a line for each run, and of the first that fails the seed, the
// commit, the last writes and the fewest requests that still fail. Returns the exit status: 0 if nothing failed, 1 if
// something did, or if with --marks a branch of recovery was never reached; 2 for wrong arguments.
int simulate_main(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& errors);

// The coverage marks that runs with --marks must reach: every branch of recovery and of each unknown path.
const std::vector<std::string>& marks_to_reach();
// The marks of journal and market that they need not, and why.
const std::map<std::string, std::string>& marks_left_out();

}  // namespace abc2::sim
