// Addresses: each user's deposit address, derived from an extended public key; the private one is nowhere near.
//
//   Addresses addresses(store, runtime);
//   co_await addresses.add_shard(Network::main, {"zpub...", {"node-1"}});
//   auto address = co_await addresses.of("alice");
//
// A user's shard is chosen by hashing the name among the shards there are at the first visit; the shard's next index
// is found as in any journal: the account says which index it tries (the hold), ADD bitcoin/address/<shard>/<index>
// decides, and the loser tries the next. A crash in between loses nothing: the next visit goes on with what the
// account tries. The script's own document is added before the account says that the address is there, so that no
// payment can come before it would be recognised.
//
// Thread-safe; what the constructor is given is borrowed.
#pragma once
#include <mutex>

#include "bitcoin/documents.hpp"
#include "journal/step.hpp"

namespace abc2::bitcoin {

struct DepositAddress {
  std::string address;
  std::uint64_t shard = 0;
  std::vector<std::string> nodes;  // that serve it
};

class Addresses {
 public:
  Addresses(store::Store& store, runtime::Runtime& runtime) : store_(store), runtime_(runtime) {}

  // The user's address, made at the first visit. Errors: not_found (there are no shards: deposits are off), undecided
  // (ask again), corrupt, the store's.
  Task<Result<DepositAddress>> of(std::string user);

  // Adds a shard behind those there are, on every node within a day or at its next reload(). The same key again is
  // the shard that it was, served by the nodes that are named now. Errors: invalid_argument (no public key of this
  // network; another network than before), undecided (repeat it), the store's.
  Task<Result<std::uint64_t>> add_shard(Network network, Shard shard);

  // The shards, read at most once a day. nullopt: there are none. Errors: the store's, corrupt.
  Task<Result<std::optional<Shards>>> shards();
  // From now on as they are in the store. Errors: as shards().
  Task<Result<std::optional<Shards>>> reload();

 private:
  Task<Result<BitcoinAccount>> allocated(std::string user);

  store::Store& store_;
  runtime::Runtime& runtime_;
  std::mutex mutex_;  // guards the two below
  std::optional<Shards> shards_;
  Time read_at_{};
};

}  // namespace abc2::bitcoin
