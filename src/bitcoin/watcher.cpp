#include "bitcoin/watcher.hpp"

#include <algorithm>

#include "base/marks.hpp"
#include "market/patiently.hpp"
#include "runtime/concurrently.hpp"

namespace abc2::bitcoin {

using market::run_patiently;

namespace {

constexpr std::size_t kFoundInOne = 1000;  // a step with more of them would not fit in one document
constexpr std::size_t kAtOnce = 64;        // look-ups

// Only scripts that were handed out can be anybody's, and all of those are P2WPKH.
bool may_be_ours(const Output& output) {
  return output.script.size() == 22 && output.script.starts_with(std::string("\0\x14", 2));
}

// Only what payouts look like can be one of ours.
bool may_be_payout(const Transaction& transaction) {
  return transaction.version == 2 && transaction.inputs.at(0).witness.size() == 2 &&
         transaction.inputs.at(0).sequence == 0xfffffffd;
}

// An output that may be somebody's.
struct Candidate {
  OutPoint point;
  const Output* output;
  Result<std::optional<store::Versioned<ScriptOwner>>> owner;
};

Task<void> look_up(store::Store& store, Candidate* candidate) {
  candidate->owner = co_await store::get<ScriptOwner>(store, keys::script(candidate->output->script));
}

}  // namespace

Result<void> check_confirmations(const std::vector<Confirmations>& table) {
  if (table.empty() || table.front().amount != Satoshi(0))
    return Error(Code::invalid_argument, "the table of confirmations must begin with the amount 0");
  for (std::size_t i = 0; i < table.size(); ++i)
    if (table[i].needed < 1 || table[i].needed > kMostConfirmations ||
        (i > 0 && table[i].amount <= table[i - 1].amount))
      return Error(Code::invalid_argument, "each amount must be above the one before, with 1 to 144 confirmations");
  return success();
}

Watcher::Watcher(store::Store& store, runtime::Runtime& runtime, market::Money& money, ChainSource& source,
                 WatcherSettings settings, Tell tell)
    : store_(store),
      runtime_(runtime),
      money_(money),
      source_(source),
      settings_(std::move(settings)),
      tell_(tell ? std::move(tell) : [](const std::string&, const store::Key&, const std::string&) {}) {
  ABC2_CHECK(check_confirmations(settings_.confirmations), "a table of confirmations that cannot be");
}

std::uint32_t Watcher::needed_for(Satoshi amount) const {
  std::uint32_t needed = 1;
  for (const auto& line : settings_.confirmations)
    if (amount >= line.amount) needed = line.needed;
  return needed;
}

Task<Result<std::optional<Watcher::Head>>> Watcher::head() {
  auto found = co_await store::get<ChainHead>(store_, keys::chain());
  co_return found;
}

Task<Result<ChainStep>> Watcher::step(std::uint64_t number) {
  CO_TRY(auto found, co_await store::get<ChainStep>(store_, keys::step(number)));
  if (!found) co_return Error(Code::corrupt, keys::step(number) + " should exist, but does not");
  co_return std::move(found->value);
}

// Everything that a block's step has found.
Task<Result<std::vector<Found>>> Watcher::found_by(ChainStep block) {
  std::vector<Found> all = std::move(block.found);
  for (const std::uint64_t number : block.more) {
    CO_TRY(auto part, co_await step(number));
    all.insert(all.end(), part.found.begin(), part.found.end());
  }
  co_return all;
}

Task<Result<void>> Watcher::begin() {
  CO_TRY(const Tip tip, co_await source_.tip());
  const std::int64_t height = std::max<std::int64_t>(0, tip.height - settings_.begin_below_tip);
  CO_TRY(const auto hash, co_await source_.hash_at(height));
  if (!hash) co_return Error(Code::unavailable, "the node's chain has changed; it will be asked again");
  ChainHead first;
  first.height = height;
  first.block = to_id(*hash);
  auto added = co_await run_patiently(store_, journal::add_once("chain", keys::chain(), store::encode(first)));
  co_return added;
}

Task<Result<bool>> Watcher::advance() {
  CO_TRY(const auto now, co_await head());
  if (!now) {
    CO_TRY_VOID(co_await begin());
    co_return true;
  }
  const std::uint64_t next = now->value.last + 1;
  CO_TRY(const auto entry, co_await store::get<ChainStep>(store_, keys::step(next)));
  if (!entry) {
    auto proposed = co_await propose(now->value);
    co_return proposed;
  }
  CO_TRY_VOID(co_await carry_out(now->value, next, entry->value));
  co_return true;
}

// Adds the step that the nodes suggest, if any; carrying it out is the next call's.
Task<Result<bool>> Watcher::propose(ChainHead at) {
  CO_TRY(const Tip tip, co_await source_.tip());
  {
    const std::lock_guard lock(mutex_);
    state_.height = at.height;
    state_.block = at.block;
    state_.node_height = tip.height;
  }
  if (to_id(tip.hash) == at.block) co_return false;
  CO_TRY(const auto here, co_await source_.hash_at(at.height));
  if (!here || to_id(*here) != at.block) {
    // Another chain. It must be higher: two watchers on two branches must not throw the market back and forth, and a
    // node that lags behind says nothing.
    if (tip.height <= at.height) co_return false;
    CO_TRY_VOID(co_await leave(std::move(at)));
    co_return true;
  }
  CO_TRY(const auto next, co_await source_.hash_at(at.height + 1));
  if (!next) co_return false;
  CO_TRY(const auto bytes, co_await source_.block(*next));
  if (!bytes) co_return Error(Code::unavailable, "no node has the block " + to_id(*next) + " that one has named");
  auto block = parse_block(settings_.network, *bytes);
  if (!block) co_return Error(Code::unavailable, "the node's block " + to_id(*next) + ": " + block.error().message());
  if (block.value().hash != *next)
    co_return Error(Code::unavailable, "the node gave another block than " + to_id(*next));
  if (to_id(block.value().header.previous) != at.block) co_return true;  // it has changed its mind: look again
  CO_TRY_VOID(co_await connect(std::move(at), std::move(block).value()));
  co_return true;
}

Task<Result<void>> Watcher::connect(ChainHead at, Block block) {
  std::vector<std::pair<Hash, const Transaction*>> transactions;
  for (std::size_t i = 0; i < block.ids.size(); ++i) transactions.emplace_back(block.ids[i], &block.transactions[i]);
  CO_TRY(auto found, co_await matches(std::move(transactions)));
  ChainStep step;
  step.height = at.height + 1;
  step.block = to_id(block.hash);
  step.previous = at.block;
  step.parent = at.top;
  CO_TRY(step.paid, co_await payouts_in(&block));
  std::uint64_t number = at.last;
  while (found.size() > kFoundInOne) {
    ABC2_MARK("watcher: a block in several steps");
    ChainStep part = step;
    part.kind = ChainStep::Kind::more;
    part.found.assign(found.end() - kFoundInOne, found.end());
    part.paid.clear();
    found.resize(found.size() - kFoundInOne);
    CO_TRY(const auto added, co_await store_.add(keys::step(++number), store::encode(part)));
    if (added.kind() != store::WriteOutcome::Kind::applied) co_return success();  // look again at what is there
    CO_TRY_VOID(co_await carry_out(at, number, part));
    at.last = number;
    step.more.push_back(number);
  }
  step.found = std::move(found);
  // Whatever becomes of it, what stands there then is the next step.
  CO_TRY_VOID(co_await store_.add(keys::step(number + 1), store::encode(step)));
  co_return success();
}

Task<Result<void>> Watcher::leave(ChainHead at) {
  if (at.top == 0)
    co_return Error(Code::corrupt, "the node's chain does not have the block " + at.block + " at height " +
                                       std::to_string(at.height) + ", with which this watcher began");
  CO_TRY(const auto block, co_await step(at.top));
  ChainStep next;
  next.kind = ChainStep::Kind::disconnect;
  next.height = block.height;
  next.block = block.block;
  next.previous = block.previous;
  next.parent = at.top;
  CO_TRY_VOID(co_await store_.add(keys::step(at.last + 1), store::encode(next)));
  co_return success();
}

Task<Result<std::vector<Found>>> Watcher::matches(std::vector<std::pair<Hash, const Transaction*>> transactions) {
  std::vector<Candidate> candidates;
  for (const auto& [id, transaction] : transactions)
    for (std::size_t i = 0; i < transaction->outputs.size(); ++i)
      if (may_be_ours(transaction->outputs[i]))
        candidates.push_back({{id, static_cast<std::uint32_t>(i)},
                              &transaction->outputs[i],
                              std::optional<store::Versioned<ScriptOwner>>()});
  co_await runtime::concurrently(runtime_, "bitcoin look-ups", candidates.size(), kAtOnce,
                                 [&](std::size_t i) { return look_up(store_, &candidates[i]); });
  std::vector<Found> found;
  for (auto& candidate : candidates) {
    if (!candidate.owner) co_return candidate.owner.error();
    if (!candidate.owner.value()) continue;
    const ScriptOwner& owner = candidate.owner.value()->value;
    const Satoshi amount = candidate.output->amount;
    if (!owner.user.empty() && amount < settings_.least) continue;
    found.push_back({to_text(candidate.point), owner.user, amount, owner.user.empty() ? 0 : needed_for(amount),
                     owner.chain, owner.index});
  }
  co_return found;
}

Task<Result<std::vector<PaidOut>>> Watcher::payouts_in(const Block* block) {
  std::vector<PaidOut> paid;
  for (std::size_t i = 0; i < block->ids.size(); ++i) {
    if (!may_be_payout(block->transactions[i])) continue;
    const std::string id = to_id(block->ids[i]);
    CO_TRY(const auto sent, co_await store::get<SentTransaction>(store_, keys::sent(id)));
    if (sent) paid.push_back({sent->value.payout, id});
  }
  co_return paid;
}

Task<Result<void>> Watcher::catch_up() {
  for (;;) {
    CO_TRY(const bool more, co_await advance());
    if (!more) co_return success();
  }
}

Task<Result<void>> Watcher::look_at_mempool() {
  CO_TRY(const auto ids, co_await source_.mempool());
  std::vector<Hash> fresh;
  {
    const std::lock_guard lock(mutex_);
    std::unordered_set<std::string> there;
    for (const auto& id : ids) {
      const std::string text(as_bytes(id));
      if (mempool_.contains(text)) {
        there.insert(text);
      } else {
        fresh.push_back(id);
      }
    }
    mempool_ = std::move(there);
  }
  CO_TRY(const auto all, co_await head());
  for (const auto& id : fresh) {
    CO_TRY(const auto bytes, co_await source_.transaction(id));
    const auto transaction = bytes ? parse_transaction(*bytes) : Result<Transaction>(Transaction());
    if (!transaction) co_return Error(Code::unavailable, "the node's transaction " + to_id(id) + " cannot be read");
    if (bytes && id_of(transaction.value()) == id) {
      CO_TRY(const auto found, co_await matches({{id, &transaction.value()}}));
      for (const auto& one : found) {
        if (one.user.empty()) continue;
        const auto point = parse_outpoint(one.outpoint);
        const auto& output = transaction.value().outputs.at(point.value().index);
        market::Deposit deposit{one.user, one.amount, "bitcoin", runtime_.now(), false, market::OnChain{}};
        deposit.on_chain->address = *address_of(settings_.network, output.script);
        deposit.on_chain->needed = one.needed;
        CO_TRY_VOID(co_await announce(one.user, one.outpoint));
        CO_TRY_VOID(co_await run_patiently(
            store_, journal::add_once("deposit", market::keys::deposit(one.outpoint), store::encode(deposit))));
      }
    }
    const std::lock_guard lock(mutex_);
    mempool_.emplace(as_bytes(id));
  }
  co_return success();
}

Task<Result<void>> Watcher::rescan(std::int64_t height) {
  for (;;) {
    CO_TRY(const auto now, co_await head());
    if (!now) co_return Error(Code::invalid_argument, "nothing has been scanned yet");
    CO_TRY(const auto entry, co_await store::get<ChainStep>(store_, keys::step(now->value.last + 1)));
    if (entry) {
      CO_TRY_VOID(co_await carry_out(now->value, now->value.last + 1, entry->value));
      continue;
    }
    if (now->value.height < height) co_return success();
    if (now->value.top == 0)
      co_return Error(Code::invalid_argument,
                      "watching began at height " + std::to_string(now->value.height) + ": no block below is known");
    CO_TRY_VOID(co_await leave(now->value));
  }
}

Task<void> Watcher::run() {
  Milliseconds pause = settings_.every;
  while (!runtime_.stopping()) {
    auto done = co_await catch_up();
    if (done) done = co_await look_at_mempool();
    {
      const std::lock_guard lock(mutex_);
      state_.trouble = done ? std::string() : done.error().message();
    }
    if (!done) ABC2_MARK("watcher: a look failed");
    pause = done ? settings_.every : std::min(2 * pause, 60 * settings_.every);
    co_await runtime_.sleep(pause + Milliseconds(runtime::random_below(runtime_, 100)));
  }
}

WatcherState Watcher::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

}  // namespace abc2::bitcoin
