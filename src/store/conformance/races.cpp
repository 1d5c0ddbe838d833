// Writes that race from several event loops: exactly one wins, and whoever lost sees that it did.
#include <algorithm>
#include <atomic>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "store/conformance/lab.hpp"

namespace abc2::store::conformance {

namespace {

constexpr int kWriters = 24;
constexpr int kRounds = 20;

struct Race {
  std::mutex mutex;
  std::vector<std::pair<Value, Version>> applied;
  std::vector<std::string> otherwise;  // answers that were neither applied nor rejected
  int lost_without_seeing_it = 0;
};

Task<void> judge(Store& store, Key key, Value value, Result<WriteOutcome> outcome, std::optional<Version> before,
                 Race& race) {
  // A rejection says that another write was there first: so it must be there to read.
  auto seen = co_await store.get(key);
  const std::lock_guard lock(race.mutex);
  const std::string answer = told(outcome);
  if (answer == "applied") race.applied.emplace_back(std::move(value), outcome.value().version());
  if (answer != "applied" && answer != "rejected") race.otherwise.push_back(answer);
  if (!seen || !seen.value() || seen.value()->version == before) ++race.lost_without_seeing_it;
}

Task<void> try_add(Store& store, Key key, Value value, Race& race) {
  auto outcome = co_await store.add(key, value);
  co_await judge(store, key, value, std::move(outcome), std::nullopt, race);
}

Task<void> try_replace(Store& store, Key key, Version expected, Value value, Race& race) {
  auto outcome = co_await store.replace(key, expected, value);
  co_await judge(store, key, value, std::move(outcome), expected, race);
}

void expect_one_winner(Lab& lab, const Key& key, const Race& race) {
  ASSERT_EQ(race.applied.size(), 1u) << "exactly one write of " << kWriters << " is applied";
  EXPECT_EQ(race.otherwise, std::vector<std::string>{});
  EXPECT_EQ(race.lost_without_seeing_it, 0) << "after a write was rejected, a read must show what was there first";
  const auto& [value, version] = race.applied.front();
  EXPECT_EQ(lab.get(key).value(), (Stored{value, version}));
}

void one_of_many_adds_is_applied(Lab& lab) {
  for (int round = 0; round < kRounds; ++round) {
    const Key key = "k" + std::to_string(round);
    Race race;
    std::vector<Task<void>> writers;
    for (int i = 0; i < kWriters; ++i) writers.push_back(try_add(lab.store(), key, std::to_string(i), race));
    lab.run_all(std::move(writers));
    expect_one_winner(lab, key, race);
  }
}

void one_of_many_replaces_of_a_version_is_applied(Lab& lab) {
  for (int round = 0; round < kRounds; ++round) {
    const Key key = "k" + std::to_string(round);
    const Version version = lab.put(key, "before");
    Race race;
    std::vector<Task<void>> writers;
    for (int i = 0; i < kWriters; ++i)
      writers.push_back(try_replace(lab.store(), key, version, std::to_string(i), race));
    lab.run_all(std::move(writers));
    expect_one_winner(lab, key, race);
  }
}

// Adds one to the number in `key`, `times` times.
Task<void> count(Store& store, Key key, int times, std::mutex& mutex, std::set<std::uint64_t>& versions,
                 std::atomic<int>& strange) {
  while (times > 0) {
    auto now = co_await store.get(key);
    if (!now) {
      ++strange;
      co_return;
    }
    Result<WriteOutcome> outcome = WriteOutcome::unknown();
    if (!now.value()) {
      outcome = co_await store.add(key, "1");
    } else {
      outcome = co_await store.replace(key, now.value()->version, std::to_string(std::stoi(now.value()->value) + 1));
    }
    const std::string answer = told(outcome);
    if (answer == "rejected") continue;
    if (answer != "applied") {
      ++strange;
      co_return;
    }
    --times;
    const std::lock_guard lock(mutex);
    if (!versions.insert(outcome.value().version().token()).second) ++strange;
  }
}

void no_update_is_lost(Lab& lab) {
  constexpr int kTimes = 10;
  std::mutex mutex;
  std::set<std::uint64_t> versions;
  std::atomic<int> strange = 0;
  std::vector<Task<void>> writers;
  for (int i = 0; i < kWriters; ++i) writers.push_back(count(lab.store(), "k", kTimes, mutex, versions, strange));
  lab.run_all(std::move(writers));
  EXPECT_EQ(strange, 0) << "an error, an unknown outcome, or a version that came twice";
  EXPECT_EQ(told(lab.get("k")), "\"" + std::to_string(kWriters * kTimes) + "\"");
  EXPECT_EQ(versions.size(), static_cast<std::size_t>(kWriters * kTimes));
}

Task<void> write_then_tell(Store& store, int rounds, std::atomic<int>& told_of) {
  auto outcome = co_await store.add("k", "0");
  if (told(outcome) != "applied") co_return;
  Version version = outcome.value().version();
  told_of = 0;
  for (int i = 1; i <= rounds; ++i) {
    auto next = co_await store.replace("k", version, std::to_string(i));
    if (told(next) != "applied") co_return;
    version = next.value().version();
    told_of = i;
  }
}

Task<void> read_after_told(Store& store, int rounds, std::atomic<int>& told_of, std::atomic<int>& too_old) {
  int last = -1;  // absent
  while (last < rounds) {
    const int known = told_of;
    auto found = co_await store.get("k");
    const int seen = found && found.value() ? std::stoi(found.value()->value) : -1;
    if (seen < known || seen < last) {
      ++too_old;
      co_return;
    }
    last = std::max(last, seen);
    co_await boost::asio::post(boost::asio::use_awaitable_t<Executor>());
  }
}

void a_read_sees_every_acknowledged_write(Lab& lab) {
  constexpr int kWrites = 200;
  std::atomic<int> told_of = -1;
  std::atomic<int> too_old = 0;
  std::vector<Task<void>> tasks;
  tasks.push_back(write_then_tell(lab.store(), kWrites, told_of));
  tasks.push_back(read_after_told(lab.store(), kWrites, told_of, too_old));
  tasks.push_back(read_after_told(lab.store(), kWrites, told_of, too_old));
  lab.run_all(std::move(tasks));
  EXPECT_EQ(told_of, kWrites);
  EXPECT_EQ(too_old, 0) << "reads are linearizable: nothing older than an answered write, and never back in time";
}

constexpr Case kCases[] = {
    {"OneOfManyAddsIsApplied", one_of_many_adds_is_applied},
    {"OneOfManyReplacesOfAVersionIsApplied", one_of_many_replaces_of_a_version_is_applied},
    {"NoUpdateIsLost", no_update_is_lost},
    {"AReadSeesEveryAcknowledgedWrite", a_read_sees_every_acknowledged_write},
};

}  // namespace

std::span<const Case> race_cases() { return kCases; }

}  // namespace abc2::store::conformance
