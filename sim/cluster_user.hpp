// ClusterUser: what a simulated client remembers of one user: passwords, tokens, and what must not work any more.
// Not thread-safe.
#pragma once
#include <map>
#include <set>
#include <string>
#include <vector>

#include "sim/auditor.hpp"

namespace abc2::sim {

struct ClusterUser {
  explicit ClusterUser(std::string its_name) : name(std::move(its_name)) {}

  std::string name;
  std::string password = "password-of-old";       // which it believes to be the one
  std::vector<std::string> attempted;             // that a change whose end it has not heard of may have made it
  std::map<std::string, std::string> came_after;  // by a password, the one that it was to replace
  std::set<std::string> confirmed;                // that it was told to have
  std::set<std::string> dead;                     // that were replaced for certain

  std::string token;                               // of its session; empty: it has to log in first
  std::string session;                             // its id
  std::map<std::string, std::string> opened_with;  // the password, by the session's token
  std::set<std::string> kept;                      // sessions that a change of password was to keep
  std::set<std::string> ended;                     // tokens that were revoked for certain
  std::vector<std::string> api_keys;               // tokens

  // In the order in which they are tried.
  [[nodiscard]] std::vector<std::string> passwords() const;
  // It is told that its password is `to` now, which replaced `from`.
  void changed(const std::string& from, const std::string& to);
  // What is wrong with its credentials as they are in the end; empty if nothing is.
  [[nodiscard]] std::string audit(const Documents& end) const;
};

std::string user_name(std::uint32_t user);

}  // namespace abc2::sim
