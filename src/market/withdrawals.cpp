#include "market/withdrawals.hpp"

#include <algorithm>
#include <tuple>

#include "journal/at_once.hpp"
#include "market/keys.hpp"
#include "market/ledger.hpp"
#include "market/names.hpp"
#include "market/patiently.hpp"
#include "store/each.hpp"

namespace abc2::market {
namespace {

using State = Withdrawal::State;

journal::Prepared<Balance> booked(LedgerKind kind, Satoshi amount, Balance balance, const store::Key& holder,
                                  const store::Key& reference, Time now) {
  Room room = with_room(keys::rest(holder), std::move(balance));
  journal::Prepared<Balance> prepared{with_entry(std::move(room.balance), kind, amount, reference, now)};
  for (auto& page : room.pages)
    prepared.first.push_back(journal::add_once(std::move(page.name), std::move(page.key), std::move(page.value)));
  return prepared;
}

std::string user_of(const store::Key& withdrawal) {
  const std::string_view rest = keys::rest(withdrawal);
  return std::string(rest.substr(0, rest.find('/')));
}

}  // namespace

std::optional<RefundCredit::Due> RefundCredit::due(const Withdrawal& withdrawal) {
  if (withdrawal.state != State::cancelled || withdrawal.refunded) return std::nullopt;
  return Due{withdrawal.amount + withdrawal.fee};
}

journal::Prepared<Balance> RefundCredit::paid(Balance balance, const store::Key& holder, const store::Key& reference,
                                              const Due& due, Time now) {
  return booked(LedgerKind::refund, due.amount, std::move(balance), holder, reference, now);
}

std::optional<Withdrawal> RefundCredit::marked(const Withdrawal& withdrawal, const Due&) {
  if (withdrawal.refunded) return std::nullopt;
  Withdrawal next = withdrawal;
  next.refunded = true;
  return next;
}

Withdrawals::Withdrawals(store::Store& store, runtime::Runtime& runtime, journal::Kinds& kinds, OnAction on_action)
    : store_(store),
      runtime_(runtime),
      holders_(store, kinds),
      refunds_(store, runtime, kinds),
      on_action_(std::move(on_action)) {
  kinds.add(static_cast<journal::PendingKind&>(*this));
  kinds.add(refunds_);
}

Task<Result<Withdrawal>> Withdrawals::request(WithdrawalRequest request) {
  CO_TRY_VOID(check_user_name(request.user));
  CO_TRY_VOID(check_attempt(request.attempt));
  if (request.amount <= Satoshi(0) || request.fee < Satoshi(0) || !Satoshi::is_money(request.amount) ||
      !Satoshi::is_money(request.fee))
    co_return Error(Code::invalid_argument, "a withdrawal is of at least one satoshi");
  const store::Key balance_key = keys::balance(request.user);
  const store::Key key = keys::withdrawal(request.user, request.attempt);
  const Satoshi cost = request.amount + request.fee;

  for (int tries = 0; tries < limits::store_retries; ++tries) {
    // R6: the balance is read before what its promise refers to. While that is absent, this balance has not paid.
    CO_TRY(const auto balance,
           co_await store::get_existing<Balance>(store_, balance_key, "there is no account '" + request.user + "'"));
    CO_TRY(const auto there, co_await store::get<Withdrawal>(store_, key));
    if (balance.value.pending) {
      CO_TRY_VOID(co_await holders_.finish_pending(balance_key, *balance.value.pending));
      continue;
    }
    if (there) {
      const auto& found = there->value;
      if (found.address != request.address || found.amount != request.amount)
        co_return Error(Code::conflict, "this attempt has asked for another withdrawal, of " +
                                            found.amount.to_string() + " satoshi to " + found.address +
                                            "; use a new attempt for a new one");
      co_return found;
    }
    if (balance.value.hold) {
      // R8: what is held may be about to be debited.
      CO_TRY_VOID(co_await on_action_(request.user));
      co_return Error(Code::account_held, "a purchase is being decided; its end has been started: try again");
    }
    if (balance.value.money < cost)
      co_return Error(Code::insufficient_funds, "the account has " + balance.value.money.to_string() +
                                                    " satoshi, and this takes " + cost.to_string() + " with the fee");
    bool needs_approval = request.needs_approval;
    if (request.decide) {
      CO_TRY(needs_approval, co_await request.decide());
    }
    Withdrawal wanted;
    wanted.user = request.user;
    wanted.address = request.address;
    wanted.amount = request.amount;
    wanted.fee = request.fee;
    wanted.at = runtime_.now();
    wanted.state = needs_approval ? State::waiting : State::approved;
    auto paid = booked(LedgerKind::withdrawal, -cost, balance.value, balance_key, key, wanted.at);
    CO_TRY_VOID(co_await journal::run(store_, std::move(paid.first)));
    if (auto together = journal::as_commit(store_, {{"pay", balance_key, balance.version, store::encode(paid.holder)},
                                                    {"withdrawal", key, journal::Absent{}, store::encode(wanted)}})) {
      CO_TRY(const auto outcome, co_await store_.commit(std::move(*together)));
      if (outcome == store::WriteOutcome::Kind::applied) co_return wanted;
      // As below: each round's commit needs the balance and the absence that an earlier one would have changed.
      if (outcome == store::WriteOutcome::Kind::unknown) ABC2_MARK("withdrawal: commit unknown");
      continue;
    }
    const journal::Pending pending{std::string(kind), key, store::encode_part(wanted)};
    paid.holder.pending = pending;
    CO_TRY(const auto outcome, co_await store_.replace(balance_key, balance.version, store::encode(paid.holder)));
    // Rejected or unknown: the next round reads what has become of it, and its CAS keeps a late landing out (R2).
    if (outcome.kind() == store::WriteOutcome::Kind::unknown) ABC2_MARK("withdrawal: unknown");
    if (outcome.kind() != store::WriteOutcome::Kind::applied) continue;
    CO_TRY_VOID(co_await holders_.finish_pending(balance_key, pending));
    co_return wanted;
  }
  co_return Error(Code::undecided, "the withdrawal has not been decided yet; repeat the very same request");
}

Task<Result<void>> Withdrawals::fulfil(journal::Pending pending) {
  CO_TRY(const auto wanted, store::decode_part<Withdrawal>(pending.detail));
  auto added = co_await journal::run(store_, journal::add_once("withdrawal", pending.reference, store::encode(wanted)));
  co_return added;
}

Task<Result<Withdrawal>> Withdrawals::get(std::string user, std::string attempt) {
  const std::string missing = "there is no such withdrawal";
  if (!check_user_name(user) || !check_attempt(attempt)) co_return Error(Code::not_found, missing);
  CO_TRY(auto found, co_await store::get_existing<Withdrawal>(store_, keys::withdrawal(user, attempt), missing));
  co_return std::move(found.value);
}

Task<Result<std::vector<std::pair<std::string, Withdrawal>>>> Withdrawals::list(std::string user) {
  std::vector<std::pair<std::string, Withdrawal>> all;
  const store::Key prefix = keys::withdrawal(user, "");
  CO_TRY_VOID(co_await store::each<Withdrawal>(store_, prefix, [&](const store::Key& key, Withdrawal found) {
    all.emplace_back(key.substr(prefix.size()), std::move(found));
  }));
  std::ranges::sort(all, [](const auto& a, const auto& b) {
    return std::tie(b.second.at, b.first) < std::tie(a.second.at, a.first);
  });
  co_return all;
}

Task<Result<Withdrawal>> Withdrawals::advance(store::Key key, State goal, std::string refusal) {
  journal::Change change = [key, goal](const store::Snapshot& now) -> Result<std::optional<store::Value>> {
    TRY(auto found, store::decode_snapshot<Withdrawal>(key, now));
    if (!found) return Error(Code::not_found, "there is no such withdrawal");
    const State state = found->value.state;
    if (state == goal || (state != State::waiting && state != State::approved)) return std::optional<store::Value>();
    found->value.state = goal;
    return std::optional<store::Value>(store::encode(found->value));
  };
  CO_TRY_VOID(co_await run_patiently(store_, {"state", key, std::move(change)}));
  CO_TRY(auto now, co_await store::get_existing<Withdrawal>(store_, key, "there is no such withdrawal"));
  const State state = now.value.state;
  const bool beyond = goal == State::approved && state != State::waiting && state != State::cancelled;
  if (state != goal && !beyond) co_return Error(Code::conflict, std::move(refusal));
  co_return std::move(now.value);
}

Task<Result<Withdrawal>> Withdrawals::approve(std::string user, std::string attempt) {
  CO_TRY_VOID(co_await get(user, attempt));
  auto approved = co_await advance(keys::withdrawal(user, attempt), State::approved, "it has been cancelled");
  co_return approved;
}

Task<Result<Withdrawal>> Withdrawals::cancel(std::string user, std::string attempt) {
  CO_TRY_VOID(co_await get(user, attempt));
  const store::Key key = keys::withdrawal(user, attempt);
  CO_TRY_VOID(co_await advance(key, State::cancelled, "it is being paid: it cannot be cancelled any more"));
  CO_TRY_VOID(co_await refund(key));
  auto now = co_await get(std::move(user), std::move(attempt));
  co_return now;
}

Task<Result<void>> Withdrawals::refund(store::Key withdrawal) {
  CO_TRY(const auto now, co_await store::get<Withdrawal>(store_, withdrawal));
  if (!now || !RefundCredit::due(now->value)) co_return success();
  CO_TRY_VOID(co_await refunds_.credit(keys::balance(user_of(withdrawal)), withdrawal));
  co_return success();
}

}  // namespace abc2::market
