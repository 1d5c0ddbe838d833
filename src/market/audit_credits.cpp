// A5 and A6: money that came in from a deposit or from a campaign came in once.
#include "market/audit_book.hpp"
#include "market/keys.hpp"
#include "market/money.hpp"

namespace abc2::market::audit_detail {

const journal::Pending* Book::promise_of(std::string_view kind, const store::Key& reference) const {
  const auto at = promises_.find({std::string(kind), reference});
  return at == promises_.end() ? nullptr : &*accounts_[at->second].pending;
}

Task<Result<void>> Book::read_deposits() {
  Scanner scanner(store_, pace_, "deposit/");
  for (;;) {
    CO_TRY(const bool more, co_await scanner.more());
    if (!more) co_return success();
    const store::Key key = scanner.front().key;
    const auto deposit = decode<Deposit>(key, scanner.front().document, true);
    scanner.pop();
    ++report_.deposits;
    if (deposit && deposit->on_chain) {
      // Its ledger entries add up: see check_moves.
      moves_[key].try_emplace(deposit->user, 0);
      continue;
    }
    DepositFacts facts;
    if (deposit) facts = {true, deposit->user, deposit->amount, deposit->credited, std::nullopt};
    deposits_.emplace(key, std::move(facts));
  }
}

void Book::check_deposit_line(const store::Key& key, const std::string& user, Satoshi amount, const Line& line) {
  const Account& account = accounts_[line.account];
  if (account.user == user && line.amount == amount) return;
  // A ledger that adds up proves itself: its sums would have to be changed, too.
  const store::Key document = document_of(line);
  find(5, unsound_.contains(document) ? document : key,
       key + " is of " + amount.to_string() + " satoshi for '" + user + "', but entry " + std::to_string(line.number) +
           " of '" + account.user + "' credits " + line.amount.to_string());
}

Task<Result<void>> Book::check_deposits() {
  for (const auto& [key, deposit] : deposits_) {
    if (!deposit.readable) continue;
    if (deposit.credited) put_in_ += deposit.amount.value();
    if (!deposit.line) {
      if (!deposit.credited) continue;  // to be credited yet
      if (!ledger_open(deposit.user)) continue;
      disagree(5, keys::balance(deposit.user), key,
               key + " is credited, but the ledger of '" + deposit.user + "' has no entry for it");
      continue;
    }
    check_deposit_line(key, deposit.user, deposit.amount, *deposit.line);
    if (deposit.credited) continue;
    ++report_.in_flight;
    put_in_ += deposit.line->amount.value();
    if (promise_of(DepositCredit::name, key)) continue;
    CO_TRY(const auto now, co_await fresh<Deposit>(key));  // it was read before the ledgers
    if (now.value && !now.value->credited)
      find(5, key,
           "it is not marked as credited, though entry " + std::to_string(deposit.line->number) + " of '" +
               accounts_[deposit.line->account].user + "' credits it, with no promise to mark it");
  }
  for (const auto& [key, line] : strange_deposits_) {
    CO_TRY(const auto now, co_await fresh<Deposit>(key));
    if (!now.exists) {
      disagree(5, document_of(*line), key,
               "entry " + std::to_string(line->number) + " of '" + accounts_[line->account].user + "' credits " + key +
                   ", which does not exist");
      continue;
    }
    ++report_.in_flight;
    put_in_ += line->amount.value();
    if (now.value) check_deposit_line(key, now.value->user, now.value->amount, *line);
  }
  co_return success();
}

Task<Result<void>> Book::check_collected() {
  for (const auto& [key, booked] : collected_) {
    CO_TRY(CampaignFacts * campaign, co_await campaign_of(key));
    if (!campaign->exists) find(6, key, "it does not exist, though ledgers have entries for what it brought in");
  }
  for (auto& [key, campaign] : campaigns_) {
    if (!campaign.readable) continue;
    const auto booked = collected_.find(key);
    const Collected sums = booked == collected_.end() ? Collected() : booked->second;
    CO_TRY(const Sum earnings, co_await check_collected_of(&campaign, LedgerKind::earnings, sums.earnings));
    CO_TRY(const Sum fees, co_await check_collected_of(&campaign, LedgerKind::fees, sums.fees));
    collected_earnings_ += earnings;
    collected_fees_ += fees;
  }
  co_return success();
}

// Returns what was collected, as of when the ledgers were read.
Task<Result<Sum>> Book::check_collected_of(CampaignFacts* campaign, LedgerKind kind, Sum booked) {
  const bool earnings = kind == LedgerKind::earnings;
  const std::string_view name = earnings ? EarningsCredit::name : FeesCredit::name;
  const Satoshi brought = earnings ? campaign->earned : campaign->fees;
  const Satoshi before = earnings ? campaign->collected : campaign->fees_collected;
  if (before < Satoshi(0) || before > brought)
    find(6, campaign->key,
         "of " + brought.to_string() + " satoshi of its " + std::string(name) + " it says that " + before.to_string() +
             " were collected");
  if (booked == before.value()) co_return booked;
  if (!ledger_open(earnings ? campaign->seller : fees_user_)) co_return before.value();
  const auto wrong = [&](Satoshi collected) {
    const store::Key ledger = keys::balance(earnings ? campaign->seller : fees_user_);
    find(6, unsound_.contains(ledger) ? ledger : campaign->key,
         campaign->key + " says that " + collected.to_string() + " satoshi of its " + std::string(name) +
             " were collected, but ledgers have booked " + to_text(booked));
  };
  // The campaign was read before the ledgers, and is marked after them: it cannot have been ahead.
  if (before.value() > booked) {
    wrong(before);
    co_return before.value();
  }
  // What is booked and not marked must be promised in the same ledger, or have been marked since.
  Sum promised = 0;
  if (const auto* promise = promise_of(name, campaign->key)) {
    const auto due = store::decode_part<DueUpTo>(promise->detail);
    if (due) promised = Sum(due.value().to.value()) - due.value().from.value();
  }
  CO_TRY(const auto now, co_await fresh<Campaign>(campaign->key));
  const auto& then = now.value;
  const Satoshi since = !then ? before : earnings ? then->collected : then->fees_collected;
  if (booked - promised > since.value()) {
    wrong(since);
    co_return before.value();
  }
  ++report_.in_flight;
  co_return booked;
}

Task<Result<void>> Book::check_fees_account() {
  const store::Key key = keys::fees_account();
  CO_TRY(const auto stored, co_await store_.get(key));
  std::string user;
  if (stored) {
    const auto account = decode<FeesAccount>(key, *stored, false);
    if (!account) co_return success();
    user = account->user;
  }
  fees_user_ = user;
  for (const auto& [index, line] : fees_lines_) {
    const std::string& collector = accounts_[index].user;
    if (stored && collector == user) continue;
    const std::string entry =
        "entry " + std::to_string(line.number) + " of '" + collector + "' collects fees, but " + key;
    disagree(6, document_of(line), key, entry + (stored ? " says '" + user + "'" : " does not exist"));
  }
  co_return success();
}

}  // namespace abc2::market::audit_detail
