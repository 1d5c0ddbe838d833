#include "cli/bench_market.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <random>

#include "market/encoding.hpp"
#include "market/keys.hpp"
#include "runtime/blocking.hpp"
#include "runtime/concurrently.hpp"

namespace abc2::cli {

namespace keys = market::keys;
using Clock = std::chrono::steady_clock;

namespace {

constexpr std::string_view kSeller = "seller";
constexpr Satoshi kFunds{1'000'000'000'000};
constexpr Satoshi kFloor{10};

std::string secret(std::size_t account) { return market::sha256_hex("bench " + std::to_string(account)); }

template <store::Document T>
Task<Result<void>> add(store::Store* store, store::Key key, T document) {
  CO_TRY(const auto added, co_await store->add(key, store::encode(document)));
  if (added.kind() != store::WriteOutcome::Kind::applied)
    co_return Error(Code::conflict, "the store is not empty: " + key + " is there already; bench needs a new one");
  co_return success();
}

// A one-pixel GIF: the image of every ad.
constexpr std::string_view kPixel = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

}  // namespace

std::string BenchMarket::user(std::size_t account) { return "user" + std::to_string(account); }
std::string BenchMarket::token(std::size_t account) { return user(account) + "." + secret(account); }

std::string BenchResult::json() const {
  return fmt::format(
      R"({{"per_second":{:.0f},"p50_ms":{:.3f},"p99_ms":{:.3f},"max_ms":{:.1f},"bought":{},"refused":{},"failed":{},)"
      R"("seconds":{:.2f},"writes_per_purchase":{:.2f},"documents_per_purchase":{:.2f},"document_bytes_per_purchase":{:.0f},)"
      R"("disk_bytes_per_purchase":{:.0f}}})",
      per_second, p50_ms, p99_ms, max_ms, bought, refused, failed, seconds, writes_per_purchase, documents_per_purchase,
      document_bytes_per_purchase, disk_bytes_per_purchase);
}

Task<Result<void>> BenchMarket::add_account(std::size_t index) {
  const std::string name = index == 0 ? std::string(kSeller) : user(index);
  const Time now = runtime_.now();
  CO_TRY_VOID(co_await add(&store_, keys::credentials(name), market::Credentials{"nobody can log in with this", now}));
  CO_TRY_VOID(co_await add(&store_, keys::balance(name), market::Balance{}));
  if (index == 0) co_return success();
  const market::Access key{"bench", market::sha256_hex(secret(index)), "bench", now, std::nullopt};
  CO_TRY_VOID(co_await add(&store_, keys::sessions(name), market::Sessions{{}, {key}}));
  const std::string image = market::sha256_hex(market::from_base64(kPixel).value());
  CO_TRY_VOID(
      co_await add(&store_, keys::filler(name, 1),
                   market::Filler{"bench", image, "image/gif", 1, 1, "https://example.org/", "", "books", now}));
  CO_TRY_VOID(co_await add(&store_, keys::fillers(name), market::FillerList{1}));
  CO_TRY_VOID(co_await market_.money.fund("bench-" + std::to_string(index), name, kFunds));
  co_return success();
}

Task<Result<void>> BenchMarket::add_campaign(std::size_t index) {
  market::Campaign campaign;
  campaign.attempt = "bench";
  campaign.title = "Place " + std::to_string(index);
  campaign.about = "a place to measure with";
  campaign.page = "https://example.org/";
  campaign.width_px = 300;
  campaign.height_px = 250;
  campaign.floor = kFloor;
  campaign.slot_length_ms = Milliseconds(limits::slot_length_min).count();
  campaign.created_at = runtime_.now();
  auto added = co_await add(&store_, keys::campaign(kSeller, index), campaign);
  co_return added;
}

Task<Result<void>> BenchMarket::prepare() {
  const std::string pixel = market::from_base64(kPixel).value();
  CO_TRY_VOID(co_await add(&store_, keys::image(market::sha256_hex(pixel)),
                           market::Image{"image/gif", 1, 1, std::string(kPixel)}));
  std::optional<Error> failed;
  const auto keep = [](Task<Result<void>> task, std::optional<Error>* first) -> Task<void> {
    const auto done = co_await std::move(task);
    if (!done && !*first) *first = done.error();
  };
  constexpr std::size_t at_a_time = 512;
  co_await runtime::concurrently(runtime_, "bench accounts", settings_.accounts + 1, at_a_time,
                                 [&](std::size_t i) { return keep(add_account(i), &failed); });
  co_await runtime::concurrently(runtime_, "bench campaigns", settings_.campaigns, at_a_time,
                                 [&](std::size_t i) { return keep(add_campaign(i + 1), &failed); });
  if (failed) co_return *failed;
  auto listed = co_await add(&store_, keys::campaigns(kSeller), market::CampaignList{settings_.campaigns});
  co_return listed;
}

// What the buyers of one event loop count: no other thread touches it while they run.
struct BenchMarket::Tally {
  std::vector<float> latencies_ms;
  std::uint64_t refused = 0, failed = 0;
  std::string first_failure;
};

// What all buyers know, as people who watch the same page do.
struct BenchMarket::Shared {
  explicit Shared(std::size_t campaigns) : next(campaigns + 1) {
    for (auto& number : next) number = 1;
  }
  std::vector<std::atomic<std::uint64_t>> next;  // the number of each campaign's next slot
  std::atomic<bool> counting{false}, over{false};
};

Task<void> BenchMarket::buyer(BenchMarket* self, const Buy* buy, std::size_t index, Shared* shared, Tally* tally) {
  // Each buyer uses some of the accounts alone, and goes to campaigns at random.
  std::minstd_rand dice(static_cast<unsigned>(index + 1));
  const std::size_t buyers = self->settings_.buyers;
  const std::size_t own = std::max<std::size_t>(1, self->settings_.accounts / buyers);
  while (!shared->over.load(std::memory_order_relaxed)) {
    const std::size_t account = 1 + index + buyers * (dice() % own);
    const std::size_t campaign = 1 + dice() % self->settings_.campaigns;
    const std::uint64_t slot = shared->next[campaign].load(std::memory_order_relaxed);
    market::Order order{user(account),
                        std::string(kSeller),
                        campaign,
                        slot,
                        runtime::random_uuid(self->runtime_),
                        1,
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
  Shared shared(settings_.campaigns);
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
