#include "market/purchases.hpp"

#include <gmock/gmock.h>

#include <boost/asio/this_coro.hpp>

#include "engines/for_tests/test_store.hpp"
#include "market/keys.hpp"
#include "market/ledger.hpp"
#include "market/money.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"
#include "store/faulty_store.hpp"

namespace abc2::market {
namespace {

using store::Fault;
using store::key_prefix;
using store::Verb;

const std::string kCampaign = keys::campaign("sue", 1);

// A market with a seller's campaign and two buyers with 1,000,000 each and an ad; floor 1000.
struct Shop {
  runtime::AsioRuntime runtime;
  engines::TestStore memory{runtime};
  store::Store& real = memory;
  store::FaultyStore faulty{memory, runtime};
  journal::Kinds kinds;
  Purchases purchases{faulty, runtime, kinds, 100};
  Money money{faulty, runtime, kinds};

  Shop() {
    Campaign campaign;
    campaign.attempt = "made";
    campaign.floor = Satoshi(1000);
    campaign.slot_length_ms = Milliseconds(std::chrono::hours(24)).count();
    campaign.refused_categories = {"gambling"};
    put(kCampaign, campaign);
    put(keys::balance("sue"), Balance{});
    for (const char* buyer : {"ann", "bob"}) {
      put(keys::balance(buyer), Balance{});
      Filler filler;
      filler.category = "books";
      put(keys::filler(buyer, 1), filler);
      filler.category = "gambling";
      put(keys::filler(buyer, 2), filler);
      run(money.fund(std::string("seed-") + buyer, buyer, Satoshi(1'000'000)));
    }
  }

  // The result, after everything that was left to the background has ended as well.
  template <class T>
  Result<T> attempt(Task<Result<T>> task) {
    const auto to_the_end = [](Task<Result<T>> inner, runtime::AsioRuntime* its) -> Task<Result<T>> {
      auto result = co_await std::move(inner);
      while (its->working() > 0) co_await its->sleep(Milliseconds(1));
      co_return result;
    };
    return runtime::run_blocking(to_the_end(std::move(task), &runtime));
  }
  template <class T>
  T run(Task<Result<T>> task) {
    auto result = attempt(std::move(task));
    if (!result) throw std::runtime_error(result.error().message() + "\n" + faulty.log());
    return std::move(result).value();
  }
  Code fails(Task<Result<Bought>> task) {
    auto result = attempt(std::move(task));
    if (result) throw std::runtime_error("should have been refused\n" + faulty.log());
    return result.error().code();
  }
  template <class D>
  void put(const store::Key& key, const D& document) {
    const auto now = run(real.get(key));
    const auto written = now ? run(real.replace(key, now->version, store::encode(document)))
                             : run(real.add(key, store::encode(document)));
    if (written.kind() != store::WriteOutcome::Kind::applied) throw std::runtime_error("could not put " + key);
  }
  template <class D>
  D read(const store::Key& key) {
    return run(store::get_existing<D>(real, key, "absent: " + key)).value;
  }
  Balance balance(std::string_view user) { return read<Balance>(keys::balance(user)); }
  Campaign campaign() { return read<Campaign>(kCampaign); }

  static Order order(std::string buyer, std::uint64_t slot, std::string request) {
    return {std::move(buyer), "sue", 1, slot, std::move(request), 1, Satoshi(1'000'000)};
  }
  // A hold in ann's balance, left by a process that died after its lock. Placed `age` ago.
  journal::Hold left_hold(std::string request, Milliseconds age) {
    const auto head = run(store::get_existing<Campaign>(real, kCampaign, ""));
    const auto holder = run(store::get_existing<Balance>(real, keys::balance("ann"), ""));
    const Filler filler = read<Filler>(keys::filler("ann", 1));
    const auto plan = decide_sale(order("ann", head.value.last + 1, std::move(request)), "left", head, holder, filler,
                                  0, runtime.now() - age);
    const auto& lock = plan.value().writes[plan.value().lock];
    put(lock.key, store::decode<Balance>(lock.value).value());
    return plan.value().hold;
  }
};

// The state after the debit, before the campaign counts the slot: seen by whoever repeats the request at once.
TEST(Purchases, WhatItHasCostIsNoReasonToRefuseItWhenItIsRepeated) {
  Shop shop;
  Campaign dear = shop.campaign();
  dear.floor = Satoshi(1'000'000);
  shop.put(kCampaign, dear);
  EXPECT_FALSE(shop.run(shop.purchases.buy(Shop::order("ann", 1, "r1"))).repeated);
  ASSERT_EQ(shop.balance("ann").money, Satoshi(0));
  shop.put(kCampaign, dear);
  const auto again = shop.run(shop.purchases.buy(Shop::order("ann", 1, "r1")));
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.slot, 1u);
  EXPECT_EQ(shop.campaign().last, 1u) << "and it is counted now";
  EXPECT_EQ(shop.balance("ann").money, Satoshi(0));
  shop.put(kCampaign, dear);
  EXPECT_EQ(shop.fails(shop.purchases.buy(Shop::order("ann", 1, "r2"))), Code::slot_taken) << "another request";
  EXPECT_EQ(shop.fails(shop.purchases.buy(Shop::order("ann", 2, "r3"))), Code::price_above_limit) << "of the next";
}

TEST(Purchases, ASlotIsSoldAndPaidFor) {
  Shop shop;
  const Bought bought = shop.run(shop.purchases.buy(Shop::order("ann", 1, "r1")));
  EXPECT_EQ(bought.slot, 1u);
  EXPECT_FALSE(bought.repeated);
  EXPECT_EQ(bought.sale.price, Satoshi(1000));
  EXPECT_EQ(bought.sale.fee, Satoshi(10)) << "one percent";
  EXPECT_EQ(bought.sale.ends_at - bought.sale.starts_at, std::chrono::hours(24));
  EXPECT_EQ(shop.balance("ann").money, Satoshi(999'000));
  EXPECT_FALSE(shop.balance("ann").hold);
  EXPECT_EQ(shop.campaign().last, 1u);
  EXPECT_EQ(shop.campaign().earned, Satoshi(990));
  EXPECT_EQ(shop.campaign().fees, Satoshi(10));
  const auto receipt = shop.read<Transaction>(keys::transaction(kCampaign, 1));
  EXPECT_EQ(receipt.buyer, "ann");
  EXPECT_EQ(receipt.seller, "sue");
  EXPECT_EQ(receipt.price, Satoshi(1000));
  const LedgerEntry entry = shop.balance("ann").recent.back();
  EXPECT_EQ(entry.amount, Satoshi(-1000));
  EXPECT_EQ(entry.after, Satoshi(999'000));
  EXPECT_EQ(entry.reference, keys::transaction(kCampaign, 1));
}

TEST(Purchases, FiveWritesOfWhichTheBuyerWaitsForTwo) {
  Shop shop;
  const auto writes_when_answered = [](Shop* its) -> Task<Result<std::size_t>> {
    const std::size_t before = its->faulty.writes();
    CO_TRY_VOID(co_await its->purchases.buy(Shop::order("ann", 1, "r1")));
    co_return its->faulty.writes() - before;
  };
  EXPECT_EQ(shop.run(writes_when_answered(&shop)), 2u);

  Shop other;
  const std::size_t start = other.faulty.writes();
  other.run(other.purchases.buy(Shop::order("ann", 1, "r1")));
  EXPECT_EQ(other.faulty.writes() - start, 5u);
}

TEST(Purchases, TheSameRequestIsBoughtOnceAndAnsweredTheSameForEver) {
  Shop shop;
  const Bought first = shop.run(shop.purchases.buy(Shop::order("ann", 1, "r1")));
  shop.run(shop.purchases.buy(Shop::order("bob", 2, "r2")));
  const Bought again = shop.run(shop.purchases.buy(Shop::order("ann", 1, "r1")));
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.slot, 1u);
  EXPECT_EQ(again.sale, first.sale);
  EXPECT_EQ(shop.balance("ann").money, Satoshi(999'000));
}

TEST(Purchases, TheSameRequestTwiceAtOnceIsBoughtOnce) {
  Shop shop;
  const auto twice = [](Purchases* purchases, runtime::AsioRuntime* runtime) -> Task<Result<int>> {
    const auto here = co_await boost::asio::this_coro::executor;
    static int bought;
    bought = 0;
    const auto one = [](Purchases* its) -> Task<void> {
      const auto result = co_await its->buy(Shop::order("ann", 1, "r1"));
      if (result && result.value().slot == 1) ++bought;
    };
    for (int i = 0; i < 4; ++i) runtime->spawn(here, "buyer", one(purchases));
    while (runtime->working() > 0) co_await runtime->sleep(Milliseconds(1));
    co_return bought;
  };
  EXPECT_EQ(shop.run(twice(&shop.purchases, &shop.runtime)), 4);
  EXPECT_EQ(shop.balance("ann").money, Satoshi(999'000));
  EXPECT_EQ(shop.campaign().last, 1u);
}

TEST(Purchases, WhoComesSecondIsToldAndNotCharged) {
  Shop shop;
  shop.run(shop.purchases.buy(Shop::order("ann", 1, "r1")));
  EXPECT_EQ(shop.fails(shop.purchases.buy(Shop::order("bob", 1, "r2"))), Code::slot_taken);
  EXPECT_EQ(shop.balance("bob").money, Satoshi(1'000'000));
  EXPECT_FALSE(shop.balance("bob").hold);
}

TEST(Purchases, RefusalsNameTheirReasonAndLeaveNothing) {
  Shop shop;
  Order cheap = Shop::order("ann", 1, "r1");
  cheap.highest_price = Satoshi(999);
  EXPECT_EQ(shop.fails(shop.purchases.buy(cheap)), Code::price_above_limit);
  Order gambling = Shop::order("ann", 1, "r2");
  gambling.filler = 2;
  EXPECT_EQ(shop.fails(shop.purchases.buy(gambling)), Code::category_refused);
  Order no_filler = Shop::order("ann", 1, "r3");
  no_filler.filler = 3;
  EXPECT_EQ(shop.fails(shop.purchases.buy(no_filler)), Code::not_found);
  EXPECT_EQ(shop.fails(shop.purchases.buy(Shop::order("ann", 2, "r4"))), Code::conflict) << "slot 1 comes first";
  EXPECT_EQ(shop.fails(shop.purchases.buy(Shop::order("ann", 0, "r5"))), Code::invalid_argument);
  EXPECT_EQ(shop.fails(shop.purchases.buy(Shop::order("ann", 1, ""))), Code::invalid_argument);
  EXPECT_EQ(shop.fails(shop.purchases.buy(Shop::order("eve", 1, "r6"))), Code::not_found);
  Balance poor = shop.balance("ann");
  poor.money = Satoshi(999);
  shop.put(keys::balance("ann"), poor);
  EXPECT_EQ(shop.fails(shop.purchases.buy(Shop::order("ann", 1, "r7"))), Code::insufficient_funds);
  EXPECT_EQ(shop.balance("ann"), poor);
  EXPECT_EQ(shop.campaign().last, 0u);
}

TEST(Purchases, AVoidInTheWayIsPassedAndStillAnswersTheSame) {
  Shop shop;
  shop.put(keys::slot(kCampaign, 1), Slot{"given up", std::nullopt});
  const Bought bought = shop.run(shop.purchases.buy(Shop::order("ann", 1, "r1")));
  EXPECT_EQ(bought.slot, 2u);
  const Bought again = shop.run(shop.purchases.buy(Shop::order("ann", 1, "r1")));
  EXPECT_EQ(again.slot, 2u);
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(shop.fails(shop.purchases.buy(Shop::order("bob", 1, "r2"))), Code::slot_taken);
  EXPECT_EQ(shop.balance("ann").money, Satoshi(999'000));
}

TEST(Purchases, ARepeatedRequestGoesOnWithTheHoldThatItLeft) {
  Shop shop;
  shop.left_hold("r1", Milliseconds(0));
  const Bought bought = shop.run(shop.purchases.buy(Shop::order("ann", 1, "r1")));
  EXPECT_EQ(bought.slot, 1u);
  EXPECT_EQ(shop.read<Slot>(keys::slot(kCampaign, 1)).attempt, "left");
  EXPECT_EQ(shop.balance("ann").money, Satoshi(999'000));
  EXPECT_FALSE(shop.balance("ann").hold);
}

TEST(Purchases, R8AnotherPurchaseIsRefusedWhileHeldAndTheHoldResolvedBehind) {
  Shop shop;
  shop.left_hold("r1", Milliseconds(0));
  EXPECT_EQ(shop.fails(shop.purchases.buy(Shop::order("ann", 1, "r2"))), Code::account_held);
  EXPECT_FALSE(shop.balance("ann").hold) << "attempt() waits for what was begun in the background";
  EXPECT_TRUE(shop.read<Slot>(keys::slot(kCampaign, 1)).voided());
  const Bought bought = shop.run(shop.purchases.buy(Shop::order("ann", 1, "r2")));
  EXPECT_EQ(bought.slot, 2u);
  EXPECT_EQ(shop.balance("ann").money, Satoshi(999'000));
}

TEST(Purchases, AnOldHoldOfADeadProcessIsResolvedOnTheWay) {
  Shop shop;
  shop.left_hold("r1", Milliseconds(60'000));
  EXPECT_EQ(shop.run(shop.purchases.buy(Shop::order("ann", 1, "r2"))).slot, 2u);
  EXPECT_EQ(shop.balance("ann").money, Satoshi(999'000));
}

TEST(Purchases, AnUnknownOutcomeIsAnsweredByRepeatingTheRequest) {
  Shop shop;
  shop.faulty.arm({.fault = Fault::unknown_lost, .verb = Verb::add, .key = key_prefix("slot/"), .times = 9});
  EXPECT_EQ(shop.fails(shop.purchases.buy(Shop::order("ann", 1, "r1"))), Code::undecided);
  EXPECT_TRUE(shop.balance("ann").hold);
  const Bought bought = shop.run(shop.purchases.buy(Shop::order("ann", 1, "r1")));
  EXPECT_EQ(bought.slot, 1u);
  EXPECT_EQ(shop.balance("ann").money, Satoshi(999'000));
}

TEST(Purchases, AFullLedgerPageIsTakenOutOfTheBalance) {
  Shop shop;
  for (std::uint64_t i = 0; i < limits::ledger_page; ++i)
    shop.run(shop.money.fund("more-" + std::to_string(i), "ann", Satoshi(1)));
  EXPECT_EQ(shop.balance("ann").pages, 1u) << "17 entries";
  const std::size_t before = shop.faulty.writes();
  shop.run(shop.purchases.buy(Shop::order("ann", 1, "r1")));
  EXPECT_EQ(shop.faulty.writes() - before, 5u);

  const LedgerView all = shop.run(read_ledger(shop.real, "ann", 0, 100));
  ASSERT_EQ(all.entries.size(), 18u);
  EXPECT_FALSE(all.more);
  Satoshi sum;
  for (auto entry = all.entries.rbegin(); entry != all.entries.rend(); ++entry) {
    sum += entry->amount;
    EXPECT_EQ(entry->after, sum);
    EXPECT_EQ(entry->number, static_cast<std::uint64_t>(entry - all.entries.rbegin()) + 1);
  }
  EXPECT_EQ(sum, shop.balance("ann").money);
  const LedgerView middle = shop.run(read_ledger(shop.real, "ann", 17, 3));
  ASSERT_EQ(middle.entries.size(), 3u);
  EXPECT_EQ(middle.entries.front().number, 16u);
  EXPECT_TRUE(middle.more);
}

TEST(Money, ADepositIsCreditedOnceForItsId) {
  Shop shop;
  EXPECT_TRUE(shop.run(shop.money.fund("x1", "ann", Satoshi(5))));
  EXPECT_FALSE(shop.run(shop.money.fund("x1", "ann", Satoshi(5))));
  EXPECT_EQ(shop.balance("ann").money, Satoshi(1'000'005));
  EXPECT_EQ(shop.attempt(shop.money.fund("x1", "ann", Satoshi(6))).error().code(), Code::conflict);
  EXPECT_EQ(shop.attempt(shop.money.fund("x1", "bob", Satoshi(5))).error().code(), Code::conflict);
  EXPECT_EQ(shop.attempt(shop.money.fund("x2", "eve", Satoshi(5))).error().code(), Code::not_found);
  EXPECT_EQ(shop.attempt(shop.money.fund("x 2", "ann", Satoshi(5))).error().code(), Code::invalid_argument);
  EXPECT_EQ(shop.attempt(shop.money.fund("x2", "ann", Satoshi(0))).error().code(), Code::invalid_argument);
  EXPECT_EQ(shop.attempt(shop.money.fund("x2", "ann", Satoshi(Satoshi::kMax))).error().code(), Code::limit_reached);
}

TEST(Money, EarningsAndFeesAreCollectedOnce) {
  Shop shop;
  shop.run(shop.purchases.buy(Shop::order("ann", 1, "r1")));
  EXPECT_EQ(shop.run(shop.money.collect_earnings("sue", 1)), Satoshi(990));
  EXPECT_EQ(shop.run(shop.money.collect_earnings("sue", 1)), Satoshi(0));
  EXPECT_EQ(shop.balance("sue").money, Satoshi(990));
  EXPECT_EQ(shop.campaign().collected, Satoshi(990));

  EXPECT_EQ(shop.run(shop.money.collect_fees("bob")), Satoshi(10));
  EXPECT_EQ(shop.run(shop.money.collect_fees("bob")), Satoshi(0));
  EXPECT_EQ(shop.attempt(shop.money.collect_fees("ann")).error().code(), Code::forbidden)
      << "two holders could be credited at once by one document";
  EXPECT_EQ(shop.balance("bob").money, Satoshi(1'000'010));
}

}  // namespace
}  // namespace abc2::market
