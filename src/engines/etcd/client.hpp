// Client: the thread that speaks with etcd: its members, who is logged in, what waits for a member, the watches, and
// the compaction of the history.
//
// enqueue() from any thread; the rest is the thread's own. The destructor answers everybody.
#pragma once
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "engines/etcd/member.hpp"
#include "engines/etcd/requests.hpp"
#include "engines/etcd/watcher.hpp"
#include "runtime/mailbox.hpp"
#include "store/watch_waiters.hpp"

namespace abc2::engines::etcd {

class Client final : private RequestOwner {
 public:
  // After so long without an answer a request is given up: a write that was sent is unknown, all else unavailable.
  static constexpr auto patience = std::chrono::seconds(5);

  // `waiters` outlives it, and is told when a watched document may have changed.
  Client(Settings settings, store::WatchWaiters& waiters);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Blocks until a member can be used, and we are logged in. Errors: invalid_argument: etcd, or the settings, will not
  // do; unavailable: none could be used in that time, and why.
  Result<void> wait_ready(std::chrono::milliseconds at_most);

  void enqueue(Request* request);

 private:
  void run();
  void stop_own_calls();
  [[nodiscard]] bool own_calls_under_way() const;
  [[nodiscard]] bool idle() const { return waiting_.empty() && in_flight_ == 0; }
  void collect();
  void look_at_members(Clock::time_point now);
  void log_in(Clock::time_point now);
  void logged_in(const Status& status, const std::string& answer);
  void compact(Clock::time_point now);
  void hand_out(Clock::time_point now);
  void send(Request& request, Member& member);
  void answered(Request& request, Status status, const std::string& bytes) override;
  void take(Request& request, const std::string& bytes);
  void take_failure(Request& request, const Status& status);
  void finish(Request& request, const Error& error);
  Member* choose();
  [[nodiscard]] bool may_speak() const { return settings_.user.empty() || !token_.empty(); }
  [[nodiscard]] std::string trouble() const;
  void note_state();

  const Settings settings_;
  store::WatchWaiters& waiters_;
  Loop loop_;

  std::mutex mutex_;
  std::condition_variable state_changed_;
  std::vector<Request*> arrived_;
  bool stopping_ = false;
  bool ready_once_ = false;
  std::string noted_trouble_;
  bool noted_refused_ = false;

  // The thread's own.
  std::vector<std::unique_ptr<Member>> members_;
  std::uint64_t cluster_ = 0;  // which all members belong to; 0: none has been reached yet
  std::string refusal_;        // why there is no use in going on, unless somebody changes a setting
  std::deque<Request*> waiting_;
  std::size_t in_flight_ = 0;
  std::size_t turn_ = 0;
  bool full_ = false;  // etcd takes no writes
  Clock::time_point full_since_{};

  OwnCall authentication_;
  std::string token_;
  std::uint64_t login_ = 0;  // counts the tokens
  Clock::time_point log_in_at_{};
  std::string log_in_trouble_;

  OwnCall compaction_;
  Clock::time_point compact_at_{};
  std::uint64_t compact_to_ = 0;

  Watcher watcher_;
  Clock::time_point watch_at_{};
  runtime::Deliveries deliveries_;
  std::thread thread_;
};

}  // namespace abc2::engines::etcd
