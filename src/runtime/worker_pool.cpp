#include "runtime/worker_pool.hpp"

#include <algorithm>

#include "base/thread_name.hpp"

namespace abc2::runtime {

WorkerPool::WorkerPool(std::size_t threads, std::size_t queue) : most_waiting_(queue) {
  for (std::size_t i = 0; i < std::max<std::size_t>(1, threads); ++i) threads_.emplace_back([this] { work(); });
}

WorkerPool::~WorkerPool() { stop(); }

namespace {

void give_back(Completion& job) {
  Deliveries deliveries;
  deliveries.add(job);
  deliveries.send();
}

}  // namespace

void WorkerPool::enqueue(Job* job) {
  {
    const std::lock_guard lock(mutex_);
    // A thread that is free takes its job from the queue, too: it does not wait there.
    if (!stopped_ && queue_.size() < most_waiting_ + free_) {
      queue_.push_back(job);
      changed_.notify_one();
      return;
    }
  }
  if (stopping())
    job->refuse(Error(Code::unavailable, "this server is shutting down"));
  else
    job->refuse(Error(Code::too_busy, "too much of this work is waiting already; try again in a moment"));
  give_back(*job);
}

bool WorkerPool::stopping() const {
  const std::lock_guard lock(mutex_);
  return stopped_;
}

void WorkerPool::work() {
  name_thread("abc2 worker");
  std::unique_lock lock(mutex_);
  ++free_;
  for (;;) {
    changed_.wait(lock, [this] { return stopped_ || !queue_.empty(); });
    if (stopped_) return;
    Job* const job = queue_.front();
    queue_.pop_front();
    --free_;
    lock.unlock();
    job->run();
    give_back(*job);
    lock.lock();
    ++free_;
  }
}

void WorkerPool::stop() {
  std::deque<Job*> refused;
  std::vector<std::thread> threads;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    refused.swap(queue_);
    threads.swap(threads_);
    changed_.notify_all();
  }
  for (auto* job : refused) {
    job->refuse(Error(Code::unavailable, "this server is shutting down"));
    give_back(*job);
  }
  for (auto& thread : threads) thread.join();
}

std::size_t WorkerPool::waiting() const {
  const std::lock_guard lock(mutex_);
  return queue_.size() - std::min(queue_.size(), free_);
}

}  // namespace abc2::runtime
