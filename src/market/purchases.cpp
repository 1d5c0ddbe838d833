#include "market/purchases.hpp"

#include <algorithm>
#include <boost/asio/this_coro.hpp>

#include "market/guards.hpp"
#include "market/keys.hpp"

namespace abc2::market {

using journal::Decision;
using journal::Hold;

Purchases::Purchases(store::Store& store, runtime::Runtime& runtime, journal::Kinds& kinds,
                     std::int64_t fee_basis_points)
    : store_(store),
      runtime_(runtime),
      fee_basis_points_(fee_basis_points),
      sales_(store, runtime),
      holders_(store, kinds) {
  ABC2_CHECK(fee_basis_points >= 0 && fee_basis_points <= limits::fee_max_basis_points, "a fee beyond its limits");
  kinds.add(sales_);
}

// Of a slot that is not void.
Result<Bought> Purchases::answer(const Order& order, Slot slot) {
  if (slot.sale->buyer == order.buyer && slot.sale->request == order.request)
    return Bought{order.slot, std::move(*slot.sale), true};
  return Error(Code::slot_taken, "slot " + std::to_string(order.slot) + " has been bought by somebody else");
}

Task<Result<Bought>> Purchases::buy(Order order) {
  if (order.slot == 0) co_return Error(Code::invalid_argument, "slots are numbered from 1");
  if (order.request.empty())
    co_return Error(Code::invalid_argument, "a purchase needs an attempt id of its own, a UUID");
  const store::Key campaign_key = keys::campaign(order.seller, order.campaign);
  const store::Key balance_key = keys::balance(order.buyer);
  if (on_use) on_use(campaign_key);

  for (int tries = 0; tries < limits::store_retries; ++tries) {
    CO_TRY(const auto campaign,
           co_await store::get_existing<Campaign>(store_, campaign_key, "there is no such campaign"));
    const std::uint64_t next = campaign.value.last + 1;
    // The first slot from the asked-for number on that is not void answers the request, now and for ever.
    if (!kept(Guard::first_slot_answers)) order.slot = std::max(order.slot, next);
    for (; order.slot < next; ++order.slot) {
      CO_TRY(auto slot, co_await store::get_existing<Slot>(store_, keys::slot(campaign_key, order.slot),
                                                           "a slot that was settled is gone"));
      if (!slot.value.voided()) co_return answer(order, std::move(slot.value));
      ABC2_MARK("buy: passed a void");
    }
    if (order.slot > next) {
      CO_TRY(const auto found, co_await sales_.recover(campaign_key, limits::buyer_grace));
      if (found != journal::Recovered::nothing) continue;
      co_return Error(Code::conflict, "the next slot to be sold is " + std::to_string(next));
    }

    CO_TRY(const auto filler,
           co_await store::get_existing<Filler>(store_, keys::filler(order.buyer, order.filler),
                                                "there is no ad " + std::to_string(order.filler) + " of yours"));
    CO_TRY(const auto balance,
           co_await store::get_existing<Balance>(store_, balance_key, "there is no account '" + order.buyer + "'"));
    if (balance.value.hold && journal::kept(journal::Rule::r8_hold_is_seen)) {
      CO_TRY_VOID(co_await meet_hold(order, *balance.value.hold));
      continue;
    }

    const std::string attempt = kept(Guard::fresh_attempts) ? runtime::random_uuid(runtime_) : order.request;
    auto decided = decide_sale(order, attempt, campaign, balance, filler.value, fee_basis_points_, runtime_.now());
    if (!decided) {
      // The balance may lack the very sum that this purchase has cost, which the campaign does not count yet. Only if
      // the slot is not there, read after the balance, has it nothing to do with this refusal.
      CO_TRY(const auto there, co_await store::get<Slot>(store_, keys::slot(campaign_key, order.slot)));
      if (!there || !kept(Guard::refusal_looks)) co_return decided.error();
      CO_TRY_VOID(co_await sales_.recover(campaign_key, limits::buyer_grace));
      continue;
    }
    auto plan = std::move(decided).value();
    auto placed = co_await sales_.place(plan);
    if (!placed) {
      if (placed.error().code() == Code::conflict) continue;
      co_return placed.error();
    }
    CO_TRY(auto slot, store::decode<Slot>(plan.hold.entry.text));
    switch (placed.value().decision) {
      case Decision::ours: {
        const auto here = co_await boost::asio::this_coro::executor;
        if (!placed.value().settled)
          runtime_.spawn(here, "settle a sale", settle_behind(this, std::move(plan), placed.value()));
        co_return Bought{order.slot, std::move(*slot.sale), false};
      }
      case Decision::others: {
        CO_TRY(auto theirs, co_await store::get_existing<Slot>(store_, keys::slot(campaign_key, order.slot),
                                                               "a slot that was decided is gone"));
        if (theirs.value.voided())
          co_return Error(Code::corrupt, "slot " + std::to_string(order.slot) + " is void, which it was not before");
        co_return answer(order, std::move(theirs.value));
      }
      case Decision::voided: {
        CO_TRY_VOID(co_await sales_.recover(campaign_key, Milliseconds(0)));
        break;
      }
    }
  }
  co_return Error(Code::too_busy, "too much is going on at this campaign; nothing was charged, try again");
}

Task<Result<void>> Purchases::meet_hold(Order order, Hold hold) {
  const store::Key balance_key = keys::balance(order.buyer);
  if (hold.kind == SaleKind::name && hold.head == keys::campaign(order.seller, order.campaign)) {
    CO_TRY(const auto held, store::decode<Slot>(hold.entry.text));
    if (held.sale && held.sale->request == order.request) {
      CO_TRY_VOID(co_await sales_.resume(balance_key, std::move(hold)));
      co_return success();
    }
  }
  // R8: refused while it is there, and its resolution is started.
  CO_TRY(const auto still, co_await holders_.tidy(balance_key, runtime_.now() - limits::hold_patience));
  if (!still) co_return success();
  ABC2_MARK("buy: refused while held");
  const auto here = co_await boost::asio::this_coro::executor;
  runtime_.spawn(here, "resolve a hold", settle_account_behind(this, order.buyer));
  co_return Error(Code::account_held, "another purchase of this account is being decided; try again in a moment");
}

Task<Result<void>> Purchases::settle_account(std::string user) {
  const store::Key key = keys::balance(user);
  CO_TRY(const auto held, co_await holders_.tidy(key, runtime_.now() - limits::hold_patience));
  if (!held) co_return success();
  co_await runtime_.sleep(limits::hold_patience);
  CO_TRY_VOID(co_await holders_.tidy(key, Time::max()));
  co_return success();
}

// Behind the buyer's answer nothing can be reported: what fails here is found and finished by recovery.
Task<void> Purchases::settle_behind(Purchases* self, journal::Plan plan, journal::Placed placed) {
  const auto settled = co_await self->sales_.settle(std::move(plan), placed);
  if (!settled) ABC2_MARK("buy: settling left to recovery");
}

Task<void> Purchases::settle_account_behind(Purchases* self, std::string user) {
  const auto settled = co_await self->settle_account(std::move(user));
  if (!settled) ABC2_MARK("buy: hold left to the sweep");
}

}  // namespace abc2::market
