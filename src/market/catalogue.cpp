#include "market/catalogue.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <boost/unordered/unordered_flat_map.hpp>
#include <deque>
#include <functional>
#include <mutex>
#include <queue>
#include <shared_mutex>

#include "base/marks.hpp"
#include "market/catalogue_index.hpp"
#include "market/keys.hpp"
#include "runtime/concurrently.hpp"

namespace abc2::market {
namespace {

constexpr std::string_view kPrefix = "campaign/";
constexpr Milliseconds kTick(100);
constexpr Milliseconds kBreath(1);           // between two pieces of work, for what else waits on the event loop
constexpr std::size_t kTakenAtOnce = 25;     // campaigns under one lock: about half a millisecond
constexpr std::size_t kFirstScanPage = 250;  // documents
constexpr std::size_t kReadsInATick = 64;    // of campaigns that were touched
constexpr std::size_t kTouchedMost = 100'000;
constexpr Milliseconds kAsked = std::chrono::minutes(1);  // for so long somebody who looked at prices is there
constexpr Milliseconds kTold(10'000);                     // for so long the other nodes are told of it
// When a campaign that was touched is read: what has begun is written by then, or settled by another node by then.
constexpr std::array<Milliseconds, 3> kReads = {Milliseconds(200), Milliseconds(2'000), Milliseconds(12'000)};
constexpr Milliseconds kReadAgain(1'000);  // not more often

struct Name {
  std::string_view seller;
  std::uint64_t number = 0;
};
// Of "campaign/bob/0000000007".
std::optional<Name> name_of(std::string_view key) {
  if (!key.starts_with(kPrefix)) return std::nullopt;
  key.remove_prefix(kPrefix.size());
  const auto slash = key.find('/');
  if (slash == std::string_view::npos || slash == 0) return std::nullopt;
  const std::string_view digits = key.substr(slash + 1);
  if (digits.empty() || digits.size() > 18) return std::nullopt;
  Name name{key.substr(0, slash), 0};
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    name.number = name.number * 10 + static_cast<std::uint64_t>(c - '0');
  }
  return name;
}

}  // namespace

struct Catalogue::State {
  State(store::Store& its_store, runtime::Runtime& its_runtime)
      : store(its_store), runtime(its_runtime), index(its_runtime.now()) {}

  // Many read at once; who writes waits for those that are reading and for none that comes later.
  template <class Work>
  auto reading(Work work) const {
    std::shared_lock lock(mutex, std::defer_lock);
    {
      const std::lock_guard turn(gate);
      lock.lock();
    }
    return work(std::as_const(index));
  }
  template <class Work>
  auto writing(Work work) {
    const std::lock_guard turn(gate);
    const std::lock_guard lock(mutex);
    return work(index);
  }

  struct Document {
    store::Key key;
    Campaign campaign;
    CatalogueIndex::Reading reading;
  };
  // Decodes what is not known as it is; what cannot be read is passed over.
  std::vector<Document> unknown(const std::vector<store::ScanItem>& items, std::uint64_t turn);
  Task<void> take(std::vector<Document> documents);
  // One page of the scan of everything; `after` moves on, and becomes empty at the end. Errors: the store's.
  Task<Result<void>> scan_page(store::Key* after, std::size_t limit);
  // Reads it and puts it in. Returns what it says; nothing if it cannot be read.
  Task<Result<std::optional<Campaign>>> read(store::Key key);
  Task<void> read_touched(store::Key key);
  Task<void> read_for_page(store::Key key, std::optional<Campaign>* out, std::optional<Error>* failed);
  // The campaigns whose time to be read has come, at most `most`.
  std::vector<store::Key> due(std::size_t most);
  Task<void> advance();
  Task<void> reorder();

  store::Store& store;
  runtime::Runtime& runtime;
  mutable std::mutex gate;
  mutable std::shared_mutex mutex;  // guards index
  CatalogueIndex index;

  struct Touched {
    Time next;              // to be read
    std::size_t reads = 0;  // how many of kReads have been made
    Time read{};
  };
  mutable std::mutex touched_mutex;  // guards what follows
  boost::unordered_flat_map<store::Key, Touched> touched;
  // What is to be read, the next first. An entry of another time than `touched` says has been overtaken.
  using Turn = std::pair<Time, store::Key>;
  std::priority_queue<Turn, std::vector<Turn>, std::greater<>> by_time;
  std::deque<std::pair<Time, store::Key>> taken;  // here, the newest first

  std::atomic<std::uint64_t> turns{0}, reads{0}, unreadable{0}, rounds{0};
  std::atomic<bool> complete{false};
  std::atomic<std::int64_t> price_asked_ms{0};
};

Catalogue::Catalogue(store::Store& store, runtime::Runtime& runtime)
    : state_(std::make_unique<State>(store, runtime)) {}
Catalogue::~Catalogue() = default;

std::vector<Catalogue::State::Document> Catalogue::State::unknown(const std::vector<store::ScanItem>& items,
                                                                  std::uint64_t turn) {
  std::vector<std::optional<Name>> names;
  for (const auto& item : items) names.push_back(name_of(item.key));
  const auto known = reading([&](const CatalogueIndex& in) {
    std::vector<bool> out;
    for (std::size_t i = 0; i < items.size(); ++i)
      out.push_back(names[i] && in.has(names[i]->seller, names[i]->number, items[i].document.version));
    return out;
  });
  std::vector<Document> documents;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (known[i]) continue;
    auto campaign = store::decode<Campaign>(items[i].document.value);
    if (!campaign || !names[i]) {
      ABC2_MARK("catalogue: a document cannot be read");
      unreadable.fetch_add(1, std::memory_order_relaxed);
      continue;
    }
    documents.push_back({items[i].key, std::move(campaign).value(), {turn, items[i].document.version}});
  }
  return documents;
}

Task<void> Catalogue::State::take(std::vector<Document> documents) {
  for (std::size_t begin = 0; begin < documents.size(); begin += kTakenAtOnce) {
    writing([&](CatalogueIndex& in) {
      for (std::size_t i = begin; i < std::min(begin + kTakenAtOnce, documents.size()); ++i) {
        const auto name = name_of(documents[i].key);
        in.put(name->seller, name->number, documents[i].campaign, documents[i].reading);
      }
    });
    co_await runtime.sleep(kBreath);
  }
}

Task<Result<void>> Catalogue::State::scan_page(store::Key* after, std::size_t limit) {
  const std::uint64_t turn = ++turns;
  CO_TRY(const auto page, co_await store.scan(std::string(kPrefix), *after, limit));
  co_await take(unknown(page.items, turn));
  *after = page.more && !page.items.empty() ? page.items.back().key : "";
  co_return success();
}

Task<Result<std::optional<Campaign>>> Catalogue::State::read(store::Key key) {
  const std::uint64_t turn = ++turns;
  CO_TRY(const auto found, co_await store.get(key));
  const auto name = name_of(key);
  if (!found || !name) co_return std::optional<Campaign>();
  auto campaign = store::decode<Campaign>(found->value);
  if (!campaign) {
    unreadable.fetch_add(1, std::memory_order_relaxed);
    co_return std::optional<Campaign>();
  }
  const bool known =
      reading([&](const CatalogueIndex& in) { return in.has(name->seller, name->number, found->version); });
  if (!known)
    writing([&](CatalogueIndex& in) { in.put(name->seller, name->number, campaign.value(), {turn, found->version}); });
  co_return std::optional<Campaign>(std::move(campaign).value());
}

std::vector<store::Key> Catalogue::State::due(std::size_t most) {
  const Time now = runtime.now();
  std::vector<store::Key> keys;
  const std::lock_guard lock(touched_mutex);
  while (keys.size() < most && !by_time.empty()) {
    // A clock that was set back would make it wait: what is too far off is due as well.
    if (by_time.top().first > now && by_time.top().first < now + 2 * kReads.back()) break;
    auto [time, key] = by_time.top();
    by_time.pop();
    const auto at = touched.find(key);
    if (at == touched.end() || at->second.next != time) continue;
    keys.push_back(std::move(key));
    Touched& one = at->second;
    one.read = now;
    if (++one.reads >= kReads.size()) {
      touched.erase(at);
      continue;
    }
    one.next = now + kReads[one.reads];
    by_time.emplace(one.next, keys.back());
  }
  return keys;
}

Task<void> Catalogue::State::read_touched(store::Key key) {
  reads.fetch_add(1, std::memory_order_relaxed);
  const auto found = co_await read(std::move(key));
  // It is read again some seconds later, or the next scan comes by.
  if (!found) ABC2_MARK("catalogue: a touched campaign could not be read");
}

Task<void> Catalogue::State::advance() {
  constexpr std::size_t at_once = 256;
  for (bool more = true; more;) {
    const Time now = runtime.now();
    more = writing([&](CatalogueIndex& in) { return in.advance(now, at_once); });
    if (more) co_await runtime.sleep(kBreath);
  }
}

Task<void> Catalogue::State::reorder() {
  const bool asked = to_unix_ms(runtime.now()) - price_asked_ms.load() < kAsked.count();
  if (!reading([&](const CatalogueIndex& in) { return in.wants_reordering(asked); })) co_return;
  const auto work = writing([](CatalogueIndex& in) { return in.begin_reordering(); });
  while (reading([&](const CatalogueIndex& in) { return in.step(*work); })) co_await runtime.sleep(kBreath);
  while (!writing([&](CatalogueIndex& in) { return in.finish(*work); })) co_await runtime.sleep(kBreath);
}

Result<CatalogueNames> Catalogue::search(const CatalogueQuery& query) {
  TRY(const auto search, CatalogueIndex::understood(query));
  const Time now = state_->runtime.now();
  if (query.order == CatalogueOrder::price) state_->price_asked_ms.store(to_unix_ms(now));
  const bool complete = state_->complete.load();
  auto found = state_->reading([&](const CatalogueIndex& index) { return index.search(search); });
  found.complete = complete;
  return found;
}

Task<void> Catalogue::State::read_for_page(store::Key key, std::optional<Campaign>* out, std::optional<Error>* failed) {
  auto found = co_await read(std::move(key));
  if (found) {
    *out = std::move(found).value();
  } else {
    *failed = found.error();
  }
}

Task<Result<CataloguePage>> Catalogue::find(CatalogueQuery query) {
  constexpr std::size_t at_a_time = 32;
  CO_TRY(auto names, search(query));
  std::vector<std::optional<Campaign>> campaigns(names.names.size());
  std::optional<Error> failed;
  co_await runtime::concurrently(state_->runtime, "catalogue", campaigns.size(), at_a_time, [&](std::size_t i) {
    return state_->read_for_page(keys::campaign(names.names[i].seller, names.names[i].number), &campaigns[i], &failed);
  });
  if (failed) co_return *std::move(failed);
  CataloguePage page{{}, std::move(names.next), names.found, std::move(names.sizes), names.complete};
  for (std::size_t i = 0; i < campaigns.size(); ++i)
    if (campaigns[i])
      page.campaigns.push_back({std::move(names.names[i].seller), names.names[i].number, std::move(*campaigns[i])});
  co_return page;
}

void Catalogue::taken(const store::Key& key, const Campaign& campaign) {
  const auto name = name_of(key);
  if (!name) return;
  const std::uint64_t turn = ++state_->turns;
  state_->writing(
      [&](CatalogueIndex& index) { index.put(name->seller, name->number, campaign, {turn, std::nullopt}); });
  const Time now = state_->runtime.now();
  const std::lock_guard lock(state_->touched_mutex);
  std::erase_if(state_->taken, [&](const auto& one) { return one.second == key; });
  state_->taken.emplace_front(now, key);
  if (state_->taken.size() > told_most) state_->taken.pop_back();
}

std::vector<store::Key> Catalogue::taken_here() const {
  const Time now = state_->runtime.now();
  std::vector<store::Key> keys;
  const std::lock_guard lock(state_->touched_mutex);
  for (const auto& [at, key] : state_->taken)
    if (now - at <= kTold) keys.push_back(key);
  return keys;
}

void Catalogue::touch(const store::Key& key) {
  if (!key.starts_with(kPrefix)) return;
  const Time now = state_->runtime.now();
  const std::lock_guard lock(state_->touched_mutex);
  auto at = state_->touched.find(key);
  if (at == state_->touched.end()) {
    if (state_->touched.size() >= kTouchedMost) return;  // the scan comes by
    at = state_->touched.emplace(key, State::Touched{now + kReads.front()}).first;
  } else {
    at->second.reads = 0;
    const Time sooner = std::max(now + kReads.front(), at->second.read + kReadAgain);
    if (sooner >= at->second.next) return;
    at->second.next = sooner;
  }
  state_->by_time.emplace(at->second.next, key);
}

Task<void> Catalogue::run(std::size_t per_second) {
  State& state = *state_;
  // Where nobody else writes, all that changes is touched here: the scan only makes up for what could not be read then.
  const Milliseconds pace = state.store.exclusive() ? 10 * kTick : kTick;
  store::Key after;
  Time ticked{}, scanned{};
  while (!state.runtime.stopping()) {
    const Time now = state.runtime.now();
    if (now - ticked >= kTick || now < ticked) {
      ticked = now;
      co_await state.advance();
      const auto keys = state.due(kReadsInATick);
      co_await runtime::concurrently(state.runtime, "catalogue", keys.size(), 16,
                                     [&](std::size_t i) { return state.read_touched(keys[i]); });
      co_await state.reorder();
      for (bool more = true; more && !state.runtime.stopping();) {
        more = state.writing([](CatalogueIndex& index) { return index.clean(); });
        if (more) co_await state.runtime.sleep(kBreath);
      }
    }
    const bool complete = state.complete.load();
    if (!complete || now - scanned >= pace || now < scanned) {
      scanned = now;
      const std::size_t page = complete ? std::max<std::size_t>(1, per_second / 10) : kFirstScanPage;
      const auto done = co_await state.scan_page(&after, std::min(page, limits::scan_items));
      if (!done) {
        ABC2_MARK("catalogue: a scan failed");
        co_await state.runtime.sleep(limits::recovery_dice + Milliseconds(runtime::random_below(state.runtime, 1000)));
      } else if (after.empty()) {
        state.rounds.fetch_add(1);
        state.complete.store(true);
      }
    }
    co_await state.runtime.sleep(complete ? kTick : kBreath);
  }
}

Task<Result<void>> Catalogue::catch_up() {
  State& state = *state_;
  store::Key after;
  do {
    CO_TRY_VOID(co_await state.scan_page(&after, limits::scan_items));
  } while (!after.empty());
  state.rounds.fetch_add(1);
  state.complete.store(true);
  co_await state.advance();
  co_await state.reorder();
  co_return success();
}

CatalogueCounts Catalogue::counts() const {
  CatalogueCounts counts = state_->reading([](const CatalogueIndex& index) {
    CatalogueCounts out;
    out.campaigns = index.size();
    out.words = index.words();
    return out;
  });
  counts.reads = state_->reads.load();
  counts.unreadable = state_->unreadable.load();
  counts.rounds = state_->rounds.load();
  counts.complete = state_->complete.load();
  const std::lock_guard lock(state_->touched_mutex);
  counts.waiting = state_->touched.size();
  return counts;
}

}  // namespace abc2::market
