// What a start does about what a crash has left: everything is looked at once, and a market is served meanwhile if that
// takes long.
//
//   CO_TRY(const auto left, co_await recover_at_most(&runtime, [&] { return market.recover_at_start(); }, seconds(3)));
//   if (!left) ...                                           // it goes on in the background, and says when it has
//   ended
//
// Nothing waits for it that is not itself half-done: who meets such a document finishes it first.
#pragma once
#include <functional>
#include <optional>

#include "base/result.hpp"
#include "runtime/runtime.hpp"

namespace abc2::cli {

// Looks at everything once; returns how many documents could not be repaired. As Market::recover_at_start.
using Recover = std::function<Task<Result<std::uint64_t>>()>;

// Begins to recover on the caller's event loop, and waits at most `wait` for the end. nullopt: it goes on, tries again
// after an error of the store's, and says in the log that it goes on and how it ended. It ends when runtime.stopping().
// Errors: those of `recover`, within that time.
Task<Result<std::optional<std::uint64_t>>> recover_at_most(runtime::Runtime* runtime, Recover recover,
                                                           Milliseconds wait);

}  // namespace abc2::cli
