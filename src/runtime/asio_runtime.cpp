#include "runtime/asio_runtime.hpp"

#include <sodium.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <atomic>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <condition_variable>
#include <exception>
#include <list>
#include <mutex>
#include <utility>
#include <vector>

#include "base/check.hpp"

namespace abc2::runtime {

namespace {

using Clock = std::chrono::steady_clock;
using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;
using Awaiting = boost::asio::use_awaitable_t<Executor>;

}  // namespace

struct AsioRuntime::State {
  struct Sleeper {
    Executor executor;
    std::shared_ptr<Timer> timer;
  };
  class Enlisted;
  class Counted;

  static Task<void> run(Executor where, const char* name, Task<void> work, Counted counted);

  std::atomic<bool> stopping = false;
  std::mutex mutex;
  std::list<Sleeper> sleepers;
  std::size_t working = 0;
  std::condition_variable idle;
};

// One sleeper's place in the list, given up with the coroutine's frame however that ends.
class AsioRuntime::State::Enlisted {
 public:
  Enlisted(std::shared_ptr<State> state, Executor executor, std::shared_ptr<Timer> timer) : state_(std::move(state)) {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping) return;
    place_ = state_->sleepers.insert(state_->sleepers.end(), {executor, std::move(timer)});
    enlisted_ = true;
  }
  ~Enlisted() {
    if (!enlisted_) return;
    const std::lock_guard lock(state_->mutex);
    state_->sleepers.erase(place_);
  }
  Enlisted(const Enlisted&) = delete;
  Enlisted& operator=(const Enlisted&) = delete;

  // False when stop() came first: then nobody would wake us.
  [[nodiscard]] bool enlisted() const { return enlisted_; }

 private:
  std::shared_ptr<State> state_;
  std::list<Sleeper>::iterator place_;
  bool enlisted_ = false;
};

// Counts one piece of work for as long as it lives.
class AsioRuntime::State::Counted {
 public:
  explicit Counted(std::shared_ptr<State> state) : state_(std::move(state)) {
    const std::lock_guard lock(state_->mutex);
    ++state_->working;
  }
  Counted(Counted&&) = default;
  Counted& operator=(Counted&&) = delete;
  ~Counted() {
    if (!state_) return;
    const std::lock_guard lock(state_->mutex);
    if (--state_->working == 0) state_->idle.notify_all();
  }

 private:
  std::shared_ptr<State> state_;
};

Task<void> AsioRuntime::State::run(Executor where, const char* name, Task<void> work,
                                   [[maybe_unused]] Counted counted) {
  co_await boost::asio::post(where, Awaiting());
  try {
    co_await std::move(work);
  } catch (const std::exception& error) {
    spdlog::error("background work \"{}\" ended with an exception: {}", name, error.what());
  } catch (...) {  // whatever else may be thrown must not end the event loop either
    spdlog::error("background work \"{}\" ended with an exception of an unknown type", name);
  }
}

AsioRuntime::AsioRuntime() : state_(std::make_shared<State>()) {
  ABC2_CHECK(sodium_init() >= 0, "libsodium cannot be initialised");
}

AsioRuntime::~AsioRuntime() = default;

Time AsioRuntime::now() { return std::chrono::floor<Milliseconds>(std::chrono::system_clock::now()); }

Task<void> AsioRuntime::sleep(Milliseconds duration) {
  const auto state = state_;
  const Executor executor = co_await boost::asio::this_coro::executor;
  // A century is for ever, and does not overflow the clock.
  const auto timer =
      std::make_shared<Timer>(executor, std::clamp<Milliseconds>(duration, Milliseconds(0), std::chrono::years(100)));
  const State::Enlisted enlisted(state, executor, timer);
  if (!enlisted.enlisted()) co_return;
  boost::system::error_code cancelled;  // by stop(): no error of a sleeper's
  co_await timer->async_wait(boost::asio::redirect_error(Awaiting(), cancelled));
}

void AsioRuntime::random(std::span<std::byte> bytes) { randombytes_buf(bytes.data(), bytes.size()); }

void AsioRuntime::spawn(Executor where, const char* name, Task<void> work) {
  boost::asio::co_spawn(where, State::run(where, name, std::move(work), State::Counted(state_)), boost::asio::detached);
}

bool AsioRuntime::stopping() const { return state_->stopping; }

void AsioRuntime::stop() {
  const std::lock_guard lock(state_->mutex);
  state_->stopping = true;
  // A timer belongs to its event loop, so that is where it is cancelled. A sleeper that is enlisted but does not wait
  // yet is inside that loop just now, and waits before the loop gets to this. The lock keeps the loops from being
  // left by their last sleeper while we post to them.
  for (const auto& sleeper : state_->sleepers)
    boost::asio::post(sleeper.executor, [timer = sleeper.timer] { timer->cancel(); });
}

bool AsioRuntime::wait_idle(std::chrono::milliseconds at_most) {
  std::unique_lock lock(state_->mutex);
  return state_->idle.wait_for(lock, at_most, [&] { return state_->working == 0; });
}

std::size_t AsioRuntime::working() const {
  const std::lock_guard lock(state_->mutex);
  return state_->working;
}

}  // namespace abc2::runtime
