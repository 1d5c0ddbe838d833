// run_blocking: runs a coroutine to its end on an event loop of its own, in the calling thread, and returns its value.
// For tests and for commands that do one thing; never on an event loop. What the coroutine left running in the
// background is destroyed when it ends.
//
//   auto found = run_blocking(store.get("greeting/1"));
#pragma once
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "runtime/runtime.hpp"

namespace abc2::runtime {

namespace blocking_detail {

template <class T>
Task<void> keep(Task<T> task, std::optional<T>* value) {
  value->emplace(co_await std::move(task));
}

inline void run(Task<void> task) {
  boost::asio::io_context context(1);
  // The work guard bridges the time in which another thread has the coroutine's next step in its hands.
  const auto work = boost::asio::make_work_guard(context);
  std::exception_ptr thrown;
  boost::asio::co_spawn(context.get_executor(), std::move(task), [&](std::exception_ptr error) {
    thrown = error;
    context.stop();
  });
  context.run();
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace blocking_detail

// Throws what the coroutine throws.
template <class T>
T run_blocking(Task<T> task) {
  if constexpr (std::is_void_v<T>) {
    blocking_detail::run(std::move(task));
  } else {
    std::optional<T> value;
    blocking_detail::run(blocking_detail::keep(std::move(task), &value));
    return *std::move(value);
  }
}

}  // namespace abc2::runtime
