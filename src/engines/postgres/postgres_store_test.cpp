// Against a real server, which the test starts, kills, pauses and starts again.
#include "engines/postgres/postgres_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>

#include "engines/postgres/test_server.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"
#include "runtime/event_loops.hpp"
#include "store/conformance.hpp"

namespace abc2::engines {
namespace {

using namespace std::chrono_literals;
using postgres::testing::TestServer;
using runtime::run_blocking;
using store::Version;
using store::WriteOutcome;

TestServer& shared_server() {
  static TestServer server;
  return server;
}

std::string fresh_table() {
  static std::atomic<int> count = 0;
  return "&table=documents_" + std::to_string(++count);
}

std::unique_ptr<PostgresStore> must_open(runtime::Runtime& runtime, const std::string& url) {
  auto opened = PostgresStore::open(runtime, url);
  if (!opened) throw std::runtime_error(opened.error().message());
  return std::move(opened).value();
}

class PostgresSubject final : public store::conformance::Subject {
 public:
  explicit PostgresSubject(runtime::Runtime& runtime) : runtime_(runtime) { open(); }
  store::Store& store() override { return *store_; }
  bool reopen() override {
    store_.reset();
    open();
    return true;
  }
  bool cut_connections() override {
    shared_server().run(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'abc2'");
    return true;
  }

 private:
  void open() { store_ = must_open(runtime_, shared_server().url(table_)); }

  const std::string table_ = fresh_table();
  runtime::Runtime& runtime_;
  std::unique_ptr<PostgresStore> store_;
};

const bool registered = store::conformance::register_engine(
    {.name = "postgres", .open = [](runtime::Runtime& runtime) { return std::make_unique<PostgresSubject>(runtime); }});

std::string answer_of(const Result<WriteOutcome>& outcome) {
  return std::string(outcome ? to_string(outcome.value().kind()) : to_string(outcome.error().code()));
}

struct PostgresTest : ::testing::Test {
  runtime::AsioRuntime runtime;
};

TEST_F(PostgresTest, AServerThatAcknowledgesTooEarlyIsRefused) {
  TestServer server;
  server.run("ALTER ROLE abc2 SET synchronous_commit = off");
  const auto refused = PostgresStore::open(runtime, server.url());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::invalid_argument);
  EXPECT_THAT(refused.error().message(), ::testing::HasSubstr("synchronous_commit = off"));
  const auto asked_for = must_open(runtime, server.url("&asynchronous_commit=yes"));
  EXPECT_EQ(answer_of(run_blocking(asked_for->add("k", "v"))), "applied");
  // Durable here, but not on the standby that would take over.
  server.run("ALTER ROLE abc2 SET synchronous_commit = local");
  EXPECT_TRUE(PostgresStore::open(runtime, server.url()));
  server.kill();
  server.start({"synchronous_standby_names=other"});
  EXPECT_FALSE(PostgresStore::open(runtime, server.url()));
  server.kill();
  server.start({"fsync=off"});
  server.run("ALTER ROLE abc2 SET synchronous_commit = on");
  EXPECT_FALSE(PostgresStore::open(runtime, server.url()));
}

TEST_F(PostgresTest, ATableThatIsNotOurs) {
  shared_server().run("CREATE TABLE strange (key text)");
  const auto refused = PostgresStore::open(runtime, shared_server().url("&table=strange"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::invalid_argument);
  EXPECT_THAT(refused.error().message(), ::testing::HasSubstr("strange"));
}

// Its transaction ends with its connection; what the next one would show is another moment.
TEST_F(PostgresTest, AViewIsOverWhenItsConnectionBreaks) {
  TestServer server;
  const auto store = must_open(runtime, server.url());
  for (const char* key : {"k1", "k2"}) ASSERT_EQ(answer_of(run_blocking(store->add(key, "v"))), "applied");
  const auto view = run_blocking(store->view());
  ASSERT_TRUE(view);
  ASSERT_TRUE(run_blocking(view.value()->scan("", "", 1)));
  server.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'abc2 view'");
  for (int times = 0; times < 2; ++times) {
    const auto page = run_blocking(view.value()->scan("", "k1", 1));
    ASSERT_FALSE(page);
    EXPECT_EQ(page.error().code(), Code::unavailable);
  }
  EXPECT_TRUE(run_blocking(store->view()));
}

// A server that stands still does not keep whoever copies it for ever.
TEST_F(PostgresTest, AViewOfAServerThatStandsStillIsGivenUp) {
  TestServer server;
  const auto store = must_open(runtime, server.url());
  const auto view = run_blocking(store->view());
  ASSERT_TRUE(view);
  server.pause();
  const auto page = run_blocking(view.value()->scan("", "", 1));
  server.resume();
  ASSERT_FALSE(page);
  EXPECT_EQ(page.error().code(), Code::unavailable);
}

TEST_F(PostgresTest, NobodyThere) {
  const auto none = PostgresStore::open(runtime, "postgres://abc2:secret@/postgres?host=/nowhere");
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Code::unavailable);
  EXPECT_THAT(none.error().message(), ::testing::Not(::testing::HasSubstr("secret")));
}

// A commit that waits for its standby, and is told to wait no longer: it is durable here and perhaps nowhere else, and
// the server says so in a warning beside "1 row".
TEST_F(PostgresTest, ACommitThatDidNotReachItsStandbyIsUnknown) {
  TestServer server;
  const auto store = must_open(runtime, server.url("&connections=1"));
  ASSERT_EQ(answer_of(run_blocking(store->add("before", "v"))), "applied");
  server.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'");
  server.run("SELECT pg_reload_conf()");
  while (server.run("SHOW synchronous_standby_names") != "nobody") usleep(10'000);
  std::string answer;
  std::thread writer([&] { answer = answer_of(run_blocking(store->add("k", "v"))); });
  while (server.run("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") != "1") usleep(10'000);
  server.run("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE wait_event = 'SyncRep'");
  writer.join();
  EXPECT_EQ(answer, "unknown");
  EXPECT_TRUE(run_blocking(store->get("k", store::Freshness::linearizable)).value()) << "it did land";
}

// "1 row" comes before the commit, and the commit may still fail.
TEST_F(PostgresTest, AStatementIsNoCommit) {
  const auto store = must_open(runtime, shared_server().url("&table=deferred"));
  shared_server().run(
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = "
      "TG_ARGV[0]; END $$");
  const auto at_commit = [](const std::string& name, const std::string& sqlstate) {
    shared_server().run("CREATE CONSTRAINT TRIGGER " + name +
                        " AFTER INSERT ON deferred DEFERRABLE INITIALLY DEFERRED " +
                        "FOR EACH ROW EXECUTE FUNCTION refuse('" + sqlstate + "')");
  };
  at_commit("rolled_back", "40001");
  EXPECT_EQ(answer_of(run_blocking(store->add("k", "v"))), "unavailable");
  shared_server().run("DROP TRIGGER rolled_back ON deferred");
  at_commit("who_knows", "58030");
  EXPECT_EQ(answer_of(run_blocking(store->add("k", "v"))), "unknown");
  shared_server().run("DROP TRIGGER who_knows ON deferred");
  EXPECT_EQ(answer_of(run_blocking(store->add("k", "v"))), "applied");
}

struct Storm {
  std::atomic<bool> stop = false;
  std::mutex mutex;
  std::map<std::string, std::string> said;  // of each key

  Task<void> write(store::Store& store, std::string prefix) {
    for (int i = 0; !stop; ++i) {
      const std::string key = prefix + std::to_string(i);
      const auto outcome = co_await store.add(key, key);
      const std::lock_guard lock(mutex);
      said[key] = answer_of(outcome);
    }
  }
};

// What was acknowledged is there, what was refused is not, and what is unknown may be either.
TEST_F(PostgresTest, AServerThatIsKilledLosesNothingAcknowledged) {
  TestServer server;
  const auto store = must_open(runtime, server.url());
  std::set<std::string> kinds;
  for (int round = 0; round < 3; ++round) {
    Storm storm;
    runtime::EventLoops loops(2);
    for (int i = 0; i < 32; ++i)
      runtime.spawn(loops.next(), "writer", storm.write(*store, std::to_string(round) + "/" + std::to_string(i) + "/"));
    loops.start();
    for (bool written = false; !written; usleep(20'000)) {
      const std::lock_guard lock(storm.mutex);
      written = storm.said.size() > 200;
    }
    server.kill();
    storm.stop = true;
    ASSERT_TRUE(runtime.wait_idle(60s));
    server.start();
    for (const auto& [key, said] : storm.said) {
      kinds.insert(said);
      const auto found = run_blocking(store->get(key, store::Freshness::linearizable));
      ASSERT_TRUE(found) << found.error().message();
      if (said != "unknown") EXPECT_EQ(found.value().has_value(), said == "applied") << key << " " << said;
      EXPECT_NE(said, "rejected");
    }
  }
  EXPECT_THAT(kinds, ::testing::IsSupersetOf({"applied", "unknown"}));
}

TEST_F(PostgresTest, AServerThatHangsLeavesWritesUnknown) {
  TestServer server;
  const auto store = must_open(runtime, server.url());
  ASSERT_EQ(answer_of(run_blocking(store->add("k", "v"))), "applied");
  server.pause();
  EXPECT_EQ(answer_of(run_blocking(store->replace("k", Version(1), "w"))), "unknown");
  EXPECT_EQ(run_blocking(store->get("k", store::Freshness::linearizable)).error().code(), Code::unavailable);
  server.resume();
  // It may still land, but not twice.
  std::optional<store::Stored> found;
  for (int tries = 0; !found && tries < 100; ++tries)
    if (const auto got = run_blocking(store->get("k", store::Freshness::linearizable)); got) found = got.value();
  ASSERT_TRUE(found);
  EXPECT_THAT(found->version.token(), ::testing::AnyOf(1, 2));
}

// The second host of the URL is found when the first is gone.
TEST_F(PostgresTest, AnotherHostTakesOver) {
  TestServer first, second;
  const std::string hosts = first.url() + "," + second.url().substr(second.url().find("host=") + 5);
  const auto store = must_open(runtime, hosts);
  ASSERT_EQ(answer_of(run_blocking(store->add("k", "v"))), "applied");
  EXPECT_EQ(first.run("SELECT count(*) FROM abc2_documents"), "1");
  first.kill();
  std::string answer;
  for (int tries = 0; answer != "applied" && tries < 100; ++tries)
    answer = answer_of(run_blocking(store->add("after", "v")));
  EXPECT_EQ(answer, "applied");
  EXPECT_EQ(second.run("SELECT count(*) FROM abc2_documents"), "1");
}

TEST_F(PostgresTest, WatchersAreToldOfWritesThroughAnotherStore) {
  const std::string url = shared_server().url(fresh_table());
  const auto here = must_open(runtime, url), there = must_open(runtime, url);
  ASSERT_EQ(answer_of(run_blocking(here->add("k", "1"))), "applied");
  std::optional<store::Snapshot> seen;
  std::thread watcher([&] { seen = run_blocking(here->watch("k", Version(1), 1h)).value(); });
  usleep(300'000);  // so that it has been looked at more than once
  ASSERT_EQ(answer_of(run_blocking(there->replace("k", Version(1), "2"))), "applied");
  watcher.join();
  ASSERT_TRUE(seen && *seen);
  EXPECT_EQ((*seen)->value, "2");
}

}  // namespace
}  // namespace abc2::engines
