// Extended keys (BIP32) and elliptic-curve signatures, by libsecp256k1.
//
//   auto account = ExtendedKey::parse("zpub6r...");                  // xpub, zpub, tpub, vpub and their private forms
//   auto key = account.value().derive({0, 7});                       // receiving address 7 (BIP84)
//   std::string script = p2wpkh(key.value().public_key());
//
// Private keys are wiped from memory when their object goes. Thread-safe: values without shared state.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bitcoin/hash.hpp"
#include "market/secret.hpp"

namespace abc2::bitcoin {

class ExtendedKey {
 public:
  static constexpr std::uint32_t hardened = 0x80000000;

  // A serialised key of any of the known versions. Errors: invalid_argument, never with the key in the message.
  static Result<ExtendedKey> parse(std::string_view text);
  // The master key of a seed of 16 to 64 bytes, for main. Errors: invalid_argument.
  static Result<ExtendedKey> from_seed(std::string_view seed);

  ExtendedKey(ExtendedKey&&) noexcept = default;
  ExtendedKey& operator=(ExtendedKey&&) noexcept = default;

  [[nodiscard]] ExtendedKey copy() const;

  // Whether it is of the main network (xpub, zpub), not of one for tests (tpub, vpub).
  [[nodiscard]] bool main_network() const { return main_; }
  [[nodiscard]] bool is_private() const { return private_.size() != 0; }
  [[nodiscard]] unsigned depth() const { return depth_; }
  [[nodiscard]] const std::string& public_key() const { return public_; }  // compressed, 33 bytes

  // The key `path` below this one. Errors: invalid_argument (a hardened step from a public key, more than 255 deep).
  [[nodiscard]] Result<ExtendedKey> derive(const std::vector<std::uint32_t>& path) const;

  // As xpub or tpub, zpub or vpub if it was such a key.
  [[nodiscard]] std::string public_text() const;
  // As xprv or tprv, zprv or vprv. Only of private keys.
  [[nodiscard]] market::Secret private_text() const;

  // A signature of `digest` in DER with a low S (BIP62), checked against the public key. Only of private keys.
  [[nodiscard]] std::string sign(const Hash& digest) const;

 private:
  ExtendedKey() = default;
  Result<ExtendedKey> child(std::uint32_t index) const;
  std::string serialised(std::uint32_t version, std::string_view key) const;

  bool main_ = true, bip84_ = false;  // which version bytes it is written with
  std::uint8_t depth_ = 0;
  std::uint32_t number_ = 0;
  std::string parent_ = std::string(4, '\0');
  std::string chain_;       // 32 bytes
  std::string public_;      // 33 bytes
  market::Secret private_;  // 32 bytes; empty: a public key only
};

// Whether `signature`, in DER, is one of `digest` by the key and has a low S.
bool verify(std::string_view public_key, const Hash& digest, std::string_view signature);

}  // namespace abc2::bitcoin
