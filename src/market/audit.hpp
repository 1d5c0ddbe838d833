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
//
// It reads every document once, and can run beside a live market: what disagrees is read again after
// limits::recovery_longest, and is reported only if it still does. For one process at a time; a million documents
// take memory in proportion. Not thread-safe.
#pragma once
#include <string>
#include <vector>

#include "store/document.hpp"

namespace abc2::market {

struct AuditFinding {
  store::Key document;
  std::string what;  // what is wrong with it
  friend bool operator==(const AuditFinding&, const AuditFinding&) = default;
};

struct AuditReport {
  Time at{};
  std::uint64_t documents = 0;
  std::uint64_t accounts = 0, campaigns = 0, slots_sold = 0, voids = 0, deposits = 0;
  std::uint64_t in_flight = 0;  // purchases and credits that are being settled: not wrong, and in the sums
  Satoshi put_in;               // credited deposits
  Satoshi balances;
  Satoshi earnings_to_collect, fees_to_collect;
  std::vector<AuditFinding> findings;
  [[nodiscard]] bool passed() const { return findings.empty(); }
};

class Audit {
 public:
  Audit(store::Store& store, runtime::Runtime& runtime) : store_(store), runtime_(runtime) {}

  // One look at everything. In a market where nothing moves, what it finds is wrong. Errors: the store's.
  Task<Result<AuditReport>> look();

  // For a live market: looks until two looks agree about what is wrong, `wait` apart, or one finds nothing; at most
  // three times. Errors: the store's.
  Task<Result<AuditReport>> run(Milliseconds wait);

 private:
  store::Store& store_;
  runtime::Runtime& runtime_;
};

}  // namespace abc2::market
