#include "bitcoin/audit.hpp"

#include <map>

#include "bitcoin/payouts.hpp"
#include "store/each.hpp"

namespace abc2::bitcoin {
namespace {

using market::AuditFinding;
using market::Deposit;
using market::OnChain;

constexpr int kPayouts = 11, kChain = 12;

// Where the steps have put an output.
struct Place {
  Found found;
  std::uint64_t step = 0;
  bool in_block = false;
  std::int64_t height = 0;
};

// The steps again, from the first to the last that was carried out.
struct Replay {
  std::map<std::uint64_t, ChainStep> connected;  // of the chain as it is; those that were left too
  std::map<std::string, Place> places;
  std::uint64_t last = 0, top = 0;
  std::int64_t height = 0;
  std::string block;
  std::vector<AuditFinding> findings;

  void wrong(store::Key key, std::string what) { findings.push_back({kChain, std::move(key), std::move(what)}); }

  std::vector<Found> found_by(const ChainStep& step) const {
    std::vector<Found> all = step.found;
    for (const std::uint64_t number : step.more)
      if (const auto part = connected.find(number); part != connected.end())
        all.insert(all.end(), part->second.found.begin(), part->second.found.end());
    return all;
  }

  void take(std::uint64_t number, ChainStep step) {
    const store::Key key = keys::step(number);
    if (number != ++last) wrong(key, "a step is missing before this one");
    last = number;
    if (step.kind == ChainStep::Kind::connect) {
      if (top != 0 && (step.previous != block || step.height != height + 1 || step.parent != top))
        wrong(key, "it connects a block that does not follow the one before");
      for (auto& one : found_by(step)) {
        const std::string outpoint = one.outpoint;
        places[outpoint] = {std::move(one), number, true, step.height};
      }
      height = step.height;
      block = step.block;
      top = number;
    } else if (step.kind == ChainStep::Kind::disconnect) {
      const auto left = connected.find(step.parent);
      if (step.parent != top || left == connected.end()) return wrong(key, "it leaves a block that is not the newest");
      for (auto& one : found_by(left->second)) {
        const std::string outpoint = one.outpoint;
        places[outpoint] = {std::move(one), number, false, step.height};
      }
      height = step.height - 1;
      block = step.previous;
      top = left->second.parent;
    }
    connected.emplace(number, std::move(step));
  }

  void check_head(const ChainHead& head) {
    if (head.last != last || (top != 0 && (head.height != height || head.block != block)) || head.top != top)
      wrong(keys::chain(), "the head is not where the steps lead");
  }

  void check_deposit(const store::Key& key, const Deposit& deposit, const ChainHead& head) {
    if (!deposit.on_chain || deposit.on_chain->step == 0) return;
    const OnChain& chain = *deposit.on_chain;
    const auto at = places.find(std::string(market::keys::rest(key)));
    if (at == places.end()) return wrong(key, "no step has found this deposit");
    const Place& place = at->second;
    if (place.found.user != deposit.user || place.found.amount != deposit.amount)
      wrong(key, "it is not the deposit that step " + std::to_string(place.step) + " has found");
    if (chain.step != place.step || (chain.state == OnChain::State::in_block) != place.in_block ||
        chain.height != place.height)
      wrong(key, "it is not where step " + std::to_string(place.step) + " has put it");
    const bool deep = place.in_block && head.height - place.height + 1 >= place.found.needed;
    const bool reorganising = head.left_step != 0;
    if (deep && chain.entitled != deposit.amount) wrong(key, "it is deep enough, and entitled to nothing");
    if (!deep && !reorganising && chain.entitled != Satoshi(0)) wrong(key, "it is entitled to money too early");
    places.erase(at);
  }

  void check_coin(const store::Key& key, const Coin& coin) {
    const auto at = places.find(key.substr(keys::coin("").size()));
    if (at == places.end()) return wrong(key, "no step has found this coin");
    const Place& place = at->second;
    if (coin.amount != place.found.amount || coin.step != place.step || coin.in_block != place.in_block)
      wrong(key, "it is not what step " + std::to_string(place.step) + " has found");
    places.erase(at);
  }
};

// What a sentence of audit_payouts is about: it begins with a key.
store::Key document_of(const std::string& sentence) { return sentence.substr(0, sentence.find_first_of(" ,")); }

Task<Result<std::optional<Network>>> network_of(store::Store* store) {
  CO_TRY(const auto shards, co_await store::get<Shards>(*store, keys::shards()));
  if (shards) co_return shards->value.network;
  CO_TRY(const auto wallet, co_await store::get<WalletReport>(*store, keys::wallet()));
  co_return wallet ? std::optional(wallet->value.network) : std::nullopt;
}

}  // namespace

Task<Result<std::vector<AuditFinding>>> audit_chain(store::Store& store) {
  CO_TRY(const auto head, co_await store::get<ChainHead>(store, keys::chain()));
  if (!head) co_return std::vector<AuditFinding>();
  Replay replay;
  std::uint64_t number = 0;
  const store::Key steps = keys::step(0).substr(0, keys::step(0).rfind('/') + 1);
  CO_TRY_VOID(co_await store::each<ChainStep>(store, steps, [&](const store::Key& key, ChainStep step) {
    if (key != keys::step(++number))
      replay.wrong(key, "it does not stand where step " + std::to_string(number) + " should");
    if (number <= head->value.last) replay.take(number, std::move(step));
  }));
  replay.check_head(head->value);
  CO_TRY_VOID(co_await store::each<Deposit>(store, "deposit/", [&](const store::Key& key, const Deposit& deposit) {
    replay.check_deposit(key, deposit, head->value);
  }));
  CO_TRY_VOID(co_await store::each<Coin>(
      store, keys::coin(""), [&](const store::Key& key, const Coin& coin) { replay.check_coin(key, coin); }));
  for (const auto& [outpoint, place] : replay.places)
    replay.wrong(keys::step(place.step), "what it has found in " + outpoint + " is not there");
  co_return std::move(replay.findings);
}

Task<Result<std::vector<AuditFinding>>> audit_bitcoin(store::Store& store) {
  CO_TRY(auto findings, co_await audit_chain(store));
  CO_TRY(const auto network, co_await network_of(&store));
  if (network) {
    CO_TRY(auto sentences, co_await audit_payouts(store, *network));
    for (auto& sentence : sentences) {
      store::Key document = document_of(sentence);
      findings.push_back({kPayouts, std::move(document), std::move(sentence)});
    }
  }
  co_return findings;
}

}  // namespace abc2::bitcoin
