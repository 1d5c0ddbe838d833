#include "sim/cluster_user.hpp"

#include <algorithm>
#include <boost/json.hpp>

namespace abc2::sim {

std::string user_name(std::uint32_t user) { return "u" + std::to_string(1000 + user); }

std::vector<std::string> ClusterUser::passwords() const {
  std::vector<std::string> all{password};
  for (const auto& other : attempted)
    if (std::ranges::find(all, other) == all.end()) all.push_back(other);
  return all;
}

void ClusterUser::changed(const std::string& from, const std::string& to) {
  confirmed.insert(to);
  dead.insert(from);
  if (!dead.contains(to)) password = to;
}

std::string ClusterUser::audit(const Documents& end) const {
  const auto found = end.find("credentials/" + name);
  if (found == end.end()) return confirmed.empty() ? std::string() : name + " has no credentials any more";
  std::string now(boost::json::parse(found->second).at("password_hash").as_string());
  now.resize(now.find('#'));
  // Each password replaced one: along that chain, back from the last, are all that anybody was told to have.
  std::set<std::string> chain{now};
  for (auto before = came_after.find(now); before != came_after.end(); before = came_after.find(before->second))
    chain.insert(before->second);
  for (const auto& told : confirmed)
    if (!chain.contains(told)) return name + " was told that the password is " + told + ", but it is " + now;
  return {};
}

}  // namespace abc2::sim
