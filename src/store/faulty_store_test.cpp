#include "store/faulty_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "engines/memory/memory_store.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"

namespace abc2::store {
namespace {

using namespace std::chrono_literals;
using runtime::run_blocking;

std::string told(const Result<WriteOutcome>& answer) {
  if (!answer) return std::string(to_string(answer.error().code()));
  return std::string(to_string(answer.value().kind()));
}

struct FaultyStoreTest : testing::Test {
  std::string add(const Key& key, const Value& value = "v") { return told(run_blocking(store.add(key, value))); }
  // The value in the inner store, or "(absent)".
  std::string truth(const Key& key) {
    const auto found = run_blocking(memory.get(key, Freshness::linearizable)).value();
    return found ? found->value : "(absent)";
  }

  runtime::AsioRuntime runtime;
  engines::MemoryStore memory{runtime};
  FaultyStore store{memory, runtime};
};

TEST_F(FaultyStoreTest, WithoutFaultsItIsTheInnerStore) {
  EXPECT_EQ(add("a", "1"), "applied");
  EXPECT_EQ(add("a", "2"), "rejected");
  const auto found = run_blocking(store.get("a", Freshness::linearizable)).value();
  ASSERT_TRUE(found);
  EXPECT_EQ(told(run_blocking(store.replace("a", found->version, "3"))), "applied");
  EXPECT_EQ(run_blocking(store.scan("", "", 10)).value().items.size(), 1u);
  EXPECT_EQ(run_blocking(store.watch("a", std::nullopt, 0ms)).value()->value, "3");
  EXPECT_EQ(store.writes(), 3u);
  EXPECT_EQ(store.calls().size(), 6u);
  EXPECT_EQ(store.last_write()->verb, Verb::replace);
  EXPECT_EQ(store.last_write()->happened, WriteOutcome::Kind::applied);
}

TEST_F(FaultyStoreTest, EachFaultOfAWriteSaysAndDoesWhatItsNamePromises) {
  store.arm({.fault = Fault::error, .key = key_is("error")});
  store.arm({.fault = Fault::unknown_lost, .key = key_is("lost")});
  store.arm({.fault = Fault::unknown_landed, .key = key_is("landed")});
  store.arm({.fault = Fault::unknown_later, .key = key_is("later")});
  store.arm({.fault = Fault::echo, .key = key_is("echo")});
  EXPECT_EQ(add("error"), "unavailable");
  EXPECT_EQ(truth("error"), "(absent)");
  EXPECT_EQ(add("lost"), "unknown");
  EXPECT_EQ(truth("lost"), "(absent)");
  EXPECT_EQ(add("landed"), "unknown");
  EXPECT_EQ(truth("landed"), "v");
  EXPECT_EQ(add("echo"), "rejected");
  EXPECT_EQ(truth("echo"), "v");
  EXPECT_EQ(add("later"), "unknown");
  EXPECT_EQ(truth("later"), "(absent)");
  EXPECT_EQ(store.late_writes(), 1u);
  EXPECT_EQ(run_blocking(store.land_late_writes()), 1u);
  EXPECT_EQ(store.late_writes(), 0u);
  EXPECT_EQ(truth("later"), "v");
  EXPECT_EQ(store.last_write()->key, "later");
  EXPECT_EQ(store.log(),
            "add error, fault error: error unavailable\n"
            "add lost, fault unknown_lost: unknown\n"
            "add landed, fault unknown_landed, in truth applied: unknown\n"
            "add echo, fault echo, in truth applied: rejected\n"
            "add later, fault unknown_later, in truth applied: unknown\n");
}

TEST_F(FaultyStoreTest, ALateWriteLandsOnlyIfItsConditionStillHolds) {
  store.arm({.fault = Fault::unknown_later});
  EXPECT_EQ(add("k", "late"), "unknown");
  EXPECT_EQ(add("k", "early"), "applied");
  EXPECT_EQ(run_blocking(store.land_late_writes()), 0u);
  EXPECT_EQ(truth("k"), "early");
}

TEST_F(FaultyStoreTest, RulesChooseByVerbKeyAndCount) {
  store.arm({.fault = Fault::error, .verb = Verb::add, .key = key_prefix("slot/"), .skip = 1, .times = 2});
  EXPECT_EQ(add("slot/1"), "applied");
  EXPECT_EQ(add("other"), "applied");
  EXPECT_TRUE(run_blocking(store.get("slot/1", Freshness::linearizable)).has_value());
  EXPECT_EQ(add("slot/2"), "unavailable");
  EXPECT_EQ(add("slot/2"), "unavailable");
  EXPECT_EQ(add("slot/2"), "applied");
  store.arm({.fault = Fault::error, .verb = Verb::get, .times = FaultRule::always});
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(run_blocking(store.get("slot/1", Freshness::linearizable)));
  store.heal();
  EXPECT_TRUE(run_blocking(store.get("slot/1", Freshness::linearizable)));
}

TEST_F(FaultyStoreTest, WriteFaultsPassReadsBy) {
  store.arm({.fault = Fault::unknown_lost});
  EXPECT_TRUE(run_blocking(store.get("k", Freshness::linearizable)));
  EXPECT_EQ(add("k"), "unknown");
}

TEST_F(FaultyStoreTest, OneSeedGivesTheSameFaultsAgain) {
  const auto run = [&](std::uint64_t seed) {
    engines::MemoryStore inner(runtime);
    FaultyStore faulty(inner, runtime);
    faulty.randomize(seed,
                     {.error = 100, .unknown_lost = 100, .unknown_landed = 100, .unknown_later = 100, .echo = 100});
    int errors = 0;
    for (int i = 0; i < 200; ++i) errors += !run_blocking(faulty.add("k" + std::to_string(i), ""));
    EXPECT_GT(errors, 0);
    return faulty.log();
  };
  const std::string once = run(7);
  EXPECT_EQ(once, run(7));
  EXPECT_NE(once, run(8));
  for (const auto* fault : {"fault error", "unknown_lost", "unknown_landed", "unknown_later", "fault echo"})
    EXPECT_THAT(once, testing::HasSubstr(fault));
}

Task<int> three_writes(Store& store, std::shared_ptr<int> held) {
  for (int i = 1; i <= 3; ++i) {
    auto outcome = co_await store.add("k" + std::to_string(i), "");
    if (outcome) *held = i;
  }
  co_return 3;
}

// The loop that drives an operation through a crash at each of its writes ends when a run needs fewer.
TEST_F(FaultyStoreTest, CrashesAtEachWriteInTurn) {
  for (const Crash when : {Crash::before, Crash::after}) {
    std::size_t k = 1;
    for (;; ++k) {
      engines::MemoryStore inner(runtime);
      FaultyStore faulty(inner, runtime);
      faulty.crash_at_write(k, when);
      const auto held = std::make_shared<int>(0);
      const auto ended = run_until_crash(faulty, three_writes(faulty, held));
      EXPECT_EQ(held.use_count(), 1) << "the coroutine is gone";
      EXPECT_EQ(ended.has_value(), !faulty.crashed());
      if (ended) break;
      EXPECT_EQ(*held, static_cast<int>(k) - 1);
      const auto written = run_blocking(inner.scan("", "", 10)).value().items.size();
      EXPECT_EQ(written, when == Crash::before ? k - 1 : k);
      EXPECT_EQ(faulty.last_write().has_value(), written > 0);
      // A dead process makes no more calls.
      EXPECT_FALSE(run_until_crash(faulty, three_writes(faulty, held)));
    }
    EXPECT_EQ(k, 4u);
  }
}

TEST_F(FaultyStoreTest, ALateWriteOutlivesItsSender) {
  store.arm({.fault = Fault::unknown_later, .key = key_is("k1")});
  store.crash_at_write(2, Crash::before);
  EXPECT_FALSE(run_until_crash(store, three_writes(store, std::make_shared<int>(0))));
  EXPECT_EQ(truth("k1"), "(absent)");
  EXPECT_EQ(run_blocking(store.land_late_writes()), 1u);
  EXPECT_EQ(truth("k1"), "");
}

}  // namespace
}  // namespace abc2::store
