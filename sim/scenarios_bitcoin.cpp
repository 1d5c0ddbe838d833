#include "sim/bitcoin_node.hpp"
#include "sim/scenarios.hpp"

namespace abc2::sim {
namespace {

Scenario scenario(std::string name, std::string about, Budget budget, Budget longer, std::uint64_t least_states) {
  Scenario made;
  made.name = std::move(name);
  made.about = std::move(about);
  made.budget = budget;
  made.longer = longer;
  made.in_commits = budget;
  made.least_states = least_states;
  return made;
}

std::string attempt(int which) { return "00000000-0000-4000-8000-00000000000" + std::to_string(which); }

// Nobody writes these where nobody visits, nothing is paid out, and each deposit was seen in a node's memory first.
void only_watched(Scenario& s) {
  s.fixed = {"bitcoin/script/", "bitcoin/account/", "bitcoin/sent/", "bitcoin/received/", "filler/"};
}

// A deposit that was seen in a node's memory, and the chain with its block.
Chain has_paid(Scenario& s, const std::string& user, std::int64_t amount, bitcoin::Transaction& paid) {
  has_chain(s);
  has_account(s, user, 0);
  only_watched(s);
  paid = deposit_to(s, user, amount);
  has_run(s, looks("watcher", paid));
  const Chain chain = mined(first_chain(), {paid});
  s.recovery = recovers_bitcoin({chain});
  s.expected.entitled[deposit_id(paid)] = amount;
  return chain;
}

Scenario bitcoin_deposit() {
  Scenario s = scenario("bitcoin-deposit", "Two watchers and the sweep credit a deposit that is in a block.",
                        {1, 0, 0, 0, 0}, {1, 1, 0, 0, 0}, 371327);
  bitcoin::Transaction paid;
  const Chain chain = has_paid(s, "a", 5, paid);
  has_run(s, watches("watcher", chain), "balance/a");
  s.fixed.emplace_back("bitcoin/step/0000000001");
  add(s, watches("watcher 1", chain, 1));
  add(s, watches("watcher 2", chain, 1));
  add(s, credits("sweep", deposit_id(paid), "a"));
  return s;
}

Scenario bitcoin_block() {
  Scenario s = scenario("bitcoin-block", "Two watchers carry out the block of a deposit; writes are lost, or late.",
                        {1, 1, 0, 0, 0}, {2, 1, 1, 0, 0}, 608684);
  bitcoin::Transaction paid;
  const Chain chain = has_paid(s, "a", 5, paid);
  has_run(s, watches("watcher", chain, 1));
  s.fixed.emplace_back("bitcoin/step/");
  add(s, watches("watcher 1", chain, 1));
  add(s, watches("watcher 2", chain, 1));
  return s;
}

Scenario bitcoin_memory() {
  Scenario s = scenario("bitcoin-memory", "One watcher sees a deposit in a node's memory, another one in a block.",
                        {1, 1, 0, 0, 0}, {1, 1, 1, 0, 0}, 43039);
  has_chain(s);
  has_account(s, "a", 0);
  s.fixed = {"bitcoin/script/", "bitcoin/account/", "bitcoin/sent/"};
  const auto paid = deposit_to(s, "a", 5);
  const Chain chain = mined(first_chain(), {paid});
  s.recovery = recovers_bitcoin({chain});
  s.expected.entitled[deposit_id(paid)] = 5;
  add(s, watches("watcher", chain));
  add(s, looks("other watcher", paid));
  return s;
}

// A block with a deposit, and a longer chain without it.
struct Reorganised {
  bitcoin::Transaction paid;
  std::string id;
  Chain left, followed;
};
Reorganised has_reorganisation(Scenario& s, const std::string& user, std::int64_t amount) {
  has_chain(s);
  only_watched(s);
  const auto paid = deposit_to(s, user, amount);
  has_run(s, looks("watcher", paid));
  Reorganised made{paid, deposit_id(paid), mined(first_chain(), {paid}), mined(mined(first_chain(), {}, 1), {}, 1)};
  s.recovery = recovers_bitcoin({made.followed});
  s.expected.entitled[made.id] = 0;
  return made;
}

Scenario reorganisation() {
  Scenario s = scenario("reorganisation", "A slow watcher carries out the block of a deposit that others leave.",
                        {1, 0, 0, 0, 0}, {1, 1, 0, 0, 0}, 110269);
  has_account(s, "a", 0);
  const auto chains = has_reorganisation(s, "a", 5);
  has_run(s, watches("watcher", chains.left), "bitcoin/chain");
  s.fixed.emplace_back("bitcoin/step/0000000001");
  add(s, watches("slow watcher", chains.left, 1));
  add(s, watches("watcher", chains.followed));
  return s;
}

Scenario reversal() {
  Scenario s = scenario("reversal", "A credited deposit is undone, while its owner withdraws some of it.",
                        {1, 0, 0, 0, 0}, {1, 1, 0, 0, 0}, 2214857);
  has_account(s, "aa", 0);
  const auto chains = has_reorganisation(s, "aa", 20);
  has_run(s, watches("watcher", chains.left));
  has_run(s, watches("watcher", chains.followed, 5));
  s.fixed.emplace_back("bitcoin/step/");
  add(s, watches("watcher", chains.followed, 1));
  add(s, withdraws("owner", "aa", attempt(1), 12));
  add(s, credits("sweep", chains.id, "aa"));
  return s;
}

Scenario reversal_purchase() {
  Scenario s = scenario("reversal-purchase", "A credited deposit is undone, while its owner buys; writes are lost.",
                        {1, 1, 0, 0, 0}, {2, 1, 0, 0, 0}, 373595);
  has_campaign(s);
  has_buyer(s, "a", 0);
  const auto chains = has_reorganisation(s, "a", 15);
  has_run(s, watches("watcher", chains.left));
  has_run(s, watches("watcher", chains.followed, 5));
  add(s, watches("watcher", chains.followed, 1));
  add(s, buys(s, "owner", order("a", "ra")));
  add(s, recovers());
  return s;
}

Scenario two_addresses() {
  Scenario s =
      scenario("two-addresses", "Two users visit their pages at once.", {1, 1, 0, 0, 0}, {2, 2, 0, 0, 0}, 37864);
  has_shard(s);
  s.recovery = recovers_bitcoin({first_chain(), false, {"a", "b"}});
  add(s, visits("A", "a"));
  add(s, visits("B", "b"));
  return s;
}

Scenario address_twice() {
  Scenario s = scenario("address-twice", "Two users visit their pages at once, one of them twice.", {1, 0, 0, 0, 0},
                        {1, 1, 0, 0, 0}, 1547833);
  has_shard(s);
  // Both were here before, when their nodes crashed: A while trying the first index, B with it.
  has_run(s, visits("A", "a"), "bitcoin/address/0/0000000001");
  has_run(s, visits("B", "b"), "bitcoin/addresses/0");
  s.recovery = recovers_bitcoin({first_chain(), false, {"a", "b"}});
  add(s, visits("A", "a"));
  add(s, visits("A again", "a"));
  add(s, visits("B", "b"));
  return s;
}

// A withdrawal that is approved, and a coin for it.
void has_payment(Scenario& s) {
  has_account(s, "aa", 200'000);
  has_withdrawal(s, "aa", attempt(1), 100'000);
  has_coin(s, 1, 150'000);
  s.fixed = {"bitcoin/chain"};
  s.recovery = recovers_bitcoin({first_chain(), true});
}

Scenario two_payers() {
  Scenario s = scenario("two-payers", "Two payers find a withdrawal, each with a rate of its own.", {1, 0, 0, 0, 0},
                        {1, 1, 0, 0, 0}, 272698);
  has_payment(s);
  add(s, pays("payer 1", 1000));
  add(s, pays("payer 2", 2000));
  return s;
}

Scenario payout_cancelled() {
  Scenario s =
      scenario("payout-cancelled", "A payer finds a withdrawal that its owner cancels; writes are lost, or late.",
               {1, 1, 0, 0, 0}, {2, 1, 1, 0, 0}, 1148277);
  has_payment(s);
  add(s, pays("payer", 1000));
  add(s, cancels_withdrawal("cancellation", "aa", attempt(1)));
  add(s, cancels_withdrawal("cancellation again", "aa", attempt(1)));
  return s;
}

Scenario two_payouts() {
  Scenario s = scenario("two-payouts", "Two payers find two withdrawals; one of them pays one at a time.",
                        {1, 0, 0, 0, 0}, {1, 1, 0, 0, 0}, 327656);
  has_payment(s);
  has_withdrawal(s, "aa", attempt(2), 60'000);
  has_coin(s, 2, 120'000);
  has_run(s, pays("payer", 1000), "bitcoin/payout/0000000001");
  s.fixed.push_back(s.start.lower_bound("bitcoin/script/")->first);
  add(s, pays("payer 1", 1000, 1));
  add(s, pays("payer 2", 1000));
  return s;
}

Scenario bump() {
  Scenario s = scenario("bump", "A payout is replaced twice and followed, and its first transaction gets into a block.",
                        {1, 1, 0, 0, 0}, {2, 1, 0, 0, 0}, 136476);
  has_chain(s);
  has_account(s, "aa", 200'000);
  has_withdrawal(s, "aa", attempt(1), 100'000);
  has_coin(s, 1, 150'000);
  has_run(s, pays("payer", 1000));
  const Chain chain = mined(first_chain(), {payout_transaction(s)});
  s.recovery = recovers_bitcoin({chain, true});
  add(s, pays("payer", 1000));
  add(s, bumps("operator", 5000));
  add(s, watches("watcher", {chain}));
  return s;
}

// Addresses and payouts are steps in any case.
Scenario only_in_steps(Scenario s) {
  s.has_commits = false;
  return s;
}

}  // namespace

std::vector<Scenario> bitcoin_scenarios() {
  return {bitcoin_deposit(),
          bitcoin_block(),
          bitcoin_memory(),
          reorganisation(),
          reversal(),
          reversal_purchase(),
          only_in_steps(two_addresses()),
          only_in_steps(address_twice()),
          only_in_steps(two_payers()),
          payout_cancelled(),
          only_in_steps(two_payouts()),
          only_in_steps(bump())};
}

}  // namespace abc2::sim
