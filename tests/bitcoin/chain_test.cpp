// Deposits, reorganisations and withdrawals, end to end on a real bitcoin node.
#include <gtest/gtest.h>

#include <random>
#include <set>

#include "bitcoin/payouts.hpp"
#include "bitcoin/test_town.hpp"
#include "real_node.hpp"

namespace abc2::bitcoin::test {
namespace {

using market::Deposit;
using market::OnChain;
using market::Secret;
using market::Withdrawal;
using market::test::document;
using market::test::dump;
using market::test::look;
using market::test::text;
using market::test::uuid;
using State = market::Withdrawal::State;

ExtendedKey hot_key() {
  const auto master = ExtendedKey::from_seed(std::string(32, 'h'));
  std::string bytes = from_base58check(master.value().private_text().view()).value();
  bytes.replace(0, 4, std::string("\x04\x35\x83\x94", 4));
  return ExtendedKey::parse(to_base58check(bytes)).value();
}

struct Whole : Process {
  Whole(Tools& tools, store::Store& store, ChainSource& source)
      : Process(tools, store, source),
        payouts(store, tools.runtime, source, hot_key(), {.network = Network::regtest},
                [this](const std::string& event, const store::Key&, const std::string& what) {
                  told.push_back(event + ": " + what);
                }) {}
  Payouts payouts;
};

class OnARealNode : public ::testing::Test {
 protected:
  OnARealNode() {
    for (const auto* user : {"ann", "bob"}) run(one.node.market.accounts.register_user(user, Secret::of("a password")));
    run(one.addresses.add_shard(Network::regtest, {test_account('a'), {"n"}}));
    ann = script_of(Network::regtest, run(one.addresses.of("ann")).address).value();
    bob = script_of(Network::regtest, run(one.addresses.of("bob")).address).value();
    hot = script_of(Network::regtest, one.payouts.address(0)).value();
    run(one.payouts.prepare());
    run(one.watcher.catch_up());
  }
  template <class T>
  T run(Task<Result<T>> task) {
    return one.node.run(std::move(task));
  }
  void follow() { run(one.watcher.catch_up()); }
  Satoshi money(const std::string& user) { return document<market::Balance>(dump(store), "balance/" + user).money; }
  Deposit deposit(const Transaction& by, std::uint32_t index = 0) {
    return document<Deposit>(dump(store), market::keys::deposit(to_text({id_of(by), index})));
  }
  Withdrawal withdrawal(unsigned number, const std::string& user = "ann") {
    return document<Withdrawal>(dump(store), market::keys::withdrawal(user, uuid(number)));
  }
  std::string findings() {
    std::string all = text(look(tools.runtime, store));
    const auto found = runtime::run_blocking(audit_payouts(store, Network::regtest));
    for (const auto& finding : found.value()) all += finding + "\n";
    return all;
  }
  // The node's chain as another one has it, with `count` blocks of that one's own from `height` on.
  std::vector<std::string> branch(std::int64_t height, int count) {
    RealNode other;
    auto shared = real.blocks(1);
    shared.resize(static_cast<std::size_t>(height - 1));
    other.submit(shared);
    // To another script, so that its blocks are others.
    other.call("generatetoaddress", "[" + std::to_string(count) + ",\"" +
                                        *address_of(Network::regtest, p2wpkh(std::string(33, '\2'))) + "\"]");
    return other.blocks(height);
  }

  RealNode real;
  Miner miner{real};
  Tools tools;
  RpcNodes nodes{Network::regtest, {real.address()}};
  engines::TestStore store{tools.runtime};
  Whole one{tools, store, nodes};
  std::string ann, bob, hot;
};

TEST_F(OnARealNode, PaidInConfirmedCredited) {
  const auto both = miner.pay({{50'000_sat, ann}, {1'000'000_sat, bob}});
  const auto again = miner.pay({{70'000_sat, ann}});
  run(one.watcher.look_at_mempool());
  EXPECT_EQ(deposit(both, 1).on_chain->state, OnChain::State::seen);
  miner.mine(1);
  follow();
  EXPECT_EQ(deposit(both).on_chain->state, OnChain::State::in_block);
  EXPECT_EQ(deposit(again).on_chain->height, real.height());
  miner.mine(1);
  follow();
  EXPECT_EQ(money("ann"), 0_sat);
  miner.mine(1);
  follow();
  EXPECT_EQ(money("ann"), 120'000_sat);
  EXPECT_EQ(money("bob"), 1'000'000_sat);
  EXPECT_EQ(findings(), "");
}

TEST_F(OnARealNode, ReorganisationsBeforeAndAfterCrediting) {
  const auto early = miner.pay({{50'000_sat, ann}});
  miner.mine(3);
  const auto late = miner.pay({{60'000_sat, bob}});
  miner.mine(1);
  follow();
  EXPECT_EQ(money("ann"), 50'000_sat);
  EXPECT_EQ(deposit(late).on_chain->state, OnChain::State::in_block);
  const std::int64_t height = real.height();
  const auto other = branch(height - 3, 6);
  real.submit(other);
  ASSERT_EQ(real.height(), height + 2) << "the node has followed the longer branch";
  follow();
  EXPECT_EQ(money("ann"), 0_sat) << "taken back";
  EXPECT_EQ(deposit(early).on_chain->state, OnChain::State::orphaned);
  EXPECT_EQ(deposit(late).on_chain->state, OnChain::State::orphaned);
  EXPECT_EQ(money("bob"), 0_sat);
  EXPECT_EQ(std::ranges::count_if(one.told, [](const auto& s) { return s.starts_with("deposit_reversed"); }), 1);
  EXPECT_EQ(findings(), "");
  for (const auto& transaction : {early, late}) {  // they do not always return to the mempool by themselves
    RpcNodes sender(Network::regtest, {real.address()});
    EXPECT_TRUE(runtime::run_blocking(sender.send(serialise(transaction))));
  }
  miner.mine(3);
  follow();
  EXPECT_EQ(money("ann"), 50'000_sat);
  EXPECT_EQ(money("bob"), 60'000_sat);
  EXPECT_EQ(findings(), "");
}

TEST_F(OnARealNode, PaidOutBumpedAndFinal) {
  run(one.node.market.money.fund("first", "ann", 900'000_sat));
  miner.pay({{500'000_sat, hot}, {500'000_sat, hot}});
  miner.mine(1);
  follow();
  const std::string outside = *address_of(Network::regtest, p2wpkh(std::string(33, '\3')));
  run(one.node.market.withdrawals.request({"ann", uuid(1), outside, 700'000_sat, 100_sat, true}));
  EXPECT_FALSE(run(one.payouts.pay())) << "it waits for approval";
  run(one.node.market.withdrawals.approve("ann", uuid(1)));
  EXPECT_TRUE(run(one.payouts.pay()));
  const auto first = document<Payout>(dump(store), keys::payout(1)).transactions.at(0);
  const auto in_mempool = [&](const std::string& id) {
    for (int i = 0; i < 200; ++i) {
      for (const auto& one_of_them : real.call("getrawmempool").items)
        if (one_of_them.value == id) return true;
      ::usleep(10'000);
    }
    return false;
  };
  ASSERT_TRUE(in_mempool(first.id)) << "the node takes it: the signatures are right";
  // This node takes no replacements: it keeps the first, and either may come into the chain.
  const auto second = run(one.payouts.bump(1));
  EXPECT_GT(second.fee, first.fee);
  miner.mine(1);
  follow();
  const auto payout = document<Payout>(dump(store), keys::payout(1));
  EXPECT_EQ(payout.height, real.height());
  EXPECT_TRUE(payout.in_chain == first.id || payout.in_chain == second.id);
  EXPECT_EQ(withdrawal(1).state, State::signed_);
  miner.mine(5);
  follow();
  run(one.payouts.pay());
  EXPECT_EQ(withdrawal(1).state, State::final_);
  const Satoshi fee = payout.in_chain == first.id ? first.fee : second.fee;
  EXPECT_EQ(run(one.payouts.wallet()).spendable, 300'000_sat - fee) << "the hot wallet, to the satoshi";
  EXPECT_EQ(findings(), "");
}

TEST_F(OnARealNode, ANodeThatIsReplacedByAnEmptyOne) {
  run(one.node.market.money.fund("first", "ann", 900'000_sat));
  miner.pay({{500'000_sat, hot}});
  miner.mine(1);
  follow();
  const std::string outside = *address_of(Network::regtest, p2wpkh(std::string(33, '\3')));
  run(one.node.market.withdrawals.request({"ann", uuid(1), outside, 100'000_sat, 0_sat, false}));
  run(one.payouts.pay());
  RealNode fresh;  // knows the blocks but not the mempool
  RpcNodes its_nodes(Network::regtest, {fresh.address()});
  Whole next(tools, store, its_nodes);
  EXPECT_TRUE(next.node.attempt(next.watcher.catch_up())) << "a node that knows less says nothing";
  EXPECT_EQ(document<ChainHead>(dump(store), keys::chain()).height, real.height());
  fresh.submit(real.blocks(1));
  miner.move_to(fresh);
  next.node.run(next.payouts.pay());
  const std::string id = document<Payout>(dump(store), keys::payout(1)).transactions.at(0).id;
  for (int i = 0; i < 200 && fresh.call("getrawmempool").items.empty(); ++i) ::usleep(10'000);
  EXPECT_EQ(fresh.call("getrawmempool").items.at(0).value, id) << "sent again, the very same";
  miner.mine(6);
  next.node.run(next.watcher.catch_up());
  next.node.run(next.payouts.pay());
  EXPECT_EQ(withdrawal(1).state, State::final_);
  EXPECT_EQ(findings(), "");
}

// One process of the storm: works until its store has it crash.
Task<void> watch(Whole* whole) {
  for (int i = 0; i < 6; ++i) {
    [[maybe_unused]] const auto followed = co_await whole->watcher.catch_up();
    [[maybe_unused]] const auto seen = co_await whole->watcher.look_at_mempool();
  }
}
Task<void> pay(Whole* whole) {
  for (int i = 0; i < 3; ++i) [[maybe_unused]]
    const auto paid = co_await whole->payouts.pay();
}

TEST_F(OnARealNode, ThreeWatchersAndTwoPayersKilledForAHundredRounds) {
  const auto seed = static_cast<unsigned>(std::random_device()());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const auto below = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  run(one.node.market.money.fund("first", "ann", 10'000'000_sat));
  for (int i = 0; i < 4; ++i) miner.pay({{3'000'000_sat, hot}});
  miner.mine(1);
  const std::string outside = *address_of(Network::regtest, p2wpkh(std::string(33, '\3')));
  Satoshi paid_in, asked_for;
  unsigned requests = 0, kills = 0;
  for (unsigned round = 0; round < 100; ++round) {
    if (below(2) == 0) {
      const Satoshi amount(2'000 + below(50'000));
      miner.pay({{amount, below(2) == 0 ? ann : bob}});
      paid_in += amount;
    }
    if (below(3) == 0) {
      const Satoshi amount(5'000 + below(50'000));
      run(one.node.market.withdrawals.request({"ann", uuid(++requests), outside, amount, 10_sat, false}));
      asked_for += amount + 10_sat;
    }
    if (below(2) == 0) miner.mine(1 + static_cast<int>(below(2)));

    boost::asio::io_context context(1);
    const auto keep = boost::asio::make_work_guard(context);
    std::vector<std::unique_ptr<store::FaultyStore>> stores;
    std::vector<std::unique_ptr<Whole>> processes;
    int alive = 5;
    const auto ended = [&] {
      if (--alive == 0) context.stop();
    };
    for (int i = 0; i < 5; ++i) {
      stores.push_back(std::make_unique<store::FaultyStore>(store, tools.runtime));
      if (below(2) == 0)
        stores.back()->crash_at_write(1 + below(12), below(2) == 0 ? store::Crash::before : store::Crash::after);
      stores.back()->on_crash([&] { ++kills, ended(); });
      processes.push_back(std::make_unique<Whole>(tools, *stores.back(), nodes));
      boost::asio::co_spawn(context.get_executor(), i < 3 ? watch(processes.back().get()) : pay(processes.back().get()),
                            [&](std::exception_ptr thrown) {
                              if (thrown) std::rethrow_exception(thrown);
                              ended();
                            });
    }
    context.run();
    for (auto& each : stores) each->on_crash(nullptr);
  }
  EXPECT_GT(kills, 30u);
  EXPECT_GT(requests, 10u);
  for (int i = 0; i < 4; ++i) {
    miner.mine(6);
    follow();
    run(one.node.market.recover_now(Time::max()));
    run(one.payouts.pay());
    for (int j = 0; j < 200 && run(one.payouts.wallet()).open > 0 && real.call("getrawmempool").items.empty(); ++j)
      ::usleep(1'000);
  }
  EXPECT_EQ(findings(), "");
  EXPECT_EQ(money("ann") + money("bob"), 10'000'000_sat + paid_in - asked_for) << "to the satoshi";
  Satoshi sent, fees;
  const auto all = dump(store);
  for (unsigned i = 1; i <= requests; ++i) {
    EXPECT_EQ(withdrawal(i).state, State::final_) << i;
    sent += withdrawal(i).amount;
  }
  // What has really reached the address in the chain, once each.
  Satoshi arrived;
  const std::string script = script_of(Network::regtest, outside).value();
  for (const auto& bytes : real.blocks(441)) {
    const auto block = parse_block(Network::regtest, bytes);
    for (const auto& transaction : block.value().transactions)
      for (const auto& output : transaction.outputs)
        if (output.script == script) arrived += output.amount;
  }
  EXPECT_EQ(arrived, sent);
  for (const auto& [key, value] : all)
    if (key.starts_with("bitcoin/payout/")) {
      const auto payout = document<Payout>(all, key);
      for (const auto& transaction : payout.transactions)
        if (transaction.id == payout.in_chain) fees += transaction.fee;
    }
  EXPECT_EQ(run(one.payouts.wallet()).spendable, 12'000'000_sat - sent - fees) << "the hot wallet, to the satoshi";
}

}  // namespace
}  // namespace abc2::bitcoin::test
