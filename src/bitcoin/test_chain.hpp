// For tests: blocks that are made here, of transactions that are.
#pragma once
#include "bitcoin/block.hpp"
#include "bitcoin/wire.hpp"

namespace abc2::bitcoin::test {

// A coinbase that is another for each number.
inline Transaction coinbase(std::uint32_t number, Output output = {Satoshi(5'000'000'000), "\x51"}) {
  Transaction made;
  Input input;
  input.previous = {Hash{}, 0xffffffff};
  input.script = "\x04";
  wire::put(input.script, number, 4);
  made.inputs.push_back(input);
  made.outputs.push_back(std::move(output));
  return made;
}

inline Hash root_of(std::vector<Hash> level) {
  while (level.size() > 1) {
    std::vector<Hash> next;
    for (std::size_t i = 0; i < level.size(); i += 2)
      next.push_back(
          sha256d(std::string(as_bytes(level[i])) + std::string(as_bytes(level[std::min(i + 1, level.size() - 1)]))));
    level = std::move(next);
  }
  return level.at(0);
}

// Serialised, with the little work that regtest asks for.
inline std::string mined_block(Network network, const Hash& previous, const std::vector<Transaction>& transactions,
                               std::uint32_t time = 1'700'000'000) {
  std::vector<Hash> ids;
  std::string body;
  wire::put_compact(body, transactions.size());
  for (const auto& transaction : transactions) {
    ids.push_back(id_of(transaction));
    body += serialise(transaction);
  }
  for (std::uint32_t nonce = 0;; ++nonce) {
    std::string header;
    wire::put(header, 4, 4);
    header += as_bytes(previous);
    header += as_bytes(root_of(ids));
    wire::put(header, time, 4);
    wire::put(header, 0x207fffff, 4);
    wire::put(header, nonce, 4);
    const Hash hash = sha256d(header);
    if (network != Network::regtest || hash[31] < 0x7f) return header + body;
  }
}

}  // namespace abc2::bitcoin::test
