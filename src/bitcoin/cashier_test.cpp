// What users and operators are shown and may ask for, on a node in memory.
#include "bitcoin/cashier.hpp"

#include <gtest/gtest.h>

#include "bitcoin/audit.hpp"
#include "bitcoin/test_town.hpp"

namespace abc2::bitcoin::test {
namespace {

using market::Deposit;
using market::OnChain;
using market::Secret;
using market::Withdrawal;
using market::test::alter;
using market::test::document;
using market::test::Documents;
using market::test::dump;
using market::test::fill;
using market::test::uuid;
using S = DepositView::State;
using W = Withdrawal::State;

ExtendedKey hot_key() {
  const auto master = ExtendedKey::from_seed(std::string(32, 'h'));
  std::string bytes = from_base58check(master.value().private_text().view()).value();
  bytes.replace(0, 4, std::string("\x04\x35\x83\x94", 4));
  return ExtendedKey::parse(to_base58check(bytes)).value();
}

BitcoinSettings settings_of_tests(bool pays) {
  BitcoinSettings settings;
  settings.network = settings.watcher.network = settings.payouts.network = Network::regtest;
  settings.withdrawals = WithdrawalTerms{500_sat, 10'000_sat, 100'000_sat};
  if (pays) settings.hot_key = hot_key();
  return settings;
}

std::string outside(char letter) { return *address_of(Network::regtest, p2wpkh(std::string(33, letter))); }

class AtTheDesk : public ::testing::Test {
 protected:
  AtTheDesk() {
    for (const auto* user : {"ann", "bob"}) run(one.node.market.accounts.register_user(user, Secret::of("a password")));
    run(cashier.add_shard({test_account('a'), {}}));
    chain.mine_empty(20);
    ann = script_of(Network::regtest, run(cashier.address_of("ann"))).value();
    run(one.watcher.catch_up());
  }
  template <class T>
  T run(Task<Result<T>> task) {
    return one.node.run(std::move(task));
  }
  template <class T>
  Error refused(Task<Result<T>> task) {
    const auto result = one.node.attempt(std::move(task));
    return result ? Error(Code::corrupt, "it was allowed") : result.error();
  }
  DepositView only_deposit() {
    const auto all = run(cashier.deposits("ann"));
    EXPECT_EQ(all.size(), 1u);
    return all.at(0);
  }
  void follow() { run(one.watcher.catch_up()); }
  std::string findings(store::Store& where) {
    std::string all;
    const auto found = runtime::run_blocking(audit_bitcoin(where)).value();
    for (const auto& finding : found)
      all += "A" + std::to_string(finding.check) + " " + finding.document + ": " + finding.what + "\n";
    return all;
  }
  // What the audit says of the books with one change.
  template <class T, class Change>
  std::string findings_after(const store::Key& key, Change change) {
    Documents all = dump(store);
    alter<T>(all, key, change);
    engines::TestStore changed(tools.runtime);
    fill(changed, all);
    return findings(changed);
  }

  Tools tools;
  FakeNode chain;
  engines::TestStore store{tools.runtime};
  Process one{tools, store, chain};
  Cashier cashier{{store, tools.runtime, one.node.market}, settings_of_tests(false), chain, nullptr};
  Payouts payer{store, tools.runtime, chain, hot_key(), {.network = Network::regtest}};
  std::string ann;
};

TEST_F(AtTheDesk, ADepositFromTheMempoolToItsReversal) {
  const auto payment = paying({{50'000_sat, ann}});
  EXPECT_TRUE(run(cashier.deposits("ann")).empty());
  chain.take(payment);
  run(one.watcher.look_at_mempool());
  EXPECT_EQ(only_deposit().state, S::seen);
  EXPECT_EQ(document<Bell>(dump(store), keys::bell("ann")).rung, 1u);
  chain.mine({payment});
  follow();
  EXPECT_EQ(only_deposit().state, S::confirming);
  EXPECT_EQ(only_deposit().confirmations, 1);
  EXPECT_EQ(document<Bell>(dump(store), keys::bell("ann")).rung, 1u) << "for what is new only";
  chain.mine_empty(2);
  follow();
  EXPECT_EQ(only_deposit().state, S::credited);
  EXPECT_EQ(only_deposit().confirmations, 3);
  EXPECT_TRUE(run(cashier.state()).reversals.empty());
  EXPECT_EQ(findings(store), "");

  // Half of it is gone when the chain takes it back.
  run(one.node.market.withdrawals.request({"ann", uuid(1), outside('\3'), 20'000_sat, 0_sat, true}));
  chain.drop(3);
  chain.mine_empty(3);
  follow();
  EXPECT_EQ(only_deposit().state, S::credited) << "until the other chain is higher, nothing is decided";
  chain.mine();
  follow();
  EXPECT_EQ(only_deposit().state, S::reversed);
  EXPECT_EQ(only_deposit().owed, 20'000_sat);
  const auto state = run(cashier.state());
  ASSERT_EQ(state.reversals.size(), 1u);
  EXPECT_EQ(state.reversals.at(0).reversal.user, "ann");
  EXPECT_EQ(state.reversals.at(0).owed, 20'000_sat);
  EXPECT_FALSE(state.reversals.at(0).back);
  EXPECT_EQ(run(read_owed(store, tools.runtime)).reversed, 20'000_sat);
  EXPECT_EQ(findings(store), "");
  chain.mine({payment});
  chain.mine_empty(2);
  follow();
  EXPECT_EQ(only_deposit().state, S::credited);
  EXPECT_TRUE(run(cashier.state()).reversals.at(0).back);
}

TEST_F(AtTheDesk, AReversalIsOnRecordWhateverCrashesAndWhoeverTakesTheMoney) {
  const auto payment = paying({{50'000_sat, ann}});
  chain.mine({payment});
  chain.mine_empty(2);
  follow();
  chain.drop(3);
  chain.mine_empty(4);
  const Documents before = dump(store);
  unsigned crashes = 0;
  for (unsigned write = 1;; ++write) {
    engines::TestStore copy(tools.runtime);
    fill(copy, before);
    store::FaultyStore faulty(copy, tools.runtime);
    faulty.crash_at_write(write, store::Crash::after);
    Process dying(tools, faulty, chain);
    const bool ended = store::run_until_crash(faulty, dying.watcher.catch_up()).has_value();
    Process next(tools, copy, chain);
    next.node.run(next.node.market.recover_now(Time::max()));  // the sweep is quicker than the next watcher
    next.node.run(next.watcher.catch_up());
    std::size_t on_record = 0;
    for (const auto& [key, value] : dump(copy)) on_record += key.starts_with("bitcoin/reversal/") ? 1 : 0;
    EXPECT_EQ(on_record, 1u) << "after write " << write;
    EXPECT_EQ(document<market::Balance>(dump(copy), "balance/ann").money, 0_sat);
    if (ended) break;
    ++crashes;
  }
  EXPECT_GT(crashes, 10u);
}

TEST_F(AtTheDesk, WithdrawalsByTheTerms) {
  run(one.node.market.money.fund("first", "ann", 900'000_sat));
  run(payer.prepare());
  const std::string there = outside('\3');
  const auto ask = [&](unsigned number, std::string address, Satoshi amount, Satoshi fee = 500_sat) {
    return cashier.withdraw({"ann", uuid(number), std::move(address), amount, fee});
  };
  EXPECT_EQ(refused(ask(1, there, 50'000_sat, 400_sat)).code(), Code::conflict) << "another fee than agreed to";
  EXPECT_EQ(refused(ask(1, there, 9'999_sat)).code(), Code::invalid_argument);
  EXPECT_EQ(refused(ask(1, "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", 50'000_sat)).code(), Code::invalid_argument);
  EXPECT_EQ(refused(ask(1, payer.address(3), 50'000_sat)).code(), Code::invalid_argument) << "the hot wallet's own";
  EXPECT_EQ(refused(ask(1, there, 899'501_sat)).code(), Code::insufficient_funds);
  EXPECT_TRUE(run(cashier.withdrawals("ann")).empty()) << "nothing half-done";

  const auto first = run(ask(1, there, 60'000_sat));
  EXPECT_EQ(first.withdrawal.state, W::approved) << "below the limit";
  EXPECT_FALSE(first.repeated);
  EXPECT_TRUE(run(ask(1, there, 60'000_sat)).repeated);
  EXPECT_EQ(refused(ask(1, there, 60'001_sat)).code(), Code::conflict);
  const auto second = run(ask(2, there, 40'000_sat));
  EXPECT_EQ(second.withdrawal.state, W::waiting) << "together they reach the limit of a day";
  EXPECT_EQ(run(cashier.all_withdrawals(Cashier::Which::waiting)).size(), 1u);
  EXPECT_EQ(run(cashier.all_withdrawals(Cashier::Which::open)).size(), 2u);
  EXPECT_EQ(run(cashier.state()).waiting, 1u);
  EXPECT_EQ(run(cashier.cancel("ann", uuid(2))).withdrawal.state, W::cancelled);
  EXPECT_EQ(run(ask(3, there, 39'999_sat)).withdrawal.state, W::approved) << "what was cancelled does not count";
  EXPECT_EQ(refused(cashier.approve("ann", uuid(2))).code(), Code::conflict);
  const auto owed = run(read_owed(store, tools.runtime));
  EXPECT_EQ(owed.accounts.at("ann").withdrawals, 60'000_sat + 39'999_sat + 1'000_sat);
  EXPECT_EQ(owed.sum.balance + owed.sum.withdrawals, 900'000_sat);
}

TEST_F(AtTheDesk, APayoutIsSeenAtEachStep) {
  run(one.node.market.money.fund("first", "ann", 900'000_sat));
  run(payer.prepare());
  run(cashier.withdraw({"ann", uuid(1), outside('\3'), 60'000_sat, 500_sat}));
  EXPECT_FALSE(run(cashier.state()).wallet) << "nobody has paid yet";
  run(payer.pay());
  run(payer.report());
  auto seen = run(cashier.withdrawals("ann")).at(0);
  EXPECT_TRUE(seen.lacks_coins);
  EXPECT_TRUE(seen.cancellable);
  EXPECT_EQ(seen.transaction, "");
  EXPECT_TRUE(run(cashier.state()).wallet->lacks_coins);

  const auto hot = script_of(Network::regtest, run(cashier.state()).wallet->address).value();
  chain.mine({paying({{80'000_sat, hot}})});
  follow();
  EXPECT_EQ(run(read_owed(store, tools.runtime)).wallet, 80'000_sat);
  run(payer.pay());
  run(payer.report());
  seen = run(cashier.withdrawals("ann")).at(0);
  EXPECT_EQ(seen.withdrawal.state, W::signed_);
  EXPECT_FALSE(seen.cancellable);
  EXPECT_FALSE(seen.lacks_coins);
  const std::string first = seen.transaction;
  EXPECT_EQ(chain.sent.count(first), 1u);
  EXPECT_EQ(run(cashier.state()).payouts.at(0).number, 1u);
  EXPECT_EQ(refused(cashier.bump(1)).code(), Code::not_found) << "this server has no hot key";
  Cashier paying_desk{{store, tools.runtime, one.node.market}, settings_of_tests(true), chain, nullptr};
  const auto second = run(paying_desk.bump(1));
  EXPECT_EQ(run(cashier.withdrawals("ann")).at(0).transaction, second.id);
  chain.mine_pool();
  follow();
  seen = run(cashier.withdrawals("ann")).at(0);
  EXPECT_EQ(seen.confirmations, 1);
  chain.mine_empty(5);
  follow();
  run(payer.pay());
  EXPECT_EQ(run(cashier.withdrawals("ann")).at(0).withdrawal.state, W::final_);
  EXPECT_TRUE(run(cashier.state()).payouts.empty());
  EXPECT_EQ(findings(store), "");
}

TEST_F(AtTheDesk, AnotherNetworkIsRefused) {
  EXPECT_TRUE(one.node.attempt(cashier.check()));
  auto settings = settings_of_tests(false);
  settings.network = Network::test;
  Cashier other{{store, tools.runtime, one.node.market}, std::move(settings), chain, nullptr};
  EXPECT_EQ(refused(other.check()).code(), Code::invalid_argument);
}

TEST_F(AtTheDesk, TheSameKeyAgainChangesItsNodes) {
  EXPECT_EQ(run(cashier.add_shard({test_account('b'), {}})), 1u);
  EXPECT_EQ(run(cashier.add_shard({test_account('a'), {"one"}})), 0u);
  const auto shards = run(cashier.state()).shards;
  ASSERT_EQ(shards.size(), 2u);
  EXPECT_EQ(shards.at(0).first.nodes, std::vector<std::string>{"one"});
  EXPECT_EQ(shards.at(0).second, 1u) << "ann's address";
}

TEST_F(AtTheDesk, TheAuditSeesWhatWasTamperedWith) {
  const auto payment = paying({{50'000_sat, ann}});
  const auto late = paying({{70'000_sat, ann}});
  chain.mine({payment});
  run(payer.prepare());
  chain.mine({paying({{80'000_sat, script_of(Network::regtest, payer.address(0)).value()}})});
  chain.mine({late});
  follow();
  ASSERT_EQ(findings(store), "");
  const store::Key credited = market::keys::deposit(to_text({id_of(payment), 0}));
  const store::Key waiting = market::keys::deposit(to_text({id_of(late), 0}));
  const auto finds = [](const std::string& said, const std::string& what) {
    EXPECT_NE(said.find(what), std::string::npos) << said;
  };
  finds(findings_after<Deposit>(credited, [](Deposit& d) { d.on_chain->height = 5; }), "not where step");
  finds(findings_after<Deposit>(credited, [](Deposit& d) { d.on_chain->state = OnChain::State::orphaned; }),
        "not where step");
  finds(findings_after<Deposit>(credited, [](Deposit& d) { d.on_chain->entitled = 0_sat; }), "deep enough");
  finds(findings_after<Deposit>(credited, [](Deposit& d) { d.amount += 1_sat; }), "not the deposit");
  finds(findings_after<Deposit>(credited, [](Deposit& d) { d.user = "bob"; }), "not the deposit");
  finds(findings_after<Deposit>(waiting, [](Deposit& d) { d.on_chain->entitled = d.amount; }), "too early");
  finds(findings_after<ChainHead>(keys::chain(), [](ChainHead& h) { h.height += 1; }), "the head is not");
  finds(findings_after<ChainStep>(keys::step(8), [](ChainStep& s) { s.previous = s.block; }), "does not follow");
  Documents all = dump(store);
  Documents without = all;
  without.erase(credited);
  engines::TestStore gone(tools.runtime);
  fill(gone, without);
  finds(findings(gone), "is not there");
  for (const auto& [key, value] : all)
    if (key.starts_with("bitcoin/coin/"))
      finds(findings_after<Coin>(key, [](Coin& c) { c.amount += 1_sat; }), "has found");
}

}  // namespace
}  // namespace abc2::bitcoin::test
