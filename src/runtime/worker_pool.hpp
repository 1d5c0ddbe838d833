// WorkerPool: threads for work that takes the processor for long (hashing a password, decoding an image), so that no
// event loop waits for it. What waits is bounded: a full queue refuses at once.
//
//   WorkerPool pool(2, 64);
//   auto sum = co_await pool.run([text] { return slow_sum(text); });   // Result<std::string>
//   if (!sum) ...                                                      // too_busy
//
// The coroutine goes on on the event loop on which it was. An event loop that is destroyed first waits for the work
// that its coroutines wait for; stop() the pool before, so that what has not begun is refused and not waited for.
//
// Thread-safe. The pool must outlive every call of run().
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/mailbox.hpp"
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
    JobFor<Work> job(std::move(work));
    co_await suspend(job, [this, &job] { enqueue(&job); });
    if (job.thrown) std::rethrow_exception(job.thrown);
    co_return std::move(*job.answer);
  }

  // Lets the threads finish what they are at, refuses what waits and everything later, and ends the threads. May be
  // called more than once. Not from one of the pool's threads.
  void stop();

  // How many pieces of work wait for a thread.
  [[nodiscard]] std::size_t waiting() const;

 private:
  // Lives in the frame of the coroutine that waits for it.
  class Job : public Completion {
   public:
    virtual ~Job() = default;
    virtual void run() = 0;
    virtual void refuse(Error why) = 0;
  };

  template <class Work>
  class JobFor final : public Job {
   public:
    explicit JobFor(Work work) : work_(std::move(work)) {}
    void run() override {
      try {
        answer.emplace(work_());
      } catch (...) {  // whatever it is, it belongs to whoever waits
        thrown = std::current_exception();
      }
    }
    void refuse(Error why) override { answer.emplace(std::move(why)); }

    std::optional<AnswerOf<Work>> answer;
    std::exception_ptr thrown;

   private:
    Work work_;
  };

  void enqueue(Job* job);
  void work();
  [[nodiscard]] bool stopping() const;

  const std::size_t most_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job*> queue_;
  std::size_t free_ = 0;  // threads that are at no work
  bool stopped_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace abc2::runtime
