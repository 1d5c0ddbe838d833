// What a purchase costs on a store, as the store sees it: for `./dev bench --stores`. Prints one line of JSON.
//
//   stores_bench count URL HOW PURCHASES
//     one purchase after the other, each when nothing of the one before is left; between them a raw write, as a measure
//   stores_bench rate URL HOW BUYERS SECONDS ACCOUNTS CAMPAIGNS
//     as many as it goes
//
// HOW is "steps" (one document at a time) or "commits" (several at once). The URL names an empty place. Linked to the
// program's own library; nothing of it ships.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <string_view>
#include <thread>

#include "cli/bench_market.hpp"
#include "cli/open_store.hpp"
#include "runtime/blocking.hpp"

namespace {

using namespace abc2;
using Clock = std::chrono::steady_clock;

// Counts what goes to a store. A round is a time in which something is asked of it without a break: questions that are
// asked side by side are one.
class CountingStore final : public store::Store {
 public:
  struct Counts {
    long writes = 0, reads = 0, scans = 0, rounds = 0;
  };

  CountingStore(store::Store& inner, runtime::Runtime& runtime, bool commits)
      : Store(runtime), inner_(inner), commits_(commits) {}

  // Since the last call.
  Counts take() {
    const std::lock_guard lock(mutex_);
    return std::exchange(counts_, {});
  }

  Task<Result<store::Snapshot>> get(store::Key key, store::Freshness freshness) override {
    return counted(&Counts::reads, inner_.get(std::move(key), freshness));
  }
  Task<Result<store::WriteOutcome>> add(store::Key key, store::Value value) override {
    return counted(&Counts::writes, inner_.add(std::move(key), std::move(value)));
  }
  Task<Result<store::WriteOutcome>> replace(store::Key key, store::Version expected, store::Value value) override {
    return counted(&Counts::writes, inner_.replace(std::move(key), expected, std::move(value)));
  }
  [[nodiscard]] bool commits() const override { return commits_; }
  // However many documents it changes, it is one durable write.
  Task<Result<store::WriteOutcome::Kind>> commit(std::vector<store::Write> writes) override {
    return counted(&Counts::writes, inner_.commit(std::move(writes)));
  }
  Task<Result<store::ScanPage>> scan(store::Key prefix, store::Key after, std::size_t limit) override {
    return counted(&Counts::scans, inner_.scan(std::move(prefix), std::move(after), limit));
  }
  Task<Result<store::Snapshot>> watch(store::Key key, std::optional<store::Version> seen,
                                      Milliseconds at_most) override {
    return inner_.watch(std::move(key), seen, at_most);  // nothing that a purchase waits for
  }
  [[nodiscard]] bool exclusive() const override { return inner_.exclusive(); }

 private:
  template <class T>
  Task<Result<T>> counted(long Counts::* what, Task<Result<T>> call) {
    {
      const std::lock_guard lock(mutex_);
      ++(counts_.*what);
      if (under_way_++ == 0) ++counts_.rounds;
    }
    auto answer = co_await std::move(call);
    const std::lock_guard lock(mutex_);
    --under_way_;
    co_return answer;
  }

  store::Store& inner_;
  const bool commits_;
  std::mutex mutex_;
  Counts counts_;
  int under_way_ = 0;
};

// A market on a store, with nobody else on it.
struct Place {
  Place(std::unique_ptr<store::Store> opened, bool commits)
      : engine(std::move(opened)),
        counting(*engine, runtime, commits),
        hasher(pool, market::Argon2Hasher::Cost::minimum),
        checker(pool),
        images(counting, checker),
        market(counting, runtime, hasher, images, metrics, {}),
        loops(std::max(1u, std::thread::hardware_concurrency())) {
    loops.start();
  }
  ~Place() { loops.stop(); }
  [[nodiscard]] bool wait_idle() { return real.wait_idle(std::chrono::minutes(1)); }

  runtime::AsioRuntime real;
  cli::HurriedRuntime runtime{real};
  std::unique_ptr<store::Store> engine;
  CountingStore counting;
  runtime::WorkerPool pool{1, 16};
  market::Argon2Hasher hasher;
  market::PooledImageChecker checker;
  market::ImageLibrary images;
  Metrics metrics;
  market::Market market;
  runtime::EventLoops loops;
};

double median(std::vector<double> all) {
  std::ranges::sort(all);
  return all.empty() ? 0 : all[all.size() / 2];
}

// What most of them are.
long usual(const std::vector<long>& all) {
  std::map<long, std::size_t> times;
  for (const long one : all) ++times[one];
  return std::ranges::max_element(times, {}, [](const auto& each) { return each.second; })->first;
}

double mean(const std::vector<long>& all) {
  double sum = 0;
  for (const long one : all) sum += static_cast<double>(one);
  return sum / static_cast<double>(all.size());
}

struct Figures {
  std::vector<double> purchase_ms, raw_ms;
  std::map<std::string, std::vector<long>> counts;
  void note(const std::string& when, const CountingStore::Counts& seen) {
    counts["writes_" + when].push_back(seen.writes);
    counts["reads_" + when].push_back(seen.reads + seen.scans);
    counts["rounds_" + when].push_back(seen.rounds);
  }
};

double ms_since(Clock::time_point began) {
  return std::chrono::duration<double, std::milli>(Clock::now() - began).count();
}

// One purchase; in `until_answered` what it had asked of the store when its buyer had the answer.
Task<Result<market::Bought>> buy(Place* place, market::Order order, double* took_ms,
                                 CountingStore::Counts* until_answered) {
  place->counting.take();
  const auto began = Clock::now();
  auto bought = co_await place->market.purchases.buy(std::move(order));
  *took_ms = ms_since(began);
  *until_answered = place->counting.take();
  co_return bought;
}

template <class T>
Result<T> run_on(Place& place, Task<Result<T>> task) {
  std::optional<Result<T>> result;
  const auto keep = [](Task<Result<T>> its, std::optional<Result<T>>* into) -> Task<void> {
    into->emplace(co_await std::move(its));
  };
  place.real.spawn(place.loops.at(0), "bench", keep(std::move(task), &result));
  if (!place.wait_idle()) return Error(Code::undecided, "it did not come to an end within a minute");
  return *std::move(result);
}

// A document of a balance's size, written over and over.
Task<Result<void>> raw_write(store::Store* store, double* took_ms) {
  const store::Key key = "raw/1";
  CO_TRY(auto now, co_await store->get(key));
  if (!now) {
    CO_TRY_VOID(co_await store->add(key, std::string(1000, ' ')));
    CO_TRY(now, co_await store->get(key));
  }
  const auto began = Clock::now();
  CO_TRY(const auto outcome, co_await store->replace(key, now->version, std::string(1000, 'x')));
  *took_ms = ms_since(began);
  if (outcome.kind() != store::WriteOutcome::Kind::applied)
    co_return Error(Code::undecided, "a raw write was not applied, but " + std::string(to_string(outcome.kind())));
  co_return success();
}

Result<std::string> count(Place& place, std::size_t purchases) {
  const cli::BenchSettings size{.buyers = 1, .accounts = 20, .campaigns = 20};
  cli::BenchMarket bench(place.counting, place.runtime, size, [&] { return place.wait_idle(); });
  TRY_VOID(run_on(place, bench.prepare()));
  Figures figures;
  constexpr std::size_t warm_up = 40;
  for (std::size_t i = 0; i < purchases + warm_up; ++i) {
    double purchase_ms = 0, raw_ms = 0;
    CountingStore::Counts before;
    auto [seller, campaign] = cli::MadeMarket::place(i % size.campaigns);
    market::Order order{cli::MadeMarket::user(i % size.accounts),
                        std::move(seller),
                        campaign,
                        1 + i / size.campaigns,
                        runtime::random_uuid(place.real),
                        1,
                        Satoshi(limits::price_max_sat)};
    TRY_VOID(run_on(place, buy(&place, std::move(order), &purchase_ms, &before)));  // and all that it leaves to do
    const auto after = place.counting.take();
    TRY_VOID(run_on(place, raw_write(place.engine.get(), &raw_ms)));
    if (i < warm_up) continue;
    figures.purchase_ms.push_back(purchase_ms);
    figures.raw_ms.push_back(raw_ms);
    figures.note("answered", before);
    figures.note("in_all", {before.writes + after.writes, before.reads + after.reads, before.scans + after.scans,
                            before.rounds + after.rounds});
  }
  std::string text = fmt::format(
      R"({{"purchase_p50_ms":{:.3f},"raw_write_p50_ms":{:.3f},"purchase_in_raw_writes":{:.2f})",
      median(figures.purchase_ms), median(figures.raw_ms), median(figures.purchase_ms) / median(figures.raw_ms));
  for (const auto& [name, all] : figures.counts)
    text += fmt::format(R"(,"{}":{},"{}_mean":{:.2f})", name, usual(all), name, mean(all));
  return text + fmt::format(R"(,"purchases":{}}})", figures.raw_ms.size());
}

Result<std::string> rate(Place& place, const cli::BenchSettings& size) {
  cli::BenchMarket bench(place.counting, place.runtime, size, [&] { return place.wait_idle(); });
  TRY_VOID(runtime::run_blocking(bench.prepare()));
  const auto result = bench.run(
      place.loops, [&](std::size_t, market::Order order) { return place.market.purchases.buy(std::move(order)); });
  if (!result.ended) return Error(Code::undecided, "the buyers did not come to an end within a minute");
  if (result.failed > 0) return Error(Code::undecided, "a purchase failed: " + result.first_failure);
  TRY(const auto books, runtime::run_blocking(place.market.audit.look()));
  if (!books.passed())
    return Error(Code::corrupt, "the audit found " + std::to_string(books.findings.size()) + " faults, the first: " +
                                    books.findings.front().document + ": " + books.findings.front().what);
  return result.json();
}

int report(const Result<std::string>& figures) {
  if (!figures) {
    std::fprintf(stderr, "stores_bench: %s\n", figures.error().message().c_str());
    return 1;
  }
  std::printf("%s\n", figures.value().c_str());
  return 0;
}

std::size_t number(const char* text) { return std::strtoull(text, nullptr, 10); }

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "", how = argc > 3 ? argv[3] : "";
  const bool asked = (what == "count" && argc == 5) || (what == "rate" && argc == 8);
  if (!asked || (how != "steps" && how != "commits")) {
    std::fprintf(stderr,
                 "stores_bench count URL HOW PURCHASES\n"
                 "stores_bench rate URL HOW BUYERS SECONDS ACCOUNTS CAMPAIGNS\n"
                 "HOW: steps or commits\n");
    return 2;
  }
  runtime::AsioRuntime runtime;
  auto opened = cli::open_store(argv[2], runtime);
  if (!opened) return report(opened.error());
  if (how == "commits" && !opened.value()->commits())
    return report(Error(Code::invalid_argument, "this store changes one document at a time"));
  Place place(std::move(opened).value(), how == "commits");
  if (what == "count") return report(count(place, number(argv[4])));
  return report(rate(place, {.buyers = number(argv[4]),
                             .accounts = number(argv[6]),
                             .campaigns = number(argv[7]),
                             .duration = std::chrono::seconds(number(argv[5]))}));
}
