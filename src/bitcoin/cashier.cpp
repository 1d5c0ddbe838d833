#include "bitcoin/cashier.hpp"

#include <algorithm>

#include "bitcoin/audit.hpp"
#include "store/each.hpp"

namespace abc2::bitcoin {

using market::Deposit;
using market::OnChain;
using market::Withdrawal;
using State = market::Withdrawal::State;

namespace {

constexpr auto kDay = std::chrono::hours(24);
constexpr auto kLookAtShards = std::chrono::hours(1);  // they are known for a day: see Addresses::shards()

std::unique_ptr<RpcNodes> nodes_of(const BitcoinSettings& settings) {
  return std::make_unique<RpcNodes>(settings.network, settings.nodes);
}

std::int64_t depth(std::int64_t tip, std::int64_t height) {
  return height > 0 ? std::max<std::int64_t>(0, tip - height + 1) : 0;
}

Satoshi owed_of(const OnChain& chain) { return std::max(Satoshi(0), chain.booked - chain.entitled); }

}  // namespace

std::string_view to_string(DepositView::State state) {
  switch (state) {
    case DepositView::State::seen: return "seen";
    case DepositView::State::confirming: return "confirming";
    case DepositView::State::credited: return "credited";
    case DepositView::State::orphaned: return "orphaned";
    case DepositView::State::reversed: return "reversed";
  }
  return "";
}

DepositView view_of(std::string id, Deposit deposit, std::int64_t height) {
  using S = DepositView::State;
  DepositView view{std::move(id), std::move(deposit), S::credited, 0, Satoshi(0)};
  if (!view.deposit.on_chain) return view;
  const OnChain& chain = *view.deposit.on_chain;
  if (chain.state == OnChain::State::seen) {
    view.state = S::seen;
  } else if (chain.state == OnChain::State::in_block) {
    view.state = chain.entitled > Satoshi(0) && chain.booked == chain.entitled ? S::credited : S::confirming;
    view.confirmations = depth(height, chain.height);
  } else {
    // Until the chain is higher than it was before, what was credited may still come back.
    view.state = chain.moves > 0 && chain.entitled == Satoshi(0) ? S::reversed : S::orphaned;
    if (view.state == S::reversed) view.owed = owed_of(chain);
  }
  return view;
}

Cashier::Cashier(Parts parts, BitcoinSettings settings, Tell tell)
    : Cashier(parts, std::move(settings), nullptr, nullptr, std::move(tell)) {}

Cashier::Cashier(Parts parts, BitcoinSettings settings, ChainSource& source, Tell tell)
    : Cashier(parts, std::move(settings), nullptr, &source, std::move(tell)) {}

Cashier::Cashier(Parts parts, BitcoinSettings settings, std::unique_ptr<RpcNodes> nodes, ChainSource* source, Tell tell)
    : parts_(parts),
      settings_(std::move(settings)),
      nodes_(source ? std::move(nodes) : nodes_of(settings_)),
      addresses_(parts.store, parts.runtime),
      watcher_(parts.store, parts.runtime, parts.market.money, source ? *source : *nodes_, settings_.watcher, tell) {
  if (settings_.withdrawals && settings_.hot_key)
    payouts_.emplace(parts.store, parts.runtime, source ? *source : *nodes_, settings_.hot_key->copy(),
                     settings_.payouts, std::move(tell));
}

Cashier::~Cashier() = default;

Task<Result<void>> Cashier::check() {
  CO_TRY(const auto shards, co_await addresses_.shards());
  CO_TRY(const auto wallet, co_await store::get<WalletReport>(parts_.store, keys::wallet()));
  const auto there = shards   ? std::optional(shards->network)
                     : wallet ? std::optional(wallet->value.network)
                              : std::nullopt;
  if (there && *there != settings_.network)
    co_return Error(Code::invalid_argument, "the market in this store takes bitcoin of the network " +
                                                std::string(to_string(*there)) + ", and the settings are for " +
                                                std::string(to_string(settings_.network)));
  auto used = co_await use_nodes();
  co_return used;
}

// The nodes that shards name are asked; all of them while there is a shard that names none.
Task<Result<void>> Cashier::use_nodes() {
  CO_TRY(const auto shards, co_await addresses_.shards());
  std::vector<std::string> names;
  bool all = !shards || shards->shards.empty();
  if (shards)
    for (const auto& shard : shards->shards) {
      all = all || shard.nodes.empty();
      names.insert(names.end(), shard.nodes.begin(), shard.nodes.end());
    }
  if (all) names.clear();
  if (nodes_) nodes_->use(names);
  co_return success();
}

Task<void> Cashier::follow_shards() {
  while (!parts_.runtime.stopping()) {
    co_await parts_.runtime.sleep(kLookAtShards);
    // Should the store fail, the nodes stay as they are until the next look.
    [[maybe_unused]] const auto used = co_await use_nodes();
  }
}

void Cashier::start(Executor where) {
  parts_.runtime.spawn(where, "bitcoin watcher", watcher_.run());
  if (payouts_) parts_.runtime.spawn(where, "bitcoin payer", payouts_->run());
  parts_.runtime.spawn(where, "bitcoin shards", follow_shards());
}

// ------------------------------------------------------------------------------------------ a user's

Task<Result<bool>> Cashier::takes_deposits() {
  CO_TRY(const auto shards, co_await addresses_.shards());
  co_return shards && !shards->shards.empty();
}

Task<Result<std::optional<std::string>>> Cashier::known_address(std::string user) {
  CO_TRY(const auto found, co_await store::get<BitcoinAccount>(parts_.store, keys::account(user)));
  if (!found || found->value.address.empty()) co_return std::optional<std::string>();
  co_return std::optional<std::string>(found->value.address);
}

Task<Result<std::string>> Cashier::address_of(std::string user) {
  CO_TRY(auto address, co_await addresses_.of(std::move(user)));
  co_return std::move(address.address);
}

Task<Result<std::optional<std::int64_t>>> Cashier::height() {
  CO_TRY(const auto head, co_await store::get<ChainHead>(parts_.store, keys::chain()));
  co_return head ? std::optional(head->value.height) : std::nullopt;
}

Task<Result<std::vector<DepositView>>> Cashier::deposits(std::string user) {
  CO_TRY(const auto newest, co_await height());
  std::vector<std::pair<Time, std::string>> all;
  const store::Key prefix = keys::received(user, "");
  CO_TRY_VOID(co_await store::each<Received>(parts_.store, prefix, [&](const store::Key& key, const Received& found) {
    all.emplace_back(found.at, key.substr(prefix.size()));
  }));
  std::ranges::sort(all, std::greater());
  if (all.size() > most_deposits) all.resize(most_deposits);
  std::vector<DepositView> views;
  for (auto& [at, id] : all) {
    CO_TRY(auto found, co_await store::get<Deposit>(parts_.store, market::keys::deposit(id)));
    // It was announced, and is not there yet.
    if (found) views.push_back(view_of(std::move(id), std::move(found->value), newest.value_or(0)));
  }
  co_return views;
}

Task<Result<WithdrawalView>> Cashier::view(std::string attempt, Withdrawal withdrawal) {
  WithdrawalView view;
  view.attempt = std::move(attempt);
  view.cancellable = withdrawal.state == State::waiting || withdrawal.state == State::approved;
  if (withdrawal.state == State::approved) {
    CO_TRY(const auto wallet, co_await store::get<WalletReport>(parts_.store, keys::wallet()));
    view.lacks_coins = wallet && wallet->value.lacks_coins;
  }
  if (withdrawal.state == State::signed_ || withdrawal.state == State::final_) {
    CO_TRY(const auto payout,
           co_await store::get_existing<Payout>(parts_.store, keys::payout(withdrawal.payout), "a payout is gone"));
    CO_TRY(const auto newest, co_await height());
    view.transaction = payout.value.in_chain.empty() ? payout.value.transactions.back().id : payout.value.in_chain;
    view.confirmations = depth(newest.value_or(0), payout.value.height);
  }
  view.withdrawal = std::move(withdrawal);
  co_return view;
}

// The limit holds for what an account takes out within a day, so that it is not got round in small sums.
Task<Result<bool>> Cashier::needs_approval(Order order) {
  CO_TRY(const auto all, co_await parts_.market.withdrawals.list(order.user));
  const Time since = parts_.runtime.now() - kDay;
  Satoshi sum = order.amount;
  for (const auto& [attempt, one] : all)
    if (one.at > since && one.state != State::cancelled) sum += one.amount;
  co_return sum >= settings_.withdrawals->approval_from;
}

Task<Result<WithdrawalView>> Cashier::withdraw(Order order) {
  if (!settings_.withdrawals) co_return Error(Code::not_found, "withdrawals of bitcoin are off");
  const WithdrawalTerms& terms = *settings_.withdrawals;
  market::Withdrawals& all = parts_.market.withdrawals;
  // A repeated request is answered as it stands, whatever the terms are by now.
  const auto before = co_await all.get(order.user, order.attempt);
  if (!before && before.error().code() != Code::not_found) co_return before.error();
  if (!before) {
    if (order.agreed_fee != terms.fee)
      co_return Error(Code::conflict, "the fee is " + terms.fee.to_string() + " satoshi now, not " +
                                          order.agreed_fee.to_string() + "; nothing was paid");
    if (order.amount < terms.least)
      co_return Error(Code::invalid_argument, "a withdrawal is of " + terms.least.to_string() + " satoshi at least");
    CO_TRY(const auto script, script_of(settings_.network, order.address));
    if (order.amount.value() < dust_limit_sat(script))
      co_return Error(Code::invalid_argument,
                      "an address of this type takes " + std::to_string(dust_limit_sat(script)) + " satoshi at least");
    CO_TRY(const auto owner, co_await store::get<ScriptOwner>(parts_.store, keys::script(script)));
    if (owner && owner->value.user.empty())
      co_return Error(Code::invalid_argument, "this is an address of the market's own wallet");
  }
  market::WithdrawalRequest request{order.user, order.attempt, order.address, order.amount, terms.fee, true, {}};
  request.decide = [this, order] { return needs_approval(order); };
  CO_TRY(auto made, co_await all.request(request));
  CO_TRY(auto seen, co_await view(order.attempt, std::move(made)));
  seen.repeated = before.has_value();
  co_return seen;
}

Task<Result<std::vector<WithdrawalView>>> Cashier::withdrawals(std::string user) {
  CO_TRY(auto all, co_await parts_.market.withdrawals.list(std::move(user)));
  if (all.size() > most_withdrawals) all.resize(most_withdrawals);
  std::vector<WithdrawalView> views;
  for (auto& [attempt, one] : all) {
    CO_TRY(auto seen, co_await view(std::move(attempt), std::move(one)));
    views.push_back(std::move(seen));
  }
  co_return views;
}

Task<Result<WithdrawalView>> Cashier::cancel(std::string user, std::string attempt) {
  CO_TRY(auto now, co_await parts_.market.withdrawals.cancel(std::move(user), attempt));
  auto seen = co_await view(std::move(attempt), std::move(now));
  co_return seen;
}

// ------------------------------------------------------------------------------------------ the operator's

Task<Result<WithdrawalView>> Cashier::approve(std::string user, std::string attempt) {
  CO_TRY(auto now, co_await parts_.market.withdrawals.approve(std::move(user), attempt));
  auto seen = co_await view(std::move(attempt), std::move(now));
  co_return seen;
}

Task<Result<std::vector<WithdrawalView>>> Cashier::all_withdrawals(Which which) {
  std::vector<std::pair<std::string, Withdrawal>> all;
  CO_TRY_VOID(co_await store::each<Withdrawal>(parts_.store, "withdrawal/", [&](const store::Key& key, Withdrawal one) {
    const bool open = one.state != State::final_ && one.state != State::cancelled;
    if (which == Which::all || (which == Which::open && open) || one.state == State::waiting)
      all.emplace_back(key.substr(key.rfind('/') + 1), std::move(one));
  }));
  std::ranges::sort(all, [](const auto& a, const auto& b) {
    return std::tie(a.second.at, a.first) < std::tie(b.second.at, b.first);
  });
  if (all.size() > most_withdrawals) all.resize(most_withdrawals);
  std::vector<WithdrawalView> views;
  for (auto& [attempt, one] : all) {
    CO_TRY(auto seen, co_await view(std::move(attempt), std::move(one)));
    views.push_back(std::move(seen));
  }
  co_return views;
}

Task<Result<std::uint64_t>> Cashier::add_shard(Shard shard) {
  CO_TRY(const auto number, co_await addresses_.add_shard(settings_.network, std::move(shard)));
  CO_TRY_VOID(co_await use_nodes());
  co_return number;
}

Task<Result<void>> Cashier::rescan(std::int64_t height) {
  auto done = co_await watcher_.rescan(height);
  co_return done;
}

Task<Result<SignedTransaction>> Cashier::bump(std::uint64_t payout) {
  if (!payouts_) co_return Error(Code::not_found, "this server has no hot key: ask one that pays");
  auto made = co_await payouts_->bump(payout);
  co_return made;
}

Task<Result<BitcoinState>> Cashier::state() {
  BitcoinState state;
  if (nodes_) state.nodes = co_await nodes_->states();
  state.watcher = watcher_.state();
  CO_TRY(const auto head, co_await store::get<ChainHead>(parts_.store, keys::chain()));
  if (head) state.chain = head->value;
  const std::int64_t tip = head ? head->value.height : 0;
  CO_TRY(const auto shards, co_await addresses_.reload());
  if (shards) {
    for (std::size_t i = 0; i < shards->shards.size(); ++i) {
      CO_TRY(const auto given, co_await store::get<AddressHead>(parts_.store, keys::addresses(i)));
      state.shards.emplace_back(shards->shards[i], given ? given->value.last : 0);
    }
  }
  CO_TRY_VOID(co_await use_nodes());
  CO_TRY(const auto wallet, co_await store::get<WalletReport>(parts_.store, keys::wallet()));
  if (wallet) state.wallet = wallet->value;
  CO_TRY(const auto payouts, co_await store::get<PayoutHead>(parts_.store, keys::payouts()));
  const PayoutHead made = payouts ? payouts->value : PayoutHead();
  for (std::uint64_t number = made.final_up_to + 1; number <= made.last; ++number) {
    CO_TRY(auto payout, co_await store::get_existing<Payout>(parts_.store, keys::payout(number), "a payout is gone"));
    const std::int64_t deep = depth(tip, payout.value.height);
    state.payouts.push_back({number, std::move(payout.value), deep});
  }
  std::vector<Reversal> reversals;
  CO_TRY_VOID(co_await store::each<Reversal>(parts_.store, "bitcoin/reversal/", [&](const store::Key&, Reversal one) {
    reversals.push_back(std::move(one));
  }));
  std::ranges::reverse(reversals);
  if (reversals.size() > most_reversals) reversals.resize(most_reversals);
  for (auto& one : reversals) {
    CO_TRY(const auto deposit, co_await store::get_existing<Deposit>(parts_.store, market::keys::deposit(one.outpoint),
                                                                     "a deposit is gone"));
    const OnChain& chain = *deposit.value.on_chain;
    state.reversals.push_back({std::move(one), owed_of(chain), chain.entitled > Satoshi(0)});
  }
  CO_TRY_VOID(co_await store::each<Withdrawal>(
      parts_.store, "withdrawal/",
      [&](const store::Key&, const Withdrawal& one) { state.waiting += one.state == State::waiting ? 1 : 0; }));
  co_return state;
}

}  // namespace abc2::bitcoin
