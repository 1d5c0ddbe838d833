// Withdrawals: money that leaves an account, the mirror image of a credit, which always rolls forward:
//   CAS balance {- amount, pending = the whole request}  ->  ADD withdrawal (rejection accepted)
//   ->  CAS balance {pending dropped}
// What happens between approval and the chain is not decided here: bitcoin/payouts.hpp. Addresses are checked by
// whoever calls. Thread-safe; what the constructor is given is borrowed.
#pragma once
#include <functional>

#include "journal/credit.hpp"
#include "market/documents.hpp"

namespace abc2::market {

// A cancelled withdrawal's money goes back.
struct RefundCredit {
  static constexpr std::string_view name = "refund";
  using Holder = Balance;
  using Reference = Withdrawal;
  struct Due {
    Satoshi amount;
    static void fields(auto& self, auto&& field) { field("amount_sat", self.amount); }
  };
  static std::optional<Due> due(const Withdrawal& withdrawal);
  static journal::Prepared<Balance> paid(Balance balance, const store::Key& holder, const store::Key& reference,
                                         const Due& due, Time now);
  static std::optional<Withdrawal> marked(const Withdrawal& withdrawal, const Due& due);
};

struct WithdrawalRequest {
  std::string user;
  std::string attempt;  // a UUID of the request's own: asked for again, it is the same withdrawal
  std::string address;
  Satoshi amount;  // that the address gets
  Satoshi fee;     // that the account pays besides
  bool needs_approval = true;
  // Decides that instead, if there is one. When it is asked, every withdrawal that the account has paid for exists, and
  // if another one comes before this one is paid for, it is asked again. Errors: any; nothing is paid then.
  std::function<Task<Result<bool>>()> decide{};
};

class Withdrawals final : public journal::PendingKind {
 public:
  // Ends a hold that stands in the way, as far as it can be ended: see Accounts::OnAction.
  using OnAction = std::function<Task<Result<void>>(std::string user)>;

  static constexpr std::string_view kind = "withdrawal";
  Withdrawals(store::Store& store, runtime::Runtime& runtime, journal::Kinds& kinds, OnAction on_action);

  // The balance pays, and the withdrawal exists: whatever happens afterwards, it is paid out or refunded.
  // Errors: invalid_argument (amounts, the attempt), insufficient_funds, account_held (R8; its end has been started),
  // conflict (the attempt asked for another address or amount before; or the balance kept changing), not_found (no
  // such account), undecided (repeat the very same request), the store's.
  Task<Result<Withdrawal>> request(WithdrawalRequest request);

  // Errors: not_found, the store's.
  Task<Result<Withdrawal>> get(std::string user, std::string attempt);
  // All of a user's, the newest first. By a scan. Errors: the store's.
  Task<Result<std::vector<std::pair<std::string, Withdrawal>>>> list(std::string user);

  // The operator lets it be paid. Repeated, it succeeds again. Errors: not_found, conflict (it was cancelled),
  // undecided, the store's.
  Task<Result<Withdrawal>> approve(std::string user, std::string attempt);

  // Takes it back, and the money with it. Repeated, it succeeds again. Errors: not_found, conflict (it is being paid),
  // undecided (repeat it), the store's.
  Task<Result<Withdrawal>> cancel(std::string user, std::string attempt);

  // The money of a cancelled withdrawal goes back, if it has not yet. Errors: undecided, the store's.
  Task<Result<void>> refund(store::Key withdrawal);

  [[nodiscard]] std::string_view name() const override { return kind; }
  Task<Result<void>> fulfil(journal::Pending pending) override;

 private:
  // Takes it to `goal` from waiting or approved; from any other state: conflict, which says `refusal`.
  Task<Result<Withdrawal>> advance(store::Key key, Withdrawal::State goal, std::string refusal);

  store::Store& store_;
  runtime::Runtime& runtime_;
  journal::Holders<Balance> holders_;
  journal::Credit<RefundCredit> refunds_;
  OnAction on_action_;
};

}  // namespace abc2::market
