#include "market/market.hpp"

#include <algorithm>

#include "market/keys.hpp"
#include "market/sweep_looks.hpp"

namespace abc2::market {

using journal::SweepCounts;
using store::ScanItem;

struct Market::Gauges {
  explicit Gauges(Metrics& metrics)
      : holds(metrics.gauge("abc2_holds", "Accounts that are held now, as the last sweep saw them.")),
        oldest_hold_ms(metrics.gauge("abc2_hold_oldest_milliseconds", "Age of the oldest hold at the last sweep.")),
        nodes(metrics.gauge("abc2_nodes", "Nodes of this market, this one included.")),
        in_use(metrics.gauge("abc2_campaigns_in_use", "Campaigns that the recoverer looks at.")),
        looks(metrics.gauge("abc2_recovery_looks", "Looks of the recoverer so far.")),
        settled(metrics.gauge("abc2_recovery_settled", "Purchases settled for somebody else so far.")),
        voids(metrics.gauge("abc2_recovery_voids", "Voids that campaigns were advanced over so far.")),
        errors(metrics.gauge("abc2_recovery_errors", "Looks of the recoverer that failed so far.")),
        corruptions(metrics.gauge("abc2_recovery_corruptions", "Entries that cannot be settled: call the operator.")),
        sweep_documents(metrics.gauge("abc2_sweep_documents", "Documents that the sweep has looked at so far.")),
        sweep_errors(metrics.gauge("abc2_sweep_errors", "Documents and scans of the sweep that failed so far.")),
        sweep_rounds(metrics.gauge("abc2_sweep_rounds", "Times that the sweep has seen everything.")),
        catalogue_campaigns(metrics.gauge("abc2_catalogue_campaigns", "Campaigns that the market page can find.")),
        catalogue_complete(metrics.gauge("abc2_catalogue_complete", "Whether these are all there were at the start.")),
        catalogue_waiting(metrics.gauge("abc2_catalogue_waiting", "Campaigns to be read again for the market page.")),
        catalogue_unreadable(metrics.gauge("abc2_catalogue_unreadable", "Campaigns that could not be read so far.")),
        audit_findings(metrics.gauge("abc2_audit_findings", "Findings of the last audit; -1 before the first.")) {
    audit_findings.set(-1);
  }

  Gauge &holds, &oldest_hold_ms, &nodes, &in_use, &looks, &settled, &voids, &errors, &corruptions, &sweep_documents,
      &sweep_errors, &sweep_rounds, &catalogue_campaigns, &catalogue_complete, &catalogue_waiting,
      &catalogue_unreadable, &audit_findings;
  // Gathered by the round that the sweep is in.
  std::atomic<std::int64_t> holds_seen{0}, oldest_seen_ms{0};
};

namespace {

constexpr Milliseconds campaign_stays_in_use = std::chrono::minutes(1);
// Where nobody else can leave anything: ten thousand purchases a second, each at another campaign, would otherwise have
// the recoverer look at most of a million campaigns every second.
constexpr Milliseconds own_campaign_stays_in_use = std::chrono::seconds(5);

std::string user_of(const store::Key& key) { return std::string(keys::rest(key)); }

// "bob" of "filler/bob/0000000001".
std::string owner_of(const store::Key& key) {
  const std::string_view rest = keys::rest(key);
  return std::string(rest.substr(0, rest.find('/')));
}

std::vector<store::Key> keys_of(const Page& page) {
  std::vector<store::Key> all;
  all.reserve(page.size());
  for (const auto& item : page) all.push_back(item.key);
  return all;
}

}  // namespace

Market::Market(store::Store& store, runtime::Runtime& runtime, PasswordHasher& hasher, ImageLibrary& images,
               Metrics& metrics, MarketSettings settings)
    : store_(store),
      runtime_(runtime),
      settings_(std::move(settings)),
      began_(runtime.now()),
      purchases(store, runtime, kinds_, settings_.fee_basis_points),
      money(store, runtime, kinds_),
      withdrawals(store, runtime, kinds_, [this](std::string user) { return recover_user(std::move(user)); }),
      fillers(store, runtime, images),
      campaigns(store, runtime, images),
      catalogue(store, runtime),
      accounts(store, runtime, hasher, [this](std::string user) { return recover_user(std::move(user)); }),
      statistics(store, runtime, metrics),
      audit(store, runtime),
      nodes(
          store, runtime, [this] { return heads_to_tell(); },
          [this](const store::Key& head) {
            recoverer.use_elsewhere(purchases.sales(), head);
            catalogue.touch(head);
          },
          settings_.node_name),
      recoverer(
          runtime, [this] { return nodes.count(); },
          store.exclusive() ? own_campaign_stays_in_use : campaign_stays_in_use),
      sweep(store, runtime),
      gauges_(std::make_unique<Gauges>(metrics)) {
  purchases.on_use = [this](const store::Key& campaign) {
    recoverer.use(purchases.sales(), campaign);
    catalogue.touch(campaign);
  };
  campaigns.on_change = [this](const store::Key& key, const Campaign& campaign) { catalogue.taken(key, campaign); };

  // Balances first: at a start, everything of a purchase that was left is reached from its hold.
  sweep.add(
      "balance/", [this](ScanItem item, Time void_until) { return sweep_balance(user_of(item.key), void_until); },
      [](Page page) -> Task<Result<Page>> { co_return with_hold_or_promise(std::move(page)); });
  sweep.add(
      "campaign/", [this](ScanItem item, Time void_until) { return sweep_campaign(std::move(item), void_until); },
      [this](Page page) { return look_at_campaigns(std::move(page)); });
  sweep.add("withdrawal/", [this](ScanItem item, Time) { return withdrawals.refund(std::move(item.key)); });
  sweep.add("deposit/", [this](ScanItem item, Time) { return sweep_deposit(std::move(item)); });
  sweep.add(
      "credentials/", [this](ScanItem item, Time) { return accounts.ensure_balance(user_of(item.key)); },
      [this](Page page) { return without_balance(store_, std::move(page)); });
  sweep.add(
      "filler/", [this](ScanItem item, Time) { return fillers.list_missing(owner_of(item.key)); },
      [this](Page page) { return look_at_fillers(std::move(page)); });
}

Market::~Market() = default;

// What was made or changed here comes first: it is little, and there may be more in use than a heartbeat names. It is
// not in use for the recoverer of this node, which would look at each of very many new ones for a minute.
std::vector<store::Key> Market::heads_to_tell() const {
  std::vector<store::Key> heads = catalogue.taken_here();
  for (auto& head : recoverer.used_here()) heads.push_back(std::move(head));
  return heads;
}

Task<Result<void>> Market::recover_user(std::string user) {
  CO_TRY_VOID(co_await purchases.settle_account(user));
  CO_TRY_VOID(co_await fillers.list_missing(user));
  auto listed = co_await campaigns.list_missing(std::move(user));
  co_return listed;
}

Task<Result<void>> Market::sweep_balance(std::string user, Time void_until) {
  // A node whose clock was ahead would keep the account held until that time has come.
  const Time void_from = runtime_.now() + limits::hold_is_old;
  CO_TRY(const auto held, co_await purchases.holders().tidy(keys::balance(user), void_until, void_from));
  if (held) {
    const std::int64_t age_ms = (runtime_.now() - held->since).count();
    gauges_->holds_seen.fetch_add(1);
    gauges_->oldest_seen_ms.store(std::max(gauges_->oldest_seen_ms.load(), age_ms));
  }
  co_return success();
}

// The campaigns whose sellers' lists are short are mended here; which have a slot to be settled, each knows itself.
Task<Result<Page>> Market::look_at_campaigns(Page page) {
  CO_TRY(const auto short_lists, co_await with_unlisted<CampaignList>(store_, "campaigns/", keys_of(page)));
  for (const std::string& seller : short_lists) {
    CO_TRY_VOID(co_await campaigns.list_missing(seller));
  }
  co_return page;
}

// One of the fillers of each user whose list is short.
Task<Result<Page>> Market::look_at_fillers(Page page) {
  CO_TRY(const auto short_lists, co_await with_unlisted<FillerList>(store_, "fillers/", keys_of(page)));
  Page few;
  for (const std::string& user : short_lists)
    few.push_back(*std::ranges::find_if(page, [&](const ScanItem& item) { return owner_of(item.key) == user; }));
  co_return few;
}

Task<Result<void>> Market::sweep_campaign(ScanItem item, Time void_until) {
  // One read for those that are settled, which are nearly all.
  CO_TRY(const auto campaign, store::decode_snapshot<Campaign>(item.key, item.document));
  CO_TRY(const auto unsettled, co_await store_.get(keys::slot(item.key, campaign->value.last + 1)));
  if (!unsettled) co_return success();
  // If even the youngest hold has no living driver, there is nobody to be graceful to.
  const Milliseconds grace = void_until == Time::max() ? Milliseconds(0) : limits::recovery_grace;
  CO_TRY_VOID(co_await purchases.sales().recover(std::move(item.key), grace));
  co_return success();
}

Task<Result<void>> Market::sweep_deposit(ScanItem item) {
  CO_TRY(const auto deposit, store::decode_snapshot<Deposit>(item.key, item.document));
  const auto& chain = deposit->value.on_chain;
  if (chain ? chain->entitled == chain->booked : deposit->value.credited) co_return success();
  CO_TRY_VOID(co_await money.credit_deposit(user_of(item.key), deposit->value.user));
  co_return success();
}

Task<Result<std::uint64_t>> Market::recover_now(Time void_until) {
  auto failed = co_await sweep.once(void_until);
  co_return failed;
}

Task<Result<std::uint64_t>> Market::recover_at_start() {
  // A hold of this process may be as old as the Market itself, to the millisecond.
  const Time void_until = store_.exclusive() ? began_ - Milliseconds(1) : runtime_.now() - limits::hold_is_old;
  auto failed = co_await sweep.once(void_until);
  co_return failed;
}

Task<Result<std::vector<HeldAccount>>> Market::held_accounts() {
  std::vector<HeldAccount> held;
  store::Key after;
  for (bool more = true; more;) {
    CO_TRY(const auto page, co_await store_.scan("balance/", after, limits::scan_items));
    more = page.more && !page.items.empty();
    if (!page.items.empty()) after = page.items.back().key;
    for (const auto& item : page.items) {
      CO_TRY(auto balance, store::decode_snapshot<Balance>(item.key, item.document));
      if (balance->value.hold) held.push_back({user_of(item.key), std::move(*balance->value.hold)});
    }
  }
  co_return held;
}

void Market::start(Executor where) {
  runtime_.spawn(where, "recoverer", recoverer.run());
  runtime_.spawn(where, "membership", nodes.run());
  runtime_.spawn(where, "sweep",
                 sweep.run(settings_.sweep_per_second, [this](const store::Key& key) { return nodes.mine(key); }));
  runtime_.spawn(where, "catalogue", catalogue.run(settings_.sweep_per_second));
  runtime_.spawn(where, "ad statistics", statistics.run());
  runtime_.spawn(where, "audit", audit_loop());
  runtime_.spawn(where, "gauges", gauges_loop());
}

Task<void> Market::audit_loop() {
  Milliseconds waited{0};
  while (!runtime_.stopping()) {
    co_await runtime_.sleep(limits::recovery_dice);
    waited += limits::recovery_dice;
    if (waited < settings_.audit_every) continue;
    waited = Milliseconds(0);
    auto report = co_await audit.run(limits::recovery_longest, settings_.audit_per_second);
    if (!report) continue;  // the store is away; its own metrics say so, and the next round comes
    gauges_->audit_findings.set(static_cast<std::int64_t>(report.value().findings.size()));
    const std::lock_guard lock(audit_mutex_);
    last_audit_ = std::move(report).value();
  }
}

Task<void> Market::gauges_loop() {
  std::uint64_t rounds = 0;
  while (!runtime_.stopping()) {
    const journal::RecoveryCounts recovered = recoverer.counts();
    const SweepCounts swept = sweep.counts();
    gauges_->nodes.set(static_cast<std::int64_t>(nodes.count()));
    gauges_->in_use.set(static_cast<std::int64_t>(recoverer.in_use()));
    gauges_->looks.set(static_cast<std::int64_t>(recovered.looks));
    gauges_->settled.set(static_cast<std::int64_t>(recovered.settled));
    gauges_->voids.set(static_cast<std::int64_t>(recovered.voids));
    gauges_->errors.set(static_cast<std::int64_t>(recovered.errors));
    gauges_->corruptions.set(static_cast<std::int64_t>(recovered.corruptions));
    gauges_->sweep_documents.set(static_cast<std::int64_t>(swept.documents));
    gauges_->sweep_errors.set(static_cast<std::int64_t>(swept.errors));
    gauges_->sweep_rounds.set(static_cast<std::int64_t>(swept.rounds));
    const CatalogueCounts known = catalogue.counts();
    gauges_->catalogue_campaigns.set(static_cast<std::int64_t>(known.campaigns));
    gauges_->catalogue_complete.set(known.complete ? 1 : 0);
    gauges_->catalogue_waiting.set(static_cast<std::int64_t>(known.waiting));
    gauges_->catalogue_unreadable.set(static_cast<std::int64_t>(known.unreadable));
    if (swept.rounds != rounds) {
      rounds = swept.rounds;
      gauges_->holds.set(gauges_->holds_seen.exchange(0));
      gauges_->oldest_hold_ms.set(gauges_->oldest_seen_ms.exchange(0));
    }
    co_await runtime_.sleep(limits::recovery_dice);
  }
}

std::optional<AuditReport> Market::last_audit() const {
  const std::lock_guard lock(audit_mutex_);
  return last_audit_;
}

}  // namespace abc2::market
