// Loading a made-up market into a new store, in bulk, as fast as the store takes it: for `abc2 bench`.
#pragma once
#include <functional>

#include "cli/made_market.hpp"
#include "runtime/runtime.hpp"

namespace abc2::cli {

struct Loaded {
  std::uint64_t documents = 0;
  std::uint64_t bytes = 0;  // keys and contents
};

// Adds all documents of `made`, in the order of their keys: many commits of many documents at a time where the store
// has commits, otherwise many adds. It takes no more memory for a large market than for a small one. What there is when
// it fails half-way is no market. `progress` is called now and then, on the caller's event loop.
// Errors: invalid_argument (a size that no market can have), conflict (the store is not empty), undecided (it left a
// write unknown), the store's.
Task<Result<Loaded>> load_market(store::Store& store, runtime::Runtime& runtime, const MadeMarket* made,
                                 std::function<void(const Loaded&)> progress = nullptr);

}  // namespace abc2::cli
