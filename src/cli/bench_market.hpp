// BenchMarket: a market of a given size, to be bought from as fast as it goes: for `abc2 bench`.
//
// What there is in the beginning is made as documents, in bulk (made_market.hpp), or was so before; slots are bought as
// ever, durable. The clock runs a hundred thousand times as fast as it should, so that prices fall back to the floor
// between two purchases instead of doubling beyond all money.
//
// What the constructor is given is borrowed.
#pragma once
#include <atomic>
#include <memory>

#include "cli/made_market.hpp"
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
  std::size_t slots = 0;  // sold before
  bool loaded = false;    // `abc2 bench load` has filled the store, with the same numbers
  bool read_all = false;  // before it is measured, every balance, ad and campaign is read once
  std::chrono::milliseconds warm_up{1'000};
  std::chrono::milliseconds duration{5'000};
};

struct BenchResult {
  std::uint64_t bought = 0;
  std::uint64_t refused = 0;  // somebody else was faster, or the account was held: tried again elsewhere
  std::uint64_t failed = 0;   // anything else
  std::string first_failure;
  bool audited = false;  // and the audit passed
  bool ended = false;    // whether everything that was begun has ended
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
  BenchMarket(store::Store& store, runtime::Runtime& runtime, BenchSettings settings, std::function<bool()> wait_idle)
      : store_(store),
        runtime_(runtime),
        settings_(settings),
        made_({settings.accounts, settings.campaigns, settings.slots}, runtime.now()),
        wait_idle_(std::move(wait_idle)) {}

  // Fills the store, or looks whether it was filled. Errors: not_found (it was not), those of load_market.
  Task<Result<void>> prepare();

  // Reads every balance, ad and campaign, as people have who use them all. Errors: the store's.
  Task<Result<void>> read_all();

  // Buys from `settings.buyers` coroutines on the loops, for warm_up + duration; counts the latter. Blocks.
  BenchResult run(runtime::EventLoops& loops, Buy buy);

 private:
  struct Tally;
  struct Shared;
  static Task<void> buyer(BenchMarket* self, const Buy* buy, std::size_t index, Shared* shared, Tally* tally);

  store::Store& store_;
  runtime::Runtime& runtime_;
  BenchSettings settings_;
  MadeMarket made_;
  std::function<bool()> wait_idle_;
};

}  // namespace abc2::cli
