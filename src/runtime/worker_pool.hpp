// WorkerPool: threads for work that takes the processor for long (hashing a password, decoding an image), so that no
// event loop waits for it. What waits is bounded: a full queue refuses at once.
//
//   WorkerPool pool(2, 64);
//   auto sum = co_await pool.run([text] { return slow_sum(text); });   // Result<std::string>
//   if (!sum) ...                                                      // too_busy
//
// The coroutine goes on on the event loop on which it was. The work must own, or share, all that it touches: the
// coroutine that waits for it may be destroyed with its event loop before the work is done.
//
// Thread-safe. stop() must be called, or the pool destroyed, before the event loops of those who wait are destroyed;
// the pool must outlive every call of run().
#pragma once
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/runtime.hpp"

namespace abc2::runtime {

class WorkerPool {
  template <class Value>
  struct AsResult {
    static_assert(!std::is_void_v<Value>, "work returns what it has found out");
    using type = Result<Value>;
  };
  template <class Value>
  struct AsResult<Result<Value>> {
    using type = Result<Value>;
  };
  template <class Work>
  using AnswerOf = typename AsResult<std::invoke_result_t<Work>>::type;

 public:
  // At least one thread. At most `queue` pieces of work wait for a thread.
  WorkerPool(std::size_t threads, std::size_t queue);
  // As stop().
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Runs `work` on one of the threads and returns what it returns, a Result as it is and anything else as a Result.
  // An exception of the work is thrown here.
  // Errors, with the work never run: too_busy (the queue is full), unavailable (stopped).
  template <class Work>
  Task<AnswerOf<Work>> run(Work work) {
    using Answer = AnswerOf<Work>;
    const auto token = boost::asio::use_awaitable_t<Executor>();
    auto done = co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<Executor>,
                                                     void(std::exception_ptr, std::optional<Answer>)>(
        [this](auto handler, Work its_work) {
          using TheJob = JobFor<Work, Answer, decltype(handler)>;
          enqueue(std::make_unique<TheJob>(std::move(its_work), std::move(handler)));
        },
        token, std::move(work));
    co_return std::move(*done);
  }

  // Lets the threads finish what they are at, refuses what waits and everything later, and ends the threads. May be
  // called more than once. Not from one of the pool's threads.
  void stop();

  // How many pieces of work wait for a thread.
  [[nodiscard]] std::size_t waiting() const;

 private:
  class Job {
   public:
    virtual ~Job() = default;
    virtual void run() = 0;
    virtual void refuse(Error why) = 0;
  };

  template <class Work, class Answer, class Handler>
  class JobFor final : public Job {
   public:
    JobFor(Work work, Handler handler)
        : work_(std::move(work)),
          handler_(std::move(handler)),
          guard_(boost::asio::get_associated_executor(handler_)) {}
    void run() override {
      std::exception_ptr thrown;
      std::optional<Answer> value;
      try {
        value.emplace(work_());
      } catch (...) {  // whatever it is, it belongs to whoever waits
        thrown = std::current_exception();
      }
      complete(thrown, std::move(value));
    }
    void refuse(Error why) override { complete(nullptr, std::optional<Answer>(std::move(why))); }

   private:
    void complete(std::exception_ptr thrown, std::optional<Answer> value) {
      boost::asio::post(guard_.get_executor(),
                        [handler = std::move(handler_), thrown, value = std::move(value)]() mutable {
                          std::move(handler)(thrown, std::move(value));
                        });
    }
    Work work_;
    Handler handler_;
    boost::asio::executor_work_guard<boost::asio::associated_executor_t<Handler>> guard_;
  };

  void enqueue(std::unique_ptr<Job> job);
  void work();
  [[nodiscard]] bool stopping() const;

  const std::size_t most_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::unique_ptr<Job>> queue_;
  std::size_t free_ = 0;  // threads that are at no work
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace abc2::runtime
