// What etcd://... says.
//
//   etcd://abc2:secret@h1:2379,h2:2379,h3:2379/market?ca=FILE&cert=FILE&key=FILE&compaction=5
//
//   abc2:secret@   user and password, percent-encoded; none: etcd's authentication is off, or goes by certificate
//   h1:2379,...    the members, all of them; 2379 need not be said
//   /market        all keys begin with "market/" (abc2/): several markets, and others, may share an etcd
//   tls=yes        encrypted, the members' certificates checked against the system's authorities; else in the clear
//   ca=FILE        against these instead (PEM); means tls=yes
//   cert=, key=    our own certificate and its key (PEM), where the members ask for one; mean tls=yes
//   compaction=N   every N minutes (5) the history up to N minutes ago is dropped, in all of that etcd; 0: somebody
//                  else sees to it (--auto-compaction-retention)
#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace abc2::engines::etcd {

struct Security {
  bool tls = false;
  std::string authorities;  // PEM; empty: the system's
  std::string certificate;  // PEM
  std::string key;          // PEM; never to be logged
};

struct Settings {
  std::vector<std::string> members;  // "h1:2379"
  std::string user;
  std::string password;  // never to be logged
  std::string prefix = "abc2/";
  Security security;
  std::chrono::milliseconds compaction = std::chrono::minutes(5);

  // "h1:2379,h2:2379": what may be logged.
  [[nodiscard]] std::string servers() const;

  // Reads the files that it names. Errors: invalid_argument, without anything secret.
  static Result<Settings> parse(const std::string& url);
};

}  // namespace abc2::engines::etcd
