// BenchMarket: a market of a given size on a new store, to be bought from as fast as it goes: for `abc2 bench`.
//
// Accounts, campaigns and ads are made as documents, in bulk; money is funded and slots are bought as ever, durable.
// The clock runs a hundred thousand times as fast as it should, so that prices fall back to the floor between two
// purchases instead of doubling beyond all money.
//
// What the constructor is given is borrowed.
#pragma once
#include <atomic>
#include <memory>

#include "market/market.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/event_loops.hpp"

namespace abc2::cli {

// The real runtime with a clock that hurries.
class HurriedRuntime final : public runtime::Runtime {
 public:
  explicit HurriedRuntime(runtime::Runtime& real) : real_(real), start_(real.now()) {}
  Time now() override { return start_ + (real_.now() - start_) * 100'000; }
  Task<void> sleep(Milliseconds duration) override { return real_.sleep(duration); }
  void random(std::span<std::byte> bytes) override { real_.random(bytes); }
  void spawn(Executor where, const char* name, Task<void> work) override { real_.spawn(where, name, std::move(work)); }
  [[nodiscard]] bool stopping() const override { return real_.stopping(); }

 private:
  runtime::Runtime& real_;
  Time start_;
};

struct BenchSettings {
  std::size_t buyers = 64;  // at once
  std::size_t accounts = 10'000;
  std::size_t campaigns = 1'000;
  std::chrono::milliseconds warm_up{1'000};
  std::chrono::milliseconds duration{5'000};
};

struct BenchResult {
  std::uint64_t bought = 0;
  std::uint64_t refused = 0;  // somebody else was faster, or the account was held: tried again elsewhere
  std::uint64_t failed = 0;   // anything else
  std::string first_failure;
  bool ended = false;  // whether everything that was begun has ended
  double seconds = 0;
  double per_second = 0;
  double p50_ms = 0, p99_ms = 0, max_ms = 0;  // of those that were bought
  double writes_per_purchase = 0;             // that were applied or rejected, counted at the store; 0: not counted
  double documents_per_purchase = 0;          // that they changed
  double document_bytes_per_purchase = 0;     // keys and contents of those
  double disk_bytes_per_purchase = 0;         // that this process had the system write, by then
  [[nodiscard]] std::string json() const;     // on one line
};

class BenchMarket {
 public:
  // How a buyer buys: in the same process, or through HTTP. Called on an event loop, by one buyer at a time.
  // `account` is the index of the order's buyer.
  using Buy = std::function<Task<Result<market::Bought>>(std::size_t account, market::Order order)>;

  // `wait_idle` blocks until the buyers, and what they left to the background, have ended; false: they have not.
  BenchMarket(market::Market& market, store::Store& store, runtime::Runtime& runtime, BenchSettings settings,
              std::function<bool()> wait_idle)
      : market_(market), store_(store), runtime_(runtime), settings_(settings), wait_idle_(std::move(wait_idle)) {}

  // Fills the store. Errors: conflict (it is not empty), the store's.
  Task<Result<void>> prepare();

  // A token (an API key) of the account with this index: prepare() has made one for each.
  static std::string user(std::size_t account);
  static std::string token(std::size_t account);

  // Buys from `settings.buyers` coroutines on the loops, for warm_up + duration; counts the latter. Blocks.
  BenchResult run(runtime::EventLoops& loops, Buy buy);

 private:
  struct Tally;
  struct Shared;
  Task<Result<void>> add_account(std::size_t index);
  Task<Result<void>> add_campaign(std::size_t index);
  static Task<void> buyer(BenchMarket* self, const Buy* buy, std::size_t index, Shared* shared, Tally* tally);

  market::Market& market_;
  store::Store& store_;
  runtime::Runtime& runtime_;
  BenchSettings settings_;
  std::function<bool()> wait_idle_;
};

}  // namespace abc2::cli
