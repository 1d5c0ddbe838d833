#include "cli/bench_market.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <optional>
#include <random>

#include "cli/bench_load.hpp"
#include "market/keys.hpp"
#include "runtime/blocking.hpp"
#include "runtime/concurrently.hpp"

namespace abc2::cli {

namespace keys = market::keys;
using Clock = std::chrono::steady_clock;

std::string BenchResult::json() const {
  return fmt::format(
      R"({{"per_second":{:.0f},"p50_ms":{:.3f},"p99_ms":{:.3f},"max_ms":{:.1f},"bought":{},"refused":{},"failed":{},)"
      R"("seconds":{:.2f},"writes_per_purchase":{:.2f},"documents_per_purchase":{:.2f},"document_bytes_per_purchase":{:.0f},)"
      R"("disk_bytes_per_purchase":{:.0f},"audited":{}}})",
      per_second, p50_ms, p99_ms, max_ms, bought, refused, failed, seconds, writes_per_purchase, documents_per_purchase,
      document_bytes_per_purchase, disk_bytes_per_purchase, audited);
}

Task<Result<void>> BenchMarket::prepare() {
  if (!settings_.loaded) {
    CO_TRY_VOID(co_await load_market(store_, runtime_, &made_));
    co_return success();
  }
  const std::string last = MadeMarket::user(settings_.accounts - 1);
  for (const auto& key : {keys::balance(last), MadeMarket::campaign_key(settings_.campaigns - 1)}) {
    CO_TRY(const auto there, co_await store_.get(key));
    if (!there) co_return Error(Code::not_found, "no market of this size was loaded here: there is no " + key);
  }
  co_return success();
}

namespace {

Task<void> read_one(store::Store* store, store::Key key, std::optional<Error>* failed) {
  const auto found = co_await store->get(std::move(key));
  if (!found) *failed = found.error();
}

}  // namespace

Task<Result<void>> BenchMarket::read_all() {
  constexpr std::size_t at_a_time = 256;
  std::optional<Error> failed;
  const auto read = [&](store::Key key) { return read_one(&store_, std::move(key), &failed); };
  co_await runtime::concurrently(runtime_, "read balances", settings_.accounts, at_a_time,
                                 [&](std::size_t i) { return read(keys::balance(MadeMarket::user(i))); });
  co_await runtime::concurrently(runtime_, "read ads", settings_.accounts, at_a_time,
                                 [&](std::size_t i) { return read(keys::filler(MadeMarket::user(i), 1)); });
  co_await runtime::concurrently(runtime_, "read campaigns", settings_.campaigns, at_a_time,
                                 [&](std::size_t i) { return read(MadeMarket::campaign_key(i)); });
  if (failed) co_return *std::move(failed);
  co_return success();
}

// What the buyers of one event loop count: no other thread touches it while they run.
struct BenchMarket::Tally {
  std::vector<float> latencies_ms;
  std::uint64_t refused = 0, failed = 0;
  std::string first_failure;
};

// What all buyers know, as people who watch the same page do.
struct BenchMarket::Shared {
  Shared(const MadeMarket& made, std::uint64_t its_seed) : seed(its_seed), next(made.size().campaigns) {
    for (std::size_t i = 0; i < next.size(); ++i) next[i] = made.slots_of(i) + 1;
  }
  const std::uint64_t seed;  // another one for each run: on a loaded store, one would go where the last one went
  std::vector<std::atomic<std::uint64_t>> next;  // the number of each campaign's next slot
  std::atomic<bool> counting{false}, over{false};
};

Task<void> BenchMarket::buyer(BenchMarket* self, const Buy* buy, std::size_t index, Shared* shared, Tally* tally) {
  // Each buyer uses some of the accounts alone, and goes to campaigns at random.
  std::minstd_rand dice(static_cast<unsigned>(shared->seed + index));
  const std::size_t buyers = self->settings_.buyers;
  const std::size_t own = std::max<std::size_t>(1, self->settings_.accounts / buyers);
  while (!shared->over.load(std::memory_order_relaxed)) {
    const std::size_t account = (index + buyers * (dice() % own)) % self->settings_.accounts;
    const std::size_t campaign = dice() % self->settings_.campaigns;
    auto [seller, number] = MadeMarket::place(campaign);
    const std::uint64_t slot = shared->next[campaign].load(std::memory_order_relaxed);
    market::Order order{
        MadeMarket::user(account),     std::move(seller), number, slot, runtime::random_uuid(self->runtime_), 1,
        Satoshi(limits::price_max_sat)};
    const auto began = Clock::now();
    const auto bought = co_await (*buy)(account, std::move(order));
    const std::chrono::duration<float, std::milli> took = Clock::now() - began;
    if (bought || bought.error().code() == Code::slot_taken) {
      std::uint64_t expected = slot;
      const std::uint64_t known = bought ? bought.value().slot + 1 : slot + 1;
      shared->next[campaign].compare_exchange_strong(expected, known);
    }
    if (!shared->counting.load(std::memory_order_relaxed)) continue;
    if (bought) {
      tally->latencies_ms.push_back(took.count());
    } else if (bought.error().code() == Code::slot_taken || bought.error().code() == Code::account_held ||
               bought.error().code() == Code::conflict) {
      ++tally->refused;
    } else {
      if (tally->failed++ == 0) tally->first_failure = bought.error().message();
    }
  }
}

BenchResult BenchMarket::run(runtime::EventLoops& loops, Buy buy) {
  Shared shared(made_, 1 + runtime::random_below(runtime_, 1'000'000'000));
  std::vector<Tally> tallies(loops.size());
  for (std::size_t i = 0; i < settings_.buyers; ++i) {
    const std::size_t loop = i % loops.size();
    runtime_.spawn(loops.at(loop), "bench buyer", buyer(this, &buy, i, &shared, &tallies[loop]));
  }
  const auto pause = [this](std::chrono::milliseconds duration) { runtime::run_blocking(runtime_.sleep(duration)); };
  pause(settings_.warm_up);
  const auto began = Clock::now();
  shared.counting = true;
  pause(settings_.duration);
  shared.counting = false;
  BenchResult result;
  result.seconds = std::chrono::duration<double>(Clock::now() - began).count();
  shared.over = true;
  result.ended = wait_idle_();

  std::vector<float> all;
  for (const Tally& tally : tallies) {
    all.insert(all.end(), tally.latencies_ms.begin(), tally.latencies_ms.end());
    result.refused += tally.refused;
    result.failed += tally.failed;
    if (result.first_failure.empty()) result.first_failure = tally.first_failure;
  }
  std::ranges::sort(all);
  result.bought = all.size();
  result.per_second = static_cast<double>(all.size()) / result.seconds;
  if (!all.empty()) {
    result.p50_ms = all[all.size() / 2];
    result.p99_ms = all[all.size() * 99 / 100];
    result.max_ms = all.back();
  }
  return result;
}

}  // namespace abc2::cli
