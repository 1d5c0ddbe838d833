#include "engines/embedded/embedded_store.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <fstream>
#include <memory>

#include "engines/embedded/test_directory.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"
#include "runtime/event_loops.hpp"
#include "store/conformance.hpp"

namespace abc2::engines {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using embedded::TestDirectory;
using runtime::run_blocking;
using store::Version;

class EmbeddedSubject final : public store::conformance::Subject {
 public:
  EmbeddedSubject(runtime::Runtime& runtime, std::size_t cache_bytes) : runtime_(runtime), cache_bytes_(cache_bytes) {
    open();
  }
  store::Store& store() override { return *store_; }
  bool reopen() override {
    store_.reset();
    open();
    return true;
  }

 private:
  void open() {
    auto opened = EmbeddedStore::open(runtime_, {.directory = directory_.path(), .cache_bytes = cache_bytes_});
    if (!opened) throw std::runtime_error(opened.error().message());
    store_ = std::move(opened).value();
  }

  TestDirectory directory_;
  runtime::Runtime& runtime_;
  const std::size_t cache_bytes_;
  std::unique_ptr<EmbeddedStore> store_;
};

const bool registered =
    store::conformance::register_engine(
        {.name = "embedded",
         .open = [](runtime::Runtime& runtime) { return std::make_unique<EmbeddedSubject>(runtime, 64u << 20); }}) &&
    // Room for next to nothing, so that reads go to the disk and race with writes there.
    store::conformance::register_engine({.name = "embedded_without_cache", .open = [](runtime::Runtime& runtime) {
                                           return std::make_unique<EmbeddedSubject>(runtime, 0);
                                         }});

struct EmbeddedStoreTest : testing::Test {
  std::unique_ptr<EmbeddedStore> open() {
    auto opened = EmbeddedStore::open(runtime, {.directory = directory.path()});
    EXPECT_TRUE(opened.has_value()) << opened.error().message();
    return std::move(opened).value();
  }

  TestDirectory directory;
  runtime::AsioRuntime runtime;
};

Task<void> add_many(store::Store& store, std::string prefix, int count, std::atomic<int>& applied) {
  for (int i = 0; i < count; ++i) {
    const std::string key = prefix + std::to_string(i);
    auto outcome = co_await store.add(key, key);
    if (outcome && outcome.value().kind() == store::WriteOutcome::Kind::applied) ++applied;
  }
}

TEST_F(EmbeddedStoreTest, WritesThatWaitShareACommit) {
  const auto store = open();
  runtime::EventLoops loops(2);
  std::atomic<int> applied = 0;
  for (int i = 0; i < 100; ++i)
    runtime.spawn(loops.next(), "writer", add_many(*store, std::to_string(i) + "/", 20, applied));
  loops.start();
  ASSERT_TRUE(runtime.wait_idle(60s));
  EXPECT_EQ(applied, 2000);
  const auto stats = store->stats();
  EXPECT_EQ(stats.applied, 2000u);
  EXPECT_EQ(stats.rejected, 0u);
  EXPECT_GT(stats.bytes, 2000u);
  EXPECT_GT(stats.largest_group, 1u);
  EXPECT_LT(stats.groups, 2000u);
  EXPECT_FALSE(stats.broken);
}

Task<void> get_then(store::Store& store, bool& ended) {
  auto found = co_await store.get("k", store::Freshness::linearizable);
  ended = found.has_value();
}

TEST_F(EmbeddedStoreTest, AnswersFromMemoryWithoutSuspending) {
  const auto store = open();
  ASSERT_TRUE(run_blocking(store->add("k", "v")));
  boost::asio::io_context context;
  bool ended = false;
  boost::asio::co_spawn(context.get_executor(), get_then(*store, ended), boost::asio::detached);
  context.run_one();
  EXPECT_TRUE(ended);
  EXPECT_EQ(store->stats().cache_hits, 1u);
  // Absent keys are remembered, too.
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(run_blocking(store->get("none", store::Freshness::linearizable)));
  EXPECT_EQ(store->stats().cache_misses, 1u);
}

TEST_F(EmbeddedStoreTest, AnEventLoopMayGoWhileOperationsAreUnderWay) {
  const auto store = open();
  std::atomic<int> applied = 0;
  for (int round = 0; round < 50; ++round) {
    boost::asio::io_context context(1);
    for (int i = 0; i < 20; ++i)
      boost::asio::co_spawn(context.get_executor(), add_many(*store, std::to_string(i) + "/", 5, applied),
                            boost::asio::detached);
    for (int i = 0; i < 10 + round; ++i) context.poll_one();
  }
  EXPECT_TRUE(run_blocking(store->add("still here", "")));
}

Task<void> note(store::Store& store, std::string key, std::string& answer) {
  auto outcome = co_await store.add(key, "v");
  answer = outcome ? to_string(outcome.value().kind()) : to_string(outcome.error().code());
}

TEST_F(EmbeddedStoreTest, ClosingAnswersWhatIsUnderWay) {
  constexpr int kCount = 200;
  std::vector<std::string> answers(kCount);
  boost::asio::io_context context(1);
  {
    const auto store = open();
    for (int i = 0; i < kCount; ++i)
      boost::asio::co_spawn(context.get_executor(),
                            note(*store, std::to_string(i), answers[static_cast<std::size_t>(i)]),
                            boost::asio::detached);
    // Every coroutine has begun, and waits for the writer or has its answer coming.
    for (int i = 0; i < kCount; ++i) context.run_one();
  }
  context.run();
  EXPECT_THAT(answers, testing::Each("applied"));
  EXPECT_EQ(run_blocking(open()->scan("", "", 1000)).value().items.size(), static_cast<std::size_t>(kCount));
}

// A limit on the size of files is a full disk that a test can have.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : ignored_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, ignored_);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;

 private:
  rlimit before_{};
  void (*ignored_)(int);
};

TEST_F(EmbeddedStoreTest, AFailedCommitIsUnknownAndEndsTheService) {
  auto store = open();
  const std::string value(100'000, 'v');
  std::vector<std::string> acknowledged;
  std::string answer;
  {
    const FileSizeLimit limit(1'000'000);
    for (int i = 0; i < 1000 && (answer.empty() || answer == "applied"); ++i) {
      const auto outcome = run_blocking(store->add(std::to_string(i), value));
      answer = outcome ? to_string(outcome.value().kind()) : to_string(outcome.error().code());
      if (answer == "applied") acknowledged.push_back(std::to_string(i));
    }
  }
  EXPECT_EQ(answer, "unknown");
  EXPECT_FALSE(acknowledged.empty());
  EXPECT_TRUE(store->stats().broken);
  // There would be room again, but nobody knows what is on disk.
  EXPECT_EQ(run_blocking(store->add("later", "")).error().code(), Code::unavailable);
  EXPECT_EQ(run_blocking(store->replace("0", Version(1), "")).error().code(), Code::unavailable);
  EXPECT_EQ(run_blocking(store->get("0", store::Freshness::linearizable)).error().code(), Code::unavailable);
  EXPECT_EQ(run_blocking(store->scan("", "", 1)).error().code(), Code::unavailable);
  EXPECT_EQ(run_blocking(store->watch("0", Version(1), 1h)).error().code(), Code::unavailable);
  store.reset();
  store = open();
  for (const auto& key : acknowledged) {
    const auto found = run_blocking(store->get(key, store::Freshness::linearizable));
    EXPECT_TRUE(found && found.value() && found.value()->value == value) << key;
  }
  EXPECT_TRUE(run_blocking(store->add("later", "")));
}

}  // namespace
}  // namespace abc2::engines
