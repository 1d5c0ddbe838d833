// Watcher: follows the chain, and writes what it finds in it for users and for the hot wallet.
//
// Its progress is a journal: step n+1 says "connect this block, in which that was found", or "leave the newest block".
// The ADD of the step decides between watchers; what a step changes is in the step itself, so that any watcher carries
// it out the same way, whatever its own nodes say, and the head moves on only when that is done. A deposit carries the
// number of the step that wrote it last: a slow watcher that repeats an older step changes nothing.
//
//   Watcher watcher(store, runtime, market.money, source, {});
//   runtime.spawn(loop, "bitcoin watcher", watcher.run());
//
// - A deposit is entitled to its amount when its block has the confirmations that its amount needs, and then credited
//   through Money::credit_deposit, the market's one door. Whoever crashes in between leaves that to the sweep.
// - A reorganisation is followed only if the node's chain is higher than the one followed. Blocks are left one by one,
//   then the new ones connected. Once the chain is higher than it was, what was left and has not come back is lost:
//   what was credited for it is taken back as far as it is there, and the rest is owed (`booked` above `entitled`).
//   Should it come back after all, it is credited again.
//
// Any number at once and any restart are harmless. Thread-safe; what the constructor is given is borrowed.
#pragma once
#include <functional>
#include <unordered_set>

#include "bitcoin/block.hpp"
#include "bitcoin/chain_source.hpp"
#include "bitcoin/documents.hpp"
#include "journal/step.hpp"
#include "market/money.hpp"

namespace abc2::bitcoin {

// From `amount` on, so many confirmations.
struct Confirmations {
  Satoshi amount;
  std::uint32_t needed = 3;
};

// Beyond this, a table's number of confirmations is refused.
inline constexpr std::uint32_t kMostConfirmations = 144;

// Errors: invalid_argument: a table must begin at 0, rise, and each line need 1 to kMostConfirmations.
Result<void> check_confirmations(const std::vector<Confirmations>& table);

struct WatcherSettings {
  Network network = Network::main;
  std::vector<Confirmations> confirmations{{Satoshi(0), 3}, {Satoshi(100'000'000), 6}};  // by amount, from the least
  Satoshi least{1'000};               // smaller deposits are not taken: a flood of them would fill the store
  std::int64_t begin_below_tip = 10;  // the first watcher ever begins so many blocks below the newest
  Milliseconds every{1'000};          // between two looks when there is nothing new
};

// Where following stands, for people.
struct WatcherState {
  std::int64_t height = 0;  // of the newest block that was carried out
  std::string block;
  std::int64_t node_height = 0;  // of the nodes' newest, when it was last asked
  std::string trouble;           // of the last look; empty: none
};

// Something that the operator should hear of.
using Tell = std::function<void(std::string event, store::Key about, std::string text)>;

class Watcher {
 public:
  // `settings.confirmations` must be as check_confirmations() wants them.
  Watcher(store::Store& store, runtime::Runtime& runtime, market::Money& money, ChainSource& source,
          WatcherSettings settings, Tell tell = nullptr);

  // One step along the chain, or the end of one that somebody began; false: there was nothing to do.
  // Errors: unavailable (no node), corrupt (the chain has left the block that this all began with: begin anew lower;
  // or documents), undecided, the store's. All of them may be tried again.
  Task<Result<bool>> advance();

  // Steps until there is nothing to do. Errors: as advance().
  Task<Result<void>> catch_up();

  // Deposits that are in a node's memory and in no block yet become visible. Errors: unavailable, the store's.
  Task<Result<void>> look_at_mempool();

  // Leaves all blocks from `height` on, to be connected again: finds what an earlier version, or a script that was
  // not there yet, has missed. Credits are untouched. Errors: as advance(), invalid_argument (below the beginning).
  Task<Result<void>> rescan(std::int64_t height);

  // Does it all again and again until runtime.stopping(); survives every error, and waits longer after each.
  Task<void> run();

  [[nodiscard]] WatcherState state() const;

 private:
  using Head = store::Versioned<ChainHead>;
  Task<Result<std::optional<Head>>> head();
  Task<Result<ChainStep>> step(std::uint64_t number);
  Task<Result<std::vector<Found>>> found_by(ChainStep step);
  Task<Result<void>> begin();
  Task<Result<bool>> propose(ChainHead head);
  Task<Result<void>> connect(ChainHead head, Block block);
  Task<Result<void>> leave(ChainHead head);
  Task<Result<std::vector<Found>>> matches(std::vector<std::pair<Hash, const Transaction*>> transactions);
  Task<Result<std::vector<PaidOut>>> payouts_in(const Block* block);
  Task<Result<void>> carry_out(ChainHead head, std::uint64_t number, ChainStep step);
  Task<Result<void>> carry_out_connect(ChainHead head, std::uint64_t number, ChainStep step);
  Task<Result<void>> carry_out_disconnect(std::uint64_t number, ChainStep step);
  Task<Result<void>> mature(std::uint64_t number, ChainStep step);
  Task<Result<void>> lose(ChainHead head, std::uint64_t number);
  Task<Result<void>> announce(std::string user, std::string outpoint);
  Task<Result<void>> place(std::uint64_t number, ChainStep block, Found found, bool in_block);
  Task<Result<void>> place_payout(std::uint64_t number, std::int64_t height, PaidOut paid, bool in_block);
  Task<void> credit(Found found);
  std::uint32_t needed_for(Satoshi amount) const;

  store::Store& store_;
  runtime::Runtime& runtime_;
  market::Money& money_;
  ChainSource& source_;
  const WatcherSettings settings_;
  const Tell tell_;
  mutable std::mutex mutex_;  // guards what is below
  WatcherState state_;
  std::unordered_set<std::string> mempool_;  // ids that were looked at
};

}  // namespace abc2::bitcoin
