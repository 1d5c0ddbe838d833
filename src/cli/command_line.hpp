// The command line: arguments, ABC2_* environment variables and a settings file, turned into one of the commands.
#pragma once

namespace abc2::cli {

// Runs the command that the arguments name; returns the process's exit code: 0 done, 1 it failed, 2 it was not
// understood. What is said twice counts in this order: arguments, environment, settings file.
int run_command_line(int argc, char** argv);

}  // namespace abc2::cli
