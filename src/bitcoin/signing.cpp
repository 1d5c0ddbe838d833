#include "bitcoin/signing.hpp"

#include "bitcoin/address.hpp"
#include "bitcoin/wire.hpp"

namespace abc2::bitcoin {
namespace {

constexpr char kSighashAll = 1;

std::string serialised(const OutPoint& point) {
  std::string out(as_bytes(point.transaction));
  wire::put(out, point.index, 4);
  return out;
}

}  // namespace

Hash signature_hash(const Transaction& transaction, std::size_t index, std::string_view public_key, Satoshi amount) {
  std::string previous, sequences, outputs;
  for (const auto& input : transaction.inputs) {
    previous += serialised(input.previous);
    wire::put(sequences, input.sequence, 4);
  }
  for (const auto& output : transaction.outputs) {
    wire::put(outputs, static_cast<std::uint64_t>(output.amount.value()), 8);
    wire::put_text(outputs, output.script);
  }
  const Input& input = transaction.inputs.at(index);
  std::string text;
  wire::put(text, static_cast<std::uint32_t>(transaction.version), 4);
  text += as_bytes(sha256d(previous));
  text += as_bytes(sha256d(sequences));
  text += serialised(input.previous);
  // The script of P2PKH to the same key stands for that of P2WPKH.
  text += std::string("\x19\x76\xa9\x14", 4) + hash160(public_key) + std::string("\x88\xac", 2);
  wire::put(text, static_cast<std::uint64_t>(amount.value()), 8);
  wire::put(text, input.sequence, 4);
  text += as_bytes(sha256d(outputs));
  wire::put(text, transaction.lock_time, 4);
  wire::put(text, static_cast<std::uint64_t>(kSighashAll), 4);
  return sha256d(text);
}

void sign_input(Transaction& transaction, std::size_t index, const ExtendedKey& key, Satoshi amount) {
  const Hash digest = signature_hash(transaction, index, key.public_key(), amount);
  transaction.inputs.at(index).witness = {key.sign(digest) + kSighashAll, key.public_key()};
}

bool spends(const Transaction& transaction, std::size_t index, const Output& spent) {
  const Input& input = transaction.inputs.at(index);
  if (input.witness.size() != 2 || input.witness[0].empty() || input.witness[0].back() != kSighashAll) return false;
  const std::string& key = input.witness[1];
  if (key.size() != 33 || p2wpkh(key) != spent.script || !input.script.empty()) return false;
  const std::string_view der = std::string_view(input.witness[0]).substr(0, input.witness[0].size() - 1);
  return verify(key, signature_hash(transaction, index, key, spent.amount), der);
}

}  // namespace abc2::bitcoin
