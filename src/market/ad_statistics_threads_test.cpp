#include <atomic>
#include <thread>

#include "market/ad_statistics.hpp"
#include "market/test_world.hpp"

namespace abc2::market {
namespace {

// Many threads count while another flushes: the sum is right.
TEST(AdStatisticsThreads, CountWhileItIsFlushed) {
  constexpr int kThreads = 4, kViews = 500;
  runtime::AsioRuntime runtime;
  engines::TestStore memory(runtime);
  Metrics metrics;
  AdStatistics statistics(memory, runtime, metrics);
  const Time before = runtime.now();
  std::atomic<bool> done = false;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kViews; ++i) {
        const std::string address = std::to_string(t) + "." + std::to_string(i);
        const auto view =
            statistics.view("bob", static_cast<unsigned>(i % 7), 1, {address, "Mozilla/5.0 Firefox/115.0"});
        statistics.click("bob", static_cast<unsigned>(i % 7), 1, view.token, {address, "Mozilla/5.0 Firefox/115.0"});
      }
    });
  std::thread flusher([&] {
    while (!done) testing::must(runtime::run_blocking(statistics.flush()));
  });
  for (auto& thread : threads) thread.join();
  done = true;
  flusher.join();
  testing::must(runtime::run_blocking(statistics.flush()));
  std::uint64_t views = 0, clicks = 0;
  for (std::uint64_t campaign = 0; campaign < 7; ++campaign)
    for (const auto& sum :
         testing::run(statistics.read("bob", campaign, before - std::chrono::hours(1), before + std::chrono::hours(2))))
      for (const auto& slot : sum.slots) {
        views += slot.views;
        clicks += slot.clicks;
      }
  EXPECT_EQ(views, static_cast<std::uint64_t>(kThreads * kViews));
  EXPECT_EQ(clicks, static_cast<std::uint64_t>(kThreads * kViews));
}

}  // namespace
}  // namespace abc2::market
