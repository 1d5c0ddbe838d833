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
#include "sim/scenario.hpp"

namespace abc2::sim {

enum class Wish : std::uint8_t {
  register_user,
  log_in,
  log_out,
  add_key,
  change_password,
  add_ad,
  add_campaign,
  edit_campaign,
  fund,
  buy,
  collect_earnings,
  withdraw,
  collect_fees,
  look_around,
  see_ad,
  audit,
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
  Form form = Form::mixed;  // each node's store has commits, or not, from one start to the next
  std::vector<Request> requests;
  Weather weather;               // while there is trouble
  Micros calm_until{5'000'000};  // accounts are opened
  Micros trouble_until{65'000'000};
  Micros crash_every{8'000'000};  // of each node, on average
  unsigned crash_at_write = 3;    // odds in a thousand that a node falls just after a write of its own has landed
  Micros outage_every{25'000'000};
  bool clocks_jump = true;
  std::size_t sweep_per_second = 1000;
  bool recovers = true;    // false: neither recoverer nor sweep, to see that the bound can fail
  std::uint64_t luck = 0;  // another throw of the same dice
};

// A plan that the seed decides: topology, fault rates and workload.
ClusterPlan plan_cluster(std::uint64_t seed);

// In simulated time after the last fault has ended and the last write that was in flight has landed. An undecided hold
// is ended limits::hold_is_old after it was placed, once the sweep comes by; a campaign in use is looked at within
// limits::recovery_longest; a sweep over everything takes the documents by its rate.
inline constexpr Micros settle_bound{20'000'000};

struct ClusterOutcome {
  std::string violation;  // empty: all is well
  std::string report;     // of a violation: the last writes before it
  Micros failed_at{0};
  std::uint64_t digest = 0;
  Micros simulated{0}, settled_in{0};
  std::uint64_t sent = 0, crashes = 0, outages = 0, jumps = 0;
  std::map<std::string, std::uint64_t> answers;  // how often what was answered: "buy: bought"
  StoreCounts store;
};

ClusterOutcome run_cluster(const ClusterPlan& plan);

// The same plan with as few of its requests, nodes and kinds of faults as still lead to a violation; about
// `store_calls` of simulated store calls are spent on it, at a few hundred thousand a second. The same plan is shrunk
// to the same one each time.
ClusterPlan shrink(ClusterPlan plan, std::int64_t store_calls);

// Nodes, faults and requests of a plan, for a person.
std::string in_words(const ClusterPlan& plan);

}  // namespace abc2::sim
