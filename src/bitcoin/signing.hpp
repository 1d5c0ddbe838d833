// Signatures of P2WPKH inputs (BIP143). Thread-safe: pure functions.
#pragma once
#include <vector>

#include "bitcoin/extended_key.hpp"
#include "bitcoin/transaction.hpp"

namespace abc2::bitcoin {

// What is signed for input `index`, which spends `amount` from a P2WPKH output of this public key, with SIGHASH_ALL.
Hash signature_hash(const Transaction& transaction, std::size_t index, std::string_view public_key, Satoshi amount);

// Gives input `index` the witness that spends its P2WPKH output of `amount`. The key is a private one.
void sign_input(Transaction& transaction, std::size_t index, const ExtendedKey& key, Satoshi amount);

// Whether the input's witness spends the P2WPKH output `spent`.
bool spends(const Transaction& transaction, std::size_t index, const Output& spent);

}  // namespace abc2::bitcoin
