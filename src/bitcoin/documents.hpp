// The documents of bitcoin in the store, and their keys. Deposits and withdrawals themselves are the market's:
// market/documents.hpp. Values are plain data.
#pragma once
#include "bitcoin/address.hpp"
#include "bitcoin/hash.hpp"
#include "market/documents.hpp"
#include "market/keys.hpp"

namespace abc2::bitcoin {

// ------------------------------------------------------------------------------------------ deposit addresses

// One extended public key, and the nodes that serve its users, by the names that the configuration gives them.
struct Shard {
  std::string key;  // of the account, m/84'/0'/0' (BIP84): zpub... or xpub...
  std::vector<std::string> nodes;
  static void fields(auto& self, auto&& field) {
    field("key", self.key);
    field("nodes", self.nodes);
  }
};

// bitcoin/shards: the operator's, by ADD and CAS. Shards are only ever added: a user's shard is its place in the list.
struct Shards {
  static constexpr std::string_view type = "bitcoin_shards";
  static constexpr int schema = 1;
  Network network = Network::main;
  std::vector<Shard> shards;
  static void fields(auto& self, auto&& field) {
    field("network", self.network);
    field("shards", self.shards);
  }
};

// bitcoin/addresses/<shard>: the head of the journal of a shard's addresses.
struct AddressHead {
  static constexpr std::string_view type = "bitcoin_addresses";
  static constexpr int schema = 1;
  std::uint64_t last = 0;  // all up to this index are somebody's
  static void fields(auto& self, auto&& field) { field("last", self.last); }
};

// bitcoin/address/<shard>/<index>: ADD only: whose it is.
struct AddressEntry {
  static constexpr std::string_view type = "bitcoin_address";
  static constexpr int schema = 1;
  std::string user;
  static void fields(auto& self, auto&& field) { field("user", self.user); }
};

// bitcoin/account/<user>: the holder of the user's attempt to get an index, and then the user's address.
struct BitcoinAccount {
  static constexpr std::string_view type = "bitcoin_account";
  static constexpr int schema = 1;
  std::uint64_t shard = 0;
  std::uint64_t index = 0;  // that is tried, or the user's; 0: none yet
  std::string address;      // empty: not yet
  static void fields(auto& self, auto&& field) {
    field("shard", self.shard);
    field("index", self.index);
    field("address", self.address);
  }
};

// bitcoin/script/<hexadecimal>: ADD only, before the address is shown: whose money an output with this script is.
struct ScriptOwner {
  static constexpr std::string_view type = "bitcoin_script";
  static constexpr int schema = 1;
  std::string user;         // empty: the hot wallet
  std::uint64_t shard = 0;  // of a user's
  std::uint32_t chain = 0;  // of the hot wallet's: 0 receiving, 1 change
  std::uint64_t index = 0;
  static void fields(auto& self, auto&& field) {
    field("user", self.user);
    field("shard", self.shard);
    field("chain", self.chain);
    field("index", self.index);
  }
};

// ------------------------------------------------------------------------------------------ the chain

// An output that is somebody's here.
struct Found {
  std::string outpoint;
  std::string user;  // empty: the hot wallet
  Satoshi amount;
  std::uint32_t needed = 0;  // confirmations, of a deposit
  std::uint32_t chain = 0;   // of a coin of the hot wallet, with its index
  std::uint64_t index = 0;
  static void fields(auto& self, auto&& field) {
    field("outpoint", self.outpoint);
    field("user", self.user);
    field("amount_sat", self.amount);
    field("needed", self.needed);
    field("chain", self.chain);
    field("index", self.index);
  }
};

// A payout's transaction that is in a block.
struct PaidOut {
  std::uint64_t payout = 0;
  std::string transaction;
  static void fields(auto& self, auto&& field) {
    field("payout", self.payout);
    field("transaction", self.transaction);
  }
};

// bitcoin/step/<n>: ADD only: a step along the chain, with all that it changes, so that anybody can carry it out,
// whatever their own nodes say.
struct ChainStep {
  static constexpr std::string_view type = "bitcoin_step";
  static constexpr int schema = 1;
  enum class Kind : std::uint8_t {
    more,        // more of what a block has found than one document holds; the block's own step names it
    connect,     // the chain goes on with a block
    disconnect,  // its newest block is left
  };
  Kind kind = Kind::connect;
  std::int64_t height = 0;  // of the block
  std::string block;
  std::string previous;             // the block before it
  std::uint64_t parent = 0;         // of connect: the step that connected that; of disconnect: the block's own step
  std::vector<std::uint64_t> more;  // steps with more of what was found
  std::vector<Found> found;
  std::vector<PaidOut> paid;
  static void fields(auto& self, auto&& field) {
    field("kind", self.kind);
    field("height", self.height);
    field("block", self.block);
    field("previous", self.previous);
    field("parent", self.parent);
    field("more", self.more);
    field("found", self.found);
    field("paid", self.paid);
  }
};

// bitcoin/chain: the head of the journal of those steps.
struct ChainHead {
  static constexpr std::string_view type = "bitcoin_chain";
  static constexpr int schema = 1;
  std::uint64_t last = 0;   // the last step that was carried out
  std::int64_t height = 0;  // of the newest block
  std::string block;        // its hash
  std::uint64_t top = 0;    // the step that connected it; 0: the block that it all began with
  // While a reorganisation goes on: how high the chain was before, and the first step that left it.
  std::int64_t left_height = 0;
  std::uint64_t left_step = 0;
  static void fields(auto& self, auto&& field) {
    field("last", self.last);
    field("height", self.height);
    field("block", self.block);
    field("top", self.top);
    field("left_height", self.left_height);
    field("left_step", self.left_step);
  }
};

// bitcoin/received/<user>/<txid>:<vout>: ADD only, before the deposit itself: a user's deposits are found by these.
struct Received {
  static constexpr std::string_view type = "bitcoin_received";
  static constexpr int schema = 1;
  Time at{};
  static void fields(auto& self, auto&& field) { field("at_ms", self.at); }
};

// bitcoin/bell/<user>: changes when a deposit of the user is seen for the first time, for whoever watches. A hint: a
// crash may leave it out.
struct Bell {
  static constexpr std::string_view type = "bitcoin_bell";
  static constexpr int schema = 1;
  std::uint64_t rung = 0;
  static void fields(auto& self, auto&& field) { field("rung", self.rung); }
};

// bitcoin/reversal/<step>/<txid>:<vout>: ADD only, before the deposit is entitled to nothing any more: that the chain
// has undone what was credited is on record whatever crashes.
struct Reversal {
  static constexpr std::string_view type = "bitcoin_reversal";
  static constexpr int schema = 1;
  std::string outpoint;
  std::string user;
  Satoshi amount;
  Time at{};
  static void fields(auto& self, auto&& field) {
    field("outpoint", self.outpoint);
    field("user", self.user);
    field("amount_sat", self.amount);
    field("at_ms", self.at);
  }
};

// ------------------------------------------------------------------------------------------ payouts

// bitcoin/wallet: what the payer saw of the hot wallet last, for people.
struct WalletReport {
  static constexpr std::string_view type = "bitcoin_wallet";
  static constexpr int schema = 1;
  Network network = Network::main;
  std::string address;       // to send money to
  Satoshi spendable;         // coins in the chain that no payout has spent
  std::uint64_t coins = 0;   // of them
  Satoshi waiting;           // approved withdrawals that are in no payout
  bool lacks_coins = false;  // some of which cannot be paid
  static void fields(auto& self, auto&& field) {
    field("network", self.network);
    field("address", self.address);
    field("spendable_sat", self.spendable);
    field("coins", self.coins);
    field("waiting_sat", self.waiting);
    field("lacks_coins", self.lacks_coins);
  }
  friend bool operator==(const WalletReport&, const WalletReport&) = default;
};

// bitcoin/coin/<txid>:<vout>: an output of the hot wallet. `step` is as in market::OnChain.
struct Coin {
  static constexpr std::string_view type = "bitcoin_coin";
  static constexpr int schema = 1;
  Satoshi amount;
  std::uint32_t chain = 0;  // of its key
  std::uint64_t index = 0;
  bool in_block = false;
  std::uint64_t step = 0;
  std::int64_t height = 0;
  std::uint64_t spent_by = 0;  // the payout; 0: none
  static void fields(auto& self, auto&& field) {
    field("amount_sat", self.amount);
    field("chain", self.chain);
    field("index", self.index);
    field("in_block", self.in_block);
    field("step", self.step);
    field("height", self.height);
    field("spent_by", self.spent_by);
  }
};

struct SpentCoin {
  std::string outpoint;
  Satoshi amount;
  std::uint32_t chain = 0;
  std::uint64_t index = 0;
  static void fields(auto& self, auto&& field) {
    field("outpoint", self.outpoint);
    field("amount_sat", self.amount);
    field("chain", self.chain);
    field("index", self.index);
  }
};

struct PaidWithdrawal {
  store::Key withdrawal;
  std::string address;
  Satoshi amount;
  static void fields(auto& self, auto&& field) {
    field("withdrawal", self.withdrawal);
    field("address", self.address);
    field("amount_sat", self.amount);
  }
};

struct SignedTransaction {
  std::string id;
  std::string hex;
  Satoshi fee;
  static void fields(auto& self, auto&& field) {
    field("id", self.id);
    field("hex", self.hex);
    field("fee_sat", self.fee);
  }
};

// bitcoin/payout/<n>: ADD with its signed transaction, before anybody hears of that. Then CAS: replacements, which
// spend the same coins so that one of them at most is ever in the chain, and where it is.
struct Payout {
  static constexpr std::string_view type = "bitcoin_payout";
  static constexpr int schema = 1;
  std::vector<SpentCoin> coins;
  std::vector<PaidWithdrawal> withdrawals;
  std::vector<SignedTransaction> transactions;  // the newest last
  std::uint64_t step = 0;                       // as in market::OnChain
  std::int64_t height = 0;                      // of the block that has one of them; 0: none
  std::string in_chain;                         // which one
  bool final = false;
  static void fields(auto& self, auto&& field) {
    field("coins", self.coins);
    field("withdrawals", self.withdrawals);
    field("transactions", self.transactions);
    field("step", self.step);
    field("height", self.height);
    field("in_chain", self.in_chain);
    field("final", self.final);
  }
};

// bitcoin/payouts: the head of their journal.
struct PayoutHead {
  static constexpr std::string_view type = "bitcoin_payouts";
  static constexpr int schema = 1;
  std::uint64_t last = 0;
  std::uint64_t final_up_to = 0;  // all up to this one are in the chain to stay
  static void fields(auto& self, auto&& field) {
    field("last", self.last);
    field("final_up_to", self.final_up_to);
  }
};

// bitcoin/sent/<txid>: ADD only, before the transaction is broadcast.
struct SentTransaction {
  static constexpr std::string_view type = "bitcoin_sent";
  static constexpr int schema = 1;
  std::uint64_t payout = 0;
  static void fields(auto& self, auto&& field) { field("payout", self.payout); }
};

namespace keys {

using market::keys::padded;
using store::Key;

inline Key shards() { return "bitcoin/shards"; }
inline Key addresses(std::uint64_t shard) { return "bitcoin/addresses/" + std::to_string(shard); }
inline Key address(std::uint64_t shard, std::uint64_t index) {
  return "bitcoin/address/" + std::to_string(shard) + "/" + padded(index);
}
inline Key account(std::string_view user) { return "bitcoin/account/" + std::string(user); }
inline Key script(std::string_view script) { return "bitcoin/script/" + to_hex(script); }
inline Key chain() { return "bitcoin/chain"; }
inline Key step(std::uint64_t number) { return "bitcoin/step/" + padded(number); }
inline Key received(std::string_view user, std::string_view outpoint) {
  return "bitcoin/received/" + std::string(user) + "/" + std::string(outpoint);
}
inline Key bell(std::string_view user) { return "bitcoin/bell/" + std::string(user); }
inline Key reversal(std::uint64_t step, std::string_view outpoint) {
  return "bitcoin/reversal/" + padded(step) + "/" + std::string(outpoint);
}
inline Key wallet() { return "bitcoin/wallet"; }
inline Key coin(std::string_view outpoint) { return "bitcoin/coin/" + std::string(outpoint); }
inline Key payouts() { return "bitcoin/payouts"; }
inline Key payout(std::uint64_t number) { return "bitcoin/payout/" + padded(number); }
inline Key sent(std::string_view transaction) { return "bitcoin/sent/" + std::string(transaction); }

}  // namespace keys

}  // namespace abc2::bitcoin

template <>
struct abc2::store::EnumText<abc2::bitcoin::ChainStep::Kind> {
  static constexpr std::array<std::string_view, 3> names{"more", "connect", "disconnect"};
};
