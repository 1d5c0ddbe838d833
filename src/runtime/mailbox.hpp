// How a thread that is no event loop gives finished work back to the coroutines that wait for it: a mailbox for each
// loop, so that a thousand pieces that are done together wake each loop once, not a thousand times.
//
//   struct Read : Completion { Key key; Result<Snapshot> answer; };
//   Read read;                                                    // lives in the coroutine's frame
//   co_await suspend(read, [&] { pool.enqueue(&read); });         // until a Deliveries hands it back
//
// A mailbox is a service of its io_context: when that is destroyed it first waits until everything that is under way
// for it has come back, so that no thread ever touches a coroutine or a loop that is gone. So whoever takes a
// completion must give it back.
#pragma once
#include <boost/asio/async_result.hpp>
#include <boost/asio/execution_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "runtime/runtime.hpp"

namespace abc2::runtime {

class Mailbox;

// One coroutine that waits for another thread. Base of what that thread is to do.
class Completion {
 public:
  Completion() = default;
  Completion(const Completion&) = delete;
  Completion& operator=(const Completion&) = delete;

 private:
  friend class Mailbox;
  friend class Deliveries;
  template <class Start>
  friend Task<void> suspend(Completion& completion, Start start);
  using Handler = boost::asio::async_result<boost::asio::use_awaitable_t<Executor>, void()>::handler_type;

  std::optional<Handler> handler_;
  Mailbox* mailbox_ = nullptr;
};

class Mailbox final : public boost::asio::execution_context::service {
 public:
  using key_type = Mailbox;
  inline static boost::asio::execution_context::id id;

  explicit Mailbox(boost::asio::execution_context& context);
  static Mailbox& of(Executor executor);

  // On the loop's own thread: one more is under way.
  void expect_one();
  // From any thread: these have come back, and their coroutines go on, on their loop.
  void deliver(const std::vector<Completion*>& finished);

 private:
  void shutdown() override;
  void drain();
  void post_drain();

  Executor executor_;
  std::mutex mutex_;
  std::condition_variable all_back_;
  std::vector<Completion*> finished_;
  std::size_t under_way_ = 0;
  bool posted_ = false;
};

// Finished work, sorted by loop, to be sent off in one go.
class Deliveries {
 public:
  // `completion` may be gone after send().
  void add(Completion& completion);
  void send();

 private:
  std::vector<std::pair<Mailbox*, std::vector<Completion*>>> by_loop_;  // a process has few loops: searched linearly
};

// Suspends the calling coroutine, calls start(), and resumes when the completion is delivered.
template <class Start>
Task<void> suspend(Completion& completion, Start start) {
  const Executor executor = co_await boost::asio::this_coro::executor;
  completion.mailbox_ = &Mailbox::of(executor);
  using Token = boost::asio::use_awaitable_t<Executor>;
  co_await boost::asio::async_initiate<const Token, void()>(
      [&completion, &start](auto handler) {
        completion.handler_.emplace(std::move(handler));
        completion.mailbox_->expect_one();
        start();
      },
      Token());
}

}  // namespace abc2::runtime
