// The simulator: a whole cluster in one thread and in simulated time: nodes with their recoverers and sweeps, buyers
// and sellers with every operation of the market, a store and a network that fail, nodes that crash and clocks that
// jump. One number decides everything, so that a run can be run again.
//
//   ClusterOutcome outcome = run_cluster(plan_cluster(seed));
//   if (!outcome.violation.empty()) std::cout << outcome.report;
//
// First everything fails for a while; all the time the auditor checks what must be true at any moment. Then the
// failing ends, and within `settle_bound` everything must be settled, the books right, and everybody told the truth.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "sim/cluster_store.hpp"

namespace abc2::sim {

enum class Wish : std::uint8_t {
  register_user,
  log_in,
  add_ad,
  add_campaign,
  fund,
  buy,
  collect_earnings,
  collect_fees,
  change_password,
};

// What a client wants, once. It is asked for again, with the same id, until there is an answer.
struct Request {
  Micros at{0};
  Wish wish = Wish::buy;
  std::uint32_t user = 0;   // of the buyers, or of the sellers
  std::uint32_t other = 0;  // buy: the seller
  std::uint64_t id = 0;
  std::uint32_t node = 0;             // that is asked first
  std::int64_t amount = 0;            // fund: how much; buy: the highest price
  bool twice = false;                 // is sent to two nodes at once
  std::optional<std::size_t> replay;  // sends that earlier request once more
};

struct ClusterPlan {
  std::uint64_t seed = 0;
  std::uint32_t nodes = 3, buyers = 100, sellers = 10;
  std::vector<Request> requests;
  Weather weather;               // while there is trouble
  Micros calm_until{5'000'000};  // accounts are opened
  Micros trouble_until{65'000'000};
  Micros crash_every{8'000'000};  // of each node, on average
  Micros outage_every{25'000'000};
  bool clocks_jump = true;
  std::size_t sweep_per_second = 1000;
};

// A plan that the seed decides: topology, fault rates and workload.
ClusterPlan plan_cluster(std::uint64_t seed);

// In simulated time after the last fault: writes that were in flight have landed by then, a hold is old after
// limits::hold_is_old, a node in use is looked at within limits::recovery_longest, and the sweep has seen everything.
inline constexpr Micros settle_bound{40'000'000};

struct ClusterOutcome {
  std::string violation;  // empty: all is well
  std::string report;     // of a violation: the last writes before it
  std::uint64_t digest = 0;
  Micros simulated{0}, settled_in{0};
  std::uint64_t sent = 0, crashes = 0, outages = 0, jumps = 0;
  std::map<std::string, std::uint64_t> answers;  // how often what was answered: "buy: bought"
  StoreCounts store;
};

ClusterOutcome run_cluster(const ClusterPlan& plan);

// The same plan with as few of its requests as still lead to a violation; at most `runs` runs are spent on it.
ClusterPlan shrink(ClusterPlan plan, int runs);

}  // namespace abc2::sim
