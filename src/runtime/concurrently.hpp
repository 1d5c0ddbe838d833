// concurrently: several coroutines at a time on the caller's event loop.
//
//   co_await concurrently(runtime, "sweep", items.size(), 64, [&](std::size_t i) { return handle(items[i]); });
#pragma once
#include <functional>

#include "runtime/runtime.hpp"

namespace abc2::runtime {

// Runs work(0) ... work(count - 1), at most `at_a_time` at once, begun in that order; returns when all have ended.
// They share the caller's event loop, so that they need no lock between them. `work` is kept until then; it may
// refer to what lives in the calling coroutine. An exception is logged under `name` and ends a share of the work: the
// others take over what is left.
Task<void> concurrently(Runtime& runtime, const char* name, std::size_t count, std::size_t at_a_time,
                        std::function<Task<void>(std::size_t)> work);

}  // namespace abc2::runtime
