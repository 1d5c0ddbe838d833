// What the scenarios of bitcoin are put together from: chains of a few blocks, the coroutines of src/bitcoin on them,
// and the actors.
//
// A process's node shows it a chain that never changes, and another process's may show it another one: in which order
// they act is then also in which order nodes learn of blocks. What is broadcast is a document, node/<transaction id>,
// written like any other: it may be late or unknown, and is audited in every state.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "bitcoin/addresses.hpp"
#include "bitcoin/payouts.hpp"
#include "sim/node.hpp"

namespace abc2::sim {

// What a node shows: a chain from the block at which everything began, and the transactions in its memory.
struct Chain {
  struct Block {
    bitcoin::Hash hash{};
    std::string bytes;
  };
  std::vector<Block> blocks;  // the first is at height 0
  std::vector<bitcoin::Transaction> memory;
};

// The chain and a block more, with these transactions. `fork` makes blocks of the same contents different ones.
Chain mined(Chain chain, std::vector<bitcoin::Transaction> transactions = {}, std::uint32_t fork = 0);
// The chain that every scenario begins with, of one block.
const Chain& first_chain();

// --- documents at the start
// The watchers have come as far as the first block of first_chain().
void has_chain(Scenario& scenario);
void has_shard(Scenario& scenario);
// Pays `amount` to a script that is `user`'s, which the watchers know.
bitcoin::Transaction deposit_to(Scenario& scenario, const std::string& user, std::int64_t amount);
// A coin of the hot wallet.
void has_coin(Scenario& scenario, unsigned number, std::int64_t amount);
// `user`, who has the money for it, has asked for a withdrawal, and it is approved.
void has_withdrawal(Scenario& scenario, const std::string& user, const std::string& attempt, std::int64_t amount);
// What `actor` alone, without a fault, makes of the start; it crashes before it writes `until`, if that is given.
void has_run(Scenario& scenario, const Actor& actor, const std::string& until = {});
// The newest transaction of the first payout, once there is one.
bitcoin::Transaction payout_transaction(const Scenario& scenario);
// The id of the deposit that deposit_to() made.
std::string deposit_id(const bitcoin::Transaction& transaction);

// --- actors
// Follows the chain, to its end or for so many calls of Watcher::advance().
Actor watches(const std::string& name, const Chain& chain, int steps = 1000);
// At a node's memory, with this transaction in it.
Actor looks(const std::string& name, const bitcoin::Transaction& transaction);
Actor visits(const std::string& name, const std::string& user);  // and is shown the address
// Once; `most` withdrawals at a time.
Actor pays(const std::string& name, std::int64_t rate, std::size_t most = 100);
Actor bumps(const std::string& name, std::int64_t rate);

// What the program does for all, in the end: the sweep, a watcher on `chain`, a payer, and a visit of each of `users`.
struct BitcoinRecovery {
  Chain chain;
  bool pays = false;
  std::vector<std::string> users{};
};
std::function<Task<void>(World& world)> recovers_bitcoin(BitcoinRecovery recovery);

}  // namespace abc2::sim
