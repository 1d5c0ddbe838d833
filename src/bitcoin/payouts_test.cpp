// Payouts: one payment for each withdrawal, whatever fails.
#include "bitcoin/payouts.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/marks.hpp"
#include "bitcoin/test_town.hpp"
#include "market/test_world.hpp"
#include "runtime/concurrently.hpp"

namespace abc2::bitcoin::test {
namespace {

using market::Secret;
using market::Withdrawal;
using market::test::document;
using market::test::dump;
using market::test::fill;
using market::test::look;
using market::test::text;
using market::test::uuid;
using store::FaultyStore;
using State = market::Withdrawal::State;

const std::string kOutside = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

ExtendedKey hot_key() {
  const auto master = ExtendedKey::from_seed(std::string(32, 'h'));
  std::string bytes = from_base58check(master.value().private_text().view()).value();
  bytes.replace(0, 4, std::string("\x04\x35\x83\x94", 4));
  return ExtendedKey::parse(to_base58check(bytes)).value();
}

struct Payer : Process {
  Payer(Tools& tools, store::Store& store, FakeNode& source)
      : Process(tools, store, source),
        payouts(store, tools.runtime, source, hot_key(), {.network = Network::regtest},
                [this](const std::string& event, const store::Key&, const std::string& what) {
                  told.push_back(event + ": " + what);
                }) {}
  Payouts payouts;
};

class Paying : public ::testing::Test {
 protected:
  Paying() {
    run(one.node.market.accounts.register_user("ann", Secret::of("a password")));
    run(one.node.market.money.fund("first", "ann", 1'000'000_sat));
    run(one.payouts.prepare());
    run(one.watcher.catch_up());
    chain.mine_empty(12);
  }
  template <class T>
  T run(Task<Result<T>> task) {
    return one.node.run(std::move(task));
  }
  void load(std::int64_t amount, unsigned number = 1) {
    const auto script = script_of(Network::regtest, one.payouts.address(number % 20)).value();
    chain.mine({paying({{Satoshi(amount), script}}, 1000 + number)});
    run(one.watcher.catch_up());
  }
  void ask(unsigned number, std::int64_t amount, bool approval = false) {
    run(one.node.market.withdrawals.request({"ann", uuid(number), kOutside, Satoshi(amount), 100_sat, approval}));
  }
  State state(unsigned number) { return document<Withdrawal>(dump(store), key(number)).state; }
  static store::Key key(unsigned number) { return market::keys::withdrawal("ann", uuid(number)); }
  std::string findings(store::Store& where) {
    std::string all = text(look(tools.runtime, where));
    const auto found = runtime::run_blocking(audit_payouts(where, Network::regtest));
    for (const auto& one_of_them : found.value()) all += one_of_them + "\n";
    return all;
  }

  Tools tools;
  FakeNode chain;
  engines::TestStore store{tools.runtime};
  Payer one{tools, store, chain};
};

TEST_F(Paying, ABatchIsSignedSentAndFinal) {
  load(500'000);
  ask(1, 100'000);
  ask(2, 50'000);
  ask(3, 70'000, true);
  EXPECT_TRUE(run(one.payouts.pay()));
  const auto payout = document<Payout>(dump(store), keys::payout(1));
  EXPECT_EQ(payout.withdrawals.size(), 2u) << "what is not approved waits";
  EXPECT_EQ(chain.sent.size(), 1u);
  EXPECT_EQ(state(1), State::signed_);
  EXPECT_EQ(state(3), State::waiting);
  EXPECT_FALSE(run(one.payouts.pay())) << "nothing else to pay";
  EXPECT_EQ(chain.sent.size(), 1u) << "sent again, the same";
  // 2,000 satoshi for 1,000 virtual bytes: one input and three outputs of 31 bytes each.
  const auto transaction = parse_transaction(from_hex(payout.transactions[0].hex).value()).value();
  EXPECT_EQ(transaction.outputs.size(), 3u);
  EXPECT_NEAR(static_cast<double>(payout.transactions[0].fee.value()),
              2.0 * static_cast<double>(virtual_size(transaction)), 4);
  chain.mine_pool();
  run(one.watcher.catch_up());
  EXPECT_EQ(document<Payout>(dump(store), keys::payout(1)).height, chain.height());
  EXPECT_EQ(run(one.payouts.wallet()).spendable, 350'000_sat - payout.transactions[0].fee) << "the change is a coin";
  chain.mine_empty(4);
  run(one.watcher.catch_up());
  run(one.payouts.pay());
  EXPECT_EQ(state(1), State::signed_);
  chain.mine();
  run(one.watcher.catch_up());
  run(one.payouts.pay());
  EXPECT_EQ(state(1), State::final_);
  EXPECT_EQ(run(one.payouts.wallet()).open, 0u);
  EXPECT_EQ(findings(store), "");
  EXPECT_EQ(one.node.attempt(one.node.market.withdrawals.cancel("ann", uuid(1))).error().code(), Code::conflict);
}

TEST_F(Paying, TooFewCoinsWaitAndSaySo) {
  load(60'000);
  ask(1, 100'000);
  ask(2, 50'000);
  EXPECT_TRUE(run(one.payouts.pay())) << "the smaller one can be paid";
  EXPECT_EQ(state(1), State::approved);
  ASSERT_EQ(one.told.size(), 1u);
  EXPECT_NE(one.told[0].find("payouts_wait_for_coins"), std::string::npos);
  run(one.payouts.pay());
  EXPECT_EQ(one.told.size(), 1u) << "said once";
  EXPECT_TRUE(run(one.node.market.withdrawals.cancel("ann", uuid(1))).refunded) << "until it is signed";
  EXPECT_EQ(findings(store), "");
}

TEST_F(Paying, AReplacementSpendsTheSameCoins) {
  load(500'000);
  ask(1, 100'000);
  run(one.payouts.pay());
  chain.rate = 5000_sat;
  const auto bumped = run(one.payouts.bump(1));
  const auto payout = document<Payout>(dump(store), keys::payout(1));
  ASSERT_EQ(payout.transactions.size(), 2u);
  EXPECT_GT(bumped.fee, payout.transactions[0].fee);
  EXPECT_EQ(findings(store), "") << "both pay the same from the same coins";
  EXPECT_EQ(run(chain.mempool()).size(), 1u);
  // The miner takes the first one after all.
  chain.forget_pool();
  chain.mine({parse_transaction(from_hex(payout.transactions[0].hex).value()).value()});
  run(one.watcher.catch_up());
  EXPECT_EQ(document<Payout>(dump(store), keys::payout(1)).in_chain, payout.transactions[0].id);
  EXPECT_EQ(one.node.attempt(one.payouts.bump(1)).error().code(), Code::conflict);
  chain.mine_empty(5);
  run(one.watcher.catch_up());
  run(one.payouts.pay());
  EXPECT_EQ(state(1), State::final_);
}

TEST_F(Paying, FeesHaveLimits) {
  load(500'000);
  ask(1, 100'000);
  chain.rate = 100'000'000_sat;
  run(one.payouts.pay());
  const auto payout = document<Payout>(dump(store), keys::payout(1));
  EXPECT_LT(payout.transactions[0].fee, 40'000_sat);
  EXPECT_EQ(one.node.attempt(one.payouts.bump(1)).error().code(), Code::limit_reached);
}

TEST_F(Paying, ANodeThatForgetsOrIsDeafChangesNothing) {
  load(500'000);
  ask(1, 100'000);
  chain.deaf = true;
  EXPECT_FALSE(one.node.attempt(one.payouts.pay()));
  chain.deaf = false;
  run(one.payouts.pay());
  chain.forget_pool();
  run(one.payouts.pay());
  EXPECT_EQ(run(chain.mempool()).size(), 1u) << "sent again";
  EXPECT_EQ(chain.sent.size(), 1u);
  // In the chain, and out of it again.
  chain.mine_pool();
  run(one.watcher.catch_up());
  chain.drop(1);
  chain.mine_empty(2);
  run(one.watcher.catch_up());
  EXPECT_EQ(document<Payout>(dump(store), keys::payout(1)).height, 0);
  run(one.payouts.pay());
  EXPECT_EQ(chain.sent.size(), 1u) << "the same, and nothing else";
  EXPECT_EQ(run(chain.mempool()).size(), 1u);
  EXPECT_EQ(findings(store), "");
}

// Dies after each write; another payer goes on. Whatever was broadcast pays each withdrawal once.
TEST_F(Paying, WhateverFails) {
  load(300'000, 1);
  load(300'000, 2);
  ask(1, 100'000);
  ask(2, 250'000);
  const auto before = dump(store);
  std::size_t crashes = 0;
  const auto settle_down = [&](store::Store& memory, FakeNode& node) {
    Payer next(tools, memory, node);
    for (int i = 0; i < 3; ++i) {
      next.node.run(next.payouts.pay());
      node.mine_pool();
      node.mine_empty(6);
      next.node.run(next.watcher.catch_up());
    }
    next.node.run(next.payouts.pay());
    EXPECT_EQ(findings(memory), "");
    const auto all = dump(memory);
    EXPECT_EQ(document<Withdrawal>(all, key(1)).state, State::final_);
    EXPECT_EQ(document<Withdrawal>(all, key(2)).state, State::final_);
    std::set<std::string> held;
    for (const auto& [at, value] : all)
      if (at.starts_with("bitcoin/payout/"))
        for (const auto& one_of_them : document<Payout>(all, at).transactions) held.insert(one_of_them.id);
    for (const auto& [id, times] : node.sent) EXPECT_TRUE(held.contains(id)) << id << " was sent and is in no payout";
  };
  for (std::size_t k = 1;; ++k) {
    SCOPED_TRACE("crash after write " + std::to_string(k));
    engines::TestStore memory(tools.runtime);
    fill(memory, before);
    FaultyStore faulty(memory, tools.runtime);
    FakeNode node = chain;
    Payer dying(tools, faulty, node);
    faulty.crash_at_write(k, store::Crash::after);
    const bool ended = store::run_until_crash(faulty, dying.payouts.pay()).has_value();
    settle_down(memory, node);
    if (ended) break;
    ++crashes;
  }
  EXPECT_GE(crashes, 9u);
  for (unsigned seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    engines::TestStore memory(tools.runtime);
    fill(memory, before);
    FaultyStore faulty(memory, tools.runtime);
    faulty.randomize(seed, {.error = 40, .unknown_lost = 40, .unknown_landed = 40, .unknown_later = 40, .echo = 40});
    FakeNode node = chain;
    Payer a(tools, faulty, node), b(tools, faulty, node);
    const auto rounds = [](Payouts* payouts, runtime::Runtime* runtime) -> Task<void> {
      for (int i = 0; i < 5; ++i) {
        [[maybe_unused]] const auto paid = co_await payouts->pay();  // whatever fails is tried again
        co_await runtime->sleep(Milliseconds(1));
      }
    };
    const auto both = [&](std::size_t i) { return rounds(&(i == 0 ? a : b).payouts, &tools.runtime); };
    runtime::run_blocking(runtime::concurrently(tools.runtime, "payers", 2, 2, both));
    runtime::run_blocking(faulty.land_late_writes());
    settle_down(memory, node);
  }
}

// Dies after each write of a replacement; then the replacement is what comes into the chain.
TEST_F(Paying, AReplacementThatNobodyRegistered) {
  load(500'000);
  ask(1, 100'000);
  run(one.payouts.pay());
  chain.rate = 5000_sat;
  const auto before = dump(store);
  for (std::size_t k = 1;; ++k) {
    SCOPED_TRACE("crash after write " + std::to_string(k));
    engines::TestStore memory(tools.runtime);
    fill(memory, before);
    FaultyStore faulty(memory, tools.runtime);
    FakeNode node = chain;
    Payer dying(tools, faulty, node);
    faulty.crash_at_write(k, store::Crash::after);
    const bool ended = store::run_until_crash(faulty, dying.payouts.bump(1)).has_value();
    const auto payout = document<Payout>(dump(memory), keys::payout(1));
    ASSERT_EQ(payout.transactions.size(), 2u);
    Payer next(tools, memory, node);
    next.node.run(next.payouts.pay());
    EXPECT_TRUE(node.sent.contains(payout.transactions[1].id)) << "the newest is what is sent";
    node.mine_pool();
    node.mine_empty(5);
    next.node.run(next.watcher.catch_up());
    next.node.run(next.payouts.pay());
    EXPECT_EQ(document<Withdrawal>(dump(memory), key(1)).state, State::final_);
    EXPECT_EQ(document<Payout>(dump(memory), keys::payout(1)).in_chain, payout.transactions[1].id);
    if (ended) break;
  }
}

// The user cancels before each of the payer's calls in turn: it is paid or refunded, never both.
TEST_F(Paying, ACancellationAtEachMoment) {
  load(500'000);
  ask(1, 100'000);
  ask(2, 100'000);
  const auto before = dump(store);
  int cancelled = 0, paid = 0;
  for (std::size_t k = 1;; ++k) {
    SCOPED_TRACE("before call " + std::to_string(k));
    engines::TestStore memory(tools.runtime);
    fill(memory, before);
    market::testing::Interleaved interleaved(memory, tools.runtime);
    FakeNode node = chain;
    Payer slow(tools, interleaved, node), user(tools, memory, node);
    interleaved.before_call(k, [&]() -> Task<void> {
      [[maybe_unused]] const auto done = co_await user.node.market.withdrawals.cancel("ann", uuid(1));
    });
    slow.node.run(slow.payouts.pay());
    if (!interleaved.happened()) break;
    const auto withdrawal = document<Withdrawal>(dump(memory), key(1));
    (withdrawal.refunded ? cancelled : paid) += 1;
    const Payout payout = document<Payout>(dump(memory), keys::payout(1));
    const bool in_payout =
        std::ranges::any_of(payout.withdrawals, [](const auto& w) { return w.withdrawal == key(1); });
    EXPECT_NE(withdrawal.refunded, in_payout);
    EXPECT_EQ(findings(memory), "");
  }
  EXPECT_GT(cancelled, 0);
  EXPECT_GT(paid, 0);
}

// A user cancels while two payers pay: the money goes back, or is paid, never both.
TEST_F(Paying, CancellingRacesPaying) {
  load(500'000);
  ask(1, 100'000);
  const auto before = dump(store);
  int cancelled = 0, paid = 0;
  for (unsigned seed = 1; seed <= 30; ++seed) {
    engines::TestStore memory(tools.runtime);
    fill(memory, before);
    // Who wins is up to the store's pace; that each of them wins once is not: they take turns, without faults.
    const bool user_first = seed == 1, payer_first = seed == 2;
    FaultyStore faulty(memory, tools.runtime);
    if (!user_first && !payer_first)
      faulty.randomize(seed, {.error = 50, .unknown_lost = 50, .unknown_landed = 50, .unknown_later = 50, .echo = 50});
    FakeNode node = chain;
    Payer a(tools, faulty, node), b(tools, faulty, node);
    if (user_first) b.node.run(b.node.market.withdrawals.cancel("ann", uuid(1)));
    if (payer_first) a.node.run(a.payouts.pay());
    const auto pay = [](Payouts* payouts, runtime::Runtime* runtime, unsigned pauses) -> Task<void> {
      for (unsigned i = 0; i < pauses; ++i) co_await runtime->sleep(Milliseconds(0));
      [[maybe_unused]] const auto done = co_await payouts->pay();
    };
    const auto cancel = [](market::Withdrawals* all, runtime::Runtime* runtime, unsigned pauses) -> Task<void> {
      for (unsigned i = 0; i < pauses; ++i) co_await runtime->sleep(Milliseconds(0));
      [[maybe_unused]] const auto done = co_await all->cancel("ann", uuid(1));
    };
    const auto work = [&](std::size_t i) -> Task<void> {
      if (i == 2) return cancel(&b.node.market.withdrawals, &tools.runtime, seed % 12);
      return pay(&(i == 0 ? a : b).payouts, &tools.runtime, seed % (3 + static_cast<unsigned>(i)));
    };
    runtime::run_blocking(runtime::concurrently(tools.runtime, "race", 3, 3, work));
    runtime::run_blocking(faulty.land_late_writes());
    Payer next(tools, memory, node);
    next.node.run(next.node.market.recover_now(Time::max()));
    next.node.run(next.payouts.pay());
    const auto withdrawal = document<Withdrawal>(dump(memory), key(1));
    (withdrawal.state == State::cancelled ? cancelled : paid) += 1;
    EXPECT_EQ(withdrawal.state == State::cancelled, node.sent.empty()) << "seed " << seed;
    EXPECT_EQ(withdrawal.refunded, withdrawal.state == State::cancelled);
    EXPECT_EQ(findings(memory), "") << "seed " << seed;
  }
  EXPECT_GT(cancelled, 0);
  EXPECT_GT(paid, 0);
}

}  // namespace
}  // namespace abc2::bitcoin::test
