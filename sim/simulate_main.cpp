// abc2-simulate: the simulator as a program.
#include <iostream>

#include "sim/simulate_command.hpp"

int main(int argc, char** argv) {
  return abc2::sim::simulate_main(std::vector<std::string>(argv + 1, argv + argc), std::cout, std::cerr);
}
