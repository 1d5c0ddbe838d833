// Against a real etcd, which the test starts.
#include "engines/etcd/etcd_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "base/marks.hpp"
#include "engines/etcd/test_proxy.hpp"
#include "engines/etcd/test_server.hpp"
#include "engines/etcd/test_tools.hpp"
#include "store/conformance.hpp"

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
  std::unique_ptr<EtcdStore> store;
  if (refused) FAIL() << "it did not look at both";
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
