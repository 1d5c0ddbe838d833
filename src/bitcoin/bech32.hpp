// Bech32 (BIP173) and bech32m (BIP350), and the witness programs that segwit addresses are made of.
// Thread-safe: pure functions.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace abc2::bitcoin {

enum class Bech32 : std::uint8_t { bech32, bech32m };

struct Bech32Text {
  Bech32 encoding = Bech32::bech32;
  std::string prefix;  // the human-readable part, in lower case
  std::string values;  // one of 0 to 31 in each byte, the checksum taken off
};

// Errors: invalid_argument (characters, mixed case, lengths, checksum), saying which.
Result<Bech32Text> from_bech32(std::string_view text);
// `values` are of 0 to 31.
std::string to_bech32(Bech32 encoding, std::string_view prefix, std::string_view values);

struct WitnessProgram {
  unsigned version = 0;  // 0 to 16
  std::string program;   // 2 to 40 bytes; of version 0: 20 or 32
  friend bool operator==(const WitnessProgram&, const WitnessProgram&) = default;
};

// A segwit address of the network whose prefix is given. Errors: invalid_argument.
Result<WitnessProgram> from_segwit_address(std::string_view prefix, std::string_view text);
// The program must be one that from_segwit_address takes.
std::string to_segwit_address(std::string_view prefix, const WitnessProgram& program);

}  // namespace abc2::bitcoin
