// Transactions, blocks and signatures against published ones.
#include "bitcoin/block.hpp"

#include <gtest/gtest.h>

#include "bitcoin/base58.hpp"
#include "bitcoin/signing.hpp"
#include "bitcoin/test_chain.hpp"

namespace abc2::bitcoin {
namespace {

// The first block of the main network.
constexpr std::string_view kGenesis =
    "0100000000000000000000000000000000000000000000000000000000000000000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc388"
    "8a"
    "51323a9fb8aa4b1e5e4a29ab5f49ffff001d1dac2b7c0101000000010000000000000000000000000000000000000000000000000000000000"
    "00"
    "0000ffffffff4d04ffff001d0104455468652054696d65732030332f4a616e2f32303039204368616e63656c6c6f72206f6e206272696e6b20"
    "6f"
    "66207365636f6e64206261696c6f757420666f722062616e6b73ffffffff0100f2052a01000000434104678afdb0fe5548271967f1a67130b7"
    "10"
    "5cd6a828e03909a67962e0ea1f61deb649f6bc3f4cef38c4f35504e51ec112de5c384df7ba0b8d578a4c702b6bf11d5fac00000000";

// BIP143, the native P2WPKH example.
constexpr std::string_view kUnsigned =
    "0100000002fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f0000000000eeffffffef51e1b804cc89d182d279"
    "65"
    "5c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a"
    "76"
    "ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac11000000";
constexpr std::string_view kSigned =
    "01000000000102fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f00000000494830450221008b9d1dc26ba6a9"
    "cb"
    "62127b02742fa9d754cd3bebf337f7a55d114c8e5cdd30be022040529b194ba3f9281a99f2b1c0a19c0489bc22ede944ccf4ecbab4cc618ef3"
    "ed"
    "01eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976"
    "a9"
    "148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac"
    "00"
    "0247304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f3358"
    "f5"
    "1928d43c212a8caed02de67eebee0121025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee635711000000";

std::string bytes(std::string_view hex) { return from_hex(hex).value(); }

TEST(Transaction, ReadsAndWritesTheSignedExample) {
  const auto signed_one = parse_transaction(bytes(kSigned));
  ASSERT_TRUE(signed_one);
  EXPECT_EQ(to_hex(serialise(signed_one.value())), kSigned);
  EXPECT_EQ(signed_one.value().inputs.size(), 2u);
  EXPECT_EQ(signed_one.value().outputs[0].amount, 112340000_sat);
  EXPECT_EQ(signed_one.value().inputs[1].witness.size(), 2u);
  EXPECT_EQ(id_of(signed_one.value()), sha256d(serialise(signed_one.value(), Witness::without)));
  EXPECT_NE(id_of(signed_one.value()), sha256d(bytes(kSigned)));
  EXPECT_FALSE(is_coinbase(signed_one.value()));
  // BIP141: three times what goes without witnesses and once the whole, by four.
  const auto whole = static_cast<std::int64_t>(kSigned.size() / 2);
  const auto bare = static_cast<std::int64_t>(serialise(signed_one.value(), Witness::without).size());
  EXPECT_EQ(virtual_size(signed_one.value()), (3 * bare + whole + 3) / 4);
}

TEST(Transaction, EveryCutAndEveryTailIsRefused) {
  const std::string whole = bytes(kSigned);
  for (std::size_t size = 0; size < whole.size(); ++size)
    ASSERT_FALSE(parse_transaction(std::string_view(whole).substr(0, size))) << size;
  EXPECT_FALSE(parse_transaction(whole + '\0'));
}

TEST(Transaction, LengthsThatLieAreRefusedWithoutMemory) {
  // 2^32 inputs in ten bytes.
  EXPECT_FALSE(parse_transaction(bytes("01000000ff0000000001000000")));
  EXPECT_FALSE(parse_transaction(bytes("01000000fe00000010")));
  // A length that is not in its shortest form.
  std::string long_form = bytes(kUnsigned);
  long_form.replace(4, 1, std::string("\xfd\x02\x00", 3));
  EXPECT_FALSE(parse_transaction(long_form));
  // More than all bitcoin.
  Transaction rich = parse_transaction(bytes(kUnsigned)).value();
  rich.outputs[0].amount = Satoshi(Satoshi::kMax + 1);
  EXPECT_FALSE(parse_transaction(serialise(rich)));
}

TEST(Transaction, OutPointsAreText) {
  const OutPoint point{sha256("x"), 7};
  EXPECT_EQ(parse_outpoint(to_text(point)).value(), point);
  const std::string id = to_id(point.transaction);
  for (const auto& wrong : {id, id + ":", id + ":07", id + ":-1", id + ":4294967296", id + ":1x", ":1" + id})
    EXPECT_FALSE(parse_outpoint(wrong)) << wrong;
}

TEST(Signing, Bip143Example) {
  Transaction transaction = parse_transaction(bytes(kUnsigned)).value();
  const std::string material = bytes("619c335025c7f4012e556c2a58b2506e30b8511b53ade95ea316fd8c3286feb9");
  const auto key = ExtendedKey::parse(
      to_base58check(bytes("0488ade4") + std::string(9, '\0') + std::string(32, 'c') + '\0' + material));
  ASSERT_TRUE(key) << key.error().message();
  EXPECT_EQ(to_hex(key.value().public_key()), "025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee6357");
  EXPECT_EQ(to_hex(as_bytes(signature_hash(transaction, 1, key.value().public_key(), 600000000_sat))),
            "c37af31116d1b27caf68aae9e3ac82f1477929014d5b917657d0eb49478cb670");
  sign_input(transaction, 1, key.value(), 600000000_sat);
  const Output spent{600000000_sat, bytes("00141d0f172a0ecb48aee1be1f2687d2963ae33f71a1")};
  EXPECT_TRUE(spends(transaction, 1, spent));
  EXPECT_EQ(transaction.inputs[1].witness, parse_transaction(bytes(kSigned)).value().inputs[1].witness);

  Transaction other = transaction;
  other.outputs[0].amount += 1_sat;
  EXPECT_FALSE(spends(other, 1, spent)) << "an output is not signed";
  EXPECT_FALSE(spends(transaction, 1, {599999999_sat, spent.script})) << "the amount is not signed";
  EXPECT_FALSE(spends(transaction, 1, {spent.amount, p2wpkh(std::string(33, '\2'))}));
}

TEST(Signing, ASignatureWithAHighSIsRefused) {
  const auto key = ExtendedKey::from_seed(std::string(16, 's'));
  const Hash digest = sha256("x");
  const std::string der = key.value().sign(digest);
  EXPECT_TRUE(verify(key.value().public_key(), digest, der));
  // The other solution, n - s, proves as much, but is not standard: BIP62.
  const std::string order = bytes("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141");
  const auto r_size = static_cast<std::size_t>(der[3]);
  std::string s = der.substr(6 + r_size);
  s.insert(0, 32 - s.size(), '\0');
  std::string high(32, '\0');
  int borrow = 0;
  for (std::size_t i = 32; i-- > 0;) {
    const int digit = static_cast<unsigned char>(order[i]) - static_cast<unsigned char>(s[i]) - borrow;
    borrow = digit < 0 ? 1 : 0;
    high[i] = static_cast<char>(digit & 0xff);
  }
  high.insert(0, 1, '\0');
  std::string forged = "\x30" + std::string(1, static_cast<char>(2 + r_size + 2 + high.size())) +
                       der.substr(2, 2 + r_size) + "\x02" + static_cast<char>(high.size()) + high;
  EXPECT_FALSE(verify(key.value().public_key(), digest, forged));
}

TEST(Block, Genesis) {
  const auto block = parse_block(Network::main, bytes(kGenesis));
  ASSERT_TRUE(block) << block.error().message();
  EXPECT_EQ(to_id(block.value().hash), "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f");
  EXPECT_EQ(to_id(block.value().ids.at(0)), "4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b");
  EXPECT_EQ(block.value().transactions.at(0).outputs.at(0).amount, 5000000000_sat);
  EXPECT_EQ(block.value().header.time, 1231006505u);
}

TEST(Block, EveryChangedBitIsRefused) {
  const std::string whole = bytes(kGenesis);
  for (std::size_t i = 0; i < whole.size(); ++i) {
    std::string changed = whole;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    ASSERT_FALSE(parse_block(Network::main, changed)) << "byte " << i;
  }
  for (std::size_t size = 0; size < whole.size(); ++size)
    ASSERT_FALSE(parse_block(Network::main, std::string_view(whole).substr(0, size))) << size;
}

TEST(Block, WorkIsAskedForByTheNetwork) {
  const std::string easy = test::mined_block(Network::regtest, Hash{}, {test::coinbase(1)});
  EXPECT_TRUE(parse_block(Network::regtest, easy)) << parse_block(Network::regtest, easy).error().message();
  EXPECT_FALSE(parse_block(Network::main, easy));
}

TEST(Block, DoubledTransactionsAreRefused) {
  // CVE-2012-2459: with three, the third may stand twice under the same root.
  const Transaction paying = parse_transaction(bytes(kSigned)).value();
  Transaction other = paying;
  other.lock_time = 1;
  const auto honest = test::mined_block(Network::regtest, Hash{}, {test::coinbase(1), paying, other});
  EXPECT_TRUE(parse_block(Network::regtest, honest));
  std::string doubled = honest + serialise(other);
  doubled[80] = 4;
  EXPECT_FALSE(parse_block(Network::regtest, doubled));
}

TEST(Block, OnlyTheFirstIsACoinbase) {
  const Transaction paying = parse_transaction(bytes(kSigned)).value();
  EXPECT_FALSE(parse_block(Network::regtest, test::mined_block(Network::regtest, Hash{}, {paying})));
  EXPECT_FALSE(parse_block(Network::regtest,
                           test::mined_block(Network::regtest, Hash{}, {test::coinbase(1), test::coinbase(2)})));
}

}  // namespace
}  // namespace abc2::bitcoin
