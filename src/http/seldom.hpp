// Seldom: what is expensive to find out, found out at most a tenth of the time however often it is asked for. In
// between, what was found last is given again, with the time of it.
//
//   Seldom<std::vector<HeldAccount>> holds;
//   CO_TRY(const auto seen, co_await holds.get(&runtime, [&] { return market.held_accounts(); }));
//   seen->value, seen->at
//
// Thread-safe. Must outlive every call of get().
#pragma once
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include "base/result.hpp"
#include "runtime/runtime.hpp"

namespace abc2::http {

template <class T>
class Seldom {
 public:
  struct Found {
    T value;
    Time at;  // when finding it began
  };

  // Errors: too_busy (somebody is finding it out for the first time), those of `find`.
  Task<Result<std::shared_ptr<const Found>>> get(runtime::Runtime* runtime, std::function<Task<Result<T>>()> find) {
    const Time began = runtime->now();
    {
      const std::lock_guard lock(mutex_);
      // A clock that was set back keeps nothing.
      const bool rests = found_ && began >= ended_ && began - ended_ < pause_;
      if (finding_ && !found_)
        co_return Error(Code::too_busy, "this is being looked up already; ask again in a moment");
      if (finding_ || rests) co_return found_;
      finding_ = true;
    }
    const Turn turn(this);
    CO_TRY(auto value, co_await find());
    auto found = std::make_shared<const Found>(Found{std::move(value), began});
    const std::lock_guard lock(mutex_);
    ended_ = runtime->now();
    pause_ = 9 * (ended_ - began);
    found_ = found;
    co_return found;
  }

  // Whoever asks next has it found out again.
  void end_rest() {
    const std::lock_guard lock(mutex_);
    pause_ = Milliseconds(0);
  }

 private:
  struct Turn {
    explicit Turn(Seldom* its) : seldom(its) {}
    ~Turn() {
      const std::lock_guard lock(seldom->mutex_);
      seldom->finding_ = false;
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    Seldom* seldom;
  };

  std::mutex mutex_;  // guards what is below
  bool finding_ = false;
  Time ended_{};
  Milliseconds pause_{0};
  std::shared_ptr<const Found> found_;
};

}  // namespace abc2::http
