#include "cli/bench_load.hpp"

#include <algorithm>

#include "market/keys.hpp"
#include "runtime/concurrently.hpp"

namespace abc2::cli {

namespace keys = market::keys;
using store::WriteOutcome;

namespace {

constexpr std::size_t kAtATime = 512;  // commits, or single documents

struct Loading {
  store::Store& store;
  runtime::Runtime& runtime;
  const MadeMarket& made;
  std::function<void(const Loaded&)> progress;
  Loaded loaded{};
  std::optional<Error> failed{};
};

Error not_written(WriteOutcome::Kind outcome, const store::Key& key) {
  if (outcome == WriteOutcome::Kind::unknown)
    return {Code::undecided, "the store does not say whether " + key + " was written; begin again with a new one"};
  return {Code::conflict,
          "the store is not empty: " + key + " or a document after it is there already; a new one is needed"};
}

// Documents on their way into the store, one commit at a time.
class Pipe {
 public:
  explicit Pipe(Loading* loading) : loading_(*loading) {}

  template <store::Document T>
  Task<Result<void>> add(store::Key key, T document) {
    store::Value value = store::encode(document);
    bytes_ += key.size() + value.size();
    writes_.push_back({std::move(key), std::nullopt, std::move(value)});
    if (writes_.size() < limits::commit_writes) co_return success();
    auto sent = co_await send();
    co_return sent;
  }

  // What has been added and not sent.
  Task<Result<void>> send() {
    if (writes_.empty()) co_return success();
    const std::size_t documents = writes_.size();
    if (loading_.store.commits()) {
      const store::Key first = writes_.front().key;
      CO_TRY(const auto outcome, co_await loading_.store.commit(std::exchange(writes_, {})));
      if (outcome != WriteOutcome::Kind::applied) co_return not_written(outcome, first);
    } else {
      for (auto& write : std::exchange(writes_, {})) {
        CO_TRY(const auto outcome, co_await loading_.store.add(write.key, std::move(write.value)));
        if (outcome.kind() != WriteOutcome::Kind::applied) co_return not_written(outcome.kind(), write.key);
      }
    }
    loading_.loaded.documents += documents;
    loading_.loaded.bytes += std::exchange(bytes_, 0);
    co_return success();
  }

 private:
  Loading& loading_;
  std::vector<store::Write> writes_;
  std::uint64_t bytes_ = 0;
};

// Puts what belongs to number i of something into the pipe.
using Make = Task<Result<void>> (*)(const MadeMarket* made, Pipe* pipe, std::size_t i);

Task<Result<void>> make_balance(const MadeMarket* made, Pipe* pipe, std::size_t account) {
  MadeMarket::Ledger ledger(*made, account);
  market::Balance balance;
  const std::uint64_t entries = ledger.entries();
  balance.pages = MadeMarket::pages(entries);
  for (std::uint64_t number = 1; number <= entries; ++number) {
    auto entry = ledger.next();
    balance.money = entry.after;
    if (number > balance.pages * limits::ledger_page) balance.recent.push_back(std::move(entry));
  }
  auto added = co_await pipe->add(keys::balance(MadeMarket::user(account)), std::move(balance));
  co_return added;
}

Task<Result<void>> make_ledger(const MadeMarket* made, Pipe* pipe, std::size_t account) {
  MadeMarket::Ledger ledger(*made, account);
  const std::uint64_t pages = MadeMarket::pages(ledger.entries());
  for (std::uint64_t page = 1; page <= pages; ++page) {
    market::LedgerPage full;
    for (std::size_t i = 0; i < limits::ledger_page; ++i) full.entries.push_back(ledger.next());
    CO_TRY_VOID(co_await pipe->add(keys::ledger_page(MadeMarket::user(account), page), std::move(full)));
  }
  co_return success();
}

Task<Result<void>> make_campaign(const MadeMarket* made, Pipe* pipe, std::size_t campaign) {
  return pipe->add(MadeMarket::campaign_key(campaign), made->campaign(campaign));
}
Task<Result<void>> make_campaign_list(const MadeMarket* made, Pipe* pipe, std::size_t seller) {
  return pipe->add(keys::campaigns(MadeMarket::user(seller)), market::CampaignList{made->campaigns_of(seller)});
}
Task<Result<void>> make_credentials(const MadeMarket* made, Pipe* pipe, std::size_t account) {
  return pipe->add(keys::credentials(MadeMarket::user(account)), made->credentials());
}
Task<Result<void>> make_deposit(const MadeMarket* made, Pipe* pipe, std::size_t account) {
  return pipe->add(MadeMarket::deposit_key(account), made->deposit(account));
}
Task<Result<void>> make_filler(const MadeMarket* made, Pipe* pipe, std::size_t account) {
  return pipe->add(keys::filler(MadeMarket::user(account), 1), made->filler());
}
Task<Result<void>> make_filler_list(const MadeMarket*, Pipe* pipe, std::size_t account) {
  return pipe->add(keys::fillers(MadeMarket::user(account)), market::FillerList{1});
}
Task<Result<void>> make_image(const MadeMarket* made, Pipe* pipe, std::size_t) {
  return pipe->add(made->image_key(), MadeMarket::image());
}
Task<Result<void>> make_sessions(const MadeMarket* made, Pipe* pipe, std::size_t account) {
  return pipe->add(keys::sessions(MadeMarket::user(account)), made->sessions(account));
}
Task<Result<void>> make_slot(const MadeMarket* made, Pipe* pipe, std::size_t slot) {
  auto sold = made->sold(slot);
  return pipe->add(keys::slot(MadeMarket::campaign_key(sold.campaign), sold.number), std::move(sold.slot));
}
Task<Result<void>> make_receipt(const MadeMarket* made, Pipe* pipe, std::size_t slot) {
  const auto sold = made->sold(slot);
  return pipe->add(keys::transaction(MadeMarket::campaign_key(sold.campaign), sold.number), sold.receipt());
}

Task<Result<void>> make_some(Loading* loading, Make make, std::size_t from, std::size_t to) {
  Pipe pipe(loading);
  for (std::size_t i = from; i < to; ++i) {
    CO_TRY_VOID(co_await make(&loading->made, &pipe, i));
  }
  auto sent = co_await pipe.send();
  co_return sent;
}

Task<void> keep_failure(Loading* loading, Make make, std::size_t from, std::size_t to) {
  if (loading->failed) co_return;
  const auto done = co_await make_some(loading, make, from, to);
  if (!done && !loading->failed) loading->failed = done.error();
  if (loading->progress) loading->progress(loading->loaded);
}

}  // namespace

Task<Result<Loaded>> load_market(store::Store& store, runtime::Runtime& runtime, const MadeMarket* made,
                                 std::function<void(const Loaded&)> progress) {
  const MarketSize& size = made->size();
  if (size.accounts < 2 || size.campaigns < 1)
    co_return Error(Code::invalid_argument, "a market to measure needs two accounts and a campaign");
  if (made->sellers() > size.accounts)
    co_return Error(Code::invalid_argument,
                    "so many campaigns need " + std::to_string(made->sellers()) + " accounts: ten belong to a seller");
  Loading loading{store, runtime, *made, std::move(progress)};
  // In the order of keys, so that the engine has nothing to sort.
  const std::pair<Make, std::size_t> kinds[] = {{make_balance, size.accounts},
                                                {make_campaign, size.campaigns},
                                                {make_campaign_list, made->sellers()},
                                                {make_credentials, size.accounts},
                                                {make_deposit, size.accounts},
                                                {make_filler, size.accounts},
                                                {make_filler_list, size.accounts},
                                                {make_image, 1},
                                                {make_ledger, size.accounts},
                                                {make_sessions, size.accounts},
                                                {make_slot, size.slots},
                                                {make_receipt, size.slots}};
  for (const auto& [make, count] : kinds) {
    // One commit's worth, but for ledgers: what is on its way at one time lies close together.
    constexpr std::size_t chunk = limits::commit_writes;
    co_await runtime::concurrently(runtime, "load", (count + chunk - 1) / chunk, kAtATime,
                                   [&loading, make, count](std::size_t i) {
                                     return keep_failure(&loading, make, i * chunk, std::min(count, (i + 1) * chunk));
                                   });
    if (loading.failed) co_return *loading.failed;
  }
  co_return loading.loaded;
}

}  // namespace abc2::cli
