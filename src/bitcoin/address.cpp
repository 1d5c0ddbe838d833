#include "bitcoin/address.hpp"

#include "bitcoin/base58.hpp"
#include "bitcoin/bech32.hpp"
#include "bitcoin/hash.hpp"

namespace abc2::bitcoin {
namespace {

struct Prefixes {
  std::string_view segwit;
  unsigned char key_hash, script_hash;
};

constexpr std::array<Prefixes, 4> kPrefixes{
    {{"bc", 0x00, 0x05}, {"tb", 0x6f, 0xc4}, {"tb", 0x6f, 0xc4}, {"bcrt", 0x6f, 0xc4}}};

const Prefixes& prefixes_of(Network network) { return kPrefixes[static_cast<std::size_t>(network)]; }

constexpr char op_dup = 0x76, op_equal = static_cast<char>(0x87), op_equalverify = static_cast<char>(0x88),
               op_hash160 = static_cast<char>(0xa9), op_checksig = static_cast<char>(0xac), op_1 = 0x51, push_20 = 0x14;

std::string key_hash_script(std::string_view hash) {
  return std::string{op_dup, op_hash160, push_20} + std::string(hash) + std::string{op_equalverify, op_checksig};
}
std::string script_hash_script(std::string_view hash) {
  return std::string{op_hash160, push_20} + std::string(hash) + op_equal;
}
std::string witness_script(const WitnessProgram& program) {
  const char version = program.version == 0 ? '\0' : static_cast<char>(op_1 + static_cast<char>(program.version) - 1);
  return std::string{version, static_cast<char>(program.program.size())} + program.program;
}

std::optional<WitnessProgram> witness_program(std::string_view script) {
  if (script.size() < 4 || script.size() > 42) return std::nullopt;
  const auto first = static_cast<unsigned char>(script[0]);
  if (first != 0 && (first < 0x51 || first > 0x60)) return std::nullopt;
  if (static_cast<unsigned char>(script[1]) != script.size() - 2) return std::nullopt;
  WitnessProgram out{first == 0 ? 0u : first - 0x50u, std::string(script.substr(2))};
  if (out.version == 0 && out.program.size() != 20 && out.program.size() != 32) return std::nullopt;
  return out;
}

Error refused(Network network, std::string_view address, std::string_view why) {
  // What somebody typed is repeated only as far as it could be an address.
  std::string shown(address.substr(0, 100));
  for (char& c : shown)
    if (c < 33 || c > 126) c = '?';
  return {Code::invalid_argument, "'" + shown + "' is not a bitcoin address of the network " +
                                      std::string(to_string(network)) + ": " + std::string(why)};
}

// The segwit prefix with which the text begins, of any network.
std::string_view segwit_prefix(std::string_view text) {
  std::string small;
  for (const char c : text.substr(0, 5)) small += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  for (const std::string_view prefix : {"bcrt", "bc", "tb"})
    if (small.starts_with(std::string(prefix) + "1")) return prefix;
  return {};
}

}  // namespace

Result<Network> parse_network(std::string_view text) {
  const auto& names = store::EnumText<Network>::names;
  for (std::size_t i = 0; i < names.size(); ++i)
    if (names[i] == text) return static_cast<Network>(i);
  return Error(Code::invalid_argument, "a bitcoin network is main, test, signet or regtest");
}

std::string_view to_string(Network network) {
  return store::EnumText<Network>::names[static_cast<std::size_t>(network)];
}

Result<std::string> script_of(Network network, std::string_view address) {
  const Prefixes& wanted = prefixes_of(network);
  if (address.empty()) return refused(network, address, "it is empty");
  if (const auto prefix = segwit_prefix(address); !prefix.empty()) {
    if (prefix != wanted.segwit)
      return refused(network, address, "it is of another network (it begins with '" + std::string(prefix) + "1')");
    const auto program = from_segwit_address(wanted.segwit, address);
    if (!program) return refused(network, address, program.error().message());
    return witness_script(program.value());
  }
  const auto bytes = from_base58check(address);
  if (!bytes) return refused(network, address, bytes.error().message());
  if (bytes.value().size() != 21) return refused(network, address, "it is something else (a key?)");
  const auto version = static_cast<unsigned char>(bytes.value()[0]);
  const std::string_view hash = std::string_view(bytes.value()).substr(1);
  if (version == wanted.key_hash) return key_hash_script(hash);
  if (version == wanted.script_hash) return script_hash_script(hash);
  for (const auto& other : kPrefixes)
    if (version == other.key_hash || version == other.script_hash)
      return refused(network, address, "it is of another network");
  return refused(network, address, "its first byte is unknown");
}

std::optional<std::string> address_of(Network network, std::string_view script) {
  const Prefixes& prefixes = prefixes_of(network);
  if (const auto program = witness_program(script)) return to_segwit_address(prefixes.segwit, *program);
  if (script.size() == 25 && script == key_hash_script(script.substr(3, 20)))
    return to_base58check(static_cast<char>(prefixes.key_hash) + std::string(script.substr(3, 20)));
  if (script.size() == 23 && script == script_hash_script(script.substr(2, 20)))
    return to_base58check(static_cast<char>(prefixes.script_hash) + std::string(script.substr(2, 20)));
  return std::nullopt;
}

std::string p2wpkh(std::string_view public_key) { return witness_script({0, hash160(public_key)}); }

std::int64_t dust_limit_sat(std::string_view script) {
  // Three satoshi for each byte that the output has and that spending it takes.
  const auto size = static_cast<std::int64_t>(8 + 1 + script.size());
  const std::int64_t spending = witness_program(script) ? 32 + 4 + 1 + 107 / 4 + 4 : 32 + 4 + 1 + 107 + 4;
  return 3 * (size + spending);
}

}  // namespace abc2::bitcoin
