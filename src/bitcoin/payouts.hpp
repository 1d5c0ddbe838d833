// Payouts: approved withdrawals are paid from the hot wallet, several in one transaction.
//
// They are a journal under bitcoin/payouts:
//   claim   CAS each withdrawal    approved -> claimed for payout n+1: from now on it cannot be cancelled
//   fill    ADD payout n+1         coins, withdrawals and the signed transaction: decides the race
//   settle  ADD sent/<txid>, CAS each coin (spent), CAS each withdrawal (signed), CAS the head (last = n+1)
// Nothing is broadcast before the head says n+1, and nothing ever but what a payout holds. A claim is no promise by
// whom: whoever fills payout n+1 takes every claimed withdrawal that no earlier payout has. Two payers, or a payer
// and a crash, can make two transactions, of which the ADD keeps one and nobody hears of the other.
// A replacement (BIP125) spends the same coins, so that one of them at most is ever in the chain.
//
// Any number at once and any restart are harmless. Thread-safe, but for run() and pay() of one object, which are one
// coroutine's at a time; what the constructor is given is borrowed.
#pragma once
#include "bitcoin/chain_source.hpp"
#include "bitcoin/documents.hpp"
#include "bitcoin/signing.hpp"
#include "bitcoin/watcher.hpp"

namespace abc2::bitcoin {

struct PayoutSettings {
  Network network = Network::main;
  Satoshi least_rate{1'000}, most_rate{200'000};         // satoshi for 1,000 virtual bytes: limits to what nodes say
  Satoshi usual_rate{10'000};                            // when they say nothing
  std::size_t most_withdrawals = 100, most_coins = 100;  // of one payout
  std::int64_t final_after = 6;                          // confirmations
  std::uint64_t receiving = 20;                          // addresses of the hot wallet that are watched
  Milliseconds every{10'000};
};

struct WalletState {
  Satoshi spendable;          // coins in the chain that no payout has spent
  std::uint64_t coins = 0;    // of them
  std::uint64_t payouts = 0;  // made
  std::uint64_t open = 0;     // of them, that are not final
  Satoshi waiting;            // approved withdrawals that are in no payout
};

class Payouts {
 public:
  // `key` is the private key of the hot wallet's account, m/84'/0'/0' (BIP84). Errors: invalid_argument (a public key,
  // another network's).
  static Result<void> check_key(Network network, const ExtendedKey& key);
  Payouts(store::Store& store, runtime::Runtime& runtime, ChainSource& source, ExtendedKey key, PayoutSettings settings,
          Tell tell = nullptr);

  // Makes the hot wallet's receiving addresses known to watchers; to be called before they are shown to anybody.
  // Errors: undecided (repeat it), the store's.
  Task<Result<void>> prepare();
  // One to send money to, `index` below settings.receiving.
  [[nodiscard]] std::string address(std::uint64_t index) const;

  // Ends what others began, broadcasts what is not in the chain, and pays what is approved, as far as there are coins.
  // Whether it made a payout. Errors: unavailable (no node: nothing was lost), undecided, corrupt, the store's. All may
  // be tried again.
  Task<Result<bool>> pay();

  // Replaces the payout's transaction by one that pays more for its place, out of the change. Errors: not_found,
  // conflict (it is in the chain, or was just replaced), limit_reached (there is too little change, or the rate is at
  // its limit), undecided, the store's.
  Task<Result<SignedTransaction>> bump(std::uint64_t payout);

  // By scans. Errors: the store's.
  Task<Result<WalletState>> wallet();

  // Writes what the wallet has to bitcoin/wallet, if that says something else. Errors: the store's.
  Task<Result<void>> report();

  // prepare(), then pay() and report() again and again until runtime.stopping(); survives every error.
  Task<void> run();

 private:
  struct Waiting {
    store::Key key;
    market::Withdrawal withdrawal;
    std::string script;
  };
  struct Free {
    std::string outpoint;
    Coin coin;
  };
  Task<Result<PayoutHead>> head();
  Task<Result<bool>> settle_next();
  Task<Result<void>> settle(std::uint64_t number, Payout payout);
  Task<Result<void>> register_transactions(std::uint64_t number, Payout payout);
  Task<Result<void>> follow(std::uint64_t number, std::int64_t chain_height);
  Task<Result<void>> finish(std::uint64_t number, Payout payout);
  Task<Result<std::vector<Waiting>>> waiting();
  Task<Result<std::vector<Free>>> free_coins();
  Task<Result<Satoshi>> rate();
  Task<Result<bool>> propose(PayoutHead head);
  Task<Result<std::vector<Waiting>>> claim(std::vector<Waiting> chosen, std::uint64_t number);
  ExtendedKey key_of(std::uint32_t chain, std::uint64_t index) const;
  Result<SignedTransaction> sign(const Payout& payout, std::uint64_t number, Satoshi rate, Satoshi least_fee) const;
  Result<SignedTransaction> signed_anew(const Payout& payout, std::uint64_t number, Satoshi rate,
                                        Satoshi least_fee) const;

  store::Store& store_;
  runtime::Runtime& runtime_;
  ChainSource& source_;
  const ExtendedKey key_;
  const PayoutSettings settings_;
  const Tell tell_;
  bool told_of_coins_ = false;
};

// What the hot wallet's documents say, against each other: each coin is spent by one payout at most, each payout's
// transactions spend its coins and pay its withdrawals and nothing else but change, each withdrawal that is signed is
// in one payout. Sentences; none: all is well. In a market where nothing moves. Errors: the store's.
Task<Result<std::vector<std::string>>> audit_payouts(store::Store& store, Network network);

}  // namespace abc2::bitcoin
