// ClusterClient: what a client of a simulated cluster asks a node to do, as the HTTP layer would: one call of the
// market for each wish, and what is told afterwards.
#pragma once
#include <functional>
#include <memory>

#include "sim/cluster.hpp"
#include "sim/cluster_node.hpp"

namespace abc2::sim {

// A request on its way, kept by its client.
struct Asked {
  const Request* request = nullptr;
  std::uint64_t slot = 0;  // buy: the number that was seen to be free, the same each time it is asked for
  unsigned times = 0;      // sent
  unsigned refused = 0;    // answers that say for certain that nothing came of it
  bool answered = false;   // for good
};

std::string user_name(std::uint32_t user);
std::string request_id(std::uint64_t id);  // a UUID
market::Order order_of(const Request& request, std::uint64_t slot);

struct Told {
  std::string answer;  // JSON, see auditor.hpp
  std::string what;    // "buy: bought"
  bool again = false;  // nothing is known yet, or nothing was done: ask again
};

// Does it, on `node`, and tells. When the node crashes, nobody is told.
Task<void> serve_request(ClusterNode* node, std::shared_ptr<Asked> asked, std::function<void(Told)> tell);

}  // namespace abc2::sim
