// Audit: are the books right? Every satoshi has its reason, and every reason is true:
//
//   A1  each balance is the sum of its ledger, whose entries are numbered without gaps, none negative in between
//   A2  each purchase in a ledger is a receipt of this buyer and price, whose slot carries the same attempt; once each
//   A3  each settled slot that is filled has its receipt, and its buyer's ledger the purchase; its price and times
//       follow from the sale before it
//   A4  each campaign: slots 1..last exist and none above last+1; sold, earned and fees are the sums of its slots
//   A5  each credited deposit is in its user's ledger exactly once, and each deposit there is credited or pending
//   A6  earnings and fees in ledgers are, by campaign, what the campaign says was collected
//   A7  no hold without a reason: its slot is undecided, or its own; no promise that is unknown
//   A8  the lists of ads and campaigns have no gaps
//   A9  money put in = balances + earnings and fees not collected + money paid out
//   A10 each withdrawal is in its user's ledger once, and once more if it was refunded
//   further checks of other books: see also()
//
// Besides, every document that the books rest on can be read at all (check 0). Images and counts of views are no books.
//
// It may run beside a live market: what disagrees is read again before it is reported, in the order in which the
// writes follow from each other, so that what only moved in between is not taken for wrong. What can be wrong for a
// moment, like the hold of a purchase that has just lost, is the reason for run(), which looks twice.
// Where two documents contradict each other and no third one decides, both are named.
// A million documents take memory in proportion to accounts and ledger entries; slots and receipts are streamed.
// Not thread-safe: one look at a time.
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "store/document.hpp"

namespace abc2::market {

struct AuditFinding {
  int check = 0;        // which of the checks above; 0: it cannot be read
  store::Key document;  // for A9, the sum of all, it is "all"
  std::string what;     // what is wrong with it
  friend bool operator==(const AuditFinding&, const AuditFinding&) = default;
};

struct AuditReport {
  Time at{};
  std::uint64_t documents = 0;
  std::uint64_t accounts = 0, campaigns = 0, slots_sold = 0, voids = 0, deposits = 0;
  std::uint64_t in_flight = 0;  // purchases and credits that are being settled: not wrong, and in the sums
  Satoshi put_in;               // deposits, credited or just being credited
  Satoshi balances;
  Satoshi paid_out;  // withdrawals, whether they are in the chain yet or not, that were not refunded
  Satoshi earnings_to_collect, fees_to_collect;  // purchases that are paid and still being settled included
  std::vector<AuditFinding> findings;
  [[nodiscard]] bool passed() const { return findings.empty(); }
};

class Audit {
 public:
  // Further books of the same market, with checks of their own.
  using Further = std::function<Task<Result<std::vector<AuditFinding>>>()>;

  Audit(store::Store& store, runtime::Runtime& runtime) : store_(store), runtime_(runtime) {}

  // Each look looks at these as well. Not during a look.
  void also(Further further) { further_.push_back(std::move(further)); }

  // One look at everything, at most `per_second` documents a second (0: as fast as it goes). In a market where nothing
  // moves, what it finds is wrong. Errors: the store's; unavailable (the runtime is stopping).
  Task<Result<AuditReport>> look(std::size_t per_second = 0);

  // For a live market: looks until two looks, `wait` apart, agree about what is wrong, or one finds nothing; at most
  // three times. Reports, as of the last look, what two looks in a row have found. Errors: as look().
  Task<Result<AuditReport>> run(Milliseconds wait, std::size_t per_second = 0);

 private:
  store::Store& store_;
  runtime::Runtime& runtime_;
  std::vector<Further> further_;
};

}  // namespace abc2::market
