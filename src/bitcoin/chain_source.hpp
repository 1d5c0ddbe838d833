// ChainSource: what this program wants of bitcoin nodes: blocks in order, the mempool, a way to broadcast, and what fee
// is usual. No wallet and no keys, so that any number of nodes serve any number of watchers.
// Two calls may be answered by two nodes, which may see two chains: callers check that what they get fits together.
// Thread-safe. Errors of all: unavailable (no node answers, or none as it should).
#pragma once
#include <optional>
#include <vector>

#include "base/satoshi.hpp"
#include "bitcoin/hash.hpp"
#include "runtime/runtime.hpp"

namespace abc2::bitcoin {

struct Tip {
  std::int64_t height = 0;
  Hash hash{};
};

// What became of a transaction that was to be broadcast.
struct Sent {
  bool known = false;   // the node has it, now or from before
  std::string refusal;  // otherwise: why
};

class ChainSource {
 public:
  virtual ~ChainSource() = default;
  virtual Task<Result<Tip>> tip() = 0;
  // Of the block at `height` of the best chain; nullopt: there is none yet.
  virtual Task<Result<std::optional<Hash>>> hash_at(std::int64_t height) = 0;
  // Serialised, as it came: not checked. nullopt: no node has it.
  virtual Task<Result<std::optional<std::string>>> block(Hash hash) = 0;
  virtual Task<Result<std::vector<Hash>>> mempool() = 0;
  // Of the mempool, serialised, not checked; nullopt: it is not there (any more).
  virtual Task<Result<std::optional<std::string>>> transaction(Hash id) = 0;
  virtual Task<Result<Sent>> send(std::string transaction) = 0;
  // Satoshi for 1,000 virtual bytes, to be in one of the next blocks; nullopt: the node has seen too little.
  virtual Task<Result<std::optional<Satoshi>>> fee_rate() = 0;
};

}  // namespace abc2::bitcoin
