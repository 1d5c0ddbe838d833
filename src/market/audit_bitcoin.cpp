// A5 for deposits of bitcoin, which may be credited, taken back and credited again, and A10: what ledgers have booked
// for a document is what the document says was booked.
#include "market/audit_book.hpp"
#include "market/keys.hpp"
#include "market/money.hpp"
#include "market/withdrawals.hpp"

namespace abc2::market::audit_detail {
namespace {

Sum booked_by(const Deposit& deposit) { return deposit.on_chain ? Sum(deposit.on_chain->booked.value()) : 0; }
Sum booked_by(const Withdrawal& withdrawal) {
  return withdrawal.refunded ? 0 : -Sum((withdrawal.amount + withdrawal.fee).value());
}

}  // namespace

bool Book::is_outpoint(const store::Key& key) {
  // "deposit/", 64 digits of a transaction's id, ':' and a number. An operator's id has 80 characters at most, too,
  // but none may look like this: see Money::fund.
  const std::string_view id = keys::rest(key);
  return id.size() > 65 && id[64] == ':' &&
         id.substr(0, 64).find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

void Book::take_move(std::size_t index, const LedgerEntry& entry) {
  moves_[entry.reference][accounts_[index].user] += entry.amount.value();
}

Task<Result<void>> Book::read_withdrawals() {
  Scanner scanner(store_, pace_, "withdrawal/");
  for (;;) {
    CO_TRY(const bool more, co_await scanner.more());
    if (!more) co_return success();
    const store::Key key = scanner.front().key;
    const auto withdrawal = decode<Withdrawal>(key, scanner.front().document, true);
    scanner.pop();
    if (withdrawal) moves_[key].try_emplace(withdrawal->user, 0);
  }
}

Task<Result<void>> Book::check_moves() {
  for (const auto& [key, users] : moves_) {
    for (const auto& [user, booked] : users) {
      (key.starts_with("deposit/") ? put_in_ : paid_out_) += key.starts_with("deposit/") ? booked : -booked;
      CO_TRY_VOID(co_await check_move(key, user, booked));
    }
  }
  co_return success();
}

Task<Result<void>> Book::check_move(store::Key key, std::string user, Sum booked) {
  if (!ledger_open(user)) co_return success();
  CO_TRY(const bool fits, co_await explained(key, user, booked));
  if (fits) co_return success();
  const int check = key.starts_with("deposit/") ? 5 : 10;
  disagree(check, keys::balance(user), key,
           "the ledger of '" + user + "' has booked " + to_text(booked) + " satoshi for " + key +
               ", which is not what that says");
  co_return success();
}

// Whether what the ledger had booked when it was read is what the document says, now, or will say once the promise
// that was in the balance is fulfilled.
Task<Result<bool>> Book::explained(store::Key key, std::string user, Sum booked) {
  const auto known = account_index_.find(user);
  const bool promised = known != account_index_.end() && accounts_[known->second].pending &&
                        accounts_[known->second].pending->reference == key;
  std::optional<Sum> said;
  std::string whose;
  if (key.starts_with("deposit/")) {
    CO_TRY(const auto now, co_await fresh<Deposit>(key));
    if (now.exists && !now.value) co_return true;  // found by itself
    if (now.value) said = booked_by(*now.value), whose = now.value->user;
  } else {
    CO_TRY(const auto now, co_await fresh<Withdrawal>(key));
    if (now.exists && !now.value) co_return true;
    if (now.value) said = booked_by(*now.value), whose = now.value->user;
  }
  if (said && whose != user) co_return booked == 0;
  if (said == booked) co_return true;
  if (promised) {
    ++report_.in_flight;
    const journal::Pending& promise = *accounts_[known->second].pending;
    if (promise.kind == Withdrawals::kind) co_return !said;
    Sum due = 0;
    if (promise.kind == DepositCredit::name) {
      const auto detail = store::decode_part<DepositCredit::Due>(promise.detail);
      if (detail) due = detail.value().amount.value();
    } else {
      const auto detail = store::decode_part<RefundCredit::Due>(promise.detail);
      if (detail) due = detail.value().amount.value();
    }
    co_return said && *said + due == booked;
  }
  // The ledger may have gone on since it was read: then it says now what the document does.
  CO_TRY(const auto balance, co_await fresh<Balance>(keys::balance(user)));
  if (!balance.value || known == account_index_.end()) co_return false;
  const std::uint64_t entries = balance.value->pages * limits::ledger_page + balance.value->recent.size();
  co_return entries > accounts_[known->second].lines;
}

}  // namespace abc2::market::audit_detail
