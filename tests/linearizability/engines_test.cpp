// Each engine under concurrent clients, with what its servers can suffer in the middle of it; and stores that are
// broken on purpose, each of which must be found out.
#include <gtest/gtest.h>

#include <thread>

#include "broken_store.hpp"
#include "checker.hpp"
#include "cli/open_store.hpp"
#include "clients.hpp"
#include "engines/etcd/test_server.hpp"
#include "engines/memory/memory_store.hpp"
#include "engines/postgres/test_server.hpp"

namespace abc2::registers {
namespace {

// What is done to the servers meanwhile; it asks how many operations have ended. The clients end with it.
using Trouble = std::function<void(const std::function<std::size_t()>&)>;

History history_of(store::Store& store, runtime::AsioRuntime& runtime, const ClientSettings& settings,
                   const Trouble& trouble = nullptr) {
  History history;
  std::atomic<bool> over = false;
  std::atomic<std::size_t> so_far = 0;
  // The trouble is made here: the servers end with the thread that has started them.
  std::thread clients([&] {
    const bool read = run_clients(store, runtime, settings, over, [&](const Operation& operation) {
      history.push_back(operation);
      so_far = history.size();
    });
    EXPECT_TRUE(read) << "the store cannot be read in the end";
  });
  if (trouble) trouble([&] { return so_far.load(); });
  if (trouble) over = true;
  clients.join();
  return history;
}

History history_of(const std::string& url, const ClientSettings& settings, const Trouble& trouble = nullptr) {
  runtime::AsioRuntime runtime;
  auto store = cli::open_store(url, runtime);
  if (!store) throw std::runtime_error(store.error().message());
  return history_of(*store.value(), runtime, settings, trouble);
}

// Lawful, and not because there was nothing to judge.
void expect_lawful(const History& history) {
  const auto verdict = check(history);
  EXPECT_TRUE(verdict.holds()) << verdict.findings[0].story;
  std::cout << to_string(verdict) << '\n';
  EXPECT_GT(verdict.applied, 100u);
  EXPECT_GT(verdict.rejected, 100u);
  EXPECT_GT(verdict.reads, 100u);
  EXPECT_EQ(verdict.echoes, 0u) << "engines turn the resending of writes off";
}

void wait_until(const std::function<bool()>& probe) {
  while (!probe()) std::this_thread::yield(), usleep(10'000);
}

TEST(Linearizability, OfTheMemoryEngine) {
  expect_lawful(history_of("memory:", {.clients = 8, .operations = 40'000, .threads = 4}));
}

TEST(Linearizability, OfTheEmbeddedEngine) {
  std::string directory = (std::filesystem::temp_directory_path() / "abc2-registers-XXXXXX").string();
  ASSERT_TRUE(mkdtemp(directory.data()));
  expect_lawful(history_of("embedded:" + directory, {.clients = 16, .operations = 20'000, .threads = 4}));
  std::filesystem::remove_all(directory);
}

// It is killed twice, and stands still until what was sent has been given up.
TEST(Linearizability, OfPostgresThatIsKilled) {
  engines::postgres::testing::TestServer server;
  const auto history = history_of(server.url(), {.clients = 12}, [&](const auto& so_far) {
    for (int i = 0; i < 2; ++i) {
      const std::size_t before = so_far();
      wait_until([&] { return so_far() > before + 1500; });
      server.kill();
      server.start();
    }
    server.pause();
    usleep(6'000'000);
    server.resume();
    const std::size_t before = so_far();
    wait_until([&] { return so_far() > before + 1500; });
  });
  expect_lawful(history);
  EXPECT_GT(check(history).unknown, 0u);
}

// The leader is killed twice, and another one stands still for a while.
TEST(Linearizability, OfEtcdWhoseLeaderIsKilled) {
  engines::etcd::testing::TestCluster cluster(3);
  const auto history = history_of(cluster.url(), {.clients = 12}, [&](const auto& so_far) {
    for (int i = 0; i < 2; ++i) {
      const std::size_t before = so_far();
      wait_until([&] { return so_far() > before + 1500; });
      auto& leader = cluster.leader();
      leader.kill();
      usleep(500'000);
      cluster.start(leader);
    }
    auto& leader = cluster.leader();
    leader.pause();
    usleep(6'000'000);
    leader.resume();
    const std::size_t before = so_far();
    wait_until([&] { return so_far() > before + 1500; });
  });
  expect_lawful(history);
  EXPECT_GT(check(history).unknown, 0u);
}

class BrokenStores : public testing::TestWithParam<std::size_t> {};

TEST_P(BrokenStores, AreFoundOut) {
  runtime::AsioRuntime runtime;
  engines::MemoryStore memory(runtime);
  BrokenStore broken(memory, runtime, static_cast<Broken>(GetParam()));
  const auto verdict = check(history_of(broken, runtime, {.seed = 7, .clients = 8, .operations = 5000}));
  ASSERT_FALSE(verdict.holds()) << to_string(verdict);
  std::cout << verdict.findings.size() << " of " << verdict.documents << " documents, of which one:\n"
            << verdict.findings[0].story;
}

INSTANTIATE_TEST_SUITE_P(On, BrokenStores, testing::Range<std::size_t>(0, kBrokenNames.size()),
                         [](const auto& info) { return std::string(kBrokenNames[info.param]); });

// Without a fault the same wrapper changes nothing: what is found is the fault's.
TEST(Linearizability, OfAStoreThatIsNeverBroken) {
  runtime::AsioRuntime runtime;
  engines::MemoryStore memory(runtime);
  for (std::size_t how = 0; how < kBrokenNames.size(); ++how) {
    BrokenStore whole(memory, runtime, static_cast<Broken>(how), 1'000'000'000);
    const std::string prefix = "r" + std::to_string(how) + "/";
    expect_lawful(history_of(whole, runtime, {.prefix = prefix, .clients = 8, .operations = 5000}));
  }
}

}  // namespace
}  // namespace abc2::registers
