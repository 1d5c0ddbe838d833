#include "runtime/asio_runtime.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <future>
#include <memory>
#include <set>
#include <stdexcept>

#include "runtime/blocking.hpp"
#include "runtime/event_loops.hpp"

namespace abc2::runtime {
namespace {

using namespace std::chrono_literals;

Task<int> seven() { co_return 7; }
Task<int> failing() {
  throw std::runtime_error("as arranged");
  co_return 0;
}
Task<void> set(std::atomic<int>* flag) {
  ++*flag;
  co_return;
}
Task<void> throwing() {
  throw std::runtime_error("as arranged");
  co_return;
}
Task<void> sleep_then_set(Runtime& runtime, Milliseconds duration, std::atomic<int>* flag) {
  co_await runtime.sleep(duration);
  ++*flag;
}
Task<void> hold_and_sleep(Runtime& runtime, std::shared_ptr<int> held) {
  co_await runtime.sleep(24h);
  *held = 1;
}

TEST(Blocking, ReturnsTheValueOrThrows) {
  EXPECT_EQ(run_blocking(seven()), 7);
  EXPECT_THROW(run_blocking(failing()), std::runtime_error);
}

TEST(AsioRuntime, SleepsAtLeastAsLongAsAsked) {
  AsioRuntime runtime;
  const auto before = std::chrono::steady_clock::now();
  run_blocking(runtime.sleep(20ms));
  EXPECT_GE(std::chrono::steady_clock::now() - before, 20ms);
  run_blocking(runtime.sleep(-1ms));
}

TEST(AsioRuntime, StopWakesSleepersOfEveryLoop) {
  AsioRuntime runtime;
  EventLoops loops(3);
  loops.start();
  std::atomic<int> woken = 0;
  for (int i = 0; i < 100; ++i)
    runtime.spawn(loops.next(), "sleeper", sleep_then_set(runtime, Milliseconds::max(), &woken));
  EXPECT_EQ(runtime.working(), 100u);
  EXPECT_FALSE(runtime.stopping());
  runtime.stop();
  EXPECT_TRUE(runtime.stopping());
  EXPECT_TRUE(runtime.wait_idle(60s));
  EXPECT_EQ(woken, 100);
  run_blocking(runtime.sleep(24h));  // returns at once
}

TEST(AsioRuntime, AnExceptionEndsOnlyItsOwnWork) {
  AsioRuntime runtime;
  EventLoops loops(1);
  loops.start();
  std::atomic<int> ran = 0;
  runtime.spawn(loops.next(), "thrower", throwing());
  runtime.spawn(loops.next(), "worker", set(&ran));
  EXPECT_TRUE(runtime.wait_idle(60s));
  EXPECT_EQ(ran, 1);
}

TEST(AsioRuntime, SpawnRunsNothingBeforeItReturns) {
  AsioRuntime runtime;
  EventLoops loops(1);
  loops.start();
  std::atomic<int> ran = 0;
  std::promise<int> seen;
  boost::asio::post(loops.at(0), [&] {
    runtime.spawn(loops.at(0), "worker", set(&ran));
    seen.set_value(ran);
  });
  EXPECT_EQ(seen.get_future().get(), 0);
  EXPECT_TRUE(runtime.wait_idle(60s));
  EXPECT_EQ(ran, 1);
}

TEST(AsioRuntime, WorkEndsWithItsLoop) {
  AsioRuntime runtime;
  auto held = std::make_shared<int>(0);
  {
    EventLoops loops(1);
    loops.start();
    runtime.spawn(loops.next(), "sleeper", hold_and_sleep(runtime, held));
    EXPECT_FALSE(runtime.wait_idle(1ms));
  }
  EXPECT_TRUE(runtime.wait_idle(0ms));
  EXPECT_EQ(held.use_count(), 1);
  EXPECT_EQ(*held, 0);
  runtime.stop();
}

TEST(AsioRuntime, DrawsDifferentIds) {
  AsioRuntime runtime;
  std::set<std::string> ids;
  for (int i = 0; i < 1000; ++i) {
    ids.insert(random_uuid(runtime));
    EXPECT_LT(random_below(runtime, 7), 7u);
  }
  EXPECT_EQ(ids.size(), 1000u);
  for (const auto& id : ids)
    EXPECT_THAT(id, testing::MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
}

TEST(EventLoops, JoinWaitsForTheWorkThatIsThere) {
  EventLoops loops(2);
  std::atomic<int> ran = 0;
  for (int i = 0; i < 1000; ++i) boost::asio::post(loops.next(), [&] { ++ran; });
  loops.start();
  loops.join();
  EXPECT_EQ(ran, 1000);
}

TEST(EventLoops, SurvivesAnExceptionOfAHandler) {
  EventLoops loops(1);
  std::atomic<int> ran = 0;
  boost::asio::post(loops.at(0), [] { throw std::runtime_error("as arranged"); });
  boost::asio::post(loops.at(0), [&] { ++ran; });
  loops.start();
  loops.join();
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace abc2::runtime
