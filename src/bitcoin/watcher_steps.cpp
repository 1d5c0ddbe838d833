// What a step along the chain changes. Each change is idempotent, and conditional on the number of the step that made
// the one before: all watchers make the same ones, at any time and however often.
#include <algorithm>

#include "base/marks.hpp"
#include "bitcoin/guards.hpp"
#include "bitcoin/watcher.hpp"
#include "market/patiently.hpp"

namespace abc2::bitcoin {

using market::Deposit;
using market::OnChain;
using market::run_patiently;

Task<Result<void>> Watcher::carry_out(ChainHead at, std::uint64_t number, ChainStep step) {
  ChainHead next = at;
  next.last = number;
  if (step.kind == ChainStep::Kind::connect) {
    CO_TRY_VOID(co_await carry_out_connect(at, number, step));
    next.height = step.height;
    next.block = step.block;
    next.top = number;
    if (step.height > at.left_height) next.left_height = 0, next.left_step = 0;
  } else if (step.kind == ChainStep::Kind::disconnect) {
    CO_TRY_VOID(co_await carry_out_disconnect(number, step));
    CO_TRY(const auto left, co_await this->step(step.parent));
    next.height = step.height - 1;
    next.block = step.previous;
    next.top = left.parent;
    next.left_height = std::max(at.left_height, at.height);
    if (at.left_step == 0) next.left_step = number;
  }
  auto moved = co_await run_patiently(
      store_,
      journal::change<ChainHead>("advance", keys::chain(), [next](const ChainHead& now) -> std::optional<ChainHead> {
        if (now.last >= next.last) return std::nullopt;
        return next;
      }));
  co_return moved;
}

Task<Result<void>> Watcher::carry_out_connect(ChainHead at, std::uint64_t number, ChainStep block) {
  CO_TRY(const auto found, co_await found_by(block));
  for (const auto& one : found) {
    CO_TRY_VOID(co_await place(number, block, one, true));
  }
  for (const auto& paid : block.paid) {
    CO_TRY_VOID(co_await place_payout(number, block.height, paid, true));
  }
  CO_TRY_VOID(co_await mature(number, block));
  if (at.left_step != 0 && block.height > at.left_height) {
    CO_TRY_VOID(co_await lose(at, number));
  }
  co_return success();
}

Task<Result<void>> Watcher::carry_out_disconnect(std::uint64_t number, ChainStep left) {
  ABC2_MARK("watcher: a block was left");
  CO_TRY(const auto block, co_await step(left.parent));
  CO_TRY(const auto found, co_await found_by(block));
  for (const auto& one : found) {
    CO_TRY_VOID(co_await place(number, block, one, false));
  }
  for (const auto& paid : block.paid) {
    CO_TRY_VOID(co_await place_payout(number, 0, paid, false));
  }
  co_return success();
}

// The user's list names the deposit before it is there, so that none is missing from it.
Task<Result<void>> Watcher::announce(std::string user, std::string outpoint) {
  const store::Key key = keys::received(user, outpoint);
  CO_TRY(const auto known, co_await store::get<Received>(store_, key));
  if (known) co_return success();
  CO_TRY_VOID(
      co_await run_patiently(store_, journal::add_once("received", key, store::encode(Received{runtime_.now()}))));
  // Nobody depends on the bell: what it says can be asked for.
  [[maybe_unused]] const auto rung = co_await journal::run(
      store_, journal::change_or_add<Bell>("bell", keys::bell(user),
                                           [](const Bell& now) { return std::optional(Bell{now.rung + 1}); }));
  co_return success();
}

Task<Result<void>> Watcher::place(std::uint64_t number, ChainStep block, Found found, bool in_block) {
  if (found.user.empty()) {
    auto placed = co_await run_patiently(
        store_,
        journal::change_or_add<Coin>("coin", keys::coin(found.outpoint), [=](const Coin& now) -> std::optional<Coin> {
          if (now.step >= number) return std::nullopt;
          Coin next = now;
          next.amount = found.amount;
          next.chain = found.chain;
          next.index = found.index;
          next.in_block = in_block;
          next.height = block.height;
          next.step = number;
          return next;
        }));
    co_return placed;
  }
  CO_TRY_VOID(co_await announce(found.user, found.outpoint));
  CO_TRY(const auto account, co_await store::get<BitcoinAccount>(store_, keys::account(found.user)));
  const Time now_at = runtime_.now();
  const std::string address = account ? account->value.address : std::string();
  auto placed = co_await run_patiently(
      store_, journal::change_or_add<Deposit>(
                  "deposit", market::keys::deposit(found.outpoint), [=](const Deposit& now) -> std::optional<Deposit> {
                    if (now.on_chain && now.on_chain->step >= number && kept(Guard::later_step_stays))
                      return std::nullopt;
                    Deposit next = now;
                    if (!now.on_chain) {
                      next = {found.user, found.amount, "bitcoin", now_at, false, OnChain{}};
                      next.on_chain->address = address;
                    }
                    OnChain& chain = *next.on_chain;
                    chain.needed = found.needed;
                    chain.state = in_block ? OnChain::State::in_block : OnChain::State::orphaned;
                    chain.height = block.height;
                    chain.block = block.block;
                    chain.step = number;
                    return next;
                  }));
  co_return placed;
}

Task<Result<void>> Watcher::place_payout(std::uint64_t number, std::int64_t height, PaidOut paid, bool in_block) {
  auto placed = co_await run_patiently(
      store_,
      journal::change<Payout>("payout", keys::payout(paid.payout), [=](const Payout& now) -> std::optional<Payout> {
        if (now.step >= number) return std::nullopt;
        Payout next = now;
        next.step = number;
        next.height = height;
        next.in_chain = in_block ? paid.transaction : std::string();
        return next;
      }));
  co_return placed;
}

// What the deposit says is due will be credited by the sweep if not now: the chain goes on without waiting for it.
Task<void> Watcher::credit(Found found) {
  const auto credited = co_await money_.credit_deposit(found.outpoint, found.user);
  if (!credited)
    tell_("deposit_waits", market::keys::deposit(found.outpoint),
          "it will be credited later: " + credited.error().message());
}

// With this block each one below has a confirmation more: what has just enough of them is due.
Task<Result<void>> Watcher::mature(std::uint64_t number, ChainStep newest) {
  ChainStep block = std::move(newest);
  std::uint64_t connected_by = number;
  for (std::uint32_t deep = 1; deep <= kMostConfirmations; ++deep) {
    const std::uint64_t parent = block.parent;
    CO_TRY(const auto found, co_await found_by(std::move(block)));
    for (const auto& one : found) {
      if (one.user.empty() || one.needed != deep) continue;
      CO_TRY_VOID(co_await run_patiently(
          store_, journal::change<Deposit>("mature", market::keys::deposit(one.outpoint),
                                           [connected_by](const Deposit& now) -> std::optional<Deposit> {
                                             // Only as this very block has placed it.
                                             if (!now.on_chain || now.on_chain->entitled == now.amount)
                                               return std::nullopt;
                                             if (now.on_chain->step != connected_by && kept(Guard::matures_as_placed))
                                               return std::nullopt;
                                             Deposit next = now;
                                             next.on_chain->entitled = now.amount;
                                             return next;
                                           })));
      co_await credit(one);
    }
    if (parent == 0) break;
    connected_by = parent;
    CO_TRY(block, co_await step(parent));
  }
  co_return success();
}

// The chain is higher than the one that was left: what has not come back is lost.
Task<Result<void>> Watcher::lose(ChainHead at, std::uint64_t number) {
  for (std::uint64_t i = at.left_step; i < number; ++i) {
    CO_TRY(const auto left, co_await step(i));
    if (left.kind != ChainStep::Kind::disconnect) continue;
    CO_TRY(auto block, co_await step(left.parent));
    CO_TRY(const auto found, co_await found_by(std::move(block)));
    for (const auto& one : found) {
      if (one.user.empty()) continue;
      const store::Key key = market::keys::deposit(one.outpoint);
      CO_TRY(const auto before, co_await store::get_existing<Deposit>(store_, key, "a deposit is gone"));
      if (before.value.on_chain->state != OnChain::State::orphaned || before.value.on_chain->step >= number) continue;
      // On record first: should all crash here and the sweep take the money back, the operator still hears of it.
      if (before.value.on_chain->entitled > Satoshi(0)) {
        const Reversal reversal{one.outpoint, one.user, one.amount, runtime_.now()};
        CO_TRY_VOID(co_await run_patiently(
            store_, journal::add_once("reversal", keys::reversal(number, one.outpoint), store::encode(reversal))));
      }
      CO_TRY_VOID(co_await run_patiently(
          store_, journal::change<Deposit>("lose", key, [number](const Deposit& now) -> std::optional<Deposit> {
            const OnChain& chain = *now.on_chain;
            if (chain.state != OnChain::State::orphaned || chain.step >= number || chain.entitled == Satoshi(0))
              return std::nullopt;
            Deposit next = now;
            next.on_chain->entitled = Satoshi(0);
            return next;
          })));
      CO_TRY(const auto now, co_await store::get_existing<Deposit>(store_, key, "a deposit is gone"));
      const OnChain& chain = *now.value.on_chain;
      if (chain.entitled >= chain.booked || chain.step >= number) continue;
      co_await credit(one);  // which takes back what is there
      CO_TRY(const auto then, co_await store::get_existing<Deposit>(store_, key, "a deposit is gone"));
      const Satoshi owed = then.value.on_chain->booked - then.value.on_chain->entitled;
      ABC2_MARK("watcher: a credited deposit was lost");
      tell_("deposit_reversed", key,
            "a reorganisation of the chain has undone a deposit of " + one.amount.to_string() + " satoshi of '" +
                one.user + "' that was credited; " + (chain.booked - then.value.on_chain->booked).to_string() +
                " were taken back, and " + owed.to_string() + " are owed");
    }
  }
  co_return success();
}

}  // namespace abc2::bitcoin
