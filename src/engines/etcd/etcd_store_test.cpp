// Against a real etcd, which the test starts.
#include "engines/etcd/etcd_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/limits.hpp"
#include "engines/etcd/test_proxy.hpp"
#include "engines/etcd/test_server.hpp"
#include "engines/etcd/test_tools.hpp"
#include "store/conformance.hpp"

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
// Debian's libraries are not instrumented: ThreadSanitizer does not see how their threads wait for each other.
extern "C" const char* __tsan_default_suppressions() {
  return "race:libgrpc\nrace:libgpr\nrace:libabsl\nrace:libprotobuf\nrace:libssl\nrace:libcrypto\n";
}
#endif
#endif

namespace abc2::engines {
namespace {

using namespace std::chrono_literals;
using etcd::testing::answer_of;
using etcd::testing::EtcdTest;
using etcd::testing::must_open;
using etcd::testing::TestCluster;
using etcd::testing::TestProxy;
using runtime::run_blocking;
using store::Version;

TestCluster& shared_server() {
  static TestCluster server;
  return server;
}

std::string fresh_prefix() {
  static std::atomic<int> count = 0;
  return "/test" + std::to_string(++count);
}

class EtcdSubject final : public store::conformance::Subject {
 public:
  explicit EtcdSubject(runtime::Runtime& runtime) : runtime_(runtime) { open(); }
  store::Store& store() override { return *store_; }
  bool reopen() override {
    store_.reset();
    open();
    return true;
  }
  bool cut_connections() override {
    proxy_.cut();
    return true;
  }

 private:
  void open() { store_ = must_open(runtime_, "etcd://" + proxy_.address() + prefix_); }

  TestProxy proxy_{shared_server().member().port()};
  const std::string prefix_ = fresh_prefix();
  runtime::Runtime& runtime_;
  std::unique_ptr<EtcdStore> store_;
};

const bool registered = store::conformance::register_engine(
    {.name = "etcd", .open = [](runtime::Runtime& runtime) { return std::make_unique<EtcdSubject>(runtime); }});

TEST_F(EtcdTest, NobodyThere) {
  const auto none =
      EtcdStore::open(runtime, "etcd://abc2:secret@127.0.0.1:" + std::to_string(etcd::testing::free_port()));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Code::unavailable);
  EXPECT_THAT(none.error().message(), ::testing::HasSubstr("127.0.0.1"));
  EXPECT_THAT(none.error().message(), ::testing::Not(::testing::HasSubstr("secret")));
}

// Two clusters are two markets.
TEST_F(EtcdTest, MembersOfDifferentClustersAreRefused) {
  TestCluster other;
  const auto refused = EtcdStore::open(runtime, shared_server().url() + "," + other.member().address());
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::invalid_argument);
  EXPECT_THAT(refused.error().message(), ::testing::HasSubstr("different clusters"));
}

TEST_F(EtcdTest, PrefixesAreMarketsOfTheirOwn) {
  const auto one = must_open(runtime, shared_server().url(fresh_prefix()));
  const auto two = must_open(runtime, shared_server().url(fresh_prefix()));
  EXPECT_EQ(answer_of(run_blocking(one->add("k", "1"))), "applied");
  EXPECT_EQ(answer_of(run_blocking(two->add("k", "2"))), "applied");
  const auto page = run_blocking(one->scan("", "", 10));
  ASSERT_TRUE(page);
  ASSERT_EQ(page.value().items.size(), 1u);
  EXPECT_EQ(page.value().items[0].key, "k");
}

// A member that is not the leader may be behind it, but never behind what was acknowledged.
TEST_F(EtcdTest, EveryMemberReadsWhatWasAcknowledged) {
  TestCluster cluster(3);
  const auto store = must_open(runtime, cluster.url());
  auto outcome = run_blocking(store->add("k", "0"));
  for (int i = 1; i <= 300; ++i) {
    ASSERT_EQ(answer_of(outcome), "applied");
    const auto found = run_blocking(store->get("k", store::Freshness::linearizable));
    ASSERT_TRUE(found && found.value()) << i;
    ASSERT_EQ(found.value()->version, outcome.value().version()) << i;
    const auto page = run_blocking(store->scan("", "", 10));
    ASSERT_TRUE(page);
    ASSERT_EQ(page.value().items.at(0).document, *found.value()) << i;
    outcome = run_blocking(store->replace("k", found.value()->version, std::to_string(i)));
  }
}

TEST_F(EtcdTest, ADocumentThatEtcdFindsTooLong) {
  TestCluster server(1, {"--max-request-bytes=1000"});
  const auto store = must_open(runtime, server.url());
  for (const std::size_t length : {std::size_t{2000}, limits::value_bytes}) {
    const auto refused = run_blocking(store->add("k", std::string(length, 'v')));
    EXPECT_EQ(answer_of(refused), "invalid_argument");
    EXPECT_THAT(refused.error().message(), ::testing::HasSubstr("too large"));
  }
  EXPECT_EQ(answer_of(run_blocking(store->add("k", "v"))), "applied");
}

// Documents so long that one answer does not hold a page of them.
TEST_F(EtcdTest, APageOfLongDocuments) {
  const auto store = must_open(runtime, shared_server().url(fresh_prefix()));
  for (int i = 0; i < 90; ++i)
    ASSERT_EQ(answer_of(run_blocking(store->add("k" + std::to_string(100 + i), std::string(100'000, 'v')))), "applied");
  const auto page = run_blocking(store->scan("k", "", 89));
  ASSERT_TRUE(page);
  ASSERT_EQ(page.value().items.size(), 89u);
  EXPECT_TRUE(page.value().more);
  for (int i = 0; i < 89; ++i)
    EXPECT_EQ(page.value().items[static_cast<std::size_t>(i)].key, "k" + std::to_string(100 + i));
}

// Then it must not be mistaken for a market with fewer documents.
TEST_F(EtcdTest, AViewIsOverWhenItsHistoryIsDropped) {
  TestCluster server;
  const auto store = must_open(runtime, server.url());
  ASSERT_EQ(answer_of(run_blocking(store->add("k1", "old"))), "applied");
  const auto added = run_blocking(store->add("k2", "old"));
  const auto view = run_blocking(store->view());
  ASSERT_TRUE(view);
  const auto first = run_blocking(view.value()->scan("", "", 1));
  ASSERT_TRUE(first);
  EXPECT_EQ(first.value().items.at(0).key, "k1");
  const auto changed = run_blocking(store->replace("k2", added.value().version(), "new"));
  ASSERT_EQ(answer_of(changed), "applied");
  server.call("kv/compaction",
              "{\"revision\":\"" + std::to_string(changed.value().version().token()) + "\",\"physical\":true}");
  const auto second = run_blocking(view.value()->scan("", "k1", 1));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), Code::unavailable);
  EXPECT_THAT(second.error().message(), ::testing::HasSubstr("compacted"));
}

TEST_F(EtcdTest, WatchersAreToldOfWritesThroughAnotherStore) {
  const std::string url = shared_server().url(fresh_prefix());
  const auto here = must_open(runtime, url), there = must_open(runtime, url);
  const auto first = run_blocking(here->add("k", "1"));
  ASSERT_EQ(answer_of(first), "applied");
  std::optional<store::Snapshot> seen;
  std::thread watcher([&] { seen = run_blocking(here->watch("k", first.value().version(), 1h)).value(); });
  usleep(300'000);  // so that it is being followed
  ASSERT_EQ(answer_of(run_blocking(there->replace("k", first.value().version(), "2"))), "applied");
  watcher.join();
  ASSERT_TRUE(seen && *seen);
  EXPECT_EQ((*seen)->value, "2");
}

}  // namespace
}  // namespace abc2::engines
