#include "sim/auditor.hpp"

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <functional>

namespace abc2::sim {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr const char* kSlot = "slot/s/0000000001/0000000001";
constexpr const char* kReceipt = "transaction/s/0000000001/0000000001";
constexpr const char* kCampaign = "campaign/s/0000000001";

// A market in which "a" bought one slot and got one deposit, "b" bought the slot after it, and "s" collected.
Documents start() {
  return {
      {"balance/a", R"({"schema":1,"money_sat":20,"pages":0,"recent":[]})"},
      {"balance/b", R"({"schema":1,"money_sat":50,"pages":0,"recent":[]})"},
      {"balance/s", R"({"schema":1,"money_sat":0,"pages":0,"recent":[]})"},
      {"campaigns/s", R"({"schema":1,"last":1})"},
      {kCampaign, R"({"schema":1,"attempt":"c","floor_sat":10,"slot_length_ms":100,"last":0,"sold":0,"earned_sat":0,
                      "collected_sat":0,"fees_sat":0,"fees_collected_sat":0})"},
  };
}

Documents end() {
  Documents end = start();
  end["balance/a"] = R"({"schema":1,"money_sat":15,"pages":0,"recent":[
      {"number":1,"at_ms":1000,"kind":"purchase","amount_sat":-10,"after_sat":10,
       "reference":"transaction/s/0000000001/0000000001"},
      {"number":2,"at_ms":1000,"kind":"deposit","amount_sat":5,"after_sat":15,"reference":"deposit/d"}]})";
  end["balance/b"] = R"({"schema":1,"money_sat":30,"pages":0,"recent":[
      {"number":1,"at_ms":1000,"kind":"purchase","amount_sat":-20,"after_sat":30,
       "reference":"transaction/s/0000000001/0000000003"}]})";
  end["balance/s"] = R"({"schema":1,"money_sat":27,"pages":0,"recent":[
      {"number":1,"at_ms":1000,"kind":"earnings","amount_sat":27,"after_sat":27,
       "reference":"campaign/s/0000000001"}]})";
  end["deposit/d"] = R"({"schema":1,"user":"a","amount_sat":5,"credited":true})";
  end[kSlot] = R"({"schema":1,"attempt":"x","sale":{"buyer":"a","request":"ra","price_sat":10,"fee_sat":1,
                   "bought_at_ms":1000,"starts_at_ms":1000,"ends_at_ms":1100}})";
  end["slot/s/0000000001/0000000002"] = R"({"schema":1,"attempt":"v"})";
  end["slot/s/0000000001/0000000003"] =
      R"({"schema":1,"attempt":"y","sale":{"buyer":"b","request":"rb","price_sat":20,"fee_sat":2,
          "bought_at_ms":1000,"starts_at_ms":1100,"ends_at_ms":1200}})";
  end[kReceipt] = R"({"schema":1,"attempt":"x","buyer":"a","seller":"s","price_sat":10,"fee_sat":1})";
  end["transaction/s/0000000001/0000000003"] =
      R"({"schema":1,"attempt":"y","buyer":"b","seller":"s","price_sat":20,"fee_sat":2})";
  end[kCampaign] = R"({"schema":1,"attempt":"c","floor_sat":10,"slot_length_ms":100,"last":3,"sold":2,"earned_sat":27,
                       "collected_sat":27,"fees_sat":3,"fees_collected_sat":0})";
  return end;
}

Expectations expected() {
  Expectations expected;
  expected.fee_basis_points = 1000;
  expected.orders = {{"ra", {"a", 10, 1}}, {"rb", {"b", 20, 1}}};
  return expected;
}

TEST(Auditor, FindsNothingInGoodBooks) { EXPECT_THAT(audit_books(start(), end(), expected()), IsEmpty()); }

// Each is one thing gone wrong, and what must be said of it.
struct Wrong {
  const char* name;
  std::function<void(Documents&)> change;
  const char* says;
};

void replace(Documents& documents, const std::string& key, const std::string& from, const std::string& to) {
  std::string& text = documents.at(key);
  const auto at = text.find(from);
  ASSERT_NE(at, std::string::npos) << key << " has no " << from;
  text.replace(at, from.size(), to);
}

std::function<void(Documents&)> with(std::string key, std::string from, std::string to) {
  return [=](Documents& documents) { replace(documents, key, from, to); };
}

class AuditorFinds : public ::testing::TestWithParam<Wrong> {};

TEST_P(AuditorFinds, OneThingGoneWrong) {
  Documents wrong = end();
  GetParam().change(wrong);
  EXPECT_THAT(audit_books(start(), wrong, expected()), HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    Books, AuditorFinds,
    ::testing::Values(
        Wrong{"Hold", with("balance/a", R"("pages")", R"("hold":{"number":1},"pages")"), "held for ever"},
        Wrong{"Pending", with("balance/a", R"("pages")", R"("pending":{},"pages")"), "pending for ever"},
        Wrong{"Money", with("balance/a", R"("money_sat":15)", R"("money_sat":16)"), "a has 16, but the ledger says 15"},
        Wrong{"Sum", with("balance/a", R"("after_sat":10)", R"("after_sat":11)"), "does not add up"},
        Wrong{"Overdrawn", with("balance/b", R"("amount_sat":-20)", R"("amount_sat":-60)"), "overdrawn"},
        Wrong{"Numbers", with("balance/a", R"("number":2)", R"("number":3)"), "numbered without gaps"},
        Wrong{"Page", with("balance/a", R"("pages":0)", R"("pages":1)"), "page 1 of a's ledger is missing"},
        Wrong{"NoBalance", [](Documents& d) { d["credentials/x"] = R"({"password_hash":"p"})"; }, "no balance"},
        Wrong{"Lags", with(kCampaign, R"("last":3)", R"("last":2)"), "slot 3 was sold to b, but is never settled"},
        Wrong{"LagsBehindVoid", [](Documents& d) { replace(d, kCampaign, R"("last":3)", R"("last":1)"); },
              "slot 2 is there"},
        Wrong{"NoSlot", [](Documents& d) { d.erase(kSlot); }, "past slot 1, which is not there"},
        Wrong{"NoReceipt", [](Documents& d) { d.erase(kReceipt); }, "sold without a receipt"},
        Wrong{"OtherReceipt", with(kReceipt, R"("x")", R"("z")"), "another one's"},
        Wrong{"Sold", with(kCampaign, R"("sold":2)", R"("sold":3)"), "slots were sold"},
        Wrong{"Earned", with(kCampaign, R"("earned_sat":27)", R"("earned_sat":36)"), "has earned 36"},
        Wrong{"Fees", with(kCampaign, R"("fees_sat":3)", R"("fees_sat":4)"), "fees are 4"},
        Wrong{"TimeBack", with("slot/s/0000000001/0000000003", R"("bought_at_ms":1000)", R"("bought_at_ms":999)"),
              "before the one before it"},
        Wrong{"Price", with("slot/s/0000000001/0000000003", R"("bought_at_ms":1000)", R"("bought_at_ms":1050)"),
              "the price was 15"},
        Wrong{"Times", with("slot/s/0000000001/0000000003", R"("starts_at_ms":1100)", R"("starts_at_ms":1101)"),
              "runs at another time"},
        Wrong{"Fee", with("slot/s/0000000001/0000000003", R"("fee_sat":2)", R"("fee_sat":1)"), "wrong fee"},
        Wrong{"Twice",
              with("slot/s/0000000001/0000000003", R"("buyer":"b","request":"rb")", R"("buyer":"a","request":"ra")"),
              "more than the 10"},
        Wrong{"Charged", with("balance/a", "purchase", "earnings"), "never charged"},
        Wrong{"NotSold", with("balance/b", "0000000003\"", "0000000002\""), "not sold to them"},
        Wrong{"Uncredited", with("deposit/d", "true", "false"), "never credited"},
        Wrong{"Miscredited", with("deposit/d", R"("amount_sat":5)", R"("amount_sat":6)"), "credited wrongly"},
        Wrong{"Invented", [](Documents& d) { d.erase("deposit/d"); }, "deposit/d is gone"},
        Wrong{"NotInLedger", [](Documents& d) { d["deposit/e"] = R"({"user":"a","amount_sat":5,"credited":true})"; },
              "in no ledger"},
        Wrong{"Collected", with(kCampaign, R"("collected_sat":27)", R"("collected_sat":18)"), "27 were paid out"},
        Wrong{"Gap", [](Documents& d) { d["filler/a/0000000002"] = R"({"attempt":"f"})"; }, "after a gap"},
        Wrong{"Unlisted", [](Documents& d) { d["filler/a/0000000001"] = R"({"attempt":"f"})"; }, "never listed"},
        Wrong{"ListsNothing", [](Documents& d) { d["fillers/a"] = R"({"last":1})"; }, "lists what is not there"},
        Wrong{"TwoOfOne",
              [](Documents& d) {
                d["filler/a/0000000001"] = d["filler/a/0000000002"] = R"({"attempt":"f"})";
                d["fillers/a"] = R"({"last":2})";
              },
              "made two"}),
    [](const auto& info) { return info.param.name; });

TEST(Auditor, FindsWhatWasBoughtTwice) {
  Documents wrong = end();
  replace(wrong, "slot/s/0000000001/0000000003", R"("buyer":"b","request":"rb")", R"("buyer":"a","request":"ra")");
  Expectations generous = expected();
  generous.orders["ra"].highest_price = 100;
  EXPECT_THAT(audit_books(start(), wrong, generous), HasSubstr("ra was bought twice"));
}

TEST(Auditor, FindsACreditThatWasPaidTwice) {
  Documents wrong = end();
  replace(wrong, "balance/a", R"("reference":"deposit/d"}])",
          R"("reference":"deposit/d"},
             {"number":3,"kind":"deposit","amount_sat":5,"after_sat":20,"reference":"deposit/d"}])");
  replace(wrong, "balance/a", R"("money_sat":15)", R"("money_sat":20)");
  EXPECT_THAT(audit_books(start(), wrong, expected()), HasSubstr("deposit/d was credited twice"));
}

TEST(Auditor, FindsWhatChangedAndMustNot) {
  EXPECT_THAT(audit_books(end(), end(), expected()), IsEmpty());
  Documents changed = end();
  replace(changed, kReceipt, R"("schema":1)", R"("schema":2)");
  EXPECT_THAT(audit_books(end(), changed, expected()), HasSubstr("was changed"));
}

std::string told(const char* request, const char* buyer, const char* outcome, int slot, int price) {
  return boost::json::serialize(boost::json::object{
      {"did", "buy"}, {"request", request}, {"buyer", buyer}, {"outcome", outcome}, {"slot", slot}, {"price", price}});
}

TEST(Auditor, BelievesWhatIsTrue) {
  EXPECT_THAT(audit_answers(end(), {told("ra", "a", "bought", 1, 10), told("rb", "b", "undecided", 0, 0)}, expected()),
              IsEmpty());
}

TEST(Auditor, FindsAPurchaseThatWasPromised) {
  Documents without = end();
  without.erase(kSlot);
  EXPECT_THAT(audit_answers(without, {told("ra", "a", "bought", 1, 10)}, expected()), HasSubstr("but it was not"));
  EXPECT_THAT(audit_answers(end(), {told("ra", "a", "bought", 2, 10)}, expected()), HasSubstr("told of slot 2"));
  EXPECT_THAT(audit_answers(end(), {told("ra", "a", "bought", 1, 11)}, expected()), HasSubstr("for 11"));
}

TEST(Auditor, FindsARefusalOfWhatWasSold) {
  EXPECT_THAT(audit_answers(end(), {told("ra", "a", "slot_taken", 0, 0)}, expected()),
              HasSubstr("nothing was charged"));
  Expectations two = expected();
  two.orders["ra"].carriers = 2;  // the other one may have bought it
  EXPECT_THAT(audit_answers(end(), {told("ra", "a", "slot_taken", 0, 0)}, two), IsEmpty());
}

TEST(Auditor, FindsThatAClientWasToldOfDamage) {
  EXPECT_THAT(audit_answers(end(), {told("ra", "a", "corrupt", 0, 0)}, expected()), HasSubstr("damaged"));
  EXPECT_THAT(audit_answers(end(), {R"({"did":"recover","outcome":"corrupt"})"}, expected()), HasSubstr("damaged"));
}

TEST(Auditor, FindsAPasswordThatDoesNotOpen) {
  Documents documents{{"credentials/x", R"({"password_hash":"new#1"})"}};
  const auto says = [](const char* password) {
    return std::string(R"({"did":"password","user":"x","outcome":"ok","password":")") + password + "\"}";
  };
  EXPECT_THAT(audit_answers(documents, {says("new")}, {}), IsEmpty());
  EXPECT_THAT(audit_answers(documents, {says("old")}, {}), HasSubstr("does not open"));
}

TEST(Auditor, FindsARepeatedCreationAmongTheNewestOnly) {
  const auto books = [](int between) {
    Documents documents = end();
    int number = 0;
    const auto add = [&](const std::string& attempt) {
      const std::string digits = std::to_string(++number);
      documents["filler/a/" + std::string(10 - digits.size(), '0') + digits] = R"({"attempt":")" + attempt + "\"}";
    };
    add("f");
    for (int i = 0; i < between; ++i) add("g" + std::to_string(i));
    add("f");
    documents["fillers/a"] = R"({"last":)" + std::to_string(number) + "}";
    return audit_books(start(), documents, expected());
  };
  EXPECT_THAT(books(15), HasSubstr("made two"));
  EXPECT_THAT(books(16), IsEmpty());
}

TEST(Auditor, FindsANumberOfAnotherOnes) {
  Documents documents{{"filler/a/0000000001", R"({"attempt":"f"})"}};
  const auto says = [](const char* attempt) {
    return std::string(R"({"did":"add","key":"filler/a/","outcome":"ok","number":1,"attempt":")") + attempt + "\"}";
  };
  EXPECT_THAT(audit_answers(documents, {says("f")}, {}), IsEmpty());
  EXPECT_THAT(audit_answers(documents, {says("g")}, {}), HasSubstr("another one's"));
}

}  // namespace
}  // namespace abc2::sim
