// run_patiently: runs a step whose outcome the store left undecided again, up to limits::store_retries times. A step
// reads first, so that one that has landed in the meantime is seen to be done.
#pragma once
#include "base/limits.hpp"
#include "base/marks.hpp"
#include "journal/step.hpp"

namespace abc2::market {

// Errors: undecided (it may be done, or not, or later), the store's, those of the step's own decision.
inline Task<Result<void>> run_patiently(store::Store& store, journal::Step step) {
  for (int tries = 1;; ++tries) {
    auto done = co_await journal::run(store, step);
    if (done || done.error().code() != Code::undecided || tries >= limits::store_retries) co_return done;
    ABC2_MARK("patiently: undecided, asked again");
  }
}

}  // namespace abc2::market
