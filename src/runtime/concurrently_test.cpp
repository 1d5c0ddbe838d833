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

// As when a process ends in the middle of a sweep: the coroutines are destroyed where they stand.
TEST(Concurrently, MayBeDestroyedWithItsEventLoop) {
  AsioRuntime runtime;
  std::size_t begun = 0;
  {
    boost::asio::io_context context(1);
    const auto wait = [&](std::size_t) -> Task<void> {
      ++begun;
      co_await runtime.sleep(std::chrono::hours(1));
    };
    boost::asio::co_spawn(context, concurrently(runtime, "test", 5, 3, wait), [](std::exception_ptr) {});
    while (begun < 3) context.run_one();
  }
  EXPECT_EQ(begun, 3u);
  EXPECT_EQ(runtime.working(), 0u);
}

}  // namespace
}  // namespace abc2::runtime
