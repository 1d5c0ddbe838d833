// A process in a storm of adds and replaces is killed at random moments, again and again. After each reopening every
// write that was acknowledged, and everything that was read, is there, and whatever is there was sent by somebody.
//
// ABC2_SEED repeats a run's plan (which keys and values, killed after how many messages), ABC2_ROUNDS sets its length.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <random>

#include "engines/embedded/embedded_store.hpp"
#include "engines/embedded/test_directory.hpp"
#include "ledger.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"

namespace abc2::store_crash {
namespace {

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text ? std::strtoull(text, nullptr, 10) : otherwise;
}

// A storm under way, and the pipe through which it talks.
class Storm {
 public:
  Storm(const std::string& directory, std::uint64_t seed, std::uint64_t round) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe can be made");
    pipe_ = ends[0];
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 3);
    const std::string its_seed = std::to_string(seed);
    const std::string its_round = std::to_string(round);
    const char* arguments[] = {STORM_PROGRAM, directory.c_str(), its_seed.c_str(), its_round.c_str(), nullptr};
    const int error =
        ::posix_spawn(&process_, STORM_PROGRAM, &actions, nullptr, const_cast<char**>(arguments), environ);
    posix_spawn_file_actions_destroy(&actions);
    ::close(ends[1]);
    if (error != 0) throw std::runtime_error("the storm cannot be started");
  }
  ~Storm() {
    kill();
    ::close(pipe_);
  }
  Storm(const Storm&) = delete;
  Storm& operator=(const Storm&) = delete;

  // The next message; nullopt: there is none, as the process is gone.
  std::optional<Record> next() {
    Record record;
    std::size_t got = 0;
    while (got < sizeof record) {
      const auto count = ::read(pipe_, reinterpret_cast<char*>(&record) + got, sizeof record - got);
      if (count <= 0) return std::nullopt;
      got += static_cast<std::size_t>(count);
    }
    return record;
  }

  [[nodiscard]] pid_t process() const { return process_; }

  // Returns whether it was still running, and is dead now.
  bool kill() {
    if (process_ == 0) return false;
    ::kill(process_, SIGKILL);
    int status = 0;
    ::waitpid(std::exchange(process_, 0), &status, 0);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
  }

 private:
  pid_t process_ = 0;
  int pipe_ = -1;
};

struct Tally {
  int killed_while_opening = 0;
  int killed_amid_writes = 0;
};

// Kills after `messages` messages, or so long after it began.
void run_and_kill(Storm& storm, Ledger& ledger, std::uint64_t messages, Milliseconds pause, Tally& tally) {
  bool opened = false;
  const auto take = [&](const Record& record) {
    opened |= record.kind == Kind::opened;
    ledger.note(record);
    return record.kind != Kind::failed;
  };
  for (std::uint64_t i = 0; i < messages; ++i) {
    const auto record = storm.next();
    ASSERT_TRUE(record && take(*record)) << "the storm ended by itself";
  }
  // Where in the store's opening the signal hits is left to chance: nothing is asserted of a single round.
  runtime::AsioRuntime clock;
  runtime::run_blocking(clock.sleep(pause));
  ASSERT_TRUE(storm.kill()) << "the storm ended by itself";
  while (const auto record = storm.next()) ASSERT_TRUE(take(*record));
  tally.killed_while_opening += !opened;
  tally.killed_amid_writes += ledger.unanswered() > 0;
}

TEST(StoreCrash, NothingAcknowledgedIsLostAndNothingIsUnexplained) {
  const auto seed = setting("ABC2_SEED", std::random_device()());
  const auto rounds = setting("ABC2_ROUNDS", 120);
  std::printf("repeat with ABC2_SEED=%llu ABC2_ROUNDS=%llu\n", static_cast<unsigned long long>(seed),
              static_cast<unsigned long long>(rounds));
  std::fflush(stdout);
  const engines::embedded::TestDirectory directory;
  runtime::AsioRuntime runtime;
  std::mt19937_64 random(seed);
  Ledger ledger;
  Tally tally;
  for (std::uint64_t round = 0; round < rounds; ++round) {
    SCOPED_TRACE("seed " + std::to_string(seed) + ", round " + std::to_string(round));
    {
      Storm storm(directory.path().string(), seed, round);
      // One in eight is killed while it opens the store, and recovers it from the crash before.
      const bool early = round % 8 == 7;
      const auto messages = early ? 1 : 2 + random() % (1u << (4 + random() % 10));
      const Milliseconds pause(early && round % 16 == 15 ? random() % 20 : 0);
      run_and_kill(storm, ledger, messages, pause, tally);
      if (HasFatalFailure()) return;
    }
    auto store = engines::EmbeddedStore::open(runtime, {.directory = directory.path()});
    ASSERT_TRUE(store) << store.error().message();
    const auto wrong = ledger.check(*store.value());
    for (const auto& each : wrong) ADD_FAILURE() << each;
    if (!wrong.empty()) return;
  }
  std::printf(
      "%llu kills: %d while opening, %d amid writes; %llu writes acknowledged; of those that were not, %llu had "
      "landed, "
      "%llu had not\n",
      static_cast<unsigned long long>(rounds), tally.killed_while_opening, tally.killed_amid_writes,
      static_cast<unsigned long long>(ledger.acknowledged()),
      static_cast<unsigned long long>(ledger.landed_unanswered()),
      static_cast<unsigned long long>(ledger.lost_unanswered()));
  // The test must have tested what it says.
  if (rounds < 100) return;
  EXPECT_GT(tally.killed_while_opening, 0);
  EXPECT_GT(tally.killed_amid_writes, static_cast<int>(rounds / 2));
  EXPECT_GT(ledger.acknowledged(), rounds);
  EXPECT_GT(ledger.landed_unanswered(), 0u) << "no kill hit between the commit and its acknowledgement";
  EXPECT_GT(ledger.lost_unanswered(), 0u) << "no kill hit before a commit";
}

TEST(StoreCrash, ADirectoryThatAnotherProcessHasIsInUse) {
  const engines::embedded::TestDirectory directory;
  runtime::AsioRuntime runtime;
  Storm storm(directory.path().string(), 1, 0);
  for (auto record = storm.next(); record && record->kind != Kind::opened;) record = storm.next();
  const auto refused = engines::EmbeddedStore::open(runtime, {.directory = directory.path()});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::in_use);
  EXPECT_THAT(refused.error().message(), testing::HasSubstr(directory.path().string()));
  EXPECT_THAT(refused.error().message(), testing::HasSubstr("by process " + std::to_string(storm.process())));
  ASSERT_TRUE(storm.kill());
  EXPECT_TRUE(engines::EmbeddedStore::open(runtime, {.directory = directory.path()}));
}

}  // namespace
}  // namespace abc2::store_crash
