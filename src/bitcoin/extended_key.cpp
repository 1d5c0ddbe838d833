#include "bitcoin/extended_key.hpp"

#include <secp256k1.h>
#include <sodium.h>

#include <algorithm>

#include "base/check.hpp"
#include "bitcoin/base58.hpp"

namespace abc2::bitcoin {
namespace {

constexpr std::size_t kSerialised = 78;

struct Version {
  std::uint32_t public_version, private_version;
  bool main, bip84;
};
constexpr Version kVersions[] = {{0x0488B21E, 0x0488ADE4, true, false},
                                 {0x04B24746, 0x04B2430C, true, true},
                                 {0x043587CF, 0x04358394, false, false},
                                 {0x045F1CF6, 0x045F18BC, false, true}};

const unsigned char* data_of(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

// Blinded against side channels once, with fresh randomness; only read afterwards.
const secp256k1_context* context() {
  static const secp256k1_context* const made = [] {
    secp256k1_context* fresh = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    ABC2_CHECK(fresh && sodium_init() >= 0, "libsecp256k1 could not be set up");
    unsigned char seed[32];
    randombytes_buf(seed, sizeof seed);
    ABC2_CHECK(secp256k1_context_randomize(fresh, seed) == 1, "libsecp256k1 could not be blinded");
    return fresh;
  }();
  return made;
}

std::string big_endian(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>((value >> shift) & 0xff);
  return out;
}

std::uint32_t from_big_endian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char c : bytes.substr(0, 4)) value = (value << 8) | static_cast<unsigned char>(c);
  return value;
}

std::string compressed(const secp256k1_pubkey& key) {
  std::string out(33, '\0');
  std::size_t size = out.size();
  secp256k1_ec_pubkey_serialize(context(), reinterpret_cast<unsigned char*>(out.data()), &size, &key,
                                SECP256K1_EC_COMPRESSED);
  return out;
}

Result<std::string> public_of(std::string_view secret) {
  secp256k1_pubkey key;
  if (secret.size() != 32 || secp256k1_ec_pubkey_create(context(), &key, data_of(secret)) != 1)
    return Error(Code::invalid_argument, "this is no private key");
  return compressed(key);
}

Error not_a_key(std::string_view what) {
  return {Code::invalid_argument, "this is not an extended key: " + std::string(what)};
}

}  // namespace

Result<ExtendedKey> ExtendedKey::parse(std::string_view text) {
  auto decoded = from_base58check(text);
  if (!decoded) return not_a_key(decoded.error().message());
  const market::Secret whole(std::move(decoded).value());
  const std::string_view bytes = whole.view();
  if (bytes.size() != kSerialised) return not_a_key("its length is wrong");
  const std::uint32_t version = from_big_endian(bytes);
  const auto* known = std::ranges::find_if(
      kVersions, [version](const Version& v) { return v.public_version == version || v.private_version == version; });
  if (known == std::end(kVersions)) return not_a_key("its first bytes are not those of xpub, zpub, tpub or vpub");

  ExtendedKey key;
  key.main_ = known->main;
  key.bip84_ = known->bip84;
  key.depth_ = static_cast<std::uint8_t>(bytes[4]);
  key.parent_ = bytes.substr(5, 4);
  key.number_ = from_big_endian(bytes.substr(9));
  key.chain_ = bytes.substr(13, 32);
  if (key.depth_ == 0 && (key.number_ != 0 || key.parent_ != std::string(4, '\0')))
    return not_a_key("it is a master key with a parent");
  const std::string_view material = bytes.substr(45);
  if (version == known->private_version) {
    if (material[0] != '\0') return not_a_key("a public key under the version of a private one");
    key.private_ = market::Secret::of(material.substr(1));
    auto made = public_of(key.private_.view());
    if (!made) return not_a_key("its private key is out of range");
    key.public_ = std::move(made).value();
  } else {
    secp256k1_pubkey parsed;
    if ((material[0] != 2 && material[0] != 3) ||
        secp256k1_ec_pubkey_parse(context(), &parsed, data_of(material), material.size()) != 1)
      return not_a_key("its public key is not a point of the curve");
    key.public_ = material;
  }
  return key;
}

Result<ExtendedKey> ExtendedKey::from_seed(std::string_view seed) {
  if (seed.size() < 16 || seed.size() > 64) return Error(Code::invalid_argument, "a seed has 16 to 64 bytes");
  const market::Secret both(hmac_sha512("Bitcoin seed", seed));
  ExtendedKey key;
  key.private_ = market::Secret::of(both.view().substr(0, 32));
  key.chain_ = both.view().substr(32);
  TRY(key.public_, public_of(key.private_.view()));
  return key;
}

ExtendedKey ExtendedKey::copy() const {
  ExtendedKey same;
  same.main_ = main_;
  same.bip84_ = bip84_;
  same.depth_ = depth_;
  same.number_ = number_;
  same.parent_ = parent_;
  same.chain_ = chain_;
  same.public_ = public_;
  same.private_ = private_.copy();
  return same;
}

Result<ExtendedKey> ExtendedKey::child(std::uint32_t index) const {
  const bool hard = index >= hardened;
  if (hard && !is_private()) return Error(Code::invalid_argument, "a hardened key cannot be derived from a public one");
  if (depth_ == 255) return Error(Code::invalid_argument, "keys go 255 deep at most");
  const market::Secret input((hard ? std::string(1, '\0') + std::string(private_.view()) : public_) +
                             big_endian(index));
  const market::Secret both(hmac_sha512(chain_, input.view()));
  const unsigned char* tweak = data_of(both.view());

  ExtendedKey next;
  next.main_ = main_;
  next.bip84_ = bip84_;
  next.depth_ = static_cast<std::uint8_t>(depth_ + 1);
  next.number_ = index;
  next.parent_ = hash160(public_).substr(0, 4);
  next.chain_ = both.view().substr(32);
  const Error impossible(Code::invalid_argument, "this index has no key (one of 2^127 has none): use the next one");
  if (is_private()) {
    std::string secret(private_.view());
    const bool tweaked =
        secp256k1_ec_seckey_tweak_add(context(), reinterpret_cast<unsigned char*>(secret.data()), tweak) == 1;
    next.private_ = market::Secret(std::move(secret));
    if (!tweaked) return impossible;
    TRY(next.public_, public_of(next.private_.view()));
  } else {
    secp256k1_pubkey key;
    const bool parsed = secp256k1_ec_pubkey_parse(context(), &key, data_of(public_), public_.size()) == 1;
    ABC2_CHECK(parsed, "a public key was checked when it was made");
    if (secp256k1_ec_pubkey_tweak_add(context(), &key, tweak) != 1) return impossible;
    next.public_ = compressed(key);
  }
  return next;
}

Result<ExtendedKey> ExtendedKey::derive(const std::vector<std::uint32_t>& path) const {
  ExtendedKey key;
  key.main_ = main_;
  key.bip84_ = bip84_;
  key.depth_ = depth_;
  key.number_ = number_;
  key.parent_ = parent_;
  key.chain_ = chain_;
  key.public_ = public_;
  key.private_ = private_.copy();
  for (const std::uint32_t index : path) {
    TRY(key, key.child(index));
  }
  return key;
}

std::string ExtendedKey::serialised(std::uint32_t version, std::string_view key) const {
  return big_endian(version) + static_cast<char>(depth_) + parent_ + big_endian(number_) + chain_ + std::string(key);
}

std::string ExtendedKey::public_text() const {
  const auto* version =
      std::ranges::find_if(kVersions, [this](const Version& v) { return v.main == main_ && v.bip84 == bip84_; });
  return to_base58check(serialised(version->public_version, public_));
}

market::Secret ExtendedKey::private_text() const {
  ABC2_CHECK(is_private(), "the private form of a public key was asked for");
  const auto* version =
      std::ranges::find_if(kVersions, [this](const Version& v) { return v.main == main_ && v.bip84 == bip84_; });
  const market::Secret bytes(serialised(version->private_version, std::string(1, '\0') + std::string(private_.view())));
  return market::Secret(to_base58check(bytes.view()));
}

std::string ExtendedKey::sign(const Hash& digest) const {
  ABC2_CHECK(is_private(), "a public key cannot sign");
  secp256k1_ecdsa_signature signature;
  const int made = secp256k1_ecdsa_sign(context(), &signature, digest.data(), data_of(private_.view()),
                                        secp256k1_nonce_function_rfc6979, nullptr);
  std::string der(72, '\0');
  std::size_t size = der.size();
  const int written = secp256k1_ecdsa_signature_serialize_der(context(), reinterpret_cast<unsigned char*>(der.data()),
                                                              &size, &signature);
  ABC2_CHECK(made == 1 && written == 1, "libsecp256k1 could not sign");
  der.resize(size);
  ABC2_CHECK(verify(public_, digest, der), "a signature that was just made does not verify");
  return der;
}

bool verify(std::string_view public_key, const Hash& digest, std::string_view signature) {
  secp256k1_pubkey key;
  secp256k1_ecdsa_signature parsed;
  return secp256k1_ec_pubkey_parse(context(), &key, data_of(public_key), public_key.size()) == 1 &&
         secp256k1_ecdsa_signature_parse_der(context(), &parsed, data_of(signature), signature.size()) == 1 &&
         secp256k1_ecdsa_verify(context(), &parsed, digest.data(), &key) == 1;  // which takes low S only
}

}  // namespace abc2::bitcoin
