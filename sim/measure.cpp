#include "sim/measure.hpp"

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <map>
#include <ostream>

#include "market/keys.hpp"
#include "sim/cluster_client.hpp"
#include "sim/cluster_node.hpp"

namespace abc2::sim {
namespace {

namespace keys = market::keys;

constexpr Micros kSecond{1'000'000};
constexpr std::int64_t kPlenty = 1'000'000'000'000;
constexpr std::uint32_t kCampaigns = 100;  // on which purchases are left unsettled at once

// What happens to holds depends on little: fewer rounds show it.
int rounds_of(const std::string& died_after) { return died_after == "lock" ? 3 : 10; }

std::string seller_name(std::uint64_t campaign) { return "s" + std::to_string(10'000 + campaign / 1000); }
std::uint64_t number_of(std::uint64_t campaign) { return campaign % 1000 + 1; }
std::string buyer_name(std::uint64_t buyer) { return "b" + std::to_string(10'000 + buyer); }
store::Key campaign_key(std::uint64_t campaign) { return keys::campaign(seller_name(campaign), number_of(campaign)); }

void put_campaigns(ClusterStore& store, std::uint64_t count) {
  market::Campaign campaign;
  campaign.title = "Top of the page";
  campaign.page = "https://example.org/page";
  campaign.floor = Satoshi(floor_sat);
  campaign.slot_length_ms = Milliseconds(std::chrono::hours(24)).count();
  const std::string value = store::encode(campaign);
  for (std::uint64_t i = 0; i < count; ++i) store.put(campaign_key(i), value);
  for (std::uint64_t i = 0; i < count; i += 1000) {
    store.put(keys::balance(seller_name(i)), store::encode(market::Balance()));
    store.put(keys::campaigns(seller_name(i)),
              store::encode(market::CampaignList{std::min<std::uint64_t>(1000, count - i)}));
  }
}

void put_buyers(ClusterStore& store, std::uint64_t count) {
  market::Balance balance;
  balance.money = Satoshi(kPlenty);
  for (std::uint64_t i = 0; i < count; ++i) {
    store.put(keys::balance(buyer_name(i)), store::encode(balance));
    store.put(keys::filler(buyer_name(i), 1), store::encode(market::Filler()));
    store.put(keys::fillers(buyer_name(i)), store::encode(market::FillerList{1}));
  }
}

Task<void> buy(ClusterNode* node, std::uint64_t buyer, std::uint64_t campaign, std::uint64_t request,
               std::int64_t most) {
  const auto now = co_await node->market().campaigns.get(seller_name(campaign), number_of(campaign));
  if (!now) co_return;
  const auto bought =
      co_await node->market().purchases.buy({buyer_name(buyer), seller_name(campaign), number_of(campaign),
                                             now.value().last + 1, request_id(request), 1, Satoshi(most)});
  if (!bought) co_return;  // somebody else was first, or it costs too much: no purchase
}

bool holds(const std::string& balance) { return balance.find("\"hold\"") != std::string::npos; }

// One round: a node dies with every purchase of it at the same step.
class Death {
 public:
  Death(std::uint32_t nodes, std::string died_after, std::uint64_t seed)
      : dice_(mixed(seed)), store_(agenda_, dice_.another()), died_after_(std::move(died_after)), nodes_(nodes) {
    put_campaigns(store_, kCampaigns);
    put_buyers(store_, kCampaigns + 1);
  }

  // How long each took; fewer than kCampaigns if some were never settled.
  std::vector<Micros> run() {
    for (std::uint32_t i = 0; i < nodes_.size(); ++i)
      agenda_.after(dice_.between(Micros(0), kSecond), [this, i] { start(i); });
    run_until(3 * kSecond);
    for (std::uint32_t i = 1; i < nodes_.size(); ++i)
      for (std::uint32_t c = 0; c < kCampaigns; ++c) nodes_[i]->serve(buy(nodes_[i].get(), kCampaigns, c, i, 1));
    run_until(5 * kSecond + dice_.between(Micros(0), kSecond));
    store_.swallow = [this](const StoreCall& call) { return call.node == 0 && comes_after(call); };
    store_.on_write = [this](const StoreCall& call) { see(call); };
    for (std::uint32_t c = 0; c < kCampaigns; ++c) nodes_[0]->serve(buy(nodes_[0].get(), c, c, 1'000'000 + c, kPlenty));
    run_until(agenda_.now() + Micros(30'000));
    nodes_[0].reset();
    store_.swallow = nullptr;
    if (nodes_.size() == 1) agenda_.after(only_node_returns, [this] { start(0); });
    for (int seconds = 0; took_.size() < kCampaigns && seconds < 120; ++seconds) run_until(agenda_.now() + kSecond);
    return took_;
  }

 private:
  void run_until(Micros until) {
    while (agenda_.step(until)) {
    }
  }

  void start(std::uint32_t i) {
    NodeSettings settings{i, dice_.roll(), {}, static_cast<unsigned>(nodes_.size())};
    if (died_after_ != "lock") settings.sweep_per_second = 0;
    nodes_[i] = std::make_unique<ClusterNode>(agenda_, store_, settings);
    nodes_[i]->start();
  }

  // The call that the dead node has not come to.
  bool comes_after(const StoreCall& call) {
    const bool write = call.verb == StoreCall::Verb::add || call.verb == StoreCall::Verb::replace;
    if (!write) return false;
    if (died_after_ == "lock") return call.key.starts_with("slot/");
    if (died_after_ == "fill") return call.key.starts_with("transaction/");
    if (died_after_ == "receipt") return call.key.starts_with("balance/") && !holds(call.value);
    return call.key.starts_with("campaign/");
  }

  // The last write of the dead node begins a purchase's wait; that which settles it, by another, ends it.
  void see(const StoreCall& call) {
    const std::string last = died_after_ == "lock"      ? "balance/"
                             : died_after_ == "fill"    ? "slot/"
                             : died_after_ == "receipt" ? "transaction/"
                                                        : "balance/";
    const std::string settles = died_after_ == "lock" ? "balance/" : "campaign/";
    const bool hold = call.key.starts_with("balance/") && holds(call.value);
    const bool began = call.origin == Origin::request && call.node == 0 && call.key.starts_with(last) &&
                       (last != "balance/" || hold == (died_after_ == "lock"));
    if (began) {
      // By campaign: buyer c buys of campaign c.
      const std::string whose = last == "balance/" && died_after_ == "lock" ? call.key : campaign_of(call);
      since_[whose] = agenda_.now();
      return;
    }
    if (!call.key.starts_with(settles) || hold) return;
    const auto waiting = since_.find(call.key);
    if (waiting == since_.end()) return;
    took_.push_back(agenda_.now() - waiting->second);
    since_.erase(waiting);
  }

  static store::Key campaign_of(const StoreCall& call) {
    if (call.key.starts_with("balance/")) return campaign_key(std::stoull(call.key.substr(9)) - 10'000);
    const auto begin = call.key.find('/');
    return "campaign" + call.key.substr(begin, call.key.rfind('/') - begin);
  }

  Dice dice_;
  Agenda agenda_;
  ClusterStore store_;
  std::string died_after_;
  std::vector<std::unique_ptr<ClusterNode>> nodes_;
  std::map<store::Key, Micros> since_;
  std::vector<Micros> took_;
};

double seconds(Micros time) { return static_cast<double>(time.count()) / 1e6; }

}  // namespace

Unsettled measure_unsettled(std::uint32_t nodes, const std::string& died_after) {
  std::vector<Micros> all;
  for (int round = 0; round < rounds_of(died_after); ++round) {
    const auto took = Death(nodes, died_after, static_cast<std::uint64_t>(round) + 1).run();
    all.insert(all.end(), took.begin(), took.end());
  }
  std::ranges::sort(all);
  Unsettled found{nodes, died_after, all.size(),
                  static_cast<std::size_t>(rounds_of(died_after)) * kCampaigns - all.size()};
  if (all.empty()) return found;
  found.p50 = all[all.size() / 2];
  found.p99 = all[all.size() * 99 / 100];
  found.worst = all.back();
  return found;
}

RecoveryCost measure_cost(std::uint64_t campaigns) {
  constexpr std::uint32_t nodes = 3, in_use = 20, buyers = 200;
  constexpr int seconds_counted = 40;
  Dice dice(mixed(campaigns));
  Agenda agenda;
  ClusterStore store(agenda, dice.another());
  put_campaigns(store, campaigns);
  put_buyers(store, buyers);
  RecoveryCost cost{campaigns};
  std::vector<std::unique_ptr<ClusterNode>> all;
  const auto start = [&] {
    const auto number = static_cast<std::uint32_t>(all.size());
    all.push_back(std::make_unique<ClusterNode>(agenda, store, NodeSettings{number, dice.roll(), {}, nodes}));
    all.back()->start();
  };
  const auto run_until = [&](Micros until) {
    while (agenda.step(until)) {
    }
  };
  // The first one's start, by itself: its sweep goes on beside it, and is taken off by its rate afterwards.
  start();
  while (!all[0]->recovered() && agenda.step(Micros::max())) {
  }
  cost.start_took = agenda.now();
  cost.start_calls = store.counts().by_origin[static_cast<std::size_t>(Origin::sweep)];
  while (all.size() < nodes) start();
  for (const auto& node : all)
    while (!node->recovered() && agenda.step(Micros::max())) {
    }
  // The campaigns in use are spread over all that there are.
  const std::uint64_t apart = std::max<std::uint64_t>(1, campaigns / in_use);
  const auto sell = [&](int for_seconds) {
    const Micros begin = agenda.now();
    for (int i = 0; i < 10 * for_seconds; ++i) {
      run_until(begin + i * kSecond / 10);
      ClusterNode* const node = all[dice.below(nodes)].get();
      node->serve(buy(node, dice.below(buyers), dice.below(in_use) * apart % campaigns, dice.roll(), kPlenty));
    }
    run_until(begin + for_seconds * kSecond);
  };
  sell(10);
  const auto before = store.counts().by_origin;
  sell(seconds_counted);
  const auto& after = store.counts().by_origin;
  const auto rate = [&](Origin origin) {
    const auto at = static_cast<std::size_t>(origin);
    return static_cast<double>(after[at] - before[at]) / seconds_counted;
  };
  cost.purchases = rate(Origin::request);
  cost.recoverer = rate(Origin::recoverer);
  cost.sweep = rate(Origin::sweep);
  return cost;
}

int measure(std::uint64_t most_campaigns, const std::string& svg, std::ostream& out) {
  bool all_settled = true;
  out << "How long a purchase stays unsettled whose node died after a step, in seconds\n"
      << "  nodes  died after  purchases     p50     p99   worst\n"
      << std::fixed << std::setprecision(2);
  for (const char* step : {"lock", "fill", "receipt", "debit"}) {
    for (const std::uint32_t nodes : {1u, 10u, 100u}) {
      const Unsettled found = measure_unsettled(nodes, step);
      out << std::setw(7) << nodes << "  " << std::left << std::setw(10) << step << std::right << std::setw(11)
          << found.samples << std::setw(8) << seconds(found.p50) << std::setw(8) << seconds(found.p99) << std::setw(8)
          << seconds(found.worst) << (found.unsettled ? "  and some were never settled" : "") << std::endl;
      all_settled = all_settled && found.unsettled == 0;
    }
  }
  out << "\nStore calls in a second of three nodes, ten purchases a second in twenty campaigns; and of a start\n"
      << "  campaigns  purchases  recoverer    sweep     start: calls  seconds\n";
  std::vector<RecoveryCost> costs;
  for (std::uint64_t campaigns = 100; campaigns <= most_campaigns; campaigns *= 10) {
    costs.push_back(measure_cost(campaigns));
    const RecoveryCost& cost = costs.back();
    out << std::setw(11) << campaigns << std::setprecision(0) << std::setw(11) << cost.purchases << std::setw(11)
        << cost.recoverer << std::setw(9) << cost.sweep << std::setw(17) << cost.start_calls << std::setprecision(1)
        << std::setw(9) << seconds(cost.start_took) << std::endl;
  }
  if (svg.empty()) return all_settled ? 0 : 1;
  std::ofstream file(svg);
  file << drawn(costs);
  file.close();
  if (!file) {
    out << svg << " could not be written\n";
    return 1;
  }
  return all_settled ? 0 : 1;
}

}  // namespace abc2::sim
