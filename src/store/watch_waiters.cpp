#include "store/watch_waiters.hpp"

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <utility>

namespace abc2::store {

namespace {

using Clock = std::chrono::steady_clock;
using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;
constexpr auto kLookWhetherStopping = std::chrono::milliseconds(250);

}  // namespace

struct WatchWaiters::Waiter {
  explicit Waiter(Executor its) : executor(its), timer(its) {}

  Executor executor;
  Timer timer;
  bool woken = false;
};

// A waiter's place in the list, from before it looks until it is woken or gives up.
class WatchWaiters::Enrolled {
 public:
  Enrolled(WatchWaiters& all, Key key, Executor executor)
      : all_(all), key_(std::move(key)), waiter_(std::make_shared<Waiter>(executor)) {
    const std::lock_guard lock(all_.mutex_);
    all_.waiting_[key_].push_back(waiter_);
    ++all_.count_;
  }
  ~Enrolled() {
    const std::lock_guard lock(all_.mutex_);
    const auto found = all_.waiting_.find(key_);
    if (found == all_.waiting_.end()) return;
    all_.count_ -= found->second.remove(waiter_);
    if (found->second.empty()) all_.waiting_.erase(found);
  }
  Enrolled(const Enrolled&) = delete;
  Enrolled& operator=(const Enrolled&) = delete;

  [[nodiscard]] Waiter& waiter() const { return *waiter_; }

 private:
  WatchWaiters& all_;
  Key key_;
  std::shared_ptr<Waiter> waiter_;
};

void WatchWaiters::wake(const List& waiters) {
  // A timer belongs to its event loop. A waiter that does not wait yet finds `woken` set when it is about to.
  for (const auto& waiter : waiters)
    boost::asio::post(waiter->executor, [waiter] {
      waiter->woken = true;
      waiter->timer.cancel();
    });
}

void WatchWaiters::wake(const Key& key) {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) return;
  const auto found = waiting_.find(key);
  if (found == waiting_.end()) return;
  count_ -= found->second.size();
  wake(found->second);
  waiting_.erase(found);
}

void WatchWaiters::wake_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& [key, waiters] : waiting_) wake(waiters);
  waiting_.clear();
  count_ = 0;
}

std::vector<Key> WatchWaiters::keys() const {
  const std::lock_guard lock(mutex_);
  std::vector<Key> keys;
  keys.reserve(waiting_.size());
  for (const auto& [key, waiters] : waiting_) keys.push_back(key);
  return keys;
}

std::size_t WatchWaiters::size() const {
  const std::lock_guard lock(mutex_);
  return count_;
}

Task<Result<Snapshot>> watch_pushed(Store& store, runtime::Runtime& runtime, WatchWaiters& waiters, Key key,
                                    std::optional<Version> seen, Milliseconds at_most) {
  CO_TRY_VOID(check_key(key));
  const Executor executor = co_await boost::asio::this_coro::executor;
  const auto end = Clock::now() + std::clamp<Milliseconds>(at_most, Milliseconds(0), std::chrono::years(100));
  for (;;) {
    const WatchWaiters::Enrolled enrolled(waiters, key, executor);
    CO_TRY(auto now, co_await store.get(key));
    const bool changed = now.has_value() != seen.has_value() || (now && now->version != *seen);
    if (changed || runtime.stopping() || Clock::now() >= end) co_return now;
    auto& waiter = enrolled.waiter();
    while (!waiter.woken && !runtime.stopping() && Clock::now() < end) {
      waiter.timer.expires_at(std::min(end, Clock::now() + kLookWhetherStopping));
      boost::system::error_code cancelled;  // by a wake-up
      co_await waiter.timer.async_wait(
          boost::asio::redirect_error(boost::asio::use_awaitable_t<Executor>(), cancelled));
    }
  }
}

}  // namespace abc2::store
