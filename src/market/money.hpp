// Money: how it comes into an account: deposits, a seller's earnings, the operator's fees. Each is a credit (R6): paid
// exactly once, through crashes and however many try at once. Thread-safe; what the constructor is given is borrowed.
#pragma once
#include "journal/credit.hpp"
#include "market/documents.hpp"

namespace abc2::market {

struct DepositCredit {
  static constexpr std::string_view name = "deposit";
  using Holder = Balance;
  using Reference = Deposit;
  // Of bitcoin it is the next step from what is booked towards what the account is entitled to; negative after a
  // reorganisation that undid the payment: then what is there and not held is taken back.
  struct Due {
    Satoshi amount;
    std::optional<std::uint64_t> move{};  // of bitcoin: the number of this change of the ledger
    static void fields(auto& self, auto&& field) {
      field("amount_sat", self.amount);
      field("move", self.move);
    }
  };
  static std::optional<Due> due(const Deposit& deposit, const Balance& balance);
  static journal::Prepared<Balance> paid(Balance balance, const store::Key& holder, const store::Key& reference,
                                         const Due& due, Time now);
  static std::optional<Deposit> marked(const Deposit& deposit, const Due& due);
};

// What a campaign has earned, or brought in fees, between two sums.
struct DueUpTo {
  Satoshi from, to;
  static void fields(auto& self, auto&& field) {
    field("from_sat", self.from);
    field("to_sat", self.to);
  }
};

struct EarningsCredit {
  static constexpr std::string_view name = "earnings";
  using Holder = Balance;
  using Reference = Campaign;
  using Due = DueUpTo;
  static std::optional<Due> due(const Campaign& campaign);
  static journal::Prepared<Balance> paid(Balance balance, const store::Key& holder, const store::Key& reference,
                                         const Due& due, Time now);
  static std::optional<Campaign> marked(const Campaign& campaign, const Due& due);
};

struct FeesCredit {
  static constexpr std::string_view name = "fees";
  using Holder = Balance;
  using Reference = Campaign;
  using Due = DueUpTo;
  static std::optional<Due> due(const Campaign& campaign);
  static journal::Prepared<Balance> paid(Balance balance, const store::Key& holder, const store::Key& reference,
                                         const Due& due, Time now);
  static std::optional<Campaign> marked(const Campaign& campaign, const Due& due);
};

struct DepositsOfAll {
  std::vector<std::pair<std::string, Deposit>> deposits;  // with their ids, in the order of these
  std::string next;                                       // cursor of the next page; empty: there is none
};

class Money {
 public:
  // Registers its credits in `kinds`, which must be complete before anything is called.
  Money(store::Store& store, runtime::Runtime& runtime, journal::Kinds& kinds);

  // An operator's credit: `amount` to `user`, once for each `id` (1 to 80 letters, digits, '-', '_', '.'), however
  // often it is asked for. Returns whether this call credited it. Errors: invalid_argument, not_found (no such
  // account), conflict (the id was used for another user or amount), limit_reached (more than all bitcoin),
  // undecided (ask again with the same id), the store's.
  Task<Result<bool>> fund(std::string id, std::string user, Satoshi amount);

  // Credits a deposit document that was added by whatever sees money come in. false: was credited before.
  Task<Result<bool>> credit_deposit(std::string id, std::string user);

  // At most min(limit, limits::page_items) deposits after `cursor` (empty: from the first).
  // Errors: invalid_argument (a cursor that was not given out), corrupt, the store's.
  Task<Result<DepositsOfAll>> deposits(std::string cursor, std::size_t limit);

  // What the seller's campaign has earned and not collected yet goes to the seller's balance; 0 if nothing was due.
  // Errors: not_found, undecided (it will be credited once), the store's.
  Task<Result<Satoshi>> collect_earnings(std::string seller, std::uint64_t campaign);

  // The operator's fees of all campaigns go to `user`'s balance. The first call decides for ever which account gets
  // them; with another one: forbidden. Returns the sum. Errors: not_found, forbidden, undecided, the store's.
  Task<Result<Satoshi>> collect_fees(std::string user);

 private:
  store::Store& store_;
  runtime::Runtime& runtime_;
  journal::Credit<DepositCredit> deposits_;
  journal::Credit<EarningsCredit> earnings_;
  journal::Credit<FeesCredit> fees_;
};

}  // namespace abc2::market
