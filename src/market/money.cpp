#include "market/money.hpp"

#include <algorithm>

#include "market/guards.hpp"
#include "market/keys.hpp"
#include "market/ledger.hpp"

namespace abc2::market {
namespace {

journal::Prepared<Balance> paid_as(LedgerKind kind, Satoshi amount, Balance balance, const store::Key& holder,
                                   const store::Key& reference, Time now) {
  Room room = with_room(keys::rest(holder), std::move(balance));
  journal::Prepared<Balance> prepared{with_entry(std::move(room.balance), kind, amount, reference, now)};
  for (auto& page : room.pages)
    prepared.first.push_back(journal::add_once(std::move(page.name), std::move(page.key), std::move(page.value)));
  return prepared;
}

bool is_outpoint(std::string_view id) {
  return id.size() > 65 && id[64] == ':' &&
         id.substr(0, 64).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<void> check_deposit_id(const std::string& id) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == ':';
  };
  if (id.empty() || id.size() > 80 || !std::ranges::all_of(id, allowed))
    return Error(Code::invalid_argument, "the id of a deposit is 1 to 80 letters, digits, '-', '_', '.' or ':'");
  return success();
}

}  // namespace

std::optional<DepositCredit::Due> DepositCredit::due(const Deposit& deposit, const Balance& balance) {
  if (!deposit.on_chain) {
    if (deposit.credited) return std::nullopt;
    return Due{deposit.amount};
  }
  const OnChain& chain = *deposit.on_chain;
  const Satoshi more = chain.entitled - chain.booked;
  if (more > Satoshi(0)) return Due{more, chain.moves + 1};
  // What is held will be debited: it is not there to be taken.
  if (more == Satoshi(0) || balance.hold || balance.money == Satoshi(0)) return std::nullopt;
  return Due{-std::min(-more, balance.money), chain.moves + 1};
}

journal::Prepared<Balance> DepositCredit::paid(Balance balance, const store::Key& holder, const store::Key& reference,
                                               const Due& due, Time now) {
  const LedgerKind kind = due.amount < Satoshi(0) ? LedgerKind::reversal : LedgerKind::deposit;
  return paid_as(kind, due.amount, std::move(balance), holder, reference, now);
}

std::optional<Deposit> DepositCredit::marked(const Deposit& deposit, const Due& due) {
  Deposit next = deposit;
  if (deposit.on_chain) {
    if (deposit.on_chain->moves >= due.move.value_or(0) && kept(Guard::moves_counted)) return std::nullopt;
    next.on_chain->moves = *due.move;
    next.on_chain->booked += due.amount;
    next.credited = next.on_chain->booked == deposit.amount;
    return next;
  }
  if (deposit.credited) return std::nullopt;
  next.credited = true;
  return next;
}

std::optional<DueUpTo> EarningsCredit::due(const Campaign& campaign) {
  if (campaign.earned <= campaign.collected) return std::nullopt;
  return Due{campaign.collected, campaign.earned};
}

journal::Prepared<Balance> EarningsCredit::paid(Balance balance, const store::Key& holder, const store::Key& reference,
                                                const Due& due, Time now) {
  return paid_as(LedgerKind::earnings, due.to - due.from, std::move(balance), holder, reference, now);
}

std::optional<Campaign> EarningsCredit::marked(const Campaign& campaign, const Due& due) {
  if (campaign.collected >= due.to && kept(Guard::collected_grows)) return std::nullopt;
  Campaign next = campaign;
  next.collected = due.to;
  return next;
}

std::optional<DueUpTo> FeesCredit::due(const Campaign& campaign) {
  if (campaign.fees <= campaign.fees_collected) return std::nullopt;
  return Due{campaign.fees_collected, campaign.fees};
}

journal::Prepared<Balance> FeesCredit::paid(Balance balance, const store::Key& holder, const store::Key& reference,
                                            const Due& due, Time now) {
  return paid_as(LedgerKind::fees, due.to - due.from, std::move(balance), holder, reference, now);
}

std::optional<Campaign> FeesCredit::marked(const Campaign& campaign, const Due& due) {
  if (campaign.fees_collected >= due.to && kept(Guard::collected_grows)) return std::nullopt;
  Campaign next = campaign;
  next.fees_collected = due.to;
  return next;
}

Money::Money(store::Store& store, runtime::Runtime& runtime, journal::Kinds& kinds)
    : store_(store),
      runtime_(runtime),
      deposits_(store, runtime, kinds),
      earnings_(store, runtime, kinds),
      fees_(store, runtime, kinds) {
  kinds.add(deposits_);
  kinds.add(earnings_);
  kinds.add(fees_);
}

Task<Result<bool>> Money::fund(std::string id, std::string user, Satoshi amount) {
  CO_TRY_VOID(check_deposit_id(id));
  if (is_outpoint(id))
    co_return Error(Code::invalid_argument, "an id that is a transaction's output is kept for deposits of bitcoin");
  if (amount <= Satoshi(0)) co_return Error(Code::invalid_argument, "a credit must be of at least one satoshi");
  CO_TRY(const auto balance,
         co_await store::get_existing<Balance>(store_, keys::balance(user), "there is no account '" + user + "'"));
  if (!Satoshi::is_money(balance.value.money + amount))
    co_return Error(Code::limit_reached, "the account would hold more than all the bitcoin there can be");

  const Deposit wanted{user, amount, "operator", runtime_.now(), false};
  const store::Key key = keys::deposit(id);
  CO_TRY_VOID(co_await journal::run(store_, journal::add_once("deposit", key, store::encode(wanted))));
  CO_TRY(const auto deposit, co_await store::get_existing<Deposit>(store_, key, "a deposit that was added is gone"));
  if (deposit.value.user != user || deposit.value.amount != amount || deposit.value.source != "operator")
    co_return Error(Code::conflict, "the id '" + id + "' was used before, for " + deposit.value.amount.to_string() +
                                        " satoshi to '" + deposit.value.user + "'; choose another");
  auto credited = co_await credit_deposit(std::move(id), std::move(user));
  co_return credited;
}

Task<Result<bool>> Money::credit_deposit(std::string id, std::string user) {
  CO_TRY(const auto due, co_await deposits_.credit(keys::balance(user), keys::deposit(id)));
  co_return due.has_value();
}

Task<Result<DepositsOfAll>> Money::deposits(std::string cursor, std::size_t limit) {
  if (!cursor.empty()) {
    CO_TRY_VOID(check_deposit_id(cursor));
  }
  DepositsOfAll all;
  const store::Key after = cursor.empty() ? store::Key() : keys::deposit(cursor);
  CO_TRY(const auto page,
         co_await store_.scan(keys::deposit(""), after, std::clamp<std::size_t>(limit, 1, limits::page_items)));
  for (const auto& item : page.items) {
    CO_TRY(auto deposit, store::decode_snapshot<Deposit>(item.key, item.document));
    all.deposits.emplace_back(keys::rest(item.key), std::move(deposit->value));
  }
  if (page.more && !all.deposits.empty()) all.next = all.deposits.back().first;
  co_return all;
}

Task<Result<Satoshi>> Money::collect_earnings(std::string seller, std::uint64_t campaign) {
  CO_TRY(const auto due, co_await earnings_.credit(keys::balance(seller), keys::campaign(seller, campaign)));
  co_return due ? due->to - due->from : Satoshi(0);
}

Task<Result<Satoshi>> Money::collect_fees(std::string user) {
  CO_TRY_VOID(co_await store::get_existing<Balance>(store_, keys::balance(user), "there is no account '" + user + "'"));
  const store::Key key = keys::fees_account();
  CO_TRY_VOID(co_await journal::run(store_, journal::add_once("fees account", key, store::encode(FeesAccount{user}))));
  CO_TRY(const auto account, co_await store::get_existing<FeesAccount>(store_, key, "the fees' account is gone"));
  if (account.value.user != user && kept(Guard::one_fees_account))
    co_return Error(Code::forbidden, "the fees go to the account '" + account.value.user + "', as was decided first");

  Satoshi sum;
  store::Key after;
  for (bool more = true; more;) {
    CO_TRY(const auto page, co_await store_.scan("campaign/", after, limits::scan_items));
    more = page.more && !page.items.empty();
    if (!page.items.empty()) after = page.items.back().key;
    for (const auto& item : page.items) {
      CO_TRY(const auto campaign, store::decode_snapshot<Campaign>(item.key, item.document));
      if (!FeesCredit::due(campaign->value)) continue;
      CO_TRY(const auto due, co_await fees_.credit(keys::balance(user), item.key));
      if (due) sum += due->to - due->from;
    }
  }
  co_return sum;
}

}  // namespace abc2::market
