#include "store/watch_hub.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <boost/asio/post.hpp>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>
#include <vector>

#include "engines/memory/memory_store.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"
#include "runtime/event_loops.hpp"

namespace abc2::store {
namespace {

using namespace std::chrono_literals;
using runtime::run_blocking;

// Counts the watches that reach it, and fails them while told to.
class Counting final : public Store {
 public:
  Counting(Store& inner, runtime::Runtime& runtime) : Store(runtime), inner_(inner) {}
  Task<Result<Snapshot>> get(Key key, Freshness freshness) override { return inner_.get(std::move(key), freshness); }
  Task<Result<WriteOutcome>> add(Key key, Value value) override { return inner_.add(std::move(key), std::move(value)); }
  Task<Result<WriteOutcome>> replace(Key key, Version expected, Value value) override {
    return inner_.replace(std::move(key), expected, std::move(value));
  }
  Task<Result<ScanPage>> scan(Key prefix, Key after, std::size_t limit) override {
    return inner_.scan(std::move(prefix), std::move(after), limit);
  }
  Task<Result<Snapshot>> watch(Key key, std::optional<Version> seen, Milliseconds at_most) override {
    ++watches;
    if (down) {
      ++failures;
      co_return Error(Code::unavailable, "down as arranged");
    }
    ++at_once;
    most_at_once = std::max(most_at_once.load(), at_once.load());
    auto answer = co_await inner_.watch(std::move(key), seen, at_most);
    --at_once;
    co_return answer;
  }
  [[nodiscard]] bool exclusive() const override { return true; }

  std::atomic<int> watches = 0;
  std::atomic<int> failures = 0;
  std::atomic<bool> down = false;
  std::atomic<int> at_once = 0;
  std::atomic<int> most_at_once = 0;

 private:
  Store& inner_;
};

// What one subscriber was told, to be waited for from the test's thread.
struct Told {
  void operator()(const Snapshot& now) {
    const std::lock_guard lock(mutex);
    values.push_back(now ? now->value : "(absent)");
    changed.notify_all();
  }
  bool wait_for(const std::string& value) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, 60s, [&] { return !values.empty() && values.back() == value; });
  }
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<std::string> values;
};

struct WatchHubTest : testing::Test {
  WatchHubTest() { loops.start(); }
  ~WatchHubTest() override {
    runtime.stop();
    EXPECT_TRUE(runtime.wait_idle(60s));
    loops.stop();
  }
  auto subscribe(Told& told, const Key& key = "k") {
    auto made = hub.subscribe(key, loops.next(), [&told](const Snapshot& now) { told(now); });
    EXPECT_TRUE(made.has_value());
    return std::move(made).value();
  }
  // Whether the hub comes to follow `count` keys.
  bool comes_to_follow(std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (hub.health().followed != count && std::chrono::steady_clock::now() < end) run_blocking(runtime.sleep(5ms));
    return hub.health().followed == count;
  }
  Version put(const Key& key, const Value& value) {
    auto old = run_blocking(memory.get(key, Freshness::linearizable)).value();
    auto outcome = run_blocking(old ? memory.replace(key, old->version, value) : memory.add(key, value)).value();
    return outcome.version();
  }

  runtime::AsioRuntime runtime;
  runtime::EventLoops loops{2};
  engines::MemoryStore memory{runtime};
  Counting store{memory, runtime};
  WatchHub hub{store, runtime, {.watch_at_most = 50ms, .first_back_off = 1ms, .longest_back_off = 4ms}};
};

TEST_F(WatchHubTest, TellsTheStateThatIsThereAndThenEveryLatest) {
  Told told;
  const auto subscription = subscribe(told);
  ASSERT_TRUE(told.wait_for("(absent)"));
  for (int i = 0; i < 50; ++i) {
    put("k", std::to_string(i));
    ASSERT_TRUE(told.wait_for(std::to_string(i)));
  }
  EXPECT_EQ(told.values.size(), 51u);
}

TEST_F(WatchHubTest, ALaterSubscriberIsToldTheLatestStateFirst) {
  put("k", "now");
  Told one, two;
  const auto first = subscribe(one);
  ASSERT_TRUE(one.wait_for("now"));
  const auto second = subscribe(two);
  ASSERT_TRUE(two.wait_for("now"));
}

TEST_F(WatchHubTest, ManySubscribersShareOneWatch) {
  std::vector<Told> told(100);
  std::vector<WatchHub::Subscription> subscriptions;
  for (auto& each : told) subscriptions.push_back(subscribe(each));
  put("k", "x");
  for (auto& each : told) ASSERT_TRUE(each.wait_for("x"));
  EXPECT_EQ(store.most_at_once, 1);
  EXPECT_EQ(hub.health().followed, 1u);
  EXPECT_THAT(hub.watched_keys(), testing::ElementsAre("k"));
}

TEST_F(WatchHubTest, ABusySubscriberIsToldOnlyTheLatest) {
  // Followed on one loop, so that news arrives while the other is stuck.
  Told busy, quick;
  const auto first = hub.subscribe("k", loops.at(1), [&](const Snapshot& now) { quick(now); }).value();
  const auto second = hub.subscribe("k", loops.at(0), [&](const Snapshot& now) { busy(now); }).value();
  ASSERT_TRUE(quick.wait_for("(absent)"));
  ASSERT_TRUE(busy.wait_for("(absent)"));
  std::promise<void> stuck, release;
  boost::asio::post(loops.at(0), [&] {
    stuck.set_value();
    release.get_future().wait();
  });
  stuck.get_future().wait();
  for (int i = 0; i < 20; ++i) {
    put("k", std::to_string(i));
    ASSERT_TRUE(quick.wait_for(std::to_string(i)));
  }
  release.set_value();
  ASSERT_TRUE(busy.wait_for("19"));
  EXPECT_THAT(busy.values, testing::ElementsAre("(absent)", "19"));
}

TEST_F(WatchHubTest, StopsFollowingWhenTheLastSubscriberHasLeftAndStartsAgain) {
  Told one, two, three;
  {
    auto first = subscribe(one);
    auto second = subscribe(two);
    ASSERT_TRUE(one.wait_for("(absent)"));
    ASSERT_TRUE(two.wait_for("(absent)"));
    first = {};
    EXPECT_THAT(hub.watched_keys(), testing::ElementsAre("k"));
  }
  EXPECT_THAT(hub.watched_keys(), testing::IsEmpty());
  ASSERT_TRUE(comes_to_follow(0));
  const int watches = store.watches;
  put("k", "unseen");
  run_blocking(runtime.sleep(100ms));
  EXPECT_EQ(store.watches, watches);
  EXPECT_EQ(one.values.back(), "(absent)");
  const auto third = subscribe(three);
  ASSERT_TRUE(three.wait_for("unseen"));
}

TEST_F(WatchHubTest, NoCallbackAfterUnsubscribingOnTheOwnLoop) {
  // Followed on the other loop, so that a delivery is on its way to this one while it unsubscribes.
  Told told, witness;
  const auto other = hub.subscribe("k", loops.at(1), [&](const Snapshot& now) { witness(now); }).value();
  auto subscription = hub.subscribe("k", loops.at(0), [&](const Snapshot& now) { told(now); }).value();
  ASSERT_TRUE(witness.wait_for("(absent)"));
  ASSERT_TRUE(told.wait_for("(absent)"));
  std::promise<bool> left;
  boost::asio::post(loops.at(0), [&] {
    std::thread([&] { put("k", "late"); }).join();
    const bool on_its_way = witness.wait_for("late");
    subscription = {};
    left.set_value(on_its_way);
  });
  ASSERT_TRUE(left.get_future().get());
  std::promise<void> afterwards;
  boost::asio::post(loops.at(0), [&] { afterwards.set_value(); });
  afterwards.get_future().wait();
  EXPECT_THAT(told.values, testing::ElementsAre("(absent)"));
}

TEST_F(WatchHubTest, SurvivesAStoreThatFails) {
  store.down = true;
  Told told;
  const auto subscription = subscribe(told);
  const auto end = std::chrono::steady_clock::now() + 60s;
  while (store.failures < 5 && std::chrono::steady_clock::now() < end) run_blocking(runtime.sleep(1ms));
  ASSERT_GE(store.failures, 5);
  EXPECT_EQ(hub.health().failing, 1u);
  put("k", "while down");
  store.down = false;
  ASSERT_TRUE(told.wait_for("while down"));
  EXPECT_EQ(hub.health().failing, 0u);
  store.down = true;
  const int before = store.failures;
  while (store.failures < before + 3 && std::chrono::steady_clock::now() < end) run_blocking(runtime.sleep(1ms));
  put("k", "while down again");
  store.down = false;
  ASSERT_TRUE(told.wait_for("while down again"));
}

TEST_F(WatchHubTest, RefusesAKeyThatIsNone) {
  const auto refused = hub.subscribe("", loops.next(), [](const Snapshot&) {});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code(), Code::invalid_argument);
}

TEST_F(WatchHubTest, StopEndsTheFollowing) {
  Told told;
  const auto subscription = subscribe(told);
  ASSERT_TRUE(told.wait_for("(absent)"));
  runtime.stop();
  EXPECT_TRUE(runtime.wait_idle(60s));
  EXPECT_EQ(hub.health().followed, 0u);
}

}  // namespace
}  // namespace abc2::store
