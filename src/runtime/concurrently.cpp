#include "runtime/concurrently.hpp"

#include <algorithm>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <memory>

namespace abc2::runtime {
namespace {

struct Shared {
  using Ended = boost::asio::experimental::channel<Executor, void(boost::system::error_code)>;
  Shared(Executor here, std::size_t workers) : ended(here, workers) {}
  std::function<Task<void>(std::size_t)> work;
  std::size_t count = 0;
  std::size_t next = 0;
  Ended ended;  // a message from each worker when it ends, by an exception, too
};

Task<void> worker(std::shared_ptr<Shared> shared) {
  std::exception_ptr thrown;
  try {
    while (shared->next < shared->count) co_await shared->work(shared->next++);
  } catch (...) {  // whatever it is, it goes on below, once the others know that this worker has ended
    thrown = std::current_exception();
  }
  // Not in a destructor: a worker that is destroyed with its event loop finds nobody there to be told.
  shared->ended.try_send(boost::system::error_code());
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace

Task<void> concurrently(Runtime& runtime, const char* name, std::size_t count, std::size_t at_a_time,
                        std::function<Task<void>(std::size_t)> work) {
  const Executor here = co_await boost::asio::this_coro::executor;
  const std::size_t workers = std::min(count, at_a_time);
  auto shared = std::make_shared<Shared>(here, workers);
  shared->work = std::move(work);
  shared->count = count;
  for (std::size_t i = 0; i < workers; ++i) runtime.spawn(here, name, worker(shared));
  for (std::size_t i = 0; i < workers; ++i)
    co_await shared->ended.async_receive(boost::asio::use_awaitable_t<Executor>());
}

}  // namespace abc2::runtime
