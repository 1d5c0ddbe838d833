#include <algorithm>
#include <map>
#include <set>

#include "bitcoin/payouts.hpp"
#include "store/each.hpp"

namespace abc2::bitcoin {
namespace {

using market::Withdrawal;
using State = market::Withdrawal::State;

template <store::Document T>
Task<Result<std::map<store::Key, T>>> read_all(store::Store* store, store::Key prefix) {
  std::map<store::Key, T> all;
  CO_TRY_VOID(co_await store::each<T>(
      *store, std::move(prefix), [&](const store::Key& key, T document) { all.emplace(key, std::move(document)); }));
  co_return all;
}

using Findings = std::vector<std::string>;

// One of a payout's transactions: that it is what it says, and does what the payout wants and nothing else.
void check_transaction(Network network, const store::Key& key, const Payout& payout, const SignedTransaction& one,
                       Findings& findings) {
  const std::string name = key + ", transaction " + one.id;
  const auto bytes = from_hex(one.hex);
  const auto parsed = bytes ? parse_transaction(bytes.value()) : Result<Transaction>(bytes.error());
  if (!parsed || to_id(id_of(parsed.value())) != one.id) return findings.push_back(name + " is another one");
  const Transaction& transaction = parsed.value();
  Satoshi in, out;
  std::set<std::string> spent, wanted;
  for (const auto& input : transaction.inputs) spent.insert(to_text(input.previous));
  for (const auto& coin : payout.coins) {
    wanted.insert(coin.outpoint);
    in += coin.amount;
  }
  if (spent != wanted || transaction.inputs.size() != payout.coins.size())
    findings.push_back(name + " spends other coins than the payout's");
  for (const auto& output : transaction.outputs) out += output.amount;
  if (in - out != one.fee) findings.push_back(name + " pays another fee than it says");
  const bool change = transaction.outputs.size() == payout.withdrawals.size() + 1;
  if (!change && transaction.outputs.size() != payout.withdrawals.size())
    return findings.push_back(name + " has another number of outputs than withdrawals and change");
  for (std::size_t i = 0; i < payout.withdrawals.size(); ++i) {
    const auto script = script_of(network, payout.withdrawals[i].address);
    if (!script || transaction.outputs[i].script != script.value() ||
        transaction.outputs[i].amount != payout.withdrawals[i].amount)
      findings.push_back(name + " does not pay " + payout.withdrawals[i].withdrawal);
  }
}

}  // namespace

Task<Result<std::vector<std::string>>> audit_payouts(store::Store& store, Network network) {
  Findings findings;
  CO_TRY(const auto payouts,
         co_await read_all<Payout>(&store, keys::payout(0).substr(0, keys::payout(0).rfind('/') + 1)));
  CO_TRY(const auto coins, co_await read_all<Coin>(&store, keys::coin("")));
  CO_TRY(const auto withdrawals, co_await read_all<Withdrawal>(&store, "withdrawal/"));
  std::map<std::string, store::Key> spent;
  std::map<store::Key, store::Key> paid;
  std::uint64_t number = 0;
  for (const auto& [key, payout] : payouts) {
    if (key != keys::payout(++number))
      findings.push_back(key + " stands where payout " + std::to_string(number) + " should");
    for (const auto& coin : payout.coins) {
      if (!spent.emplace(coin.outpoint, key).second) findings.push_back(coin.outpoint + " is spent by two payouts");
      const auto at = coins.find(keys::coin(coin.outpoint));
      if (at == coins.end() || at->second.amount != coin.amount || at->second.spent_by != number)
        findings.push_back(coin.outpoint + " is not as " + key + " says");
    }
    for (const auto& one : payout.withdrawals) {
      if (!paid.emplace(one.withdrawal, key).second) findings.push_back(one.withdrawal + " is in two payouts");
      const auto at = withdrawals.find(one.withdrawal);
      if (at == withdrawals.end() || at->second.amount != one.amount || at->second.address != one.address ||
          at->second.payout != number || (at->second.state != State::signed_ && at->second.state != State::final_))
        findings.push_back(one.withdrawal + " is not as " + key + " says");
    }
    for (const auto& one : payout.transactions) check_transaction(network, key, payout, one, findings);
    if (payout.transactions.empty()) findings.push_back(key + " has no transaction");
  }
  for (const auto& [key, coin] : coins)
    if (coin.spent_by != 0 && !spent.contains(key.substr(keys::coin("").size())))
      findings.push_back(key + " says that a payout has spent it, which none says");
  for (const auto& [key, withdrawal] : withdrawals)
    if ((withdrawal.state == State::signed_ || withdrawal.state == State::final_) && !paid.contains(key))
      findings.push_back(key + " says that it was paid, which no payout says");
  co_return findings;
}

}  // namespace abc2::bitcoin
