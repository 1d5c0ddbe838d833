// A1: each balance is the sum of its ledger.
#include <algorithm>

#include "market/audit_book.hpp"
#include "market/keys.hpp"

namespace abc2::market::audit_detail {

std::size_t Book::account_of(const std::string& user) {
  const auto [at, added] = account_index_.try_emplace(user, accounts_.size());
  if (added) accounts_.emplace_back().user = user;
  return at->second;
}

store::Key Book::document_of(const Line& line) const {
  const Account& account = accounts_[line.account];
  const std::uint64_t page = (line.number - 1) / limits::ledger_page + 1;
  return page <= account.pages ? keys::ledger_page(account.user, page) : keys::balance(account.user);
}

bool Book::ledger_open(const std::string& user) const {
  const auto at = account_index_.find(user);
  return at == account_index_.end() || (accounts_[at->second].known && accounts_[at->second].whole);
}

Task<Result<void>> Book::read_accounts() {
  Scanner balances(store_, pace_, "balance/");
  for (;;) {
    CO_TRY(const bool more, co_await balances.more());
    if (!more) break;
    Account& account = accounts_[account_of(std::string(keys::rest(balances.front().key)))];
    auto balance = decode<Balance>(balances.front().key, balances.front().document, true);
    balances.pop();
    ++report_.accounts;
    if (!balance) {
      account.sound = false;
      unsound_.insert(keys::balance(account.user));
      continue;
    }
    account.known = true;
    account.money = balance->money;
    account.hold = std::move(balance->hold);
    account.pending = std::move(balance->pending);
    account.pages = balance->pages;
    account.recent = std::move(balance->recent);
    money_ += account.money.value();
    if (account.pending) promises_[{account.pending->kind, account.pending->reference}] = account_of(account.user);
  }
  Scanner pages(store_, pace_, "ledger/");
  for (;;) {
    CO_TRY(const bool more, co_await pages.more());
    if (!more) break;
    CO_TRY_VOID(co_await take_page(std::move(pages.front())));
    pages.pop();
  }
  for (std::size_t i = 0; i < accounts_.size(); ++i) finish_account(i);
  co_return success();
}

Task<Result<void>> Book::take_page(store::ScanItem item) {
  const auto numbered = split_number(item.key);
  if (!numbered) {
    find(1, item.key, "its key does not end in a number as keys of ledger pages do");
    co_return success();
  }
  const auto page = decode<LedgerPage>(item.key, item.document, true);
  const std::size_t index = account_of(numbered->owner);
  Account& account = accounts_[index];
  const store::Key balance_key = keys::balance(account.user);
  if (!account.known) {
    // A balance is older than its pages: either it cannot be read, which was said, or it is gone.
    CO_TRY(const bool there, co_await exists(balance_key));
    if (!there) find(1, balance_key, "it does not exist, though " + item.key + " does");
    co_return success();
  }
  if (!page) {
    account.sound = account.whole = false;
    account.next_page = numbered->number + 1;
    co_return success();
  }
  if (page->entries.size() != limits::ledger_page)
    find(1, item.key,
         "it has " + std::to_string(page->entries.size()) + " entries instead of " +
             std::to_string(limits::ledger_page));

  if (numbered->number > account.pages) {
    // Added for a balance that is just about to leave these entries out, or has done so since it was read.
    CO_TRY(const auto now, co_await fresh<Balance>(balance_key));
    if (!now.value) co_return success();
    const std::vector<LedgerEntry>& recent = now.value->recent;
    const bool taken = now.value->pages >= numbered->number;
    const bool ahead = now.value->pages + 1 == numbered->number && recent.size() >= page->entries.size() &&
                       std::ranges::equal(page->entries, std::span(recent).first(page->entries.size()));
    if (!taken && !ahead) find(1, item.key, "it is no page of " + balance_key + ", and not the beginning of one");
    co_return success();
  }
  if (numbered->number > account.next_page) {
    account.sound = account.whole = false;
    find(1, keys::ledger_page(account.user, account.next_page),
         "it does not exist, though " + balance_key + " says that it has " + std::to_string(account.pages) + " pages");
  }
  account.next_page = numbered->number + 1;
  account.lines = (numbered->number - 1) * limits::ledger_page;
  for (const auto& entry : page->entries) take_line(index, entry);
  co_return success();
}

void Book::take_line(std::size_t index, const LedgerEntry& entry) {
  Account& account = accounts_[index];
  const Line line{index, entry.number, entry.amount, entry.at};
  const std::uint64_t expected = account.lines + 1;
  const store::Key document = document_of({index, expected, {}, {}});
  account.sum += entry.amount.value();
  if (account.sound) {
    const std::string name = "entry " + std::to_string(entry.number) + " ";
    if (entry.number != expected) {
      account.sound = false;
      find(1, document, name + "stands where entry " + std::to_string(expected) + " should be");
    } else if (entry.after.value() != account.sum) {
      account.sound = false;
      find(1, document,
           name + "says that there were " + entry.after.to_string() + " satoshi after it, but the entries" +
               " up to it make " + to_text(account.sum));
    } else if (account.sum < 0) {
      account.sound = false;
      find(1, document, name + "leaves less than nothing");
    }
    if (!account.sound) unsound_.insert(document);
  }
  account.lines = expected;

  const bool comes_in =
      entry.kind != LedgerKind::purchase && entry.kind != LedgerKind::reversal && entry.kind != LedgerKind::withdrawal;
  if (comes_in ? entry.amount <= Satoshi(0) : entry.amount >= Satoshi(0))
    find(1, document, "entry " + std::to_string(entry.number) + " goes the wrong way: " + entry.amount.to_string());

  const std::string text = "entry " + std::to_string(entry.number) + " of '" + account.user + "' ";
  switch (entry.kind) {
    case LedgerKind::reversal:
    case LedgerKind::withdrawal:
    case LedgerKind::refund: take_move(index, entry); break;
    case LedgerKind::deposit: {
      if (is_outpoint(entry.reference)) {
        take_move(index, entry);
        break;
      }
      const auto at = deposits_.find(entry.reference);
      std::optional<Line>& place = at == deposits_.end() ? strange_deposits_[entry.reference] : at->second.line;
      if (!place) {
        place = line;
        break;
      }
      find(5, document,
           text + "credits " + entry.reference + ", which entry " + std::to_string(place->number) + " of '" +
               accounts_[place->account].user + "' has credited before");
      break;
    }
    case LedgerKind::purchase: {
      const auto [at, added] = purchases_.try_emplace(entry.reference, line);
      if (!added)
        find(2, document,
             text + "charges " + entry.reference + ", which entry " + std::to_string(at->second.number) + " of '" +
                 accounts_[at->second.account].user + "' has charged before");
      break;
    }
    case LedgerKind::earnings: {
      const auto owner = split_number(entry.reference);
      collected_[entry.reference].earnings += entry.amount.value();
      if (!owner || entry.reference != "campaign/" + account.user + "/" + keys::padded(owner->number))
        find(6, document,
             text + "collects the earnings of " + entry.reference + ", which is no campaign of this account");
      break;
    }
    case LedgerKind::fees:
      collected_[entry.reference].fees += entry.amount.value();
      fees_lines_.try_emplace(index, line);
      break;
  }
}

void Book::finish_account(std::size_t index) {
  const std::vector<LedgerEntry> recent = std::move(accounts_[index].recent);
  const store::Key key = keys::balance(accounts_[index].user);
  if (!accounts_[index].known) return;
  if (accounts_[index].next_page <= accounts_[index].pages && accounts_[index].sound) {
    accounts_[index].sound = accounts_[index].whole = false;
    unsound_.insert(key);
    find(1, keys::ledger_page(accounts_[index].user, accounts_[index].next_page),
         "it does not exist, though " + key + " says that it has " + std::to_string(accounts_[index].pages) + " pages");
  }
  accounts_[index].lines = accounts_[index].pages * limits::ledger_page;
  for (const auto& entry : recent) take_line(index, entry);
  Account& account = accounts_[index];
  if (account.sound && account.sum != account.money.value()) {
    account.sound = false;
    find(1, key, "it has " + account.money.to_string() + " satoshi, but its ledger makes " + to_text(account.sum));
  }
  if (!account.sound) unsound_.insert(key);
}

Task<Result<bool>> Book::charged_or_held(std::string user, journal::Position at, std::string attempt) {
  const store::Key receipt = keys::transaction(at.head, at.number);
  CO_TRY(const auto now, co_await fresh<Balance>(keys::balance(user)));
  if (!now.value) co_return now.exists;  // what cannot be read proves nothing
  const auto& balance = now.value;
  const auto& hold = balance->hold;
  if (hold && hold->position() == at && hold->attempt == attempt) co_return true;
  const auto charges = [&](const LedgerEntry& entry) {
    return entry.kind == LedgerKind::purchase && entry.reference == receipt;
  };
  if (std::ranges::any_of(balance->recent, charges)) co_return true;
  const auto known = account_index_.find(user);
  const std::uint64_t read = known == account_index_.end() ? 0 : accounts_[known->second].pages;
  for (std::uint64_t page = read + 1; page <= balance->pages; ++page) {
    CO_TRY(const auto entries, co_await fresh<LedgerPage>(keys::ledger_page(user, page)));
    if (entries.value && std::ranges::any_of(entries.value->entries, charges)) co_return true;
  }
  co_return false;
}

}  // namespace abc2::market::audit_detail
