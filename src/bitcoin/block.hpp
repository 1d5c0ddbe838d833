// Blocks, read from bytes that nobody vouches for. Thread-safe: pure functions.
#pragma once
#include "bitcoin/address.hpp"
#include "bitcoin/transaction.hpp"

namespace abc2::bitcoin {

struct BlockHeader {
  std::int32_t version = 0;
  Hash previous{};
  Hash merkle_root{};
  std::uint32_t time = 0;  // seconds since 1970, as the miner says
  std::uint32_t bits = 0;
  std::uint32_t nonce = 0;
};

struct Block {
  BlockHeader header;
  Hash hash{};
  std::vector<Transaction> transactions;
  std::vector<Hash> ids;  // of the transactions
};

// Exactly one block. Checked besides: that the transactions are those of the header's Merkle root, each once, the
// first and no other a coinbase; that the header's hash is the proof of the work that it claims, and that the claim
// is one that the network allows. Not checked, since the node did: scripts, signatures, amounts, the claim's
// difficulty within the chain.
// Errors: invalid_argument, saying which.
Result<Block> parse_block(Network network, std::string_view bytes);

}  // namespace abc2::bitcoin
