#include "runtime/event_loops.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <exception>

#include "base/check.hpp"
#include "base/thread_name.hpp"

namespace abc2::runtime {

struct EventLoops::Loop {
  boost::asio::io_context context{1};  // a hint that one thread runs it; others may post to it all the same
  boost::asio::executor_work_guard<Executor> work{context.get_executor()};
  std::thread thread;

  void run() {
    name_thread("abc2 loop");
    for (;;) {
      try {
        context.run();
        return;
      } catch (const std::exception& error) {
        spdlog::critical("an exception left a handler of an event loop: {}", error.what());
      }
    }
  }
};

EventLoops::EventLoops(std::size_t count) {
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) loops_.push_back(std::make_unique<Loop>());
}

EventLoops::~EventLoops() { stop(); }

void EventLoops::start() {
  for (auto& loop : loops_) {
    ABC2_CHECK(!loop->thread.joinable(), "event loops are started once");
    loop->thread = std::thread([&loop] { loop->run(); });
  }
}

Executor EventLoops::next() { return at(turn_.fetch_add(1, std::memory_order_relaxed) % loops_.size()); }

Executor EventLoops::at(std::size_t index) {
  ABC2_CHECK(index < loops_.size(), "there is no such event loop");
  return loops_[index]->context.get_executor();
}

void EventLoops::join() {
  for (auto& loop : loops_) loop->work.reset();
  for (auto& loop : loops_)
    if (loop->thread.joinable()) loop->thread.join();
}

void EventLoops::stop() {
  for (auto& loop : loops_) loop->context.stop();
  join();
}

}  // namespace abc2::runtime
