// Cashier: bitcoin in and out of one market, put together: what pages, commands and the server ask for.
//
//   auto settings = read_settings("bitcoin.json");
//   Cashier cashier({store, runtime, market, metrics}, std::move(settings).value(), tell);
//   CO_TRY_VOID(co_await cashier.check());      // the store's shards are of this network
//   cashier.start(loop);                        // watcher and payer, until runtime.stopping()
//   auto address = co_await cashier.address_of("ann");
//
// Any number of servers may have one, with the same settings or with other nodes; one without a hot key takes requests
// and leaves it to others to pay. Thread-safe; what the constructor is given is borrowed.
#pragma once
#include <map>
#include <memory>

#include "bitcoin/addresses.hpp"
#include "bitcoin/settings.hpp"
#include "market/market.hpp"

namespace abc2::bitcoin {

// A deposit, as people see it.
struct DepositView {
  enum class State : std::uint8_t {
    seen,        // in no block yet
    confirming,  // in a block, not deep enough yet
    credited,
    orphaned,  // its block was left, and it is in none now
    reversed,  // it had been credited, and was undone by the chain
  };
  std::string id;  // <txid>:<vout>
  market::Deposit deposit;
  State state = State::seen;
  std::int64_t confirmations = 0;
  Satoshi owed;  // what was not taken back yet
};
std::string_view to_string(DepositView::State state);
// `height` is of the newest block that was looked at.
DepositView view_of(std::string id, market::Deposit deposit, std::int64_t height);

// A withdrawal, as people see it.
struct WithdrawalView {
  std::string attempt;
  market::Withdrawal withdrawal;
  bool cancellable = false;
  bool lacks_coins = false;  // approved, and the hot wallet cannot pay it now
  std::string transaction;   // that pays it: the one in the chain, or the newest; empty: none yet
  std::int64_t confirmations = 0;
  bool repeated = false;  // of withdraw(): the attempt had been made before
};

struct PayoutView {
  std::uint64_t number = 0;
  Payout payout;
  std::int64_t confirmations = 0;
};

struct ReversalView {
  Reversal reversal;
  Satoshi owed;       // what was not taken back yet
  bool back = false;  // the payment is in the chain again
};

struct BitcoinState {
  std::vector<NodeState> nodes;
  std::optional<ChainHead> chain;
  WatcherState watcher;                                 // of this server
  std::vector<std::pair<Shard, std::uint64_t>> shards;  // with the number of addresses that were given out
  std::optional<WalletReport> wallet;                   // nullopt: nobody has paid yet
  std::vector<PayoutView> payouts;                      // that are not final
  std::vector<ReversalView> reversals;                  // the newest first
  std::uint64_t waiting = 0;                            // withdrawals for approval
};

class Cashier {
 public:
  struct Parts {
    store::Store& store;
    runtime::Runtime& runtime;
    market::Market& market;
  };
  static constexpr std::size_t most_deposits = 1'000, most_withdrawals = 1'000, most_reversals = 100;

  // Asks the nodes of the settings.
  Cashier(Parts parts, BitcoinSettings settings, Tell tell);
  // Asks `source` instead. For tests.
  Cashier(Parts parts, BitcoinSettings settings, ChainSource& source, Tell tell);
  ~Cashier();
  Cashier(const Cashier&) = delete;
  Cashier& operator=(const Cashier&) = delete;

  // Errors: invalid_argument (the store's bitcoin is of another network), the store's.
  Task<Result<void>> check();
  // Follows the chain and, with a hot key, pays, in the background.
  void start(Executor where);

  [[nodiscard]] Network network() const { return settings_.network; }
  [[nodiscard]] const BitcoinSettings& settings() const { return settings_; }

  // --- a user's
  // Whether deposits are possible: there is a shard. Errors: the store's.
  Task<Result<bool>> takes_deposits();
  // The address if the user has one already; nothing is made. Errors: the store's.
  Task<Result<std::optional<std::string>>> known_address(std::string user);
  // Errors: as Addresses::of().
  Task<Result<std::string>> address_of(std::string user);
  // "bitcoin:" with the address (BIP21).
  static std::string uri_of(const std::string& address) { return "bitcoin:" + address; }
  // Height of the newest block that was looked at; nullopt: none yet. Errors: the store's.
  Task<Result<std::optional<std::int64_t>>> height();
  // The newest first, at most most_deposits. By a scan of the user's. Errors: the store's.
  Task<Result<std::vector<DepositView>>> deposits(std::string user);

  struct Order {
    std::string user, attempt, address;
    Satoshi amount;
    Satoshi agreed_fee;
  };
  // Errors: not_found (withdrawals are off), conflict (the fee is another one now), invalid_argument (the address, the
  // amount), and as Withdrawals::request().
  Task<Result<WithdrawalView>> withdraw(Order order);
  // Errors: as those of Withdrawals.
  Task<Result<std::vector<WithdrawalView>>> withdrawals(std::string user);
  Task<Result<WithdrawalView>> cancel(std::string user, std::string attempt);

  // --- the operator's
  Task<Result<WithdrawalView>> approve(std::string user, std::string attempt);
  enum class Which : std::uint8_t { waiting, open, all };
  // The oldest first, at most most_withdrawals. By a scan of all. Errors: the store's.
  Task<Result<std::vector<WithdrawalView>>> all_withdrawals(Which which);
  // Errors: as Addresses::add_shard().
  Task<Result<std::uint64_t>> add_shard(Shard shard);
  // Errors: as Watcher::rescan().
  Task<Result<void>> rescan(std::int64_t height);
  // Errors: not_found (this server has no hot key), and as Payouts::bump().
  Task<Result<SignedTransaction>> bump(std::uint64_t payout);
  // Asks every node. Errors: the store's.
  Task<Result<BitcoinState>> state();

 private:
  Cashier(Parts parts, BitcoinSettings settings, std::unique_ptr<RpcNodes> nodes, ChainSource* source, Tell tell);
  Task<Result<bool>> needs_approval(Order order);
  Task<Result<WithdrawalView>> view(std::string attempt, market::Withdrawal withdrawal);
  Task<Result<void>> use_nodes();
  Task<void> follow_shards();

  const Parts parts_;
  const BitcoinSettings settings_;
  std::unique_ptr<RpcNodes> nodes_;  // null: a source of the caller's
  Addresses addresses_;
  Watcher watcher_;
  std::optional<Payouts> payouts_;
};

// What the market owes, to whom, and what covers it.
struct Owed {
  struct Account {
    Satoshi balance;
    Satoshi earnings;     // of campaigns, not collected yet
    Satoshi withdrawals;  // asked for and in no transaction yet, with their fees
  };
  Time at{};
  std::optional<ChainHead> chain;
  std::map<std::string, Account> accounts;  // to which something is owed
  Account sum;
  Satoshi fees;      // the operator's own, not collected yet
  Satoshi reversed;  // what accounts owe the market after reversals
  Satoshi wallet;    // coins of the hot wallet in the chain that no payout has spent
};
// By scans of everything; in a market where something moves, not all as of one moment. Errors: the store's.
Task<Result<Owed>> read_owed(store::Store& store, runtime::Runtime& runtime);

}  // namespace abc2::bitcoin
