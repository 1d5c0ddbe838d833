#include "cli/recovery.hpp"

#include <gtest/gtest.h>

#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"

namespace abc2::cli {
namespace {

// Time passes in sleeps alone, and takes none; every sleep lets the others run.
class QuickRuntime final : public runtime::Runtime {
 public:
  Time now() override { return time_; }
  Task<void> sleep(Milliseconds duration) override {
    time_ += duration;
    co_await real.sleep(Milliseconds(0));
  }
  void random(std::span<std::byte> bytes) override { real.random(bytes); }
  void spawn(Executor where, const char* name, Task<void> work) override { real.spawn(where, name, std::move(work)); }
  [[nodiscard]] bool stopping() const override { return stop; }

  bool stop = false;
  runtime::AsioRuntime real;

 private:
  Time time_ = from_unix_ms(1'700'000'000'000);
};

// A recovery that ends when it is let, the first times as if the store were away.
struct Slow {
  QuickRuntime runtime;
  int failures = 0;
  int calls = 0;
  bool may_end = false, ended = false;

  Task<Result<std::uint64_t>> recover() {
    ++calls;
    while (!may_end) co_await runtime.sleep(Milliseconds(1));
    if (failures-- > 0) co_return Error(Code::unavailable, "as if");
    ended = true;
    co_return 2;
  }
  auto begin(Milliseconds wait) {
    return recover_at_most(&runtime, [this] { return recover(); }, wait);
  }
};

TEST(Recovery, IsWaitedForIfItIsShort) {
  Slow slow;
  slow.may_end = true;
  const auto left = runtime::run_blocking(slow.begin(Milliseconds(1000)));
  ASSERT_TRUE(left);
  EXPECT_EQ(left.value(), std::optional<std::uint64_t>(2));
  EXPECT_EQ(slow.calls, 1);
}

Task<Result<bool>> serve_meanwhile(Slow* slow) {
  const Time began = slow->runtime.now();
  CO_TRY(const auto left, co_await slow->begin(Milliseconds(1000)));
  EXPECT_FALSE(left) << "it cannot have ended";
  EXPECT_FALSE(slow->ended);
  EXPECT_GE(slow->runtime.now() - began, Milliseconds(1000));
  // Served from here on.
  slow->may_end = true;
  while (slow->runtime.real.working() > 0) co_await slow->runtime.sleep(Milliseconds(1));
  co_return slow->ended;
}

TEST(Recovery, GoesOnBehindIfItIsLong) {
  Slow slow;
  EXPECT_TRUE(runtime::run_blocking(serve_meanwhile(&slow)).value());
  EXPECT_EQ(slow.calls, 1);
}

TEST(Recovery, BehindItBeginsAgainUntilItEnds) {
  Slow slow;
  slow.failures = 3;
  EXPECT_TRUE(runtime::run_blocking(serve_meanwhile(&slow)).value());
  EXPECT_EQ(slow.calls, 4);
}

TEST(Recovery, BehindItEndsWithTheProcess) {
  Slow slow;
  slow.failures = 1'000'000;
  slow.runtime.stop = true;
  EXPECT_FALSE(runtime::run_blocking(serve_meanwhile(&slow)).value());
  EXPECT_EQ(slow.calls, 1);
}

TEST(Recovery, SaysWhatItCouldNotDoWhileItIsWaitedFor) {
  Slow slow;
  slow.may_end = true;
  slow.failures = 1;
  const auto left = runtime::run_blocking(slow.begin(Milliseconds(1000)));
  ASSERT_FALSE(left);
  EXPECT_EQ(left.error().code(), Code::unavailable);
}

}  // namespace
}  // namespace abc2::cli
