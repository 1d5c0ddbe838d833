// Keys, addresses and hashes against the vectors that the standards publish.
#include <gtest/gtest.h>

#include <charconv>

#include "bitcoin/address.hpp"
#include "bitcoin/base58.hpp"
#include "bitcoin/bech32.hpp"
#include "bitcoin/extended_key.hpp"
#include "bitcoin/test_vectors.hpp"

namespace abc2::bitcoin {
namespace {

std::vector<std::uint32_t> path_of(std::string_view text) {
  std::vector<std::uint32_t> path;
  while (!text.empty()) {
    std::uint32_t number = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
    EXPECT_EQ(failed, std::errc());
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.starts_with('h')) {
      number += ExtendedKey::hardened;
      text.remove_prefix(1);
    }
    path.push_back(number);
    if (text.starts_with('/')) text.remove_prefix(1);
  }
  return path;
}

TEST(Hash, KnownAnswers) {
  EXPECT_EQ(to_hex(as_bytes(sha256("abc"))), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(hash160("")), "b472a266d0bd89c13706a4132ccfb16f7c3b9fcb");
  EXPECT_EQ(to_hex(as_bytes(sha256d("hello"))), "9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a419833d50");
  // RFC 4231, test case 2.
  EXPECT_EQ(
      to_hex(hmac_sha512("Jefe", "what do ya want for nothing?")),
      "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b"
      "636e070a38bce737");
}

TEST(Hash, HexIsStrict) {
  EXPECT_EQ(from_hex("00fFa0").value(), std::string("\0\xff\xa0", 3));
  for (const auto* wrong : {"0", "0g", "zz", " 00", "0x00"}) EXPECT_FALSE(from_hex(wrong)) << wrong;
  EXPECT_FALSE(from_id("00"));
}

TEST(ExtendedKey, Bip32Vectors) {
  for (const auto& vector : vectors::bip32) {
    SCOPED_TRACE(std::string(vector.seed.substr(0, 8)) + " m/" + std::string(vector.path));
    auto master = ExtendedKey::from_seed(from_hex(vector.seed).value());
    ASSERT_TRUE(master);
    const auto key = master.value().derive(path_of(vector.path));
    ASSERT_TRUE(key);
    EXPECT_EQ(key.value().private_text().view(), vector.private_text);
    EXPECT_EQ(key.value().public_text(), vector.public_text);
    EXPECT_EQ(ExtendedKey::parse(vector.public_text).value().public_text(), vector.public_text);
    EXPECT_EQ(ExtendedKey::parse(vector.private_text).value().private_text().view(), vector.private_text);
    EXPECT_EQ(ExtendedKey::parse(vector.private_text).value().public_text(), vector.public_text);
  }
}

TEST(ExtendedKey, APublicKeyDerivesWhatThePrivateOneDoes) {
  for (const auto& vector : vectors::bip32) {
    const auto parent = ExtendedKey::parse(vector.private_text);
    const auto open = ExtendedKey::parse(vector.public_text);
    EXPECT_EQ(open.value().derive({1, 7}).value().public_text(), parent.value().derive({1, 7}).value().public_text());
    EXPECT_FALSE(open.value().derive({ExtendedKey::hardened}));
  }
}

TEST(ExtendedKey, Bip32InvalidKeysAreRefused) {
  std::size_t count = 0;
  for (const auto text : vectors::bip32_invalid) {
    const auto key = ExtendedKey::parse(text);
    EXPECT_FALSE(key) << text;
    if (!key) EXPECT_EQ(key.error().message().find(text.substr(0, 20)), std::string::npos) << "an error shows the key";
    ++count;
  }
  EXPECT_GE(count, 16u);
}

TEST(ExtendedKey, Bip84Vectors) {
  const auto account = ExtendedKey::parse(
      "zpub6rFR7y4Q2AijBEqTUquhVz398htDFrtymD9xYYfG1m4wAcvPhXNfE3EfH1r1ADqtfSdVCToUG868RvUUkgDKf31mGDtKsAYz2oz2AGutZY"
      "s");
  ASSERT_TRUE(account);
  const auto root = ExtendedKey::parse(
      "zprvAWgYBBk7JR8Gjrh4UJQ2uJdG1r3WNRRfURiABBE3RvMXYSrRJL62XuezvGdPvG6GFBZduosCc1YP5wixPox7zhZLfiUm8aunE96BBa4Kei"
      "5");
  ASSERT_TRUE(root);
  EXPECT_EQ(root.value().derive(path_of("84h/0h/0h")).value().public_text(), account.value().public_text());
  struct Expected {
    std::uint32_t chain, index;
    std::string_view key, address;
  };
  for (const auto& expected : {Expected{0, 0, "0330d54fd0dd420a6e5f8d3624f5f3482cae350f79d5f0753bf5beef9c2d91af3c",
                                        "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu"},
                               Expected{0, 1, "03e775fd51f0dfb8cd865d9ff1cca2a158cf651fe997fdc9fee9c1d3b5e995ea77",
                                        "bc1qnjg0jd8228aq7egyzacy8cys3knf9xvrerkf9g"},
                               Expected{1, 0, "03025324888e429ab8e3dbaf1f7802648b9cd01e9b418485c5fa4c1b9b5700e1a6",
                                        "bc1q8c6fshw2dlwun7ekn9qwf37cu2rn755upcp6el"}}) {
    const auto key = account.value().derive({expected.chain, expected.index});
    EXPECT_EQ(to_hex(key.value().public_key()), expected.key);
    EXPECT_EQ(address_of(Network::main, p2wpkh(key.value().public_key())), expected.address);
  }
}

TEST(Base58, RoundTripsAndRefuses) {
  EXPECT_EQ(to_hex(from_base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa").value()),
            "0062e907b15cbf27d5425399ebf6f0fb50ebb88f18");
  EXPECT_EQ(to_base58check(from_hex("0062e907b15cbf27d5425399ebf6f0fb50ebb88f18").value()),
            "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa");
  EXPECT_EQ(from_base58check(to_base58check(std::string(5, '\0'))).value(), std::string(5, '\0'));
  EXPECT_FALSE(from_base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb"));
  EXPECT_FALSE(from_base58check("1A1zP1eP5QGefi2DMPTfTL5SLmv7Divf0a"));
  EXPECT_FALSE(from_base58check(""));
  EXPECT_FALSE(from_base58check("1"));
  EXPECT_FALSE(from_base58check(std::string(129, '1')));
}

TEST(Bech32, Bip173AndBip350Vectors) {
  for (const auto text : vectors::bech32_valid) {
    const auto parsed = from_bech32(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed.value().encoding, Bech32::bech32);
    std::string small(text);
    for (char& c : small)
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
    EXPECT_EQ(to_bech32(Bech32::bech32, parsed.value().prefix, parsed.value().values), small);
  }
  for (const auto text : vectors::bech32m_valid) {
    const auto parsed = from_bech32(text);
    ASSERT_TRUE(parsed) << text;
    EXPECT_EQ(parsed.value().encoding, Bech32::bech32m);
  }
  for (const auto text : vectors::bech32_invalid) EXPECT_FALSE(from_bech32(text)) << text;
  for (const auto text : vectors::bech32m_invalid) EXPECT_FALSE(from_bech32(text)) << text;
}

TEST(Address, SegwitVectors) {
  for (const auto& vector : vectors::segwit_valid) {
    const bool main = vector.address.starts_with("bc") || vector.address.starts_with("BC");
    const auto script = script_of(main ? Network::main : Network::test, vector.address);
    ASSERT_TRUE(script) << vector.address << ": " << script.error().message();
    EXPECT_EQ(to_hex(script.value()), vector.script);
    EXPECT_FALSE(script_of(main ? Network::test : Network::main, vector.address)) << "of another network";
    EXPECT_FALSE(script_of(Network::regtest, vector.address));
  }
  for (const auto text : vectors::segwit_invalid)
    for (const auto network : {Network::main, Network::test}) EXPECT_FALSE(script_of(network, text)) << text;
}

TEST(Address, TheOlderTypes) {
  struct Case {
    Network network;
    std::string_view address, script;
  };
  for (const auto& c :
       {Case{Network::main, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac"},
        Case{Network::main, "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy", "a914b472a266d0bd89c13706a4132ccfb16f7c3b9fcb87"},
        Case{Network::test, "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn",
             "76a914243f1394f44554f4ce3fd68649c19adc483ce92488ac"}}) {
    const auto script = script_of(c.network, c.address);
    ASSERT_TRUE(script) << script.error().message();
    EXPECT_EQ(to_hex(script.value()), c.script);
    EXPECT_EQ(address_of(c.network, script.value()), c.address);
  }
}

TEST(Address, ErrorsSayWhatIsWrong) {
  const auto why = [](Network network, std::string_view text) {
    const auto script = script_of(network, text);
    return script ? std::string("taken") : script.error().message();
  };
  EXPECT_NE(why(Network::regtest, "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyu").find("another network"),
            std::string::npos);
  EXPECT_NE(why(Network::main, "mipcBbFg9gMiCh81Kj8tqqdgoZub1ZJRfn").find("another network"), std::string::npos);
  EXPECT_NE(why(Network::main, "bc1qcr8te4kr609gcawutmrza0j4xv80jy8z306fyy").find("checksum"), std::string::npos);
  EXPECT_NE(why(Network::main, "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNb").find("checksum"), std::string::npos);
  EXPECT_NE(why(Network::main, "").find("empty"), std::string::npos);
  EXPECT_NE(why(Network::main, vectors::bip32[0].public_text).find("a key?"), std::string::npos);
}

TEST(Address, DustIsWhatNodesSay) {
  EXPECT_EQ(dust_limit_sat(from_hex("0014751e76e8199196d454941c45d1b3a323f1433bd6").value()), 294);
  EXPECT_EQ(dust_limit_sat(from_hex("76a91462e907b15cbf27d5425399ebf6f0fb50ebb88f1888ac").value()), 546);
  EXPECT_EQ(dust_limit_sat(from_hex("a914b472a266d0bd89c13706a4132ccfb16f7c3b9fcb87").value()), 540);
  EXPECT_EQ(dust_limit_sat(from_hex("512079be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798").value()),
            330);
}

}  // namespace
}  // namespace abc2::bitcoin
