// Market: everything that the market can do, put together on one store. The pages of HTTP and the command line call
// this and add no rule of their own.
//
//   Market market(store, runtime, hasher, images, metrics, {});
//   co_await market.recover_now(...);            // at start: what a crash left
//   market.start(loop.get_executor());   // recoverer, sweep, audit, statistics, catalogue, until runtime.stopping()
//   auto bought = co_await market.purchases.buy(order);
//
// Thread-safe. What is given to the constructor is borrowed and must outlive every operation.
#pragma once
#include "base/metrics.hpp"
#include "journal/membership.hpp"
#include "journal/recoverer.hpp"
#include "journal/sweep.hpp"
#include "market/accounts.hpp"
#include "market/ad_statistics.hpp"
#include "market/audit.hpp"
#include "market/campaigns.hpp"
#include "market/catalogue.hpp"
#include "market/fillers.hpp"
#include "market/money.hpp"
#include "market/purchases.hpp"
#include "market/withdrawals.hpp"

namespace abc2::market {

struct MarketSettings {
  std::int64_t fee_basis_points = 0;                 // of new sales: 0 to limits::fee_max_basis_points
  std::size_t sweep_per_second = 1000;               // documents that sweep and catalogue each look at in a second
  Milliseconds audit_every = std::chrono::hours(1);  // between two background audits
  std::size_t audit_per_second = 2000;               // documents that they look at in a second; 0: as fast as it goes
  std::string node_name = "";                        // of this process, for the operator
};

struct HeldAccount {
  std::string user;
  journal::Hold hold;
};

class Market {
 public:
  Market(store::Store& store, runtime::Runtime& runtime, PasswordHasher& hasher, ImageLibrary& images, Metrics& metrics,
         MarketSettings settings);
  ~Market();
  Market(const Market&) = delete;
  Market& operator=(const Market&) = delete;

 private:
  store::Store& store_;
  runtime::Runtime& runtime_;
  MarketSettings settings_;
  const Time began_;
  journal::Kinds kinds_;

 public:
  Purchases purchases;
  Money money;
  Withdrawals withdrawals;
  Fillers fillers;
  Campaigns campaigns;
  Catalogue catalogue;
  Accounts accounts;
  AdStatistics statistics;
  Audit audit;
  journal::Membership nodes;  // of this market, one of which is this process
  journal::Recoverer recoverer;
  journal::Sweep sweep;

  // What belongs to a user and was left half-done is finished: at login, and at the user's next action. Errors:
  // undecided (it is tried again later), the store's.
  Task<Result<void>> recover_user(std::string user);

  // Looks at everything once and finishes what was left half-done. Holds that were placed before `void_until` and are
  // undecided are voided. Returns how many documents could not be repaired. Errors: the store's, of the scan.
  Task<Result<std::uint64_t>> recover_now(Time void_until);

  // As recover_now, for a start: if nobody else can be using the store, a hold that is older than this Market is from a
  // process that has ended. Purchases may be made meanwhile: theirs are younger. Should the clock have been set back
  // between the two, a hold looks younger than it is, and the sweep ends it when it looks old.
  Task<Result<std::uint64_t>> recover_at_start();

  // The accounts that are held now, found by a scan: for the operator. Errors: the store's.
  Task<Result<std::vector<HeldAccount>>> held_accounts();

  // Starts the loops in the background on `where`; they end when runtime.stopping().
  void start(Executor where);

  // The report of the last background audit; nothing before the first.
  [[nodiscard]] std::optional<AuditReport> last_audit() const;

 private:
  struct Gauges;
  Task<Result<void>> sweep_balance(std::string user, Time void_until);
  Task<Result<void>> sweep_campaign(store::ScanItem item, Time void_until);
  Task<Result<std::vector<store::ScanItem>>> look_at_campaigns(std::vector<store::ScanItem> page);
  Task<Result<std::vector<store::ScanItem>>> look_at_fillers(std::vector<store::ScanItem> page);
  Task<Result<void>> sweep_deposit(store::ScanItem item);
  [[nodiscard]] std::vector<store::Key> heads_to_tell() const;
  Task<void> audit_loop();
  Task<void> gauges_loop();

  std::unique_ptr<Gauges> gauges_;
  mutable std::mutex audit_mutex_;  // guards last_audit_
  std::optional<AuditReport> last_audit_;
};

}  // namespace abc2::market
