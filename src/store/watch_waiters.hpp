// WatchWaiters: for engines that push: who waits for a change of which key, and waking them.
//
// An engine owns one, calls wake(key) after a write became visible to get(), and implements watch() by watch_pushed().
// No change is missed: a waiter enrols before it looks at the document.
// Thread-safe. Outlives the engine's operations.
#pragma once
#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "store/store.hpp"

namespace abc2::store {

class WatchWaiters {
 public:
  WatchWaiters() = default;
  WatchWaiters(const WatchWaiters&) = delete;
  WatchWaiters& operator=(const WatchWaiters&) = delete;

  // Wakes everyone who is enrolled for `key`.
  void wake(const Key& key);
  // Wakes everyone: when the engine cannot go on.
  void wake_all();

  // Which keys somebody waits for.
  [[nodiscard]] std::vector<Key> keys() const;
  // How many are enrolled.
  [[nodiscard]] std::size_t size() const;

 private:
  struct Waiter;  // one coroutine; its members but the executor belong to its event loop
  class Enrolled;
  using List = std::list<std::shared_ptr<Waiter>>;

  static void wake(const List& waiters);

  friend Task<Result<Snapshot>> watch_pushed(Store& store, runtime::Runtime& runtime, WatchWaiters& waiters, Key key,
                                             std::optional<Version> seen, Milliseconds at_most);

  mutable std::mutex mutex_;
  std::unordered_map<Key, List> waiting_;
  std::size_t count_ = 0;
};

// Store::watch() by looking once, and again whenever `waiters` says so. Returns early when `runtime` is stopping, which
// it looks at four times a second. The references must outlive the coroutine.
Task<Result<Snapshot>> watch_pushed(Store& store, runtime::Runtime& runtime, WatchWaiters& waiters, Key key,
                                    std::optional<Version> seen, Milliseconds at_most);

}  // namespace abc2::store
