// A7: no hold without a reason, and no promise that nobody could fulfil.
#include "market/audit_book.hpp"
#include "market/keys.hpp"
#include "market/money.hpp"
#include "market/sale.hpp"
#include "market/withdrawals.hpp"

namespace abc2::market::audit_detail {

Task<Result<void>> Book::check_holds() {
  for (std::size_t i = 0; i < accounts_.size(); ++i) {
    if (accounts_[i].pending) check_promise(i);
    if (!accounts_[i].hold) continue;
    CO_TRY_VOID(co_await check_hold(i));
  }
  co_return success();
}

void Book::check_promise(std::size_t index) {
  const Account& account = accounts_[index];
  const journal::Pending& promise = *account.pending;
  const store::Key key = keys::balance(account.user);
  const std::string text = "it promises to mark " + promise.reference + " for '" + promise.kind + "', ";
  const bool of_bitcoin = promise.kind == DepositCredit::name && is_outpoint(promise.reference);
  if (of_bitcoin || promise.kind == Withdrawals::kind || promise.kind == RefundCredit::name) {
    if (!moves_.contains(promise.reference) || !moves_.at(promise.reference).contains(account.user))
      find(7, key, text + "but its ledger has nothing of it");
    return;
  }
  if (promise.kind == DepositCredit::name) {
    const auto known = deposits_.find(promise.reference);
    const auto strange = strange_deposits_.find(promise.reference);
    const std::optional<Line> line = known != deposits_.end()             ? known->second.line
                                     : strange != strange_deposits_.end() ? strange->second
                                                                          : std::nullopt;
    if (!line || line->account != index) return find(7, key, text + "but its ledger has not credited that");
    if (!store::decode_part<DepositCredit::Due>(promise.detail)) find(7, key, text + "but does not say how");
    return;
  }
  if (promise.kind != EarningsCredit::name && promise.kind != FeesCredit::name)
    return find(7, key, text + "which is a kind that is unknown here");
  const auto due = store::decode_part<DueUpTo>(promise.detail);
  if (!due || due.value().from < Satoshi(0) || due.value().to <= due.value().from)
    return find(7, key, text + "but does not say how much");
  const auto booked = collected_.find(promise.reference);
  const Sum sum = booked == collected_.end()             ? 0
                  : promise.kind == EarningsCredit::name ? booked->second.earnings
                                                         : booked->second.fees;
  if (sum < due.value().to.value()) find(7, key, text + "but its ledger has not booked that");
}

Task<Result<void>> Book::check_hold(std::size_t index) {
  const Account& account = accounts_[index];
  const journal::Hold& hold = *account.hold;
  const store::Key key = keys::balance(account.user);
  const std::string text = "it is held for attempt " + hold.attempt + " at number " + std::to_string(hold.number) +
                           " of " + hold.head + ", ";
  if (hold.kind != SaleKind::name) {
    find(7, key, text + "of the kind '" + hold.kind + "', which is unknown here");
    co_return success();
  }
  CO_TRY(const CampaignFacts* campaign, co_await campaign_of(hold.head));
  if (!campaign->exists) {
    find(7, key, text + "which does not exist");
    co_return success();
  }
  const auto carried = store::decode<Slot>(hold.entry.text);
  if (!carried || carried.value().attempt != hold.attempt || carried.value().voided() ||
      carried.value().sale->buyer != account.user) {
    find(7, key, text + "but the slot that it carries is not of this attempt");
    co_return success();
  }
  if (carried.value().sale->price > account.money)
    find(7, key,
         text + "for " + carried.value().sale->price.to_string() + " satoshi, of which it has only " +
             account.money.to_string());

  const store::Key slot_key = keys::slot(hold.head, hold.number);
  CO_TRY(const auto slot, co_await fresh<Slot>(slot_key));
  if (!slot.exists) {
    CO_TRY(const auto now, co_await fresh<Campaign>(hold.head));
    // A settled slot that does not exist is a finding of its own.
    if (now.value && hold.number > now.value->last + 1)
      find(7, key, text + "which is beyond the next one, " + std::to_string(now.value->last + 1));
    ++report_.in_flight;
    co_return success();
  }
  if (!slot.value) co_return success();
  const bool voided = slot.value->voided();
  const bool ours = !voided && slot.value->attempt == hold.attempt && slot.value->sale->buyer == account.user;
  if (ours && hold.number > campaign->last) co_return success();  // being settled; counted with the slots
  // The campaign was read before the balance and advances after the debit (R5): a settled slot holds nobody.
  if (ours) {
    find(7, key, text + "which is settled");
    co_return success();
  }
  CO_TRY(const auto now, co_await fresh<Balance>(key));
  if (now.value && now.value->hold == account.hold)
    find(7, key, text + (voided ? "which is void" : "which somebody else has"));
  co_return success();
}

}  // namespace abc2::market::audit_detail
