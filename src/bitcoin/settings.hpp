// The settings of bitcoin, from a file:
//
//   {"network": "main",
//    "nodes": [{"name": "one", "url": "http://127.0.0.1:8332", "cookie_file": "/run/bitcoind/.cookie"},
//              {"name": "two", "url": "https://node.example:8332", "user": "abc2", "password_file": "two.password",
//               "ca_file": "two.pem"}],
//    "deposits": {"least_sat": 1000, "confirmations": [{"from_sat": 0, "needed": 3}, {"from_sat": 100000000, "needed":
//    6}]}, "withdrawals": {"key_file": "hot.key", "fee_sat": 1000, "least_sat": 10000, "approval_from_sat": 1000000}}
//
// Everything but `network` and `nodes` may be left out. Without `withdrawals` no money goes out; without its
// `key_file` this server takes requests and leaves it to others to pay. A file that holds a secret must be readable by
// its owner only; a relative path is relative to the settings file. Secrets are never part of an error.
#pragma once
#include <optional>

#include "bitcoin/extended_key.hpp"
#include "bitcoin/payouts.hpp"
#include "bitcoin/rpc.hpp"
#include "bitcoin/watcher.hpp"

namespace abc2::bitcoin {

struct WithdrawalTerms {
  Satoshi fee{1'000};        // that each withdrawal costs the account
  Satoshi least{10'000};     // smaller ones are refused
  Satoshi approval_from{0};  // what an account withdraws within a day waits for the operator from this sum on
};

struct BitcoinSettings {
  Network network = Network::main;
  std::vector<RpcNode> nodes;  // with names that differ
  WatcherSettings watcher;
  std::optional<WithdrawalTerms> withdrawals;
  PayoutSettings payouts;
  std::optional<ExtendedKey> hot_key;  // checked by Payouts::check_key
};

// Errors: invalid_argument, saying what in the file is wrong.
Result<BitcoinSettings> read_settings(const std::string& path);

}  // namespace abc2::bitcoin
