// Withdrawals, and deposits of bitcoin that come and go: each satoshi moves once, whatever fails.
#include "market/withdrawals.hpp"

#include <gtest/gtest.h>

#include "market/test_lab.hpp"
#include "market/test_world.hpp"

namespace abc2::market::test {
namespace {

using testing::write_faults;
using State = Withdrawal::State;

WithdrawalRequest wanted(unsigned number, std::int64_t amount, bool needs_approval = false) {
  return {"ann", uuid(number), "bcrt1qsomewhere", Satoshi(amount), Satoshi(10), needs_approval};
}

class Withdrawing : public ::testing::Test {
 protected:
  Withdrawing() {
    node.run(node.market.accounts.register_user("ann", Secret::of("a password")));
    node.run(node.market.money.fund("first", "ann", 1000_sat));
  }
  Satoshi money() { return document<Balance>(dump(store), "balance/ann").money; }
  void expect_sound() { EXPECT_EQ(text(look(tools.runtime, store)), ""); }

  Tools tools;
  engines::TestStore store{tools.runtime};
  Node node{tools, store};
};

TEST_F(Withdrawing, TheBalancePaysAtOnceAndOnce) {
  const auto made = node.run(node.market.withdrawals.request(wanted(1, 400)));
  EXPECT_EQ(made.state, State::approved);
  EXPECT_EQ(money(), 590_sat);
  EXPECT_EQ(node.run(node.market.withdrawals.request(wanted(1, 400))), made) << "repeated, it is the same";
  EXPECT_EQ(money(), 590_sat);
  auto other = wanted(1, 399);
  EXPECT_EQ(node.attempt(node.market.withdrawals.request(other)).error().code(), Code::conflict);
  EXPECT_EQ(node.attempt(node.market.withdrawals.request(wanted(2, 581))).error().code(), Code::insufficient_funds);
  EXPECT_EQ(node.run(node.market.withdrawals.request(wanted(2, 580))).amount, 580_sat);
  EXPECT_EQ(money(), 0_sat);
  EXPECT_EQ(node.run(node.market.withdrawals.list("ann")).size(), 2u);
  expect_sound();
  EXPECT_EQ(look(tools.runtime, store).paid_out, 1000_sat);
}

// Two at the same moment must not both find that the account has taken out nothing yet.
TEST_F(Withdrawing, TheDecisionKnowsOfEveryWithdrawalBefore) {
  std::vector<std::size_t> known;
  auto second = wanted(2, 100);
  second.decide = [&]() -> Task<Result<bool>> {
    const auto all = co_await node.market.withdrawals.list("ann");
    known.push_back(all.value().size());
    if (known.size() == 1) {  // between the decision and the payment
      const auto first = co_await node.market.withdrawals.request(wanted(1, 100));
      EXPECT_TRUE(first);
    }
    co_return known.back() > 0;
  };
  EXPECT_EQ(node.run(node.market.withdrawals.request(second)).state, State::waiting);
  EXPECT_EQ(known, (std::vector<std::size_t>{0, 1}));
  expect_sound();
}

TEST_F(Withdrawing, ApprovedOrCancelledNeverBoth) {
  node.run(node.market.withdrawals.request(wanted(1, 100, true)));
  EXPECT_EQ(node.run(node.market.withdrawals.get("ann", uuid(1))).state, State::waiting);
  EXPECT_EQ(node.run(node.market.withdrawals.approve("ann", uuid(1))).state, State::approved);
  EXPECT_EQ(node.run(node.market.withdrawals.cancel("ann", uuid(1))).refunded, true);
  EXPECT_EQ(money(), 1000_sat);
  EXPECT_EQ(node.run(node.market.withdrawals.cancel("ann", uuid(1))).refunded, true) << "repeated";
  EXPECT_EQ(money(), 1000_sat);
  EXPECT_EQ(node.attempt(node.market.withdrawals.approve("ann", uuid(1))).error().code(), Code::conflict);
  node.run(node.market.withdrawals.request(wanted(2, 100)));
  auto documents = dump(store);
  alter<Withdrawal>(documents, keys::withdrawal("ann", uuid(2)), [](Withdrawal& w) { w.state = State::claimed; });
  engines::TestStore claimed(tools.runtime);
  fill(claimed, documents);
  Node later(tools, claimed);
  EXPECT_EQ(later.attempt(later.market.withdrawals.cancel("ann", uuid(2))).error().code(), Code::conflict);
  EXPECT_EQ(document<Balance>(dump(claimed), "balance/ann").money, 890_sat);
  expect_sound();
}

TEST_F(Withdrawing, AHoldIsSeen) {
  auto documents = dump(store);
  alter<Balance>(documents, "balance/ann", [](Balance& b) {
    b.hold = journal::Hold{"sale", "campaign/sue/0000000001", 1, uuid(9), from_unix_ms(1), {"{}"}};
  });
  engines::TestStore held(tools.runtime);
  fill(held, documents);
  int asked = 0;
  journal::Kinds kinds;
  Withdrawals withdrawals(held, tools.runtime, kinds, [&asked](std::string) -> Task<Result<void>> {
    ++asked;
    co_return success();
  });
  const auto refused = runtime::run_blocking(withdrawals.request(wanted(1, 100)));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::account_held);
  EXPECT_EQ(asked, 1);
}

// Dies after each write, with each fault at each write; then another node goes on, and the books are right.
TEST_F(Withdrawing, WhateverFails) {
  const Documents before = dump(store);
  std::size_t crashes = 0;
  for (std::size_t k = 1;; ++k) {
    engines::TestStore memory(tools.runtime);
    fill(memory, before);
    store::FaultyStore faulty(memory, tools.runtime);
    Node dying(tools, faulty);
    faulty.crash_at_write(k, store::Crash::after);
    const auto use = [](Market* market) -> Task<Result<Withdrawal>> {
      CO_TRY_VOID(co_await market->withdrawals.request(wanted(1, 300, true)));
      auto cancelled = co_await market->withdrawals.cancel("ann", uuid(1));
      co_return cancelled;
    };
    const bool ended = store::run_until_crash(faulty, use(&dying.market)).has_value();
    Node next(tools, memory);
    next.run(next.market.recover_now(Time::max()));
    EXPECT_EQ(text(look(tools.runtime, memory)), "") << "crash after write " << k;
    const Satoshi now = document<Balance>(dump(memory), "balance/ann").money;
    EXPECT_TRUE(now == 1000_sat || now == 690_sat) << now.to_string();
    EXPECT_EQ(next.run(next.market.withdrawals.request(wanted(1, 300, true))).amount, 300_sat);
    EXPECT_TRUE(next.run(next.market.withdrawals.cancel("ann", uuid(1))).refunded);
    EXPECT_EQ(document<Balance>(dump(memory), "balance/ann").money, 1000_sat);
    EXPECT_EQ(text(look(tools.runtime, memory)), "");
    if (ended) break;
    ++crashes;
  }
  EXPECT_GE(crashes, 6u);
  for (const auto fault : write_faults) {
    for (std::size_t k = 0; k < 6; ++k) {
      engines::TestStore memory(tools.runtime);
      fill(memory, before);
      store::FaultyStore faulty(memory, tools.runtime);
      faulty.arm({.fault = fault, .key = [](const store::Key& key) { return !key.starts_with("ledger/"); }, .skip = k});
      Node failing(tools, faulty);
      for (int i = 0; i < 4 && !failing.attempt(failing.market.withdrawals.request(wanted(1, 300))); ++i) {
      }
      faulty.heal();
      runtime::run_blocking(faulty.land_late_writes());
      failing.run(failing.market.withdrawals.request(wanted(1, 300)));
      EXPECT_EQ(document<Balance>(dump(memory), "balance/ann").money, 690_sat) << faulty.log();
      EXPECT_EQ(text(look(tools.runtime, memory)), "") << faulty.log();
    }
  }
}

class OnTheChain : public Withdrawing {
 protected:
  const std::string id = std::string(64, 'a') + ":0";
  void entitle(std::int64_t amount) {
    const store::Key key = keys::deposit(id);
    const auto now = node.run(store::get<Deposit>(store, key));
    Deposit next = now ? now->value : Deposit{"ann", 500_sat, "bitcoin", from_unix_ms(1), false, OnChain{}};
    next.on_chain->entitled = Satoshi(amount);
    if (now) {
      EXPECT_EQ(node.run(static_cast<store::Store&>(store).replace(key, now->version, store::encode(next))).kind(),
                store::WriteOutcome::Kind::applied);
    } else {
      EXPECT_EQ(node.run(static_cast<store::Store&>(store).add(key, store::encode(next))).kind(),
                store::WriteOutcome::Kind::applied);
    }
  }
  OnChain chain() { return *document<Deposit>(dump(store), keys::deposit(id)).on_chain; }
};

TEST_F(OnTheChain, BookedFollowsEntitledWhicheverWayItGoes) {
  entitle(0);
  EXPECT_FALSE(node.run(node.market.money.credit_deposit(id, "ann"))) << "not due yet";
  EXPECT_EQ(money(), 1000_sat);
  entitle(500);
  EXPECT_TRUE(node.run(node.market.money.credit_deposit(id, "ann")));
  EXPECT_FALSE(node.run(node.market.money.credit_deposit(id, "ann"))) << "once";
  EXPECT_EQ(money(), 1500_sat);
  EXPECT_EQ(document<Deposit>(dump(store), keys::deposit(id)).credited, true);
  entitle(0);
  EXPECT_TRUE(node.run(node.market.money.credit_deposit(id, "ann")));
  EXPECT_EQ(money(), 1000_sat);
  EXPECT_EQ(document<Deposit>(dump(store), keys::deposit(id)).credited, false);
  entitle(500);
  EXPECT_TRUE(node.run(node.market.money.credit_deposit(id, "ann")));
  EXPECT_EQ(money(), 1500_sat);
  EXPECT_EQ(chain().moves, 3u);
  expect_sound();
}

TEST_F(OnTheChain, WhatIsSpentIsOwedUntilMoneyComes) {
  entitle(500);
  node.run(node.market.money.credit_deposit(id, "ann"));
  node.run(node.market.withdrawals.request(wanted(1, 1200)));
  EXPECT_EQ(money(), 290_sat);
  entitle(0);
  node.run(node.market.money.credit_deposit(id, "ann"));
  EXPECT_EQ(money(), 0_sat);
  EXPECT_EQ(chain().booked - chain().entitled, 210_sat) << "owed";
  expect_sound();
  node.run(node.market.money.fund("second", "ann", 100_sat));
  node.run(node.market.recover_now(Time::max()));
  EXPECT_EQ(chain().booked - chain().entitled, 110_sat);
  EXPECT_EQ(money(), 0_sat);
  entitle(500);
  node.run(node.market.money.credit_deposit(id, "ann"));
  EXPECT_EQ(money(), 390_sat) << "what was taken comes back, no more";
  expect_sound();
}

TEST_F(OnTheChain, WhatIsHeldIsNotTaken) {
  entitle(500);
  node.run(node.market.money.credit_deposit(id, "ann"));
  entitle(0);
  Deposit lost = document<Deposit>(dump(store), keys::deposit(id));
  Balance balance = document<Balance>(dump(store), "balance/ann");
  EXPECT_EQ(DepositCredit::due(lost, balance)->amount, -500_sat);
  balance.hold = journal::Hold{"sale", "campaign/sue/0000000001", 1, uuid(9), from_unix_ms(1), {"{}"}};
  EXPECT_FALSE(DepositCredit::due(lost, balance));
}

TEST_F(OnTheChain, TheAuditSeesWhatWasBookedWrong) {
  entitle(500);
  node.run(node.market.money.credit_deposit(id, "ann"));
  node.run(node.market.withdrawals.request(wanted(1, 100)));
  expect_sound();
  const auto broken = [&](auto change) {
    auto documents = dump(store);
    change(documents);
    engines::TestStore other(tools.runtime);
    fill(other, documents);
    return text(look(tools.runtime, other));
  };
  const auto key = keys::withdrawal("ann", uuid(1));
  EXPECT_NE(broken([&](Documents& d) {
              alter<Deposit>(d, keys::deposit(id), [](Deposit& x) { x.on_chain->booked = 499_sat; });
            }).find("A5"),
            std::string::npos);
  EXPECT_NE(broken([&](Documents& d) { d.erase(keys::deposit(id)); }).find("A5"), std::string::npos);
  EXPECT_NE(broken([&](Documents& d) { d.erase(key); }).find("A10"), std::string::npos);
  EXPECT_NE(
      broken([&](Documents& d) { alter<Withdrawal>(d, key, [](Withdrawal& w) { w.amount = 101_sat; }); }).find("A10"),
      std::string::npos);
  EXPECT_NE(
      broken([&](Documents& d) { alter<Withdrawal>(d, key, [](Withdrawal& w) { w.refunded = true; }); }).find("A10"),
      std::string::npos);
}

}  // namespace
}  // namespace abc2::market::test
