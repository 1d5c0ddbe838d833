// AsioRuntime: the Runtime that the program runs on: the wall clock, Asio timers, libsodium's randomness, and
// background coroutines that are counted.
//
//   AsioRuntime runtime;
//   EventLoops loops(2);
//   loops.start();
//   runtime.spawn(loops.next(), "sweep", sweep(runtime));
//   ...
//   runtime.stop();                         // sleepers wake, loops end
//   if (!runtime.wait_idle(10s)) ...        // somebody is still at work
//   loops.stop();
//
// Thread-safe. It may be destroyed before or after the event loops, but only when nothing calls it any more.
#pragma once
#include <chrono>
#include <memory>

#include "runtime/runtime.hpp"

namespace abc2::runtime {

class AsioRuntime final : public Runtime {
 public:
  // Aborts when libsodium cannot be initialised: there is no randomness then, and no going on without it.
  AsioRuntime();
  ~AsioRuntime() override;
  AsioRuntime(const AsioRuntime&) = delete;
  AsioRuntime& operator=(const AsioRuntime&) = delete;

  [[nodiscard]] Time now() override;

  // An Asio timer on the caller's event loop, which stop() cancels; a negative duration is none.
  Task<void> sleep(Milliseconds duration) override;

  void random(std::span<std::byte> bytes) override;

  // Never runs a step of `work` before it returns, also when called on `where` itself.
  void spawn(Executor where, const char* name, Task<void> work) override;

  [[nodiscard]] bool stopping() const override;

  // From now on stopping() is true; every sleeper is woken. May be called more than once and from any thread.
  void stop();

  // Blocks the calling thread (not an event loop's) until no spawned work is left, at most `at_most`.
  // Returns whether none is left. Work whose event loop was destroyed counts as ended.
  [[nodiscard]] bool wait_idle(std::chrono::milliseconds at_most);

  // How much spawned work there is now.
  [[nodiscard]] std::size_t working() const;

 private:
  struct State;
  std::shared_ptr<State> state_;  // shared with coroutines, which an event loop may destroy after us
};

}  // namespace abc2::runtime
