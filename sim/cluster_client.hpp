// ClusterClient: what a client of a simulated cluster asks a node to do, as the HTTP layer would: it logs in, proves
// with its token who it is, calls the market, and is told what came of it.
#pragma once
#include <functional>
#include <memory>

#include "sim/cluster.hpp"
#include "sim/cluster_node.hpp"
#include "sim/cluster_user.hpp"

namespace abc2::sim {

// A request on its way, kept by its client.
struct Asked {
  const Request* request = nullptr;
  ClusterUser* user = nullptr;
  // Chosen when it is sent for the first time, and the same each time that it is asked for.
  std::uint64_t slot = 0;                  // buy: the number that was seen to be free
  std::string old_password, new_password;  // change_password
  std::string keep;                        // and the session that is to stay
  unsigned times = 0;                      // sent
  bool answered = false;                   // for good
};

std::string request_id(std::uint64_t id);  // a UUID

struct Told {
  std::string answer;  // JSON, see auditor.hpp
  std::string what;    // "buy: bought"
  bool again = false;  // nothing is known yet, or nothing was done: ask again
  std::string untrue;  // what is wrong with the answer, if that can be seen at once
  std::string viewed;  // see_ad: the ad that a view was counted of
};

// Does it, on `node`, and tells. When the node crashes, nobody is told.
Task<void> serve_request(ClusterNode* node, std::shared_ptr<Asked> asked, std::function<void(Told)> tell);

}  // namespace abc2::sim
