// LateStore: a store that cannot be reached yet. Until it is opened, every call fails with `unavailable`; a thread
// tries again and again, and from the first success on every call is the store's own.
//
//   auto store = LateStore::open(runtime, [] { return open_store(url, runtime); });   // at once if it is there
//
// Thread-safe.
#pragma once
#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

#include "store/store.hpp"

namespace abc2::cli {

class LateStore final : public store::Store {
 public:
  using Open = std::function<Result<std::unique_ptr<store::Store>>()>;
  // Tries once before it returns. Errors: what `open` fails with, unless that is `unavailable`.
  static Result<std::unique_ptr<LateStore>> open(runtime::Runtime& runtime, Open open, Milliseconds every);
  ~LateStore() override;

  [[nodiscard]] bool there() const { return engine_.load() != nullptr; }

  Task<Result<store::Snapshot>> get(store::Key key, store::Freshness freshness) override;
  Task<Result<store::WriteOutcome>> add(store::Key key, store::Value value) override;
  Task<Result<store::WriteOutcome>> replace(store::Key key, store::Version expected, store::Value value) override;
  [[nodiscard]] bool commits() const override;
  Task<Result<store::WriteOutcome::Kind>> commit(std::vector<store::Write> writes) override;
  Task<Result<store::ScanPage>> scan(store::Key prefix, store::Key after, std::size_t limit) override;
  Task<Result<std::unique_ptr<store::View>>> view() override;
  Task<Result<store::Snapshot>> watch(store::Key key, std::optional<store::Version> seen,
                                      Milliseconds at_most) override;
  [[nodiscard]] bool exclusive() const override;

 private:
  explicit LateStore(runtime::Runtime& runtime) : store::Store(runtime) {}
  void keep_trying(Open open, Milliseconds every);
  Result<store::Store*> engine() const;

  std::unique_ptr<store::Store> owned_;  // written once, before engine_
  std::atomic<store::Store*> engine_{nullptr};
  std::mutex mutex_;  // guards stop_
  std::condition_variable wake_;
  bool stop_ = false;
  std::thread trying_;
};

}  // namespace abc2::cli
