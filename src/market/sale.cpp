#include "market/sale.hpp"

#include <algorithm>

#include "market/guards.hpp"
#include "market/keys.hpp"
#include "market/ledger.hpp"
#include "market/pricing.hpp"

namespace abc2::market {

using journal::Position;

store::Key SaleKind::entry_key(const Position& at) { return keys::slot(at.head, at.number); }

Slot SaleKind::void_entry(const Position&, std::string attempt) { return {std::move(attempt), std::nullopt}; }

store::Key SaleKind::holder_key(const Slot& slot) { return keys::balance(slot.sale->buyer); }

std::vector<journal::Receipt> SaleKind::receipts(const Position& at, const Slot& slot) {
  const std::string_view seller_and_number = keys::rest(at.head);
  const std::string seller(seller_and_number.substr(0, seller_and_number.find('/')));
  const Sale& sale = *slot.sale;
  const Transaction receipt{slot.attempt, sale.buyer, seller, sale.price, sale.fee, sale.bought_at};
  return {{"receipt", keys::transaction(at.head, at.number), store::encode(receipt)}};
}

Balance SaleKind::debited(Balance balance, const Position& at, const Slot& slot) {
  return with_entry(std::move(balance), LedgerKind::purchase, -slot.sale->price, keys::transaction(at.head, at.number),
                    slot.sale->bought_at);
}

Campaign SaleKind::advanced(Campaign campaign, const Position&, const Slot& slot) {
  const Sale& sale = *slot.sale;
  campaign.sold += 1;
  campaign.last_sale = LastSale{sale.price, sale.bought_at, sale.starts_at, sale.ends_at};
  campaign.earned += sale.price - sale.fee;
  campaign.fees += sale.fee;
  return campaign;
}

Result<journal::Plan> decide_sale(const Order& order, std::string attempt, const store::Versioned<Campaign>& campaign,
                                  const store::Versioned<Balance>& balance, const Filler& filler,
                                  std::int64_t fee_basis_points, Time now) {
  ABC2_CHECK(order.slot == campaign.value.last + 1, "only the next slot can be decided");
  if (std::ranges::count(campaign.value.refused_categories, filler.category) > 0)
    return Error(Code::category_refused, "the campaign takes no ads of the category '" + filler.category + "'");

  const Offer next = offer(campaign.value.floor, campaign.value.last_sale, now);
  if (next.price > order.highest_price && kept(Guard::highest_price))
    return Error(Code::price_above_limit, "the price is now " + next.price.to_string() + " satoshi, above the " +
                                              order.highest_price.to_string() + " that the order accepts");
  if (next.price.value() > limits::price_max_sat)
    return Error(Code::limit_reached,
                 "the price has reached the highest that can be dealt with; wait until it has fallen");
  if (balance.value.hold && journal::kept(journal::Rule::r8_hold_is_seen))
    return Error(Code::account_held, "another purchase of this account is being decided; try again in a moment");
  if (next.price > balance.value.money)
    return Error(Code::insufficient_funds, "the slot costs " + next.price.to_string() + " satoshi, the balance is " +
                                               balance.value.money.to_string());

  const Satoshi fee = fee_of(next.price, fee_basis_points);
  Slot slot{std::move(attempt), Sale{order.buyer, order.request, order.filler, next.price, fee, now, next.starts_at,
                                     next.starts_at + Milliseconds(campaign.value.slot_length_ms)}};
  // The time of a sale never runs backwards within a campaign, whatever the clock of this node says.
  if (campaign.value.last_sale && kept(Guard::time_goes_on))
    slot.sale->bought_at = std::max(now, campaign.value.last_sale->bought_at);

  Room room = with_room(order.buyer, balance.value);
  return Sales::plan(keys::campaign(order.seller, order.campaign), campaign, keys::balance(order.buyer), balance,
                     std::move(slot), now, std::move(room.pages), std::move(room.balance));
}

}  // namespace abc2::market
