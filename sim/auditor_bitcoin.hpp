// The auditor's part that knows the documents of bitcoin, and what was broadcast: node/<transaction id>, see
// bitcoin_node.hpp. Like the rest of it, it knows them from their JSON alone. Pure functions.
#pragma once
#include <boost/json.hpp>

#include "sim/auditor.hpp"

namespace abc2::sim {

using Objects = std::map<std::string, boost::json::object>;  // documents by key

// The first thing that is wrong; empty if nothing is. `at_rest`: after everything was recovered. At any moment: what
// is broadcast is in a payout and known to watchers; no two payouts spend a coin or pay a withdrawal; nothing is paid
// that was cancelled, or could still be; a user's address is known to watchers, and nobody else's.
std::string audit_bitcoin(const Objects& documents, bool at_rest);

// The same of one deposit of bitcoin, by what ledgers have booked for it (all of it, in order, since `before`, the
// document at the start or nullptr). `there`: the owner's money.
struct BookedDeposit {
  std::vector<std::int64_t> amounts;
  std::int64_t there = 0;
};
std::string audit_chain_deposit(const std::string& key, const boost::json::object& deposit,
                                const boost::json::object* before, const BookedDeposit& booked,
                                const Expectations& expected, bool at_rest);

// An answer to somebody who was shown an address, or who replaced a payout's transaction.
std::string audit_bitcoin_answer(const Documents& end, const boost::json::object& answer);

// In a few words, what a document of bitcoin says; empty: not one of those.
std::string bitcoin_in_words(const std::string& key, const boost::json::object& document);

}  // namespace abc2::sim
