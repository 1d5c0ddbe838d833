// Ledger: every satoshi of an account with its reason. The entries after the last full page lie in the balance
// itself, so that money and its reason change in one CAS; a full page is added as a document of its own before it is
// taken out of the balance. Pure functions but for read(). Thread-safe.
#pragma once
#include "journal/credit.hpp"
#include "journal/journal.hpp"
#include "market/documents.hpp"

namespace abc2::market {

// The balance with `amount` more (negative: less), and the entry that says why.
// The money must suffice and the sum must be money: the caller has checked both.
Balance with_entry(Balance balance, LedgerKind kind, Satoshi amount, const store::Key& reference, Time at);

// The balance with room for another entry, and the pages that must be added before it is written. The same pages come
// out whoever computes them: a page's entries never change once they are in `recent`.
struct Room {
  Balance balance;
  std::vector<journal::Receipt> pages;
};
Room with_room(std::string_view user, Balance balance);

struct LedgerView {
  std::vector<LedgerEntry> entries;  // the newest first
  bool more = false;                 // continue with before = entries.back().number
};

// At most `limit` entries with numbers below `before` (0: the newest). Errors: not_found (no such account), corrupt
// (a page that should exist does not), the store's.
Task<Result<LedgerView>> read_ledger(store::Store& store, std::string user, std::uint64_t before, std::size_t limit);

}  // namespace abc2::market
