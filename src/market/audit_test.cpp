// Each check of the audit names the very document that was tampered with.
#include "market/audit.hpp"

#include <gmock/gmock.h>

#include <functional>

#include "market/test_town.hpp"

namespace abc2::market {
namespace {

using test::alter;
using test::Documents;
using test::kCampaign;

struct Past {
  test::Tools tools;
  Documents town = test::old_town(tools);
};
Past& past() {
  static Past the_past;
  return the_past;
}

AuditReport look_at(const Documents& documents) {
  engines::TestStore memory(past().tools.runtime);
  test::fill(memory, documents);
  return test::look(past().tools.runtime, memory);
}

TEST(Audit, AMarketWithAPastIsInOrder) {
  const AuditReport report = look_at(past().town);
  EXPECT_EQ(test::text(report), "");
  EXPECT_EQ(report.accounts, 4u);
  EXPECT_EQ(report.campaigns, 1u);
  EXPECT_EQ(report.slots_sold, 23u);
  EXPECT_EQ(report.voids, 1u);
  EXPECT_EQ(report.deposits, 2u);
  EXPECT_EQ(report.in_flight, 0u);
  EXPECT_EQ(report.put_in, Satoshi(2'000'000'000'000));
  EXPECT_GT(report.earnings_to_collect, Satoshi(0));
  EXPECT_GT(report.fees_to_collect, Satoshi(0));
  EXPECT_EQ(report.balances + report.earnings_to_collect + report.fees_to_collect, report.put_in);
  EXPECT_TRUE(past().town.contains(keys::ledger_page("ann", 1))) << "the past is long enough to have a page";
}

TEST(Audit, AnEmptyStoreIsInOrder) { EXPECT_EQ(test::text(look_at({})), ""); }

struct Tampering {
  std::string name;
  int check;
  store::Key document;  // that must be named
  std::function<void(Documents&)> tamper;
  bool others = false;  // a second document may be named: the two contradict each other, and no third one decides
};

void PrintTo(const Tampering& tampering, std::ostream* out) { *out << tampering.name; }

class AuditOf : public testing::TestWithParam<Tampering> {};

TEST_P(AuditOf, NamesTheDocument) {
  Documents documents = past().town;
  const Tampering& tampering = GetParam();
  tampering.tamper(documents);
  ASSERT_NE(documents, past().town);
  const AuditReport report = look_at(documents);
  bool named = false;
  for (const auto& finding : report.findings) {
    named = named || (finding.check == tampering.check && finding.document == tampering.document);
    if (!tampering.others)
      EXPECT_TRUE(finding.document == tampering.document || finding.document == "all") << test::text(report);
  }
  EXPECT_TRUE(named) << "A" << tampering.check << " " << tampering.document << " is missing in:\n"
                     << test::text(report);
}

template <store::Document T>
auto changed(store::Key key, std::function<void(T&)> change) {
  return [key = std::move(key), change = std::move(change)](Documents& all) { alter<T>(all, key, change); };
}
auto without(store::Key key) {
  return [key = std::move(key)](Documents& all) { all.erase(key); };
}
auto copied(store::Key from, store::Key to) {
  return [from = std::move(from), to = std::move(to)](Documents& all) { all[to] = all.at(from); };
}
const Satoshi kOne(1);
const store::Key kAnn = keys::balance("ann"), kBob = keys::balance("bob"), kSue = keys::balance("sue");
const store::Key kPage = keys::ledger_page("ann", 1);
store::Key slot(std::uint64_t n) { return keys::slot(kCampaign, n); }
store::Key receipt(std::uint64_t n) { return keys::transaction(kCampaign, n); }

journal::Hold hold_of(const std::string& buyer, std::uint64_t number, const std::string& attempt) {
  journal::Hold hold{"sale", kCampaign, number, attempt, from_unix_ms(1), {}};
  Sale sale;
  sale.buyer = buyer;
  sale.price = Satoshi(1000);
  hold.entry.text = store::encode(Slot{attempt, sale});
  return hold;
}
std::string attempt_of(std::uint64_t number) { return test::document<Slot>(past().town, slot(number)).attempt; }

std::vector<Tampering> ledgers() {
  return {
      {"money", 1, kAnn, changed<Balance>(kAnn, [](Balance& b) { b.money += kOne; })},
      {"amount_in_balance", 1, kAnn, changed<Balance>(kAnn, [](Balance& b) { b.recent[1].amount -= kOne; })},
      {"sum_in_balance", 1, kAnn, changed<Balance>(kAnn, [](Balance& b) { b.recent[1].after -= kOne; })},
      {"number_in_balance", 1, kAnn, changed<Balance>(kAnn, [](Balance& b) { b.recent[2].number += 1; })},
      {"entry_lost", 1, kAnn, changed<Balance>(kAnn, [](Balance& b) { b.recent.erase(b.recent.begin()); }), true},
      {"overdrawn", 1, kBob,
       changed<Balance>(
           kBob,
           [](Balance& b) {
             b.recent.push_back(
                 {b.recent.back().number + 1, {}, LedgerKind::purchase, -b.money - kOne, Satoshi(-1), receipt(1)});
             b.money = Satoshi(-1);
           })},
      {"amount_in_page", 1, kPage, changed<LedgerPage>(kPage, [](LedgerPage& p) { p.entries[3].amount -= kOne; })},
      {"short_page", 1, kPage, changed<LedgerPage>(kPage, [](LedgerPage& p) { p.entries.pop_back(); }), true},
      {"page_lost", 1, kPage, without(kPage)},
      {"page_too_many", 1, keys::ledger_page("ann", 2), copied(kPage, keys::ledger_page("ann", 2))},
      {"pages_of_nobody", 1, keys::balance("eve"), copied(kPage, keys::ledger_page("eve", 1))},
      {"wrong_way", 1, kBob, changed<Balance>(kBob, [](Balance& b) { b.recent[0].kind = LedgerKind::purchase; }), true},
      {"charged_for_nothing", 2, kAnn,
       changed<Balance>(kAnn, [](Balance& b) { b.recent.back().reference = receipt(99); }), true},
      {"charged_twice", 2, kBob,
       changed<Balance>(kBob,
                        [](Balance& b) {
                          LedgerEntry again = b.recent.back();
                          again.number += 1;
                          again.after += again.amount;
                          b.money += again.amount;
                          b.recent.push_back(again);
                        })},
      {"paid_less", 2, kBob,
       changed<Balance>(kBob,
                        [](Balance& b) {
                          b.recent.back().amount += kOne;
                          b.recent.back().after += kOne;
                          b.money += kOne;
                        })},
      {"purchase_lost", 3, kBob,
       changed<Balance>(kBob,
                        [](Balance& b) {
                          b.money -= b.recent.back().amount;
                          b.recent.pop_back();
                        })},
      {"sums", 9, "all", changed<Balance>(kAnn, [](Balance& b) { b.money += kOne; }), true},
  };
}

std::vector<Tampering> sales() {
  return {
      {"receipt_lost", 3, receipt(5), without(receipt(5))},
      {"receipt_of_nothing", 2, receipt(30), copied(receipt(5), receipt(30))},
      {"receipt_of_void", 2, receipt(21), copied(receipt(5), receipt(21))},
      {"receipt_price", 2, receipt(5), changed<Transaction>(receipt(5), [](Transaction& t) { t.price += kOne; })},
      {"receipt_buyer", 2, receipt(5), changed<Transaction>(receipt(5), [](Transaction& t) { t.buyer = "bob"; })},
      {"receipt_seller", 2, receipt(5), changed<Transaction>(receipt(5), [](Transaction& t) { t.seller = "bob"; })},
      {"receipt_fee", 2, receipt(5), changed<Transaction>(receipt(5), [](Transaction& t) { t.fee += kOne; })},
      {"receipt_attempt", 2, receipt(5), changed<Transaction>(receipt(5), [](Transaction& t) { t.attempt += "x"; }),
       true},
      {"slot_attempt", 2, slot(5), changed<Slot>(slot(5), [](Slot& s) { s.attempt += "x"; }), true},
      {"slot_buyer", 3, slot(5), changed<Slot>(slot(5), [](Slot& s) { s.sale->buyer = "bob"; })},
      {"slot_price", 3, slot(5), changed<Slot>(slot(5), [](Slot& s) { s.sale->price += kOne; })},
      {"slot_fee", 3, slot(5), changed<Slot>(slot(5), [](Slot& s) { s.sale->fee += kOne; })},
      {"slot_bought_at", 3, slot(5), changed<Slot>(slot(5), [](Slot& s) { s.sale->bought_at -= Milliseconds(1); })},
      {"slot_starts_at", 3, slot(5), changed<Slot>(slot(5), [](Slot& s) { s.sale->starts_at += Milliseconds(1); })},
      {"slot_ends_at", 3, slot(5), changed<Slot>(slot(5), [](Slot& s) { s.sale->ends_at += Milliseconds(1); })},
      {"slot_times_absurd", 3, slot(5), changed<Slot>(slot(5), [](Slot& s) { s.sale->ends_at = s.sale->starts_at; })},
      {"first_slot_ends_at", 3, slot(1), changed<Slot>(slot(1), [](Slot& s) { s.sale->ends_at += Milliseconds(1); }),
       true},
      {"slot_made_void", 3, slot(5), changed<Slot>(slot(5), [](Slot& s) { s.sale.reset(); }), true},
      {"slot_lost", 4, slot(5), without(slot(5))},
      {"void_lost", 4, slot(21), without(slot(21))},
      {"slot_beyond", 4, slot(27), copied(slot(24), slot(27))},
      {"slot_that_nobody_pays", 3, slot(25), copied(slot(24), slot(25))},
      {"slot_of_no_campaign", 4, keys::campaign("sue", 7), copied(slot(1), keys::slot(keys::campaign("sue", 7), 1))},
      {"key_of_a_slot", 4, "slot/sue/1", copied(slot(1), "slot/sue/1")},
  };
}

std::vector<Tampering> campaigns() {
  using C = Campaign;
  return {
      {"sold", 4, kCampaign, changed<C>(kCampaign, [](C& c) { c.sold += 1; })},
      {"earned", 4, kCampaign, changed<C>(kCampaign, [](C& c) { c.earned += kOne; })},
      {"fees", 4, kCampaign, changed<C>(kCampaign, [](C& c) { c.fees -= kOne; })},
      {"last_sale", 4, kCampaign, changed<C>(kCampaign, [](C& c) { c.last_sale->price += kOne; })},
      {"last_too_high", 4, kCampaign, changed<C>(kCampaign, [](C& c) { c.last += 1; })},
      {"last_too_low", 4, kCampaign, changed<C>(kCampaign, [](C& c) { c.last -= 3; })},
      {"floor", 3, kCampaign, changed<C>(kCampaign, [](C& c) { c.floor -= kOne; }), true},
      {"slot_length", 3, kCampaign, changed<C>(kCampaign, [](C& c) { c.slot_length_ms += 1; }), true},
      {"collected", 6, kCampaign, changed<C>(kCampaign, [](C& c) { c.collected -= kOne; })},
      {"collected_too_much", 6, kCampaign, changed<C>(kCampaign, [](C& c) { c.collected = c.earned + kOne; })},
      {"fees_collected", 6, kCampaign, changed<C>(kCampaign, [](C& c) { c.fees_collected += kOne; })},
      {"campaign_lost", 8, kCampaign, without(kCampaign), true},
      {"campaign_gap", 8, keys::campaign("sue", 2), copied(kCampaign, keys::campaign("sue", 3)), true},
      {"campaigns_listed", 8, keys::campaigns("sue"),
       changed<CampaignList>(keys::campaigns("sue"), [](CampaignList& l) { l.last = 3; }), true},
      {"filler_lost", 8, keys::filler("ann", 1), without(keys::filler("ann", 1)), true},
      {"filler_gap", 8, keys::filler("ann", 2), copied(keys::filler("ann", 1), keys::filler("ann", 3)), true},
      {"fillers_not_listed", 8, keys::fillers("ann"),
       [](Documents& all) {
         copied(keys::filler("ann", 1), keys::filler("ann", 2))(all);
         copied(keys::filler("ann", 1), keys::filler("ann", 3))(all);
       }},
  };
}

std::vector<Tampering> credits() {
  const store::Key deposit = keys::deposit("seed-ann"), fees = keys::fees_account();
  return {
      {"deposit_amount", 5, deposit, changed<Deposit>(deposit, [](Deposit& d) { d.amount += kOne; })},
      {"deposit_user", 5, deposit, changed<Deposit>(deposit, [](Deposit& d) { d.user = "bob"; })},
      {"deposit_not_marked", 5, deposit, changed<Deposit>(deposit, [](Deposit& d) { d.credited = false; })},
      {"deposit_lost", 5, deposit, without(deposit), true},
      {"deposit_never_paid", 5, keys::deposit("other"), copied(deposit, keys::deposit("other")), true},
      {"deposit_paid_twice", 5, kBob,
       changed<Balance>(kBob,
                        [](Balance& b) {
                          LedgerEntry again = b.recent[0];
                          again.number = b.recent.back().number + 1;
                          again.after = b.money + again.amount;
                          b.money = again.after;
                          b.recent.push_back(again);
                        })},
      {"earnings_of_another", 6, kBob,
       changed<Balance>(kBob, [](Balance& b) { b.recent[0].kind = LedgerKind::earnings; }), true},
      {"fees_account", 6, fees, changed<FeesAccount>(fees, [](FeesAccount& f) { f.user = "bob"; }), true},
      {"fees_account_lost", 6, fees, without(fees), true},
      {"hold_of_no_kind", 7, kAnn,
       changed<Balance>(kAnn,
                        [](Balance& b) {
                          b.hold = hold_of("ann", 25, "a");
                          b.hold->kind = "loan";
                        })},
      {"hold_of_no_campaign", 7, kAnn,
       changed<Balance>(kAnn,
                        [](Balance& b) {
                          b.hold = hold_of("ann", 1, "a");
                          b.hold->head = keys::campaign("sue", 9);
                        })},
      {"hold_beyond", 7, kAnn, changed<Balance>(kAnn, [](Balance& b) { b.hold = hold_of("ann", 26, "a"); })},
      {"hold_of_anothers_slot", 7, kAnn, changed<Balance>(kAnn, [](Balance& b) { b.hold = hold_of("ann", 24, "a"); })},
      {"hold_of_a_void", 7, kAnn, changed<Balance>(kAnn, [](Balance& b) { b.hold = hold_of("ann", 21, "a"); })},
      {"hold_of_a_settled_slot", 7, kAnn,
       changed<Balance>(kAnn, [](Balance& b) { b.hold = hold_of("ann", 20, attempt_of(20)); })},
      {"hold_that_carries_another", 7, kAnn,
       changed<Balance>(kAnn, [](Balance& b) { b.hold = hold_of("bob", 25, "a"); })},
      {"hold_without_money", 7, kSue,
       changed<Balance>(kSue,
                        [](Balance& b) {
                          b.hold = hold_of("sue", 25, "a");
                          auto carried = store::decode<Slot>(b.hold->entry.text).value();
                          carried.sale->price = b.money + kOne;
                          b.hold->entry.text = store::encode(carried);
                        })},
      {"promise_of_no_kind", 7, kAnn,
       changed<Balance>(kAnn, [](Balance& b) { b.pending = journal::Pending{"gift", "deposit/seed-ann", {"{}"}}; })},
      {"promise_of_nothing", 7, kAnn,
       changed<Balance>(
           kAnn,
           [](Balance& b) { b.pending = journal::Pending{"deposit", "deposit/seed-bob", {R"({"amount_sat":1})"}}; })},
      {"promise_of_too_much", 7, kSue,
       changed<Balance>(kSue,
                        [](Balance& b) {
                          b.pending =
                              journal::Pending{"earnings", kCampaign, {R"({"from_sat":1,"to_sat":9000000000})"}};
                        }),
       true},
  };
}

std::vector<Tampering> unreadable() {
  std::vector<Tampering> all;
  for (const store::Key& key :
       {keys::credentials("ann"), kAnn, kPage, keys::deposit("seed-ann"), keys::filler("ann", 1), keys::fillers("ann"),
        kCampaign, keys::campaigns("sue"), slot(5), receipt(5), keys::fees_account()}) {
    const auto name = [&](const std::string& how) {
      std::string text = how + "_" + key;
      for (char& c : text) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
      return text;
    };
    all.push_back({name("garbled"), 0, key, [key](Documents& docs) { docs.at(key) = "{\"schema\":1,"; }});
    all.push_back({name("newer"), 0, key, [key](Documents& docs) { docs.at(key) = "{\"schema\":99}"; }});
  }
  return all;
}

const auto kName = [](const auto& info) { return info.param.name; };
INSTANTIATE_TEST_SUITE_P(Ledgers, AuditOf, testing::ValuesIn(ledgers()), kName);
INSTANTIATE_TEST_SUITE_P(Sales, AuditOf, testing::ValuesIn(sales()), kName);
INSTANTIATE_TEST_SUITE_P(Campaigns, AuditOf, testing::ValuesIn(campaigns()), kName);
INSTANTIATE_TEST_SUITE_P(Credits, AuditOf, testing::ValuesIn(credits()), kName);
INSTANTIATE_TEST_SUITE_P(Unreadable, AuditOf, testing::ValuesIn(unreadable()), kName);

}  // namespace
}  // namespace abc2::market
