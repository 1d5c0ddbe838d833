// The program. What each command does is in src/cli.
#include "cli/command_line.hpp"

int main(int argc, char** argv) { return abc2::cli::run_command_line(argc, argv); }
