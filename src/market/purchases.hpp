// Purchases: the coroutine around market/sale.hpp that buys a slot. Thread-safe; what the constructor is given is
// borrowed.
#pragma once
#include <functional>

#include "journal/holders.hpp"
#include "market/sale.hpp"

namespace abc2::market {

struct Bought {
  std::uint64_t slot;  // may be a later one than was asked for, if voids were in the way
  Sale sale;
  bool repeated;  // the same request had bought it before
};

class Purchases {
 public:
  // Registers its journal in `kinds`. `fee_basis_points`: 0 to limits::fee_max_basis_points.
  Purchases(store::Store& store, runtime::Runtime& runtime, journal::Kinds& kinds, std::int64_t fee_basis_points);

  // Called with a campaign's key whenever a purchase of it begins: it is in use.
  std::function<void(const store::Key& campaign)> on_use;

  // Buys the slot that the order names, or the next after it that is not void. Returns as soon as the slot is
  // decided: two durable writes after the reads; settling goes on behind. The same request of the same buyer for the
  // same slot number is bought at most once and answered the same for ever, whoever else is served in between.
  // Errors, all with nothing charged but for `undecided`:
  //   not_found           no such campaign, filler, or account
  //   slot_taken          somebody else has the slot, or the first after it that is not void
  //   conflict            the order's slot is not the next one; the message says which is
  //   category_refused, price_above_limit, insufficient_funds: see decide_sale
  //   account_held        another attempt of the account is undecided; its resolution has been started (R8)
  //   undecided           not known yet: repeat the same request; it will not be charged twice
  //   invalid_argument, limit_reached, unavailable, too_busy
  Task<Result<Bought>> buy(Order order);

  // Finishes what is pending in the user's balance and ends the attempt that is held there; an undecided one is
  // given limits::hold_patience for its driver before it is voided. Errors: undecided, the store's.
  Task<Result<void>> settle_account(std::string user);

  Sales& sales() { return sales_; }
  journal::Holders<Balance>& holders() { return holders_; }

 private:
  // What a filled slot answers to the order.
  static Result<Bought> answer(const Order& order, Slot slot);
  // The hold that stands in the way is gone when this succeeds.
  Task<Result<void>> meet_hold(Order order, journal::Hold hold);
  static Task<void> settle_behind(Purchases* self, journal::Plan plan, journal::Placed placed);
  static Task<void> settle_account_behind(Purchases* self, std::string user);

  store::Store& store_;
  runtime::Runtime& runtime_;
  std::int64_t fee_basis_points_;
  Sales sales_;
  journal::Holders<Balance> holders_;
};

}  // namespace abc2::market
