// abc2-explore: the explorer as a program of its own, since its market has switches that the one that ships has not.
#include <iostream>

#include "sim/explore_command.hpp"

int main(int argc, char** argv) {
  return abc2::sim::explore_main(std::vector<std::string>(argv + 1, argv + argc), std::cout, std::cerr);
}
