// The books of bitcoin, for the market's audit (market/audit.hpp): two checks more.
//
//   A11 each payout spends coins that nobody else spends, pays its withdrawals and nothing else but change, and each
//       withdrawal that is signed is in one payout
//   A12 deposits and coins are where the journal of the chain's steps has put them, each step follows from the one
//       before, and what a deposit is entitled to follows from its depth
//
// In a market where nothing moves, each finding is wrong. Thread-safe.
#pragma once
#include "bitcoin/documents.hpp"
#include "market/audit.hpp"

namespace abc2::bitcoin {

// A11 and A12. Nothing in a store without bitcoin. Errors: the store's.
Task<Result<std::vector<market::AuditFinding>>> audit_bitcoin(store::Store& store);

// A12. Errors: the store's.
Task<Result<std::vector<market::AuditFinding>>> audit_chain(store::Store& store);

}  // namespace abc2::bitcoin
