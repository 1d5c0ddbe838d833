// Sale: the journal of a campaign's slots, as a journal::Journal Kind, and the decision to buy, as a pure function.
#pragma once
#include "journal/journal.hpp"
#include "market/documents.hpp"

namespace abc2::market {

// What settles a slot, for journal::Journal. Pure functions of documents; they must give the same result on every
// node and at every time, since anybody may settle.
struct SaleKind {
  static constexpr std::string_view name = "sale";
  using Head = Campaign;
  using Entry = Slot;
  using Holder = Balance;
  static store::Key entry_key(const journal::Position& at);
  static Slot void_entry(const journal::Position& at, std::string attempt);
  static store::Key holder_key(const Slot& slot);
  static std::vector<journal::Receipt> receipts(const journal::Position& at, const Slot& slot);
  static Balance debited(Balance balance, const journal::Position& at, const Slot& slot);
  static Campaign advanced(Campaign campaign, const journal::Position& at, const Slot& slot);
};
using Sales = journal::Journal<SaleKind>;

struct Order {
  std::string buyer;
  std::string seller;
  std::uint64_t campaign = 0;
  std::uint64_t slot = 0;    // the number that the buyer wants; voids in the way are passed
  std::string request;       // a UUID chosen by the client: bought at most once, and answered the same for ever
  std::uint64_t filler = 0;  // of the buyer's
  Satoshi highest_price;     // that the buyer accepts
};

// What the next slot would be sold as. Errors:
//   category_refused    the campaign does not take the filler's category
//   price_above_limit   the price at `now` is above the order's highest
//   insufficient_funds  the balance does not cover the price
//   account_held        another attempt is held
// The order's slot must be the campaign's next; `attempt` must be fresh (R1).
Result<journal::Plan> decide_sale(const Order& order, std::string attempt, const store::Versioned<Campaign>& campaign,
                                  const store::Versioned<Balance>& balance, const Filler& filler,
                                  std::int64_t fee_basis_points, Time now);

}  // namespace abc2::market
