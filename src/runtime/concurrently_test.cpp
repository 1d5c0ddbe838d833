#include "runtime/concurrently.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"

namespace abc2::runtime {
namespace {

TEST(Concurrently, DoesEverythingOnceAndAtMostSoManyAtATime) {
  AsioRuntime runtime;
  std::vector<int> done(100, 0);
  std::size_t running = 0, most = 0;
  const auto all = [&]() -> Task<bool> {
    co_await concurrently(runtime, "test", done.size(), 7, [&](std::size_t i) -> Task<void> {
      most = std::max(most, ++running);
      co_await runtime.sleep(Milliseconds(1));
      --running;
      ++done[i];
    });
    co_return true;
  };
  EXPECT_TRUE(run_blocking(all()));
  EXPECT_EQ(done, std::vector<int>(100, 1));
  EXPECT_EQ(most, 7u);
  EXPECT_EQ(running, 0u);
}

TEST(Concurrently, NothingToDoEndsAtOnceAndAnExceptionDoesNotKeepItFromEnding) {
  AsioRuntime runtime;
  std::size_t done = 0;
  const auto all = [&]() -> Task<bool> {
    co_await concurrently(runtime, "test", 0, 7, [](std::size_t) -> Task<void> { co_return; });
    co_await concurrently(runtime, "test", 10, 2, [&](std::size_t i) -> Task<void> {
      if (i == 3) throw std::runtime_error("the fourth fails");
      ++done;
      co_return;
    });
    co_return true;
  };
  EXPECT_TRUE(run_blocking(all()));
  EXPECT_EQ(done, 9u);
}

}  // namespace
}  // namespace abc2::runtime
