// Visible: the state of all documents that readers may see: what has been committed and published, and never a part of
// a commit without the rest.
//
// Documents are read from the cache or, by a view, from disk. A publication changes both: whoever begins to read while
// one is under way waits for its end, which takes microseconds, so that nobody who has seen something of it misses
// something of it afterwards.
//
// Thread-safe; publish() is called by one thread.
#pragma once
#include <atomic>
#include <memory>
#include <mutex>
#include <utility>

#include "engines/embedded/database.hpp"

namespace abc2::engines::embedded {

class Visible {
 public:
  explicit Visible(std::shared_ptr<const View> view) : view_(std::move(view)) {}

  // Before the cache is asked.
  void pass() {
    if (changing_.load(std::memory_order_acquire)) {
      const std::lock_guard until_its_end(mutex_);
    }
  }
  // The disk as it may be seen.
  std::shared_ptr<const View> view() {
    const std::lock_guard lock(mutex_);
    return view_;
  }

  // From now on `view` is seen, and what `change` writes into the cache.
  template <class Change>
  void publish(std::shared_ptr<const View> view, Change change) {
    {
      const std::lock_guard lock(mutex_);
      changing_.store(true, std::memory_order_release);
      view_.swap(view);
      change();
      changing_.store(false, std::memory_order_release);
    }
    // The view before is given up here, with nobody waiting for it.
  }

 private:
  std::mutex mutex_;
  std::atomic<bool> changing_ = false;
  std::shared_ptr<const View> view_;
};

}  // namespace abc2::engines::embedded
