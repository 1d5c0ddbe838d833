// EventLoops: the threads that coroutines run on. Each loop is an io_context run by exactly one thread, so that what a
// coroutine alone owns needs no lock.
//
//   EventLoops loops(std::thread::hardware_concurrency());
//   loops.start();
//   boost::asio::co_spawn(loops.next(), serve(), boost::asio::detached);
//   loops.stop();
//
// Only next(), at() and size() may be called from several threads at once. Coroutines that are still suspended in a
// loop are destroyed with it, without running on.
#pragma once
#include <atomic>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstddef>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "runtime/runtime.hpp"

namespace abc2::runtime {

class EventLoops {
 public:
  // At least one loop is made.
  explicit EventLoops(std::size_t count);
  // As stop().
  ~EventLoops();
  EventLoops(const EventLoops&) = delete;
  EventLoops& operator=(const EventLoops&) = delete;

  // Starts the threads. To be called once. An exception that leaves a handler is logged and ends nothing else.
  void start();

  // The loops in turn.
  [[nodiscard]] Executor next();
  [[nodiscard]] Executor at(std::size_t index);
  [[nodiscard]] std::size_t size() const { return loops_.size(); }

  // Blocks until every loop has run out of work by itself, and ends its thread.
  void join();

  // Ends the threads after the steps that they are in, however much work is left. May be called more than once, and
  // after join(). Not from a loop's own thread.
  void stop();

 private:
  struct Loop;
  std::deque<std::unique_ptr<Loop>> loops_;
  std::atomic<std::size_t> turn_ = 0;
};

}  // namespace abc2::runtime
