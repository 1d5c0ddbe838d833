#include "bitcoin/bech32.hpp"

#include <algorithm>
#include <cstdint>

namespace abc2::bitcoin {
namespace {

constexpr std::string_view kAlphabet = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
constexpr std::size_t kChecksum = 6, kMostCharacters = 90;

std::uint32_t constant_of(Bech32 encoding) { return encoding == Bech32::bech32 ? 1 : 0x2bc830a3; }

Error refused(std::string what) { return {Code::invalid_argument, std::move(what)}; }

// The remainder of the values, as a polynomial over GF(32), by the code's generator.
std::uint32_t remainder(std::string_view values) {
  constexpr std::uint32_t generator[] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
  std::uint32_t sum = 1;
  for (const char value : values) {
    const std::uint32_t top = sum >> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ static_cast<unsigned char>(value);
    for (int i = 0; i < 5; ++i)
      if ((top >> i) & 1) sum ^= generator[i];
  }
  return sum;
}

std::string expanded(std::string_view prefix) {
  std::string out;
  for (const char c : prefix) out += static_cast<char>(static_cast<unsigned char>(c) >> 5);
  out += '\0';
  for (const char c : prefix) out += static_cast<char>(c & 31);
  return out;
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// Groups of `from` bits become groups of `to` bits. Without padding, what is left must be less than a group of zeroes.
Result<std::string> regrouped(std::string_view values, unsigned from, unsigned to, bool pad) {
  std::string out;
  std::uint32_t held = 0;
  unsigned bits = 0;
  for (const char value : values) {
    held = (held << from) | static_cast<unsigned char>(value);
    bits += from;
    while (bits >= to) {
      bits -= to;
      out += static_cast<char>((held >> bits) & ((1u << to) - 1));
    }
    held &= (1u << bits) - 1;
  }
  if (pad) {
    if (bits > 0) out += static_cast<char>((held << (to - bits)) & ((1u << to) - 1));
  } else if (bits >= from || held != 0) {
    return refused("its padding is not zero");
  }
  return out;
}

}  // namespace

Result<Bech32Text> from_bech32(std::string_view text) {
  if (text.size() > kMostCharacters) return refused("it has more than 90 characters");
  const bool upper = std::ranges::any_of(text, [](char c) { return c >= 'A' && c <= 'Z'; });
  const bool small = std::ranges::any_of(text, [](char c) { return c >= 'a' && c <= 'z'; });
  if (upper && small) return refused("it mixes capital and small letters");
  const auto separator = text.rfind('1');
  if (separator == std::string_view::npos || separator == 0) return refused("it has no prefix that ends in '1'");
  if (text.size() - separator - 1 < kChecksum) return refused("its checksum is too short");
  Bech32Text out;
  for (const char c : text.substr(0, separator)) {
    if (c < 33 || c > 126) return refused("its prefix has a character that is not allowed");
    out.prefix += lower(c);
  }
  for (const char c : text.substr(separator + 1)) {
    const auto at = kAlphabet.find(lower(c));
    if (at == std::string_view::npos) return refused("it has a character that bech32 does not use");
    out.values += static_cast<char>(at);
  }
  const std::uint32_t sum = remainder(expanded(out.prefix) + out.values);
  if (sum == constant_of(Bech32::bech32m)) {
    out.encoding = Bech32::bech32m;
  } else if (sum != constant_of(Bech32::bech32)) {
    return refused("its checksum does not fit: a character is wrong or missing");
  }
  out.values.resize(out.values.size() - kChecksum);
  return out;
}

std::string to_bech32(Bech32 encoding, std::string_view prefix, std::string_view values) {
  const std::uint32_t sum =
      remainder(expanded(prefix) + std::string(values) + std::string(kChecksum, '\0')) ^ constant_of(encoding);
  std::string text = std::string(prefix) + '1';
  for (const char value : values) text += kAlphabet[static_cast<unsigned char>(value)];
  for (unsigned i = 0; i < kChecksum; ++i) text += kAlphabet[(sum >> (5 * (kChecksum - 1 - i))) & 31];
  return text;
}

Result<WitnessProgram> from_segwit_address(std::string_view prefix, std::string_view text) {
  TRY(const auto decoded, from_bech32(text));
  if (decoded.prefix != prefix)
    return refused("it begins with '" + decoded.prefix + "1', not '" + std::string(prefix) + "1'");
  if (decoded.values.empty()) return refused("it has no witness version");
  WitnessProgram out;
  out.version = static_cast<unsigned char>(decoded.values[0]);
  if (out.version > 16) return refused("its witness version is above 16");
  TRY(out.program, regrouped(std::string_view(decoded.values).substr(1), 5, 8, false));
  if (out.program.size() < 2 || out.program.size() > 40) return refused("its witness program has not 2 to 40 bytes");
  if (out.version == 0 && out.program.size() != 20 && out.program.size() != 32)
    return refused("a witness program of version 0 has 20 or 32 bytes");
  if ((out.version == 0) != (decoded.encoding == Bech32::bech32))
    return refused("its checksum is of the other kind (bech32 is for version 0, bech32m for all others)");
  return out;
}

std::string to_segwit_address(std::string_view prefix, const WitnessProgram& program) {
  const auto values = regrouped(program.program, 8, 5, true);
  const Bech32 encoding = program.version == 0 ? Bech32::bech32 : Bech32::bech32m;
  return to_bech32(encoding, prefix, static_cast<char>(program.version) + values.value());
}

}  // namespace abc2::bitcoin
