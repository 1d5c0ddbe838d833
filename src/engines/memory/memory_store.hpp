// MemoryStore: a store in memory, for tests and for trying things out. Nothing survives the process.
//
// Every operation but watch() completes without suspending. Watches are pushed.
#pragma once
#include <map>
#include <mutex>
#include <vector>

#include "store/store.hpp"
#include "store/watch_waiters.hpp"

namespace abc2::engines {

class MemoryStore final : public store::Store {
 public:
  struct Settings {
    bool commits = false;  // whether it has the verb commit
  };
  // `runtime` must outlive the store.
  explicit MemoryStore(runtime::Runtime& runtime) : MemoryStore(runtime, Settings{}) {}
  MemoryStore(runtime::Runtime& runtime, Settings settings) : Store(runtime), settings_(settings) {}

  Task<Result<store::Snapshot>> get(store::Key key, store::Freshness freshness) override;
  Task<Result<store::WriteOutcome>> add(store::Key key, store::Value value) override;
  Task<Result<store::WriteOutcome>> replace(store::Key key, store::Version expected, store::Value value) override;
  [[nodiscard]] bool commits() const override { return settings_.commits; }
  Task<Result<store::WriteOutcome::Kind>> commit(std::vector<store::Write> writes) override;
  Task<Result<store::ScanPage>> scan(store::Key prefix, store::Key after, std::size_t limit) override;
  Task<Result<std::unique_ptr<store::View>>> view() override;
  Task<Result<store::Snapshot>> watch(store::Key key, std::optional<store::Version> seen,
                                      Milliseconds at_most) override;
  [[nodiscard]] bool exclusive() const override { return true; }

 private:
  Settings settings_;
  std::mutex mutex_;
  std::map<store::Key, store::Stored> documents_;  // a document's version counts its writes
  store::WatchWaiters waiters_;
};

}  // namespace abc2::engines
