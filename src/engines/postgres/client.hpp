// Client: the thread that speaks with PostgreSQL: a pool of connections that are kept open, what waits for one, and the
// look at all watched documents ten times a second, in one statement whatever their number.
//
// enqueue() from any thread; the rest is the thread's own. The destructor answers everybody.
#pragma once
#include <atomic>
#include <condition_variable>
#include <deque>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engines/postgres/connection.hpp"
#include "engines/postgres/requests.hpp"
#include "store/watch_waiters.hpp"

namespace abc2::engines::postgres {

class Client {
 public:
  // After so long without an answer a request is given up: a write that was sent is unknown, all else unavailable.
  static constexpr auto patience = std::chrono::seconds(5);

  // `waiters` outlives it, and is told when a watched document may have changed.
  Client(Settings settings, store::WatchWaiters& waiters);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Blocks until a connection is ready. Errors: invalid_argument: the server, or its settings, will not do;
  // unavailable: none was ready in that time, and why.
  Result<void> wait_ready(std::chrono::milliseconds at_most);

  void enqueue(Request* request);

 private:
  class Look;
  struct Slot {
    std::unique_ptr<Connection> connection;
    Clock::time_point try_at{};
    std::chrono::milliseconds pause{0};
  };
  void run();
  void collect();
  void connect(Clock::time_point now);
  void hand_out(Clock::time_point now);
  void look_at_watched(Clock::time_point now);
  void compare(const Look& look);
  void note_state(const Slot& slot);
  void wait(Clock::time_point now);
  void settle(Clock::time_point now);
  [[nodiscard]] bool idle() const;
  void wake() const;

  const Settings settings_;
  store::WatchWaiters& waiters_;
  int wake_fd_;

  std::mutex mutex_;
  std::condition_variable state_changed_;
  std::vector<Request*> arrived_;
  bool stopping_ = false;
  bool ready_once_ = false;
  std::string trouble_ = "not connected yet";
  bool refused_ = false;

  // The thread's own.
  std::deque<Request*> waiting_;
  std::vector<Slot> slots_;
  std::list<std::unique_ptr<Look>> looks_;
  Clock::time_point look_at_{};
  std::unordered_map<store::Key, std::uint64_t> seen_;  // the versions of what is watched, as of the last look
  runtime::Deliveries deliveries_;
  std::thread thread_;
};

}  // namespace abc2::engines::postgres
