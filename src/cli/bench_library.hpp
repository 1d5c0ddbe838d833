// `abc2 bench purchases`: purchases a second through the library, in one process, on a new store.
#pragma once
#include "cli/bench_market.hpp"

namespace abc2::cli {

// Opens a new store at `directory` (embedded engine), fills it, buys, and audits the books afterwards. Blocks.
// Errors: conflict (the store is not empty), corrupt (the audit found something: it says what), the store's.
Result<BenchResult> bench_library(std::string directory, BenchSettings settings, bool steps);

}  // namespace abc2::cli
