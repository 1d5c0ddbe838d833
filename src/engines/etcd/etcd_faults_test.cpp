// What the engine says when etcd is killed, stands still, is full, forgets its history, or its answers get lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "base/marks.hpp"
#include "engines/etcd/client.hpp"
#include "engines/etcd/etcd_store.hpp"
#include "engines/etcd/test_proxy.hpp"
#include "engines/etcd/test_server.hpp"
#include "engines/etcd/test_tools.hpp"
#include "runtime/event_loops.hpp"

namespace abc2::engines::etcd {
namespace {

using namespace std::chrono_literals;
using runtime::run_blocking;
using store::Freshness;
using store::Key;
using store::Snapshot;
using store::Store;
using store::Version;
using testing::answer_of;
using testing::EtcdTest;
using ::testing::HasSubstr;
using testing::must_open;
using testing::TestCluster;
using testing::TestMember;
using testing::TestProxy;

// Reads until it can be read.
Snapshot must_read(Store& store, const Key& key) {
  for (int tries = 0; tries < 100; ++tries)
    if (auto got = run_blocking(store.get(key, Freshness::linearizable))) return std::move(got).value();
  throw std::runtime_error("etcd cannot be read any more");
}

void wait_for_mark(std::string_view name, std::uint64_t before) {
  for (int tries = 0; marks::reached(name) <= before; ++tries) {
    ASSERT_LT(tries, 6000) << name;
    usleep(10'000);
  }
}

TEST_F(EtcdTest, AWriteWhoseAnswerIsLostIsUnknown) {
  TestCluster server;
  TestProxy proxy(server.member().port());
  const auto store = must_open(runtime, "etcd://" + proxy.address());
  const auto beside = must_open(runtime, server.url());
  const auto first = run_blocking(store->add("r", "1"));
  ASSERT_EQ(answer_of(first), "applied");
  proxy.deaf(true);
  std::string added, replaced;
  std::thread adder([&] { added = answer_of(run_blocking(store->add("a", "1"))); });
  std::thread replacer([&] { replaced = answer_of(run_blocking(store->replace("r", first.value().version(), "2"))); });
  while (!must_read(*beside, "a") || must_read(*beside, "r")->value != "2") usleep(10'000);
  proxy.deaf(false);
  proxy.cut();
  adder.join();
  replacer.join();
  EXPECT_EQ(added, "unknown") << "it has landed, and nobody was told";
  EXPECT_EQ(replaced, "unknown");
  EXPECT_EQ(answer_of(run_blocking(store->add("a", "2"))), "rejected") << "it goes on";
}

TEST_F(EtcdTest, AWriteThatCouldNotBeSentIsNone) {
  TestCluster server;
  TestProxy proxy(server.member().port());
  const auto store = must_open(runtime, "etcd://" + proxy.address());
  proxy.let_in(false);
  proxy.cut();
  // The first may be sent before anybody notices; what is sent is unknown.
  Result<store::WriteOutcome> refused = store::WriteOutcome::unknown();
  int tries = 0;
  for (; refused && tries < 100; ++tries) refused = run_blocking(store->add("k" + std::to_string(tries), "1"));
  ASSERT_FALSE(refused) << "something still lets them through";
  EXPECT_EQ(answer_of(refused), "unavailable");
  EXPECT_THAT(refused.error().message(), HasSubstr("nothing was written"));
  proxy.let_in(true);
  const Key key = "k" + std::to_string(tries - 1);
  EXPECT_FALSE(must_read(*store, key));
  EXPECT_EQ(answer_of(run_blocking(store->add(key, "1"))), "applied");
}

TEST_F(EtcdTest, AServerThatHangsLeavesWritesUnknown) {
  TestCluster server;
  const auto store = must_open(runtime, server.url());
  const auto first = run_blocking(store->add("k", "v"));
  ASSERT_EQ(answer_of(first), "applied");
  server.member().pause();
  std::string read;
  std::thread reader([&] {
    const auto got = run_blocking(store->get("k", Freshness::linearizable));
    read = got ? "read" : to_string(got.error().code());
  });
  EXPECT_EQ(answer_of(run_blocking(store->replace("k", first.value().version(), "w"))), "unknown");
  reader.join();
  EXPECT_EQ(read, "unavailable");
  server.member().resume();
  // It may still land, but not twice.
  const auto found = must_read(*store, "k");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->value, found->version == first.value().version() ? "v" : "w");
  EXPECT_EQ(answer_of(run_blocking(store->replace("k", must_read(*store, "k")->version, "x"))), "applied");
}

// What each writer was told, and what may therefore be there.
struct Storm {
  std::atomic<bool> stop = false;
  std::mutex mutex;
  std::map<Key, std::string> added;             // each key once; what was said
  std::map<Key, std::set<std::string>> states;  // of what one writer alone replaces: what may be there
  std::map<std::string, int> said;
  std::vector<std::string> wrong;

  void note(const std::string& answer) { ++said[answer]; }

  Task<void> add(Store& store, std::string prefix) {
    for (int i = 0; !stop; ++i) {
      const Key key = prefix + std::to_string(i);
      const auto outcome = co_await store.add(key, key);
      const std::lock_guard lock(mutex);
      added[key] = answer_of(outcome);
      note(answer_of(outcome));
    }
  }

  Task<void> replace(Store& store, Key key) {
    for (int i = 1; !stop; ++i) {
      const auto now = co_await store.get(key, Freshness::linearizable);
      if (!now) continue;
      if (!now.value() || !may_be(key, now.value()->value)) co_return;
      const std::string next = std::to_string(i);
      const auto outcome = co_await store.replace(key, now.value()->version, next);
      const std::lock_guard lock(mutex);
      const std::string answer = answer_of(outcome);
      note(answer);
      // What is applied keeps out all that was on its way before.
      if (answer == "applied") states[key].clear();
      if (answer == "applied" || answer == "unknown") states[key].insert(next);
    }
  }

  bool may_be(const Key& key, const std::string& value) {
    const std::lock_guard lock(mutex);
    const bool fine = states[key].contains(value);
    if (!fine) wrong.push_back(key + " is " + value);
    return fine;
  }
  int applied() {
    const std::lock_guard lock(mutex);
    return said["applied"];
  }
};

// The leader dies, or stands still, in the middle of a storm: what was acknowledged is there, what was refused is not,
// and what is unknown may be either.
void storm_over(TestCluster& cluster, runtime::AsioRuntime& runtime, Store& store, const std::string& round,
                const std::function<void(TestMember&)>& strike, const std::function<void(TestMember&)>& mend,
                std::map<std::string, int>& said) {
  Storm storm;
  runtime::EventLoops loops(2);
  for (int i = 0; i < 16; ++i) {
    const Key key = "r" + round + "/" + std::to_string(i);
    ASSERT_EQ(answer_of(run_blocking(store.add(key, "0"))), "applied");
    storm.states[key].insert("0");
    runtime.spawn(loops.next(), "replacer", storm.replace(store, key));
    runtime.spawn(loops.next(), "adder", storm.add(store, "a" + round + "/" + std::to_string(i) + "/"));
  }
  loops.start();
  while (storm.applied() < 200) usleep(10'000);
  TestMember& leader = cluster.leader();
  strike(leader);
  const int before = storm.applied();
  while (storm.applied() < before + 200) usleep(10'000);  // the others go on by themselves
  storm.stop = true;
  ASSERT_TRUE(runtime.wait_idle(60s));
  mend(leader);
  for (const auto& [key, answer] : storm.added) {
    const auto found = must_read(store, key);
    if (answer != "unknown") EXPECT_EQ(found.has_value(), answer == "applied") << key << " " << answer;
    if (found) EXPECT_EQ(found->value, key);
    EXPECT_NE(answer, "rejected") << key;
  }
  for (const auto& [key, states] : storm.states) {
    const auto found = must_read(store, key);
    ASSERT_TRUE(found) << key;
    EXPECT_TRUE(states.contains(found->value)) << key << " is " << found->value;
  }
  EXPECT_EQ(storm.wrong, std::vector<std::string>{});
  for (const auto& [answer, count] : storm.said) said[answer] += count;
}

TEST_F(EtcdTest, ALeaderThatIsKilledLosesNothingAcknowledged) {
  TestCluster cluster(3);
  const auto store = must_open(runtime, cluster.url());
  std::map<std::string, int> said;
  for (int round = 0; round < 5 && said["unknown"] == 0; ++round)
    storm_over(
        cluster, runtime, *store, std::to_string(round), [](TestMember& leader) { leader.kill(); },
        [&](TestMember& leader) { cluster.start(leader); }, said);
  EXPECT_GT(said["unknown"], 0) << "no write was in flight, five times";
}

TEST_F(EtcdTest, ALeaderThatStandsStillIsLeftAside) {
  TestCluster cluster(3);
  const auto store = must_open(runtime, cluster.url());
  std::map<std::string, int> said;
  storm_over(
      cluster, runtime, *store, "0", [](TestMember& leader) { leader.pause(); },
      [](TestMember& leader) { leader.resume(); }, said);
}

// One that is not the leader: nothing needs it, so nothing may fail. Reads that are with it are had elsewhere.
TEST_F(EtcdTest, AMemberThatStandsStillIsLeftAside) {
  TestCluster cluster(3);
  const auto store = must_open(runtime, cluster.url());
  const TestMember& leader = cluster.leader();
  TestMember& other = cluster.member(&leader == &cluster.member(0) ? 1 : 0);
  other.pause();
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(run_blocking(store->get("k", Freshness::linearizable))) << i;
  // By now it has been noticed.
  for (int i = 0; i < 30; ++i) ASSERT_EQ(answer_of(run_blocking(store->add(std::to_string(i), ""))), "applied") << i;
  other.resume();
}

// Follows `k` as WatchHub does: who was cut off calls again.
struct Follower {
  Follower(Store& store, Version seen) : thread([this, &store, seen] { run(store, seen); }) {}
  ~Follower() { thread.join(); }

  void run(Store& store, Version version) {
    std::optional<Version> seen = version;
    for (std::string value; value != "last";) {
      const auto now = run_blocking(store.watch("k", seen, 1h));
      if (!now) continue;
      seen = now.value()->version;
      value = now.value()->value;
      const std::lock_guard lock(mutex);
      latest = value;
    }
  }
  void wait_for(const std::string& value) {
    for (int tries = 0; tries < 6000; ++tries) {
      {
        const std::lock_guard lock(mutex);
        if (latest == value) return;
      }
      usleep(10'000);
    }
    ADD_FAILURE() << "nobody was told of " << value;
  }

  std::mutex mutex;
  std::string latest;
  std::thread thread;
};

struct EtcdWatchTest : EtcdTest {
  Version write(const std::string& value) {
    const auto now = must_read(*beside, "k");
    const auto outcome =
        now ? run_blocking(beside->replace("k", now->version, value)) : run_blocking(beside->add("k", value));
    EXPECT_EQ(answer_of(outcome), "applied");
    return outcome.value().version();
  }

  // Writes until etcd itself has told of a write.
  void be_followed() {
    const auto before = marks::reached("etcd: a watch tells");
    for (int i = 0; marks::reached("etcd: a watch tells") == before; ++i) {
      ASSERT_LT(i, 6000);
      write("again");
      usleep(10'000);
    }
  }

  TestCluster server;
  TestProxy proxy{server.member().port()};
  std::unique_ptr<EtcdStore> store = must_open(runtime, "etcd://" + proxy.address());
  std::unique_ptr<EtcdStore> beside = must_open(runtime, server.url());
};

TEST_F(EtcdWatchTest, GoesOnWhereItWas) {
  const auto before = marks::reached("etcd: a watch goes on where it was");
  Follower follower(*store, write("1"));
  be_followed();
  proxy.let_in(false);
  proxy.cut();
  write("3");
  proxy.let_in(true);
  wait_for_mark("etcd: a watch goes on where it was", before);
  follower.wait_for("3");
  write("last");
  follower.wait_for("last");
}

TEST_F(EtcdWatchTest, SurvivesACompaction) {
  const auto before = marks::reached("etcd: a watch met a compaction");
  Follower follower(*store, write("1"));
  be_followed();
  proxy.let_in(false);
  proxy.cut();
  write("3");
  const auto version = write("4");
  server.call("kv/compaction", "{\"revision\":\"" + std::to_string(version.token()) + "\",\"physical\":true}");
  proxy.let_in(true);
  wait_for_mark("etcd: a watch met a compaction", before);
  follower.wait_for("4");
  write("last");
  follower.wait_for("last");
}

// An empty store that counts how often somebody looked.
struct CountingStore final : Store {
  explicit CountingStore(runtime::Runtime& its_runtime) : Store(its_runtime) {}
  Task<Result<Snapshot>> get(Key, Freshness) override {
    ++looks;
    co_return Snapshot();
  }
  Task<Result<store::WriteOutcome>> add(Key, store::Value) override { co_return store::WriteOutcome::unknown(); }
  Task<Result<store::WriteOutcome>> replace(Key, Version, store::Value) override {
    co_return store::WriteOutcome::unknown();
  }
  Task<Result<store::ScanPage>> scan(Key, Key, std::size_t) override { co_return store::ScanPage(); }
  [[nodiscard]] bool exclusive() const override { return false; }

  std::atomic<int> looks = 0;
};

// What changed between a waiter's look and the moment from which etcd tells of changes is seen by another look.
TEST_F(EtcdTest, WhoWaitsLooksAgainWhenItIsFollowed) {
  TestCluster server;
  Loop loop;
  Member member(loop, server.member().address(), {});
  store::WatchWaiters waiters;
  Watcher watcher("abc2/", waiters);
  CountingStore counting(runtime);
  std::thread waiter([&] {
    const auto now = run_blocking(store::watch_pushed(counting, runtime, waiters, "k", std::nullopt, 1h));
    EXPECT_TRUE(now);
  });
  while (counting.looks == 0) usleep(1000);
  for (int turns = 0; counting.looks < 2 && turns < 3000; ++turns) {
    member.look_after(Clock::now(), "");
    watcher.tick(Clock::now(), member.usable() ? &member : nullptr, "");
    loop.run(Clock::now() + 20ms);
  }
  EXPECT_EQ(counting.looks, 2);
  runtime.stop();
  waiter.join();
  member.stop();
  watcher.stop();
  while (member.under_way() || watcher.under_way()) loop.run(Clock::now() + 20ms);
}

TEST_F(EtcdTest, TheHistoryIsDropped) {
  TestCluster server;
  const auto store = must_open(runtime, server.url());
  auto settings = Settings::parse(server.url()).value();
  settings.compaction = 100ms;
  store::WatchWaiters waiters;
  Client client(settings, waiters);
  const auto before = marks::reached("etcd: compacted");
  const auto first = run_blocking(store->add("k", "1"));
  ASSERT_EQ(answer_of(first), "applied");
  auto version = first.value().version();
  for (int i = 0; marks::reached("etcd: compacted") < before + 2; ++i) {
    ASSERT_LT(i, 6000);
    const auto next = run_blocking(store->replace("k", version, std::to_string(i)));
    ASSERT_EQ(answer_of(next), "applied");
    version = next.value().version();
    usleep(10'000);
  }
  // The key is "abc2/k" in base64.
  const std::string old =
      "{\"key\":\"YWJjMi9r\",\"revision\":\"" + std::to_string(first.value().version().token()) + "\"}";
  EXPECT_THAT(testing::http(server.member().port(), "POST /v3/kv/range", old), HasSubstr("compacted"));
}

TEST_F(EtcdTest, AFullDatabaseIsSaid) {
  TestCluster server(1, {"--quota-backend-bytes=3000000"});
  const auto store = must_open(runtime, server.url());
  std::map<Key, std::string> said;
  std::string message;
  std::mutex mutex;
  std::atomic<bool> full = false;
  std::vector<std::thread> writers;
  for (int writer = 0; writer < 8; ++writer)
    writers.emplace_back([&, writer] {
      for (int i = 0; !full && i < 200; ++i) {
        const Key key = std::to_string(writer) + "/" + std::to_string(i);
        const auto outcome = run_blocking(store->add(key, std::string(50'000, 'v')));
        const std::lock_guard lock(mutex);
        said[key] = answer_of(outcome);
        if (outcome) continue;
        message = outcome.error().message();
        full = true;
      }
    });
  for (auto& writer : writers) writer.join();
  EXPECT_THAT(message, HasSubstr("NOSPACE"));
  // The first to be told that it is full was not told that nothing was written.
  std::set<std::string> answers;
  for (const auto& [key, answer] : said) {
    answers.insert(answer);
    if (answer != "unknown") EXPECT_EQ(must_read(*store, key).has_value(), answer == "applied") << key << " " << answer;
  }
  EXPECT_THAT(answers, ::testing::IsSupersetOf({"applied", "unknown", "unavailable"}));
  // It can be read, by who starts now, too.
  const auto reader = must_open(runtime, server.url());
  EXPECT_TRUE(must_read(*reader, "0/0"));
  // The operator makes room.
  server.kill();
  server.start({"--quota-backend-bytes=100000000"});
  const std::string alarms = server.call("maintenance/alarm", R"({"action":"GET"})");
  const auto member = alarms.find("\"memberID\":");
  ASSERT_NE(member, std::string::npos) << alarms;
  server.call("maintenance/alarm", R"({"action":"DEACTIVATE","alarm":"NOSPACE",)" +
                                       alarms.substr(member, alarms.find(',', member) - member) + "}");
  std::string answer;
  for (int tries = 0; answer != "applied" && tries < 600; ++tries, usleep(100'000))
    answer = answer_of(run_blocking(store->add("room" + std::to_string(tries), "v")));
  EXPECT_EQ(answer, "applied");
}

}  // namespace
}  // namespace abc2::engines::etcd
