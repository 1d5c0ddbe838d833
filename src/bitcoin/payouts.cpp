#include "bitcoin/payouts.hpp"

#include <algorithm>
#include <map>

#include "base/marks.hpp"
#include "bitcoin/guards.hpp"
#include "market/patiently.hpp"
#include "store/each.hpp"

namespace abc2::bitcoin {

using market::run_patiently;
using market::Withdrawal;
using State = market::Withdrawal::State;

namespace {
bool is_to_be_paid(const Withdrawal& withdrawal) {
  return withdrawal.state == State::claimed || (withdrawal.state == State::approved && !kept(Guard::claim_first));
}
}  // namespace

Result<void> Payouts::check_key(Network network, const ExtendedKey& key) {
  if (!key.is_private()) return Error(Code::invalid_argument, "the hot wallet needs an extended private key");
  if (key.main_network() != (network == Network::main))
    return Error(Code::invalid_argument,
                 "the hot wallet's key is not of the network " + std::string(to_string(network)));
  return success();
}

Payouts::Payouts(store::Store& store, runtime::Runtime& runtime, ChainSource& source, ExtendedKey key,
                 PayoutSettings settings, Tell tell)
    : store_(store),
      runtime_(runtime),
      source_(source),
      key_(std::move(key)),
      settings_(settings),
      tell_(tell ? std::move(tell) : [](const std::string&, const store::Key&, const std::string&) {}) {
  ABC2_CHECK(check_key(settings_.network, key_), "a hot wallet with a key that cannot be");
}

ExtendedKey Payouts::key_of(std::uint32_t chain, std::uint64_t index) const {
  auto key = key_.derive({chain, static_cast<std::uint32_t>(index)});
  ABC2_CHECK(key, "an index without a key: one in 2^127");
  return std::move(key).value();
}

std::string Payouts::address(std::uint64_t index) const {
  return *address_of(settings_.network, p2wpkh(key_of(0, index).public_key()));
}

Task<Result<void>> Payouts::prepare() {
  for (std::uint64_t i = 0; i < settings_.receiving; ++i) {
    const ScriptOwner owner{{}, 0, 0, i};
    const std::string script = p2wpkh(key_of(0, i).public_key());
    CO_TRY_VOID(
        co_await run_patiently(store_, journal::add_once("script", keys::script(script), store::encode(owner))));
  }
  co_return success();
}

Task<Result<PayoutHead>> Payouts::head() {
  CO_TRY(const auto found, co_await store::get<PayoutHead>(store_, keys::payouts()));
  co_return found ? found->value : PayoutHead();
}

Task<Result<bool>> Payouts::pay() {
  for (bool more = true; more;) {
    CO_TRY(more, co_await settle_next());
  }
  CO_TRY(const PayoutHead now, co_await head());
  CO_TRY(const auto chain, co_await store::get<ChainHead>(store_, keys::chain()));
  for (std::uint64_t number = now.final_up_to + 1; number <= now.last; ++number) {
    CO_TRY_VOID(co_await follow(number, chain ? chain->value.height : 0));
  }
  auto made = co_await propose(now);
  co_return made;
}

// ------------------------------------------------------------------------------------------ the second half

Task<Result<bool>> Payouts::settle_next() {
  CO_TRY(const PayoutHead now, co_await head());
  CO_TRY(const auto next, co_await store::get<Payout>(store_, keys::payout(now.last + 1)));
  if (!next) co_return false;
  CO_TRY_VOID(co_await settle(now.last + 1, next->value));
  co_return true;
}

Task<Result<void>> Payouts::register_transactions(std::uint64_t number, Payout payout) {
  for (const auto& transaction : payout.transactions) {
    CO_TRY_VOID(co_await run_patiently(
        store_, journal::add_once("sent", keys::sent(transaction.id), store::encode(SentTransaction{number}))));
  }
  co_return success();
}

Task<Result<void>> Payouts::settle(std::uint64_t number, Payout payout) {
  CO_TRY_VOID(co_await register_transactions(number, payout));
  for (const auto& spent : payout.coins) {
    if (!kept(Guard::coins_before_head)) break;
    CO_TRY_VOID(co_await run_patiently(store_, journal::change<Coin>("spent", keys::coin(spent.outpoint),
                                                                     [number](const Coin& now) -> std::optional<Coin> {
                                                                       if (now.spent_by != 0) return std::nullopt;
                                                                       Coin next = now;
                                                                       next.spent_by = number;
                                                                       return next;
                                                                     })));
  }
  for (const auto& paid : payout.withdrawals) {
    CO_TRY_VOID(co_await run_patiently(
        store_, journal::change<Withdrawal>("signed", paid.withdrawal,
                                            [number](const Withdrawal& now) -> std::optional<Withdrawal> {
                                              if (!is_to_be_paid(now)) return std::nullopt;
                                              Withdrawal next = now;
                                              next.state = State::signed_;
                                              next.payout = number;
                                              return next;
                                            })));
  }
  auto advanced = co_await run_patiently(
      store_, journal::change_or_add<PayoutHead>("advance", keys::payouts(),
                                                 [number](const PayoutHead& now) -> std::optional<PayoutHead> {
                                                   if (now.last >= number) return std::nullopt;
                                                   PayoutHead next = now;
                                                   next.last = number;
                                                   return next;
                                                 }));
  co_return advanced;
}

// What is not in the chain is broadcast again, as it was signed; what is deep enough is final.
Task<Result<void>> Payouts::follow(std::uint64_t number, std::int64_t chain_height) {
  CO_TRY(const auto found, co_await store::get_existing<Payout>(store_, keys::payout(number), "a payout is gone"));
  const Payout& payout = found.value;
  if (payout.final || (payout.height > 0 && chain_height - payout.height + 1 >= settings_.final_after)) {
    auto finished = co_await finish(number, payout);
    co_return finished;
  }
  if (payout.height > 0) co_return success();
  // A replacement that was stored by somebody who then crashed may not be registered yet.
  if (kept(Guard::registered_first)) {
    CO_TRY_VOID(co_await register_transactions(number, payout));
  }
  CO_TRY(const auto bytes, from_hex(payout.transactions.back().hex));
  CO_TRY(const Sent sent, co_await source_.send(bytes));
  if (!sent.known)
    tell_("payout_refused", keys::payout(number),
          "a node refuses the payout's transaction (it is sent again): " + sent.refusal);
  co_return success();
}

Task<Result<void>> Payouts::finish(std::uint64_t number, Payout payout) {
  for (const auto& paid : payout.withdrawals) {
    CO_TRY_VOID(co_await run_patiently(
        store_,
        journal::change<Withdrawal>("final", paid.withdrawal, [](const Withdrawal& now) -> std::optional<Withdrawal> {
          if (now.state != State::signed_) return std::nullopt;
          Withdrawal next = now;
          next.state = State::final_;
          return next;
        })));
  }
  CO_TRY_VOID(co_await run_patiently(
      store_, journal::change<Payout>("final", keys::payout(number), [](const Payout& now) -> std::optional<Payout> {
        if (now.final) return std::nullopt;
        Payout next = now;
        next.final = true;
        return next;
      })));
  auto moved = co_await run_patiently(
      store_, journal::change<PayoutHead>("final", keys::payouts(),
                                          [number](const PayoutHead& now) -> std::optional<PayoutHead> {
                                            if (now.final_up_to + 1 != number) return std::nullopt;
                                            PayoutHead next = now;
                                            next.final_up_to = number;
                                            return next;
                                          }));
  co_return moved;
}

// ------------------------------------------------------------------------------------------ the first half

Task<Result<std::vector<Payouts::Waiting>>> Payouts::waiting() {
  std::vector<Waiting> all;
  CO_TRY_VOID(co_await store::each<Withdrawal>(store_, "withdrawal/", [&](const store::Key& key, Withdrawal found) {
    if (found.state != State::approved && found.state != State::claimed) return;
    auto script = script_of(settings_.network, found.address);
    if (!script) return tell_("withdrawal_has_no_address", key, script.error().message());
    all.push_back({key, std::move(found), std::move(script).value()});
  }));
  // Who cannot cancel any more comes first, then who asked first.
  std::ranges::sort(all, [](const Waiting& a, const Waiting& b) {
    const auto rank = [](const Waiting& w) {
      return std::tuple(w.withdrawal.state != State::claimed, w.withdrawal.at, w.key);
    };
    return rank(a) < rank(b);
  });
  co_return all;
}

Task<Result<std::vector<Payouts::Free>>> Payouts::free_coins() {
  std::vector<Free> all;
  const store::Key prefix = keys::coin("");
  CO_TRY_VOID(co_await store::each<Coin>(store_, prefix, [&](const store::Key& key, const Coin& coin) {
    if (coin.in_block && coin.spent_by == 0) all.push_back({key.substr(prefix.size()), coin});
  }));
  std::ranges::sort(all, [](const Free& a, const Free& b) {
    return std::tie(b.coin.amount, a.outpoint) < std::tie(a.coin.amount, b.outpoint);
  });
  if (all.size() > settings_.most_coins) all.resize(settings_.most_coins);
  co_return all;
}

Task<Result<Satoshi>> Payouts::rate() {
  CO_TRY(const auto said, co_await source_.fee_rate());
  co_return std::clamp(said.value_or(settings_.usual_rate), settings_.least_rate, settings_.most_rate);
}

// The transaction that spends all the payout's coins: its withdrawals, and what is left as change to the hot wallet.
// Errors: limit_reached (the coins do not suffice).
Result<SignedTransaction> Payouts::signed_anew(const Payout& payout, std::uint64_t number, Satoshi at_rate,
                                               Satoshi least_fee) const {
  Transaction made;
  Satoshi in, out;
  for (const auto& coin : payout.coins) {
    Input input;
    TRY(input.previous, parse_outpoint(coin.outpoint));
    input.sequence = 0xfffffffd;                                     // may be replaced (BIP125)
    input.witness = {std::string(72, '\0'), std::string(33, '\0')};  // as large as they get
    made.inputs.push_back(std::move(input));
    in += coin.amount;
  }
  for (const auto& paid : payout.withdrawals) {
    TRY(const auto script, script_of(settings_.network, paid.address));
    made.outputs.push_back({paid.amount, script});
    out += paid.amount;
  }
  const auto fee_of = [&](const Transaction& transaction) {
    return std::max(Satoshi((virtual_size(transaction) * at_rate.value() + 999) / 1000), least_fee);
  };
  Satoshi fee = fee_of(made);
  if (out + fee > in) return Error(Code::limit_reached, "the coins do not cover the withdrawals and the fee");
  Transaction with_change = made;
  with_change.outputs.push_back({1_sat, p2wpkh(key_of(1, number).public_key())});
  const Satoshi change = in - out - fee_of(with_change);
  if (change.value() >= dust_limit_sat(with_change.outputs.back().script)) {
    with_change.outputs.back().amount = change;
    made = std::move(with_change);
    fee = in - out - change;
  } else {
    fee = in - out;  // what cannot be an output goes to the miner
  }
  for (std::size_t i = 0; i < payout.coins.size(); ++i) {
    const SpentCoin& coin = payout.coins[i];
    const ExtendedKey key = key_of(coin.chain, coin.index);
    sign_input(made, i, key, coin.amount);
    ABC2_CHECK(spends(made, i, {coin.amount, p2wpkh(key.public_key())}), "a payout that does not spend its coins");
  }
  return SignedTransaction{to_id(id_of(made)), to_hex(serialise(made)), fee};
}

#ifdef ABC2_RULE_SWITCHES
// A pure function: the explorer, which runs coroutines again and again, and has one wallet, looks up what was signed.
Result<SignedTransaction> Payouts::sign(const Payout& payout, std::uint64_t number, Satoshi at_rate,
                                        Satoshi least_fee) const {
  static std::map<std::string, Result<SignedTransaction>> known;
  const std::string what =
      store::encode(payout) + " " + std::to_string(number) + " " + at_rate.to_string() + " " + least_fee.to_string();
  auto at = known.find(what);
  if (at == known.end()) at = known.emplace(what, signed_anew(payout, number, at_rate, least_fee)).first;
  return at->second;
}
#else
Result<SignedTransaction> Payouts::sign(const Payout& payout, std::uint64_t number, Satoshi at_rate,
                                        Satoshi least_fee) const {
  return signed_anew(payout, number, at_rate, least_fee);
}
#endif

// Those of them that are claimed now; the others were cancelled in between.
Task<Result<std::vector<Payouts::Waiting>>> Payouts::claim(std::vector<Waiting> chosen, std::uint64_t number) {
  if (!kept(Guard::claim_first)) co_return chosen;
  std::vector<Waiting> claimed;
  for (auto& one : chosen) {
    CO_TRY_VOID(co_await run_patiently(
        store_,
        journal::change<Withdrawal>("claim", one.key, [number](const Withdrawal& now) -> std::optional<Withdrawal> {
          if (now.state != State::approved) return std::nullopt;
          Withdrawal next = now;
          next.state = State::claimed;
          next.payout = number;
          return next;
        })));
    CO_TRY(const auto now, co_await store::get_existing<Withdrawal>(store_, one.key, "a withdrawal is gone"));
    if (now.value.state == State::claimed) {
      claimed.push_back(std::move(one));
    } else {
      ABC2_MARK("payouts: a withdrawal got away before it was claimed");
    }
  }
  co_return claimed;
}

Task<Result<bool>> Payouts::propose(PayoutHead now) {
  std::uint64_t number = now.last + 1;
  CO_TRY(auto all, co_await waiting());
  if (all.empty()) {
    told_of_coins_ = false;
    co_return false;
  }
  CO_TRY(const auto coins, co_await free_coins());
  CO_TRY(const Satoshi at_rate, co_await rate());
  if (!kept(Guard::head_first)) {
    CO_TRY(now, co_await head());
    number = now.last + 1;
  }

  // As many withdrawals as the coins pay for, and the largest coins that do.
  Payout payout;
  for (const auto& free : coins)
    payout.coins.push_back({free.outpoint, free.coin.amount, free.coin.chain, free.coin.index});
  std::vector<Waiting> chosen;
  for (auto& one : all) {
    if (chosen.size() == settings_.most_withdrawals) break;
    payout.withdrawals.push_back({one.key, one.withdrawal.address, one.withdrawal.amount});
    if (payout.coins.empty() || !sign(payout, number, at_rate, 0_sat)) {
      payout.withdrawals.pop_back();
      continue;
    }
    chosen.push_back(std::move(one));
  }
  const bool all_chosen = chosen.size() == all.size() || chosen.size() == settings_.most_withdrawals;
  if (!all_chosen && !std::exchange(told_of_coins_, true))
    tell_("payouts_wait_for_coins", keys::payouts(),
          std::to_string(all.size() - chosen.size()) + " withdrawals wait: the hot wallet has too few coins; send to " +
              address(0));
  if (all_chosen) told_of_coins_ = false;
  if (chosen.empty()) co_return false;

  CO_TRY(chosen, co_await claim(std::move(chosen), number));
  payout.withdrawals.clear();
  for (const auto& one : chosen) payout.withdrawals.push_back({one.key, one.withdrawal.address, one.withdrawal.amount});
  if (chosen.empty()) co_return false;
  for (;;) {
    Payout fewer = payout;
    fewer.coins.pop_back();
    if (fewer.coins.empty() || !sign(fewer, number, at_rate, 0_sat)) break;
    payout = std::move(fewer);
  }
  CO_TRY(auto transaction, sign(payout, number, at_rate, 0_sat));
  payout.transactions.push_back(std::move(transaction));

  const std::string change = p2wpkh(key_of(1, number).public_key());
  CO_TRY_VOID(co_await run_patiently(
      store_, journal::add_once("change", keys::script(change), store::encode(ScriptOwner{{}, 0, 1, number}))));
  // Whatever becomes of it, what stands there then is payout n+1.
  CO_TRY_VOID(co_await store_.add(keys::payout(number), store::encode(payout)));
  if (!kept(Guard::payout_read_back)) {
    CO_TRY_VOID(co_await settle(number, payout));
  }
  CO_TRY(const bool settled, co_await settle_next());
  if (settled) {
    CO_TRY_VOID(co_await follow(number, 0));
  }
  co_return settled;
}

Task<Result<SignedTransaction>> Payouts::bump(std::uint64_t number) {
  CO_TRY(const PayoutHead now, co_await head());
  if (number == 0 || number > now.last) co_return Error(Code::not_found, "there is no such payout");
  CO_TRY(const auto found, co_await store::get_existing<Payout>(store_, keys::payout(number), "a payout is gone"));
  if (found.value.height > 0 || found.value.final)
    co_return Error(Code::conflict, "payout " + std::to_string(number) + " is in the chain");
  const SignedTransaction& before = found.value.transactions.back();
  CO_TRY(const auto bytes, from_hex(before.hex));
  CO_TRY(const auto old, parse_transaction(bytes));
  const std::int64_t size = virtual_size(old);
  // BIP125: more in all, and by what relaying it takes; and enough more to be worth it.
  const Satoshi least_fee = before.fee + std::max(Satoshi(size), Satoshi(before.fee.value() / 4));
  CO_TRY(const Satoshi at_rate, co_await rate());
  auto made = sign(found.value, number, at_rate, least_fee);
  if (!made || (made.value().fee - before.fee).value() < size)
    co_return Error(Code::limit_reached, "there is too little change to pay a higher fee with");
  if (made.value().fee.value() * 1000 > settings_.most_rate.value() * size)
    co_return Error(Code::limit_reached, "the fee would be above its limit");
  if (!kept(Guard::replacement_stored)) {
    CO_TRY(const auto raw, from_hex(made.value().hex));
    CO_TRY_VOID(co_await source_.send(raw));
  }
  Payout next = found.value;
  next.transactions.push_back(made.value());
  CO_TRY(const auto outcome, co_await store_.replace(keys::payout(number), found.version, store::encode(next)));
  if (outcome.kind() == store::WriteOutcome::Kind::rejected)
    co_return Error(Code::conflict, "the payout has just changed: look at it again");
  if (outcome.kind() == store::WriteOutcome::Kind::unknown)
    co_return Error(Code::undecided, "the replacement may be stored or not: look at the payout");
  CO_TRY_VOID(co_await follow(number, 0));
  co_return made.value();
}

Task<Result<WalletState>> Payouts::wallet() {
  WalletState state;
  CO_TRY(const PayoutHead now, co_await head());
  state.payouts = now.last;
  state.open = now.last - now.final_up_to;
  CO_TRY(const auto coins, co_await free_coins());
  for (const auto& free : coins) state.spendable += free.coin.amount;
  state.coins = coins.size();
  CO_TRY(const auto all, co_await waiting());
  for (const auto& one : all) state.waiting += one.withdrawal.amount;
  co_return state;
}

Task<Result<void>> Payouts::report() {
  CO_TRY(const WalletState state, co_await wallet());
  const WalletReport report{settings_.network, address(0), state.spendable, state.coins, state.waiting, told_of_coins_};
  auto written = co_await journal::run(
      store_, journal::change_or_add<WalletReport>("wallet", keys::wallet(),
                                                   [report](const WalletReport& now) -> std::optional<WalletReport> {
                                                     return now == report ? std::nullopt : std::optional(report);
                                                   }));
  co_return written;
}

Task<void> Payouts::run() {
  bool prepared = false;
  while (!runtime_.stopping()) {
    Result<void> done = success();
    if (!prepared) done = co_await prepare();
    prepared = prepared || done.has_value();
    if (done) {
      const auto paid = co_await pay();
      if (!paid) done = paid.error();
    }
    if (prepared) {
      const auto reported = co_await report();
      if (done && !reported) done = reported;
    }
    if (!done) {
      ABC2_MARK("payouts: a round failed");
      tell_("payouts_failed", keys::payouts(), done.error().message());
    }
    co_await runtime_.sleep(settings_.every + Milliseconds(runtime::random_below(runtime_, 1000)));
  }
}

}  // namespace abc2::bitcoin
