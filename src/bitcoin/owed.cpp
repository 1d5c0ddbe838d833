#include "bitcoin/cashier.hpp"
#include "store/each.hpp"

namespace abc2::bitcoin {

using State = market::Withdrawal::State;

Task<Result<Owed>> read_owed(store::Store& store, runtime::Runtime& runtime) {
  Owed owed;
  owed.at = runtime.now();
  CO_TRY(auto head, co_await store::get<ChainHead>(store, keys::chain()));
  if (head) owed.chain = std::move(head->value);
  CO_TRY_VOID(co_await store::each<market::Balance>(
      store, "balance/", [&](const store::Key& key, const market::Balance& balance) {
        if (balance.money > Satoshi(0)) owed.accounts[std::string(market::keys::rest(key))].balance = balance.money;
        owed.sum.balance += balance.money;
      }));
  CO_TRY_VOID(co_await store::each<market::Campaign>(
      store, "campaign/", [&](const store::Key& key, const market::Campaign& campaign) {
        const std::string_view rest = market::keys::rest(key);
        const Satoshi due = campaign.earned - campaign.collected;
        if (due > Satoshi(0)) owed.accounts[std::string(rest.substr(0, rest.find('/')))].earnings += due;
        owed.sum.earnings += due;
        owed.fees += campaign.fees - campaign.fees_collected;
      }));
  CO_TRY_VOID(co_await store::each<market::Withdrawal>(
      store, "withdrawal/", [&](const store::Key&, const market::Withdrawal& one) {
        const bool paid = one.state == State::signed_ || one.state == State::final_;
        if (paid || (one.state == State::cancelled && one.refunded)) return;
        owed.accounts[one.user].withdrawals += one.amount + one.fee;
        owed.sum.withdrawals += one.amount + one.fee;
      }));
  CO_TRY_VOID(
      co_await store::each<market::Deposit>(store, "deposit/", [&](const store::Key&, const market::Deposit& deposit) {
        if (deposit.on_chain)
          owed.reversed += std::max(Satoshi(0), deposit.on_chain->booked - deposit.on_chain->entitled);
      }));
  CO_TRY_VOID(co_await store::each<Coin>(store, keys::coin(""), [&](const store::Key&, const Coin& coin) {
    if (coin.in_block && coin.spent_by == 0) owed.wallet += coin.amount;
  }));
  co_return owed;
}

}  // namespace abc2::bitcoin
