// Addresses and the scripts that they stand for, of one network.
//
//   auto script = script_of(Network::main, "bc1q...");     // what a withdrawal pays to
//   std::string address = address_of(Network::main, p2wpkh(public_key));
//
// Thread-safe: pure functions.
#pragma once
#include <array>
#include <optional>
#include <string>
#include <string_view>

#include "store/fields.hpp"

namespace abc2::bitcoin {

enum class Network : std::uint8_t { main, test, signet, regtest };

// "main", "test", "signet" or "regtest". Errors: invalid_argument.
Result<Network> parse_network(std::string_view text);
std::string_view to_string(Network network);

// The output script of an address of every standard type: P2PKH, P2SH, P2WPKH, P2WSH, P2TR, and witness programs of
// later versions. Errors: invalid_argument, saying what is wrong: another network's, a typing error, no address.
Result<std::string> script_of(Network network, std::string_view address);

// The address of a script of one of those types; nullopt: the script has none.
std::optional<std::string> address_of(Network network, std::string_view script);

// The script that pays to a public key by its hash (BIP141, BIP84).
std::string p2wpkh(std::string_view public_key);

// An output below this many satoshi is not relayed, by its script (the node's default policy).
std::int64_t dust_limit_sat(std::string_view script);

}  // namespace abc2::bitcoin

template <>
struct abc2::store::EnumText<abc2::bitcoin::Network> {
  static constexpr std::array<std::string_view, 4> names{"main", "test", "signet", "regtest"};
};
