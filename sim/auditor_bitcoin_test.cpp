// The auditor finds what is wrong with documents of bitcoin, one mistake at a time.
#include "sim/auditor_bitcoin.hpp"

#include <gmock/gmock.h>

namespace abc2::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

namespace json = boost::json;

Objects parsed(const Documents& documents) {
  Objects objects;
  for (const auto& [key, value] : documents) objects.emplace(key, json::parse(value).as_object());
  return objects;
}
std::string at_rest(const Documents& documents) { return audit_bitcoin(parsed(documents), true); }

constexpr const char* kPayout = "bitcoin/payout/0000000001";

// "a" and "b" have addresses, and "a" was paid.
Documents town() {
  return {
      {"bitcoin/account/a", R"({"shard":0,"index":1,"address":"A"})"},
      {"bitcoin/account/b", R"({"shard":0,"index":2,"address":"B"})"},
      {"bitcoin/address/0/0000000001", R"({"user":"a"})"},
      {"bitcoin/address/0/0000000002", R"({"user":"b"})"},
      {"bitcoin/addresses/0", R"({"last":2})"},
      {"bitcoin/script/0014aa", R"({"user":"a","index":1})"},
      {"bitcoin/script/0014bb", R"({"user":"b","index":2})"},
      {"withdrawal/a/x", R"({"user":"a","state":"signed","payout":1})"},
      {kPayout, R"({"coins":[{"outpoint":"c:0"}],"withdrawals":[{"withdrawal":"withdrawal/a/x"}],
                    "transactions":[{"id":"t1","hex":"01"}],"height":0})"},
      {"bitcoin/payouts", R"({"last":1})"},
      {"bitcoin/sent/t1", R"({"payout":1})"},
      {"node/t1", R"({"hex":"01"})"},
  };
}

std::string with(const std::string& key, const std::string& value) {
  Documents documents = town();
  documents[key] = value;
  return at_rest(documents);
}
std::string without(const std::string& key) {
  Documents documents = town();
  EXPECT_EQ(documents.erase(key), 1u);
  return at_rest(documents);
}

TEST(AuditorOfBitcoin, HasNothingAgainstWhatIsRight) { EXPECT_THAT(at_rest(town()), IsEmpty()); }

TEST(AuditorOfBitcoin, FindsWhatIsWrongWithAddresses) {
  EXPECT_THAT(without("bitcoin/script/0014bb"), HasSubstr("no watcher knows"));
  EXPECT_THAT(with("bitcoin/account/b", R"({"shard":0,"index":2,"address":"A"})"), HasSubstr("has the address of a"));
  EXPECT_THAT(with("bitcoin/account/b", R"({"shard":0,"index":2,"address":""})"), HasSubstr("never gets"));
  EXPECT_THAT(with("bitcoin/address/0/0000000003", R"({"user":"b"})"), HasSubstr("is lost"));
  EXPECT_THAT(without("bitcoin/address/0/0000000001"), HasSubstr("after a gap"));
  EXPECT_THAT(with("bitcoin/addresses/0", R"({"last":1})"), HasSubstr("not counted"));
}

TEST(AuditorOfBitcoin, FindsWhatIsWrongWithPayouts) {
  EXPECT_THAT(with("withdrawal/a/x", R"({"user":"a","state":"cancelled"})"), HasSubstr("and is cancelled"));
  EXPECT_THAT(with("withdrawal/a/x", R"({"user":"a","state":"claimed","payout":1})"), HasSubstr("never says"));
  EXPECT_THAT(with("withdrawal/a/y", R"({"user":"a","state":"signed","payout":1})"), HasSubstr("no payout says"));
  EXPECT_THAT(with("withdrawal/a/y", R"({"user":"a","state":"claimed","payout":2})"), HasSubstr("for ever"));
  EXPECT_THAT(with("node/t2", R"({"hex":"02"})"), HasSubstr("in no payout"));
  EXPECT_THAT(with("node/t1", R"({"hex":"02"})"), HasSubstr("in no payout"));
  EXPECT_THAT(without("node/t1"), HasSubstr("never broadcast"));
  EXPECT_THAT(without("bitcoin/sent/t1"), HasSubstr("no watcher would know"));
  EXPECT_THAT(without("bitcoin/payouts"), HasSubstr("never settled"));
  const std::string second = "bitcoin/payout/0000000002";
  EXPECT_THAT(with(second, R"({"coins":[{"outpoint":"c:0"}],"withdrawals":[]})"), HasSubstr("spent by two"));
  EXPECT_THAT(with(second, R"({"coins":[],"withdrawals":[{"withdrawal":"withdrawal/a/x"}]})"),
              HasSubstr("paid by two"));
}

TEST(AuditorOfBitcoin, SeesABroadcastThatComesTooEarly) {
  Documents documents = town();
  documents["bitcoin/payouts"] = R"({"last":0})";
  EXPECT_THAT(audit_bitcoin(parsed(documents), false), HasSubstr("before its payout was settled"));
  documents.erase("node/t1");
  EXPECT_THAT(audit_bitcoin(parsed(documents), false), IsEmpty()) << "it is on its way";
}

std::string deposit(const std::string& chain, bool credited, BookedDeposit booked, bool rest = true) {
  Expectations expected;
  expected.entitled = {{"d", 5}};
  json::object document{{"user", "a"}, {"amount_sat", 5}, {"credited", credited}};
  document["on_chain"] = json::parse(chain);
  return audit_chain_deposit("deposit/d", document, nullptr, booked, expected, rest);
}

TEST(AuditorOfBitcoin, FindsWhatIsWrongWithADeposit) {
  const std::string whole = R"({"entitled_sat":5,"booked_sat":5,"moves":1})";
  EXPECT_THAT(deposit(whole, true, {{5}, 0}), IsEmpty());
  EXPECT_THAT(deposit(whole, false, {{5}, 0}), HasSubstr("says wrongly"));
  EXPECT_THAT(deposit(whole, true, {{5, 5}, 0}), HasSubstr("credited twice"));
  EXPECT_THAT(deposit(whole, true, {{5, -5, -5}, 0}), HasSubstr("taken back twice"));
  EXPECT_THAT(deposit(whole, true, {{}, 0}), HasSubstr("booked 1 times, but was 0"));
  EXPECT_THAT(deposit(whole, true, {{3}, 0}), HasSubstr("5 are booked, but 3 are"));
  EXPECT_THAT(deposit(R"({"entitled_sat":5,"booked_sat":0,"moves":0})", false, {{}, 0}), HasSubstr("never credited"));
  EXPECT_THAT(deposit(R"({"entitled_sat":0,"booked_sat":0,"moves":0})", false, {{}, 0}), HasSubstr("should be to 5"));
  EXPECT_THAT(deposit(R"({"entitled_sat":5,"booked_sat":0,"moves":0})", false, {{5}, 0}, false), IsEmpty())
      << "the money moves first";
}

TEST(AuditorOfBitcoin, AsksThatWhatIsOwedIsTakenAsFarAsItIsThere) {
  Expectations expected;
  json::object document{{"user", "a"}, {"amount_sat", 5}, {"credited", false}};
  document["on_chain"] = json::parse(R"({"entitled_sat":0,"booked_sat":2,"moves":2})");
  EXPECT_THAT(audit_chain_deposit("deposit/d", document, nullptr, {{5, -3}, 0}, expected, true), IsEmpty());
  EXPECT_THAT(audit_chain_deposit("deposit/d", document, nullptr, {{5, -3}, 1}, expected, true),
              HasSubstr("not taken back"));
}

TEST(AuditorOfBitcoin, FindsAnUntruth) {
  const auto says = [](const std::string& answer) {
    return audit_bitcoin_answer(town(), json::parse(answer).as_object());
  };
  EXPECT_THAT(says(R"({"did":"address","user":"a","address":"A"})"), IsEmpty());
  EXPECT_THAT(says(R"({"did":"address","user":"a","address":"B"})"), HasSubstr("not theirs"));
  EXPECT_THAT(says(R"({"did":"bump","transaction":"t1"})"), IsEmpty());
  EXPECT_THAT(says(R"({"did":"bump","transaction":"t2"})"), HasSubstr("in no payout"));
}

}  // namespace
}  // namespace abc2::sim
