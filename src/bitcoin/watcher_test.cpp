// Deposits: credited once, through crashes, several watchers and reorganisations.
#include "bitcoin/watcher.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/marks.hpp"
#include "bitcoin/test_town.hpp"
#include "runtime/concurrently.hpp"

namespace abc2::bitcoin::test {
namespace {

using market::Deposit;
using market::OnChain;
using market::Secret;
using market::test::document;
using market::test::dump;
using market::test::fill;
using market::test::look;
using market::test::text;
using store::FaultyStore;

class Watching : public ::testing::Test {
 protected:
  Watching() {
    for (const auto* user : {"ann", "bob"}) {
      run(one.node.market.accounts.register_user(user, Secret::of("a password")));
    }
    run(one.addresses.add_shard(Network::regtest, {test_account('a'), {"n"}}));
    ann = script_of(Network::regtest, run(one.addresses.of("ann")).address).value();
    bob = script_of(Network::regtest, run(one.addresses.of("bob")).address).value();
    chain.mine_empty(20);
    run(one.watcher.catch_up());
  }
  template <class T>
  T run(Task<Result<T>> task) {
    return one.node.run(std::move(task));
  }
  Satoshi money(const std::string& user, store::Store* where = nullptr) {
    return document<market::Balance>(dump(where ? *where : store), "balance/" + user).money;
  }
  Deposit deposit(const Transaction& by, std::uint32_t index = 0) {
    return document<Deposit>(dump(store), market::keys::deposit(to_text({id_of(by), index})));
  }
  void expect_sound() { EXPECT_EQ(text(look(tools.runtime, store)), ""); }

  Tools tools;
  FakeNode chain;
  engines::TestStore store{tools.runtime};
  Process one{tools, store, chain};
  std::string ann, bob;
};

TEST_F(Watching, EachUserHasAnAddressForEver) {
  EXPECT_NE(ann, bob);
  Process two(tools, store, chain);
  EXPECT_EQ(two.node.run(two.addresses.of("ann")).address, *address_of(Network::regtest, ann));
  const auto key = ExtendedKey::parse(test_account('a'));
  EXPECT_EQ(ann, p2wpkh(key.value().derive({0, 0}).value().public_key())) << "the first index of BIP84";
}

TEST_F(Watching, SeenConfirmedAndCreditedOnce) {
  const auto payment = paying({{50'000_sat, ann}, {60'000_sat, bob}, {70'000_sat, ann}, {1_sat, ann}});
  chain.take(payment);
  run(one.watcher.look_at_mempool());
  EXPECT_EQ(deposit(payment).on_chain->state, OnChain::State::seen);
  EXPECT_EQ(deposit(payment).on_chain->needed, 3u);
  chain.mine({payment});
  run(one.watcher.catch_up());
  EXPECT_EQ(deposit(payment).on_chain->state, OnChain::State::in_block);
  EXPECT_EQ(deposit(payment).on_chain->height, 21);
  chain.mine();
  run(one.watcher.catch_up());
  EXPECT_EQ(money("ann"), 0_sat) << "two confirmations";
  chain.mine();
  run(one.watcher.catch_up());
  EXPECT_EQ(money("ann"), 120'000_sat);
  EXPECT_EQ(money("bob"), 60'000_sat);
  EXPECT_TRUE(deposit(payment, 2).credited);
  chain.mine_empty(10);
  run(one.watcher.catch_up());
  EXPECT_EQ(money("ann"), 120'000_sat);
  EXPECT_FALSE(dump(store).contains(market::keys::deposit(to_text({id_of(payment), 3})))) << "too small";
  expect_sound();
}

TEST_F(Watching, LargeSumsNeedMore) {
  const auto payment = paying({{100'000'000_sat, ann}});
  chain.mine({payment});
  chain.mine_empty(4);
  run(one.watcher.catch_up());
  EXPECT_EQ(money("ann"), 0_sat);
  chain.mine();
  run(one.watcher.catch_up());
  EXPECT_EQ(money("ann"), 100'000'000_sat);
}

TEST_F(Watching, AReorganisationBeforeCreditingUnconfirms) {
  const auto payment = paying({{50'000_sat, ann}});
  chain.mine({payment});
  chain.mine();
  run(one.watcher.catch_up());
  chain.drop(2);
  chain.mine_empty(2);
  run(one.watcher.catch_up());
  EXPECT_EQ(deposit(payment).on_chain->state, OnChain::State::in_block) << "a branch that is no longer is not followed";
  chain.mine();
  run(one.watcher.catch_up());
  EXPECT_EQ(deposit(payment).on_chain->state, OnChain::State::orphaned);
  chain.mine({payment});
  chain.mine();
  run(one.watcher.catch_up());
  EXPECT_EQ(money("ann"), 0_sat);
  chain.mine();
  run(one.watcher.catch_up());
  EXPECT_EQ(money("ann"), 50'000_sat);
  EXPECT_TRUE(one.told.empty());
  expect_sound();
}

TEST_F(Watching, AReorganisationAfterCreditingTakesBackAndTells) {
  const auto payment = paying({{50'000_sat, ann}}), other = paying({{30'000_sat, bob}}, 2);
  chain.mine({payment, other});
  chain.mine_empty(2);
  run(one.watcher.catch_up());
  EXPECT_EQ(money("ann"), 50'000_sat);
  run(one.node.market.withdrawals.request({"ann", market::test::uuid(1), "x", 20'000_sat, 0_sat, true}));
  chain.drop(3);
  chain.mine_empty(2);
  chain.mine({other});
  chain.mine();
  run(one.watcher.catch_up());
  EXPECT_EQ(money("ann"), 0_sat);
  EXPECT_EQ(money("bob"), 30'000_sat) << "it came back in another block: nothing was taken";
  const auto lost = deposit(payment);
  EXPECT_EQ(lost.on_chain->booked - lost.on_chain->entitled, 20'000_sat);
  ASSERT_EQ(one.told.size(), 1u);
  EXPECT_NE(one.told[0].find("deposit_reversed"), std::string::npos);
  EXPECT_NE(one.told[0].find("30000 were taken back, and 20000 are owed"), std::string::npos) << one.told[0];
  expect_sound();
  chain.mine({payment});
  chain.mine_empty(2);
  run(one.watcher.catch_up());
  EXPECT_EQ(money("ann"), 30'000_sat) << "it has come back after all";
  EXPECT_TRUE(deposit(payment).credited);
  expect_sound();
}

TEST_F(Watching, ARescanFindsWhatWasMissedAndCreditsNothingTwice) {
  const auto missed = paying({{40'000_sat, p2wpkh(std::string(33, '\2'))}}), known = paying({{50'000_sat, ann}}, 2);
  chain.mine({missed, known});
  chain.mine_empty(5);
  run(one.watcher.catch_up());
  const ScriptOwner late{"bob", 0, 0, 99};
  EXPECT_EQ(run(static_cast<store::Store&>(store).add(keys::script(p2wpkh(std::string(33, '\2'))), store::encode(late)))
                .kind(),
            store::WriteOutcome::Kind::applied);
  run(one.watcher.rescan(21));
  EXPECT_EQ(money("ann"), 50'000_sat);
  run(one.watcher.catch_up());
  chain.mine();
  run(one.watcher.catch_up());
  EXPECT_EQ(money("ann"), 50'000_sat);
  EXPECT_EQ(money("bob"), 40'000_sat);
  EXPECT_FALSE(one.node.attempt(one.watcher.rescan(1))) << "below where it began";
  run(one.watcher.catch_up());
  EXPECT_TRUE(one.told.empty());
  expect_sound();
}

TEST_F(Watching, ABlockWithMoreThanOneDocumentHolds) {
  std::vector<Output> many(2500, {2'000_sat, ann});
  const auto payment = paying(many);
  const auto before = marks::reached("watcher: a block in several steps");
  chain.mine({payment});
  chain.mine_empty(2);
  run(one.watcher.catch_up());
  EXPECT_GE(marks::reached("watcher: a block in several steps"), before + 2);
  EXPECT_EQ(money("ann"), Satoshi(2500 * 2'000));
  chain.drop(3);
  chain.mine_empty(4);
  run(one.watcher.catch_up());
  EXPECT_EQ(money("ann"), 0_sat);
}

// A watcher that stopped in the middle of a step, and goes on when the others are far ahead, changes nothing.
TEST_F(Watching, ASlowWatcherChangesNothing) {
  const auto payment = paying({{50'000_sat, ann}});
  const auto before = dump(store);
  chain.mine({payment});
  chain.mine_empty(2);
  run(one.watcher.catch_up());
  const auto steps = dump(store);
  chain.drop(3);
  chain.mine_empty(4);
  run(one.watcher.catch_up());
  EXPECT_EQ(money("ann"), 0_sat);
  const auto now = dump(store);
  // The head as it was before all this: everything is carried out again from there.
  engines::TestStore again(tools.runtime);
  auto documents = now;
  documents[keys::chain()] = before.at(keys::chain());
  fill(again, documents);
  Process slow(tools, again, chain);
  slow.node.run(slow.watcher.catch_up());
  EXPECT_EQ(dump(again), now);
}

// Dies after each write of a deposit's whole life with two reorganisations; others go on.
TEST_F(Watching, WhateverFails) {
  const auto payment = paying({{50'000_sat, ann}}), other = paying({{30'000_sat, bob}}, 2);
  const auto before = dump(store);
  chain.mine({payment, other});
  chain.mine_empty(3);
  run(one.watcher.catch_up());
  const auto credited = dump(store);
  chain.drop(4);
  chain.mine({other});
  chain.mine_empty(4);
  std::size_t crashes = 0;
  for (const auto* start : {&before, &credited}) {
    for (std::size_t k = 1;; ++k) {
      engines::TestStore memory(tools.runtime);
      fill(memory, *start);
      FaultyStore faulty(memory, tools.runtime);
      Process dying(tools, faulty, chain);
      faulty.crash_at_write(k, store::Crash::after);
      const bool ended = store::run_until_crash(faulty, dying.watcher.catch_up()).has_value();
      Process next(tools, memory, chain);
      next.node.run(next.watcher.catch_up());
      next.node.run(next.node.market.recover_now(Time::max()));
      EXPECT_EQ(money("ann", &memory), 0_sat) << "crash after write " << k;
      EXPECT_EQ(money("bob", &memory), 30'000_sat) << "crash after write " << k;
      EXPECT_EQ(text(look(tools.runtime, memory)), "");
      if (ended) break;
      ++crashes;
    }
  }
  EXPECT_GE(crashes, 40u);
}

// Three at once on one store that fails at random, on nodes with different chains.
TEST_F(Watching, SeveralAtOnceOnAFailingStore) {
  FakeNode behind = chain;
  const auto payment = paying({{50'000_sat, ann}}), other = paying({{30'000_sat, bob}}, 2);
  chain.mine({payment, other});
  behind.mine({other});
  behind.mine_empty(3);
  for (unsigned seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    FakeNode left = chain, right = behind;
    engines::TestStore memory(tools.runtime);
    fill(memory, dump(store));
    FaultyStore faulty(memory, tools.runtime);
    faulty.randomize(seed, {.error = 30, .unknown_lost = 30, .unknown_landed = 30, .unknown_later = 30, .echo = 30});
    Process a(tools, faulty, left), b(tools, faulty, right), c(tools, faulty, left);
    const auto some_steps = [](Watcher* watcher, runtime::Runtime* runtime) -> Task<void> {
      for (int i = 0; i < 60; ++i) {
        [[maybe_unused]] const auto done = co_await watcher->advance();  // whatever fails is tried again
        co_await runtime->sleep(Milliseconds(1));
      }
    };
    for (int round = 0; round < 3; ++round) {
      const auto all = [&](std::size_t i) {
        return some_steps(&(i == 0 ? a : i == 1 ? b : c).watcher, &tools.runtime);
      };
      runtime::run_blocking(runtime::concurrently(tools.runtime, "watchers", 3, 3, all));
      left.mine();
      runtime::run_blocking(faulty.land_late_writes());
    }
    faulty.heal();
    left = right;  // everybody ends up on one chain
    left.mine_empty(3);
    Process last(tools, memory, left);
    last.node.run(last.watcher.catch_up());
    last.node.run(last.node.market.recover_now(Time::max()));
    EXPECT_EQ(money("ann", &memory), 0_sat);
    EXPECT_EQ(money("bob", &memory), 30'000_sat);
    EXPECT_EQ(text(look(tools.runtime, memory)), "");
  }
}

TEST_F(Watching, AnAddressIsKnownBeforeItIsShownAndACrashLosesNone) {
  const auto before = dump(store);
  std::size_t crashes = 0;
  for (std::size_t k = 1;; ++k) {
    SCOPED_TRACE("crash after write " + std::to_string(k));
    engines::TestStore memory(tools.runtime);
    fill(memory, before);
    FaultyStore faulty(memory, tools.runtime);
    Process dying(tools, faulty, chain);
    faulty.crash_at_write(k, store::Crash::after);
    const bool ended = store::run_until_crash(faulty, dying.addresses.of("cat")).has_value();
    const auto left = document<BitcoinAccount>(dump(memory), keys::account("cat"));
    if (!left.address.empty()) {
      const auto script = script_of(Network::regtest, left.address).value();
      EXPECT_EQ(document<ScriptOwner>(dump(memory), keys::script(script)).user, "cat");
    }
    Process next(tools, memory, chain);
    next.node.run(next.addresses.of("dog"));
    next.node.run(next.addresses.of("cat"));
    EXPECT_EQ(document<AddressHead>(dump(memory), keys::addresses(0)).last, 4u) << "two before, and these two";
    if (ended) break;
    ++crashes;
  }
  EXPECT_GE(crashes, 5u);
}

TEST_F(Watching, ShardsAreAddedWhileRunning) {
  run(one.addresses.add_shard(Network::regtest, {test_account('b'), {"m"}}));
  EXPECT_EQ(run(one.addresses.add_shard(Network::regtest, {test_account('b'), {"m"}})), 1u) << "the same again";
  EXPECT_EQ(*address_of(Network::regtest, ann), run(one.addresses.of("ann")).address);
  std::set<std::uint64_t> used;
  for (int i = 0; i < 20; ++i) used.insert(run(one.addresses.of("user" + std::to_string(i))).shard);
  EXPECT_EQ(used.size(), 2u);
  EXPECT_FALSE(one.node.attempt(one.addresses.add_shard(Network::main, {test_account('c'), {}})));
  const auto open = one.node.attempt(
      one.addresses.add_shard(Network::main, {"xprv9s21ZrQH143K3QTDL4LXw2F7HEK3wJUD2nW2nRk4stbPy6cq3jPPqjiChkVvvNKmPGJx"
                                              "WUtg6LnF5kejMRNNU3TGtRBeJgk33yuGBxrMPHi",
                                              {}}));
  ASSERT_FALSE(open);
  EXPECT_NE(open.error().message().find("PRIVATE"), std::string::npos);
  engines::TestStore empty(tools.runtime);
  Process off(tools, empty, chain);
  EXPECT_EQ(off.node.attempt(off.addresses.of("ann")).error().code(), Code::not_found) << "deposits are off";
}

TEST_F(Watching, TwoFrontEndsNeverHandOutOneAddress) {
  const auto before = dump(store);
  for (const auto fault :
       {store::Fault::unknown_landed, store::Fault::unknown_lost, store::Fault::echo, store::Fault::unknown_later}) {
    for (std::size_t k = 0; k < 5; ++k) {
      engines::TestStore memory(tools.runtime);
      fill(memory, before);
      FaultyStore faulty(memory, tools.runtime);
      faulty.arm({.fault = fault, .skip = k});
      Process a(tools, faulty, chain), b(tools, memory, chain);
      const auto visit = [&](std::size_t i) -> Task<void> {
        [[maybe_unused]] const auto first = co_await (i % 2 == 0 ? a : b).addresses.of(std::to_string(i / 2) + "u");
      };
      runtime::run_blocking(runtime::concurrently(tools.runtime, "visits", 16, 16, visit));
      runtime::run_blocking(faulty.land_late_writes());
      std::set<std::string> all;
      for (int i = 0; i < 8; ++i) {
        const auto address = b.node.run(b.addresses.of(std::to_string(i) + "u")).address;
        EXPECT_EQ(a.node.run(a.addresses.of(std::to_string(i) + "u")).address, address);
        all.insert(address);
      }
      EXPECT_EQ(all.size(), 8u);
      const auto head = document<AddressHead>(dump(memory), keys::addresses(0));
      EXPECT_EQ(head.last, 10u) << "no index was lost";
    }
  }
}

}  // namespace
}  // namespace abc2::bitcoin::test
