// What the cases of the conformance suite share: the store under test, several event loops, and short words for what a
// store answered.
#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"
#include "runtime/event_loops.hpp"
#include "store/conformance.hpp"

namespace abc2::store::conformance {

class Lab {
 public:
  explicit Lab(const Engine& engine);
  ~Lab();

  [[nodiscard]] Store& store() { return subject_->store(); }
  [[nodiscard]] Subject& subject() { return *subject_; }
  [[nodiscard]] runtime::AsioRuntime& runtime() { return runtime_; }

  template <class T>
  T run(Task<T> task) {
    return runtime::run_blocking(std::move(task));
  }
  // Runs all of them at once, spread over the event loops, to their ends.
  void run_all(std::vector<Task<void>> tasks);
  // Starts one on the next event loop; wait() waits for all that were started.
  void start(Task<void> task);
  void wait();

  // The verbs, run to their ends from this thread.
  Result<Snapshot> get(Key key) { return run(store().get(std::move(key))); }
  Result<WriteOutcome> add(Key key, Value value) { return run(store().add(std::move(key), std::move(value))); }
  Result<WriteOutcome> replace(Key key, Version expected, Value value) {
    return run(store().replace(std::move(key), expected, std::move(value)));
  }
  Result<ScanPage> scan(Key prefix, Key after, std::size_t limit) {
    return run(store().scan(std::move(prefix), std::move(after), limit));
  }
  // add() that is expected to be applied.
  Version put(Key key, Value value);
  // replace() that is expected to be applied.
  Version change(Key key, Version expected, Value value);

 private:
  runtime::AsioRuntime runtime_;
  runtime::EventLoops loops_{3};
  std::unique_ptr<Subject> subject_;
};

// "applied", "rejected", "unknown", or the code of the error.
std::string told(const Result<WriteOutcome>& answer);
// The value in quotes, "absent", or the code of the error.
std::string told(const Result<Snapshot>& answer);
// The keys of a page, joined by spaces, with " ..." when there are more; or the code of the error.
std::string told(const Result<ScanPage>& answer);

struct Case {
  const char* name;
  void (*body)(Lab& lab);
};
std::span<const Case> write_cases();
std::span<const Case> race_cases();
std::span<const Case> limit_cases();
std::span<const Case> scan_cases();
std::span<const Case> view_cases();
std::span<const Case> watch_cases();
std::span<const Case> reopen_cases();
std::span<const Case> commit_cases();

}  // namespace abc2::store::conformance
