// Get-and-subscribe.
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <string>
#include <vector>

#include "store/conformance/lab.hpp"

namespace abc2::store::conformance {

namespace {

using namespace std::chrono_literals;

constexpr auto kLong = 60'000ms;  // never reached by a store that works

void returns_at_once_when_the_state_differs(Lab& lab) {
  const auto first = lab.put("k", "one");
  EXPECT_EQ(told(lab.run(lab.store().watch("k", std::nullopt, kLong))), "\"one\"") << "seen absent, is there";
  EXPECT_EQ(told(lab.run(lab.store().watch("none", first, kLong))), "absent") << "seen, but is absent";
  const auto second = lab.change("k", first, "two");
  const auto found = lab.run(lab.store().watch("k", first, kLong));
  EXPECT_EQ(found.value(), (Stored{"two", second}));
}

void returns_what_is_there_when_nothing_changes(Lab& lab) {
  const auto version = lab.put("k", "one");
  EXPECT_EQ(lab.run(lab.store().watch("k", version, 30ms)).value(), (Stored{"one", version}));
  EXPECT_EQ(told(lab.run(lab.store().watch("none", std::nullopt, 30ms))), "absent");
  EXPECT_EQ(told(lab.run(lab.store().watch("none", std::nullopt, 0ms))), "absent");
}

// Follows `key` until it reads `last`, noting what it read.
Task<void> follow(Store& store, Key key, Value last, std::vector<std::string>& values, std::atomic<int>& ready) {
  std::optional<Version> seen;
  bool first = true;
  for (;;) {
    auto now = co_await store.watch(key, seen, first ? Milliseconds(0) : kLong);
    if (std::exchange(first, false)) ++ready;
    if (!now && now.error().code() == Code::unavailable) {
      // A caller who was cut off just calls again.
      co_await boost::asio::post(boost::asio::use_awaitable_t<Executor>());
      continue;
    }
    values.push_back(told(now));
    if (!now) co_return;
    seen = now.value() ? std::optional(now.value()->version) : std::nullopt;
    if (now.value() && now.value()->value == last) co_return;
  }
}

Task<void> write_when_ready(Store& store, runtime::Runtime& runtime, Key key, int last, std::atomic<int>& ready,
                            int watchers) {
  while (ready < watchers) co_await runtime.sleep(1ms);
  auto outcome = co_await store.add(key, "0");
  for (int i = 1; i <= last; ++i) {
    if (told(outcome) != "applied") {
      ADD_FAILURE() << "the writer met " << told(outcome);
      co_return;
    }
    const auto next = std::to_string(i);
    outcome = co_await store.replace(key, outcome.value().version(), next);
  }
}

void sees_every_latest_state_from_absent_on(Lab& lab) {
  constexpr int kWatchers = 9;
  constexpr int kWrites = 100;
  std::vector<std::vector<std::string>> values(kWatchers);
  std::atomic<int> ready = 0;
  std::vector<Task<void>> tasks;
  for (auto& each : values) tasks.push_back(follow(lab.store(), "k", std::to_string(kWrites), each, ready));
  tasks.push_back(write_when_ready(lab.store(), lab.runtime(), "k", kWrites, ready, kWatchers));
  lab.run_all(std::move(tasks));
  for (const auto& each : values) {
    ASSERT_FALSE(each.empty());
    EXPECT_EQ(each.front(), "absent");
    EXPECT_EQ(each.back(), "\"" + std::to_string(kWrites) + "\"") << "the latest is never skipped";
    int before = -1;
    for (std::size_t i = 1; i < each.size(); ++i) {
      const int now = std::stoi(each[i].substr(1));
      EXPECT_GT(now, before) << "states come in their order, and none twice";
      before = now;
    }
  }
}

void each_key_for_itself(Lab& lab) {
  const auto other = lab.put("other", "0");
  std::vector<std::string> values;
  std::atomic<int> ready = 0;
  lab.start(follow(lab.store(), "k", "here", values, ready));
  lab.change("other", other, "here");
  lab.put("k", "here");
  lab.wait();
  EXPECT_EQ(values.back(), "\"here\"");
  EXPECT_LE(values.size(), 2u) << "a write to another key is no change";
}

void survives_a_cut_connection(Lab& lab) {
  std::vector<std::string> values;
  std::atomic<int> ready = 0;
  const auto first = lab.put("k", "one");
  lab.start(follow(lab.store(), "k", "three", values, ready));
  while (ready == 0) lab.run(lab.runtime().sleep(1ms));
  if (!lab.subject().cut_connections()) {
    const auto second = lab.change("k", first, "two");
    lab.change("k", second, "three");
    lab.wait();
    GTEST_SKIP() << "there is no connection to be cut";
  }
  // An operation may fail while the connection is away; the writes go on until they are done.
  Version version = first;
  for (const auto* value : {"two", "three"}) {
    for (int i = 0; i < 100; ++i) {
      const auto now = lab.get("k");
      if (now && now.value() && now.value()->value == value) break;
      if (now && now.value()) version = now.value()->version;
      EXPECT_NE(told(lab.replace("k", version, value)), "invalid_argument");
    }
  }
  lab.wait();
  EXPECT_EQ(values.back(), "\"three\"");
}

Task<void> watch_to_its_end(Store& store, Key key, std::atomic<int>& ended) {
  auto now = co_await store.watch(key, std::nullopt, 24h);
  EXPECT_EQ(told(now), "absent");
  ++ended;
}

void ends_when_the_process_is_stopping(Lab& lab) {
  std::atomic<int> ended = 0;
  for (int i = 0; i < 10; ++i) lab.start(watch_to_its_end(lab.store(), "k" + std::to_string(i), ended));
  lab.runtime().stop();
  lab.wait();
  EXPECT_EQ(ended, 10);
}

constexpr Case kCases[] = {
    {"WatchReturnsAtOnceWhenTheStateDiffers", returns_at_once_when_the_state_differs},
    {"WatchReturnsWhatIsThereWhenNothingChanges", returns_what_is_there_when_nothing_changes},
    {"WatchSeesEveryLatestStateFromAbsentOn", sees_every_latest_state_from_absent_on},
    {"WatchLooksAtEachKeyForItself", each_key_for_itself},
    {"WatchSurvivesACutConnection", survives_a_cut_connection},
    {"WatchEndsWhenTheProcessIsStopping", ends_when_the_process_is_stopping},
};

}  // namespace

std::span<const Case> watch_cases() { return kCases; }

}  // namespace abc2::store::conformance
