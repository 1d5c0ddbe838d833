// Transactions as they are serialised (BIP144), read from bytes that nobody vouches for.
//
//   auto transaction = parse_transaction(bytes);
//   for (const auto& output : transaction.value().outputs) ...
//
// Thread-safe: pure functions.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/satoshi.hpp"
#include "bitcoin/hash.hpp"

namespace abc2::bitcoin {

inline constexpr std::size_t kBlockBytes = 4'000'000;  // consensus: no block or transaction has more

struct OutPoint {
  Hash transaction{};
  std::uint32_t index = 0;
  friend auto operator<=>(const OutPoint&, const OutPoint&) = default;
};

// "<txid>:<index>", as deposits are keyed.
std::string to_text(const OutPoint& point);
// Errors: invalid_argument.
Result<OutPoint> parse_outpoint(std::string_view text);

struct Input {
  OutPoint previous;
  std::string script;
  std::uint32_t sequence = 0xffffffff;
  std::vector<std::string> witness;
};

struct Output {
  Satoshi amount;
  std::string script;
};

struct Transaction {
  std::int32_t version = 2;
  std::vector<Input> inputs;
  std::vector<Output> outputs;
  std::uint32_t lock_time = 0;
};

// Exactly one transaction and nothing behind it. Errors: invalid_argument (cut off, a length that cannot be, no inputs
// or outputs, an amount that is no money, more than kBlockBytes).
Result<Transaction> parse_transaction(std::string_view bytes);

enum class Witness : std::uint8_t { with, without };
std::string serialise(const Transaction& transaction, Witness witness = Witness::with);
// Without their witnesses: what ids are made of.
Hash id_of(const Transaction& transaction);
// A quarter of its weight, rounded up (BIP141): what fees are paid for.
std::int64_t virtual_size(const Transaction& transaction);
// Whether it makes new coins: the first of a block, and no other.
bool is_coinbase(const Transaction& transaction);

}  // namespace abc2::bitcoin
