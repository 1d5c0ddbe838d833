// Process: one live process of an exploration: the market's own coroutines on a Store and a Runtime whose every step
// waits until somebody completes it. What it does is a pure function of its actor and of how its steps were completed.
//
//   Process process(texts, actor);
//   while (!process.pending().empty()) process.complete(0, reply_to(process.pending()[0]));
//   process.answers()      // what the actor's client was told
//
// Not thread-safe. Destroying a process destroys its coroutines where they stand.
#pragma once
#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/operation.hpp"
#include "store/store.hpp"

namespace abc2::sim {

class Process;

// Why a coroutine waits, and how it goes on.
class Waiter {
 public:
  virtual ~Waiter() = default;
  virtual void resume(Reply reply) = 0;
};

class SimRuntime final : public runtime::Runtime {
 public:
  SimRuntime(Process& process, std::uint64_t seed, Time clock) : process_(process), random_(seed), clock_(clock) {}

  // Moves with this process's sleeps and jumps alone: between processes any difference is possible.
  [[nodiscard]] Time now() override { return clock_; }
  Task<void> sleep(Milliseconds duration) override;
  void random(std::span<std::byte> bytes) override;
  void spawn(Executor where, const char* name, Task<void> work) override;
  [[nodiscard]] bool stopping() const override { return false; }

  void pass(Milliseconds duration) { clock_ += duration; }

 private:
  Process& process_;
  std::uint64_t random_;
  Time clock_;
};

class SimStore final : public store::Store {
 public:
  SimStore(Process& process, SimRuntime& runtime, bool commits)
      : Store(runtime), process_(process), commits_(commits) {}
  Task<Result<store::Snapshot>> get(store::Key key, store::Freshness freshness) override;
  Task<Result<store::WriteOutcome>> add(store::Key key, store::Value value) override;
  Task<Result<store::WriteOutcome>> replace(store::Key key, store::Version expected, store::Value value) override;
  [[nodiscard]] bool commits() const override { return commits_; }
  Task<Result<store::WriteOutcome::Kind>> commit(std::vector<store::Write> writes) override;
  Task<Result<store::ScanPage>> scan(store::Key prefix, store::Key after, std::size_t limit) override;

  [[nodiscard]] bool exclusive() const override { return false; }

  // No verb of a Store: see Verb::remove.
  Task<Result<store::WriteOutcome>> remove(store::Key key);

 private:
  Task<Result<store::WriteOutcome>> write(Operation operation);
  Process& process_;
  bool commits_;
};

// What an actor's program works with.
struct World {
  SimStore& store;
  SimRuntime& runtime;
  // Tells the client: a JSON object that the auditor understands (see auditor.hpp).
  std::function<void(std::string)> answer;
  // Lives as long as the process: what its coroutines work with, also those that it left running behind.
  std::vector<std::shared_ptr<void>> kept{};
};

struct Actor {
  std::string name;                                 // "A buys"
  std::function<Task<void>(World& world)> program;  // the world outlives the task
  std::uint64_t seed = 0;                           // of its random numbers
  Milliseconds clock_ahead{0};                      // of the other actors' clocks
  bool commits = false;                             // whether its store changes several documents at once
};

class Process {
 public:
  Process(Texts& texts, const Actor& actor);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  // What it waits for, in the order in which it was begun. Empty: it has ended.
  [[nodiscard]] std::vector<Operation> pending() const;
  void complete(std::size_t index, Reply reply);
  void jump(Milliseconds clock) { runtime_.pass(clock); }

  // In the order in which they were given.
  [[nodiscard]] const std::vector<std::string>& answers() const { return answers_; }
  // What was thrown by the program or by what it spawned; empty if nothing was.
  [[nodiscard]] const std::string& thrown() const { return thrown_; }

  // The beginning of every clock.
  static constexpr Time first_time = from_unix_ms(1'000'000'000);

  // --- for the SimStore and SimRuntime
  Task<Reply> step(Operation operation);
  void run(Executor where, Task<void> work);
  Texts& texts() { return texts_; }

 private:
  struct Waiting {
    Operation operation;
    std::unique_ptr<Waiter> waiter;
  };
  void poll();

  // Its own, since what a coroutine's end wakes up (a channel's receiver) is posted there, and must die with the
  // process.
  std::unique_ptr<boost::asio::io_context> context_;
  Texts& texts_;
  SimRuntime runtime_;
  SimStore store_;
  World world_;
  std::vector<std::string> answers_;
  std::string thrown_;
  std::vector<Waiting> waiting_;  // owns the coroutines
};

}  // namespace abc2::sim
