// For the market's own tests: one node's view of a store, with a clock that is moved by hand, real hashes at the least
// cost, and faults on command.
#pragma once
#include <gtest/gtest.h>

#include "base/marks.hpp"
#include "journal/test_tokens.hpp"
#include "market/documents.hpp"
#include "market/keys.hpp"
#include "market/passwords.hpp"

namespace abc2::market::testing {

using journal::testing::ManualRuntime;
using runtime::run_blocking;

// The value of what must not fail.
template <class T>
T must(Result<T> result) {
  if (!result) {
    ADD_FAILURE() << to_string(result.error().code()) << ": " << result.error().message();
    throw std::runtime_error(result.error().message());
  }
  if constexpr (!std::is_void_v<T>) return std::move(result).value();
}
template <class T>
T run(Task<Result<T>> task) {
  return must(run_blocking(std::move(task)));
}
// The code of what must fail.
template <class T>
Code fails(Result<T> result) {
  if (!result) return result.error().code();
  ADD_FAILURE() << "it should have failed";
  throw std::runtime_error("it should have failed");
}
template <class T>
Code fails(Task<Result<T>> task) {
  return fails(run_blocking(std::move(task)));
}

// Runs the task; whether it fails is not what the test is about.
template <class T>
void run_whatever(Task<Result<T>> task) {
  [[maybe_unused]] const auto result = run_blocking(std::move(task));
}
// The task as one that must not fail, for what happens in between.
template <class T>
Task<void> succeeding(Task<Result<T>> task) {
  auto result = co_await std::move(task);
  must(std::move(result));
}

// What outlives a crash of a node: the store, and the clock.
struct World {
  ManualRuntime runtime;
  engines::TestStore memory{runtime};
  store::Store& real = memory;
  runtime::WorkerPool pool{1, 100};
  Argon2Hasher hasher{pool, Argon2Hasher::Cost::minimum};

  template <store::Document T>
  std::optional<T> read(store::Key key) {
    auto found = run(store::get<T>(memory, std::move(key)));
    if (!found) return std::nullopt;
    return std::move(found->value);
  }
  template <store::Document T>
  void put(store::Key key, const T& document) {
    const auto now = run(real.get(key));
    const auto written = now ? run(real.replace(key, now->version, store::encode(document)))
                             : run(real.add(key, store::encode(document)));
    ASSERT_EQ(written.kind(), store::WriteOutcome::Kind::applied);
  }
  // The keys that begin with `prefix`.
  std::vector<store::Key> keys_of(store::Key prefix) {
    std::vector<store::Key> keys;
    for (const auto& item : run(real.scan(std::move(prefix), "", 1000)).items) keys.push_back(item.key);
    return keys;
  }
};

// A store on which something else happens before one of the calls, as if another node had been quicker.
class Interleaved final : public store::Store {
 public:
  Interleaved(store::Store& inner, runtime::Runtime& runtime) : Store(runtime), inner_(inner) {}

  // Before the k-th call from now on, counted from 1.
  void before_call(std::size_t k, std::function<Task<void>()> what) {
    calls_ = 0;
    at_ = k;
    what_ = std::move(what);
  }
  // Whether it has happened.
  [[nodiscard]] bool happened() const { return !what_; }

  Task<Result<store::Snapshot>> get(store::Key key, store::Freshness freshness) override {
    co_await others();
    auto done = co_await inner_.get(std::move(key), freshness);
    co_return done;
  }
  Task<Result<store::WriteOutcome>> add(store::Key key, store::Value value) override {
    co_await others();
    auto done = co_await inner_.add(std::move(key), std::move(value));
    co_return done;
  }
  Task<Result<store::WriteOutcome>> replace(store::Key key, store::Version expected, store::Value value) override {
    co_await others();
    auto done = co_await inner_.replace(std::move(key), expected, std::move(value));
    co_return done;
  }
  Task<Result<store::ScanPage>> scan(store::Key prefix, store::Key after, std::size_t limit) override {
    co_await others();
    auto done = co_await inner_.scan(std::move(prefix), std::move(after), limit);
    co_return done;
  }
  [[nodiscard]] bool exclusive() const override { return inner_.exclusive(); }

 private:
  Task<void> others() {
    if (++calls_ != at_ || !what_) co_return;
    const auto what = std::exchange(what_, nullptr);
    co_await what();
  }
  store::Store& inner_;
  std::size_t calls_ = 0, at_ = 0;
  std::function<Task<void>()> what_;
};

inline constexpr store::Fault write_faults[] = {store::Fault::error, store::Fault::unknown_lost,
                                                store::Fault::unknown_landed, store::Fault::unknown_later,
                                                store::Fault::echo};

// The given UUID-like attempt with a number in it.
inline std::string attempt(unsigned number) {
  char text[37];
  std::snprintf(text, sizeof text, "00000000-0000-4000-8000-%012u", number);
  return text;
}

}  // namespace abc2::market::testing
