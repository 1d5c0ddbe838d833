// At once: how the conditional writes of a plan become one commit, on a store that has commits. The same documents with
// the same final contents as step by step, and nothing in between is ever seen; processes of both kinds may work on one
// store at the same time, since each checks the same versions.
//
// What a commit leaves open is found out like everything else: a rejection may be its own echo (R9), and after an
// unknown outcome it may land at any time, until one of its conditions can never hold again (R3, R4).
#pragma once
#include <initializer_list>
#include <optional>
#include <span>
#include <vector>

#include "journal/plan.hpp"

namespace abc2::journal {

// The writes, folded, for Store::commit; nullopt if this store has no commits, or if they do not fit into one: then
// they are to be carried out one by one. Their first conditions must be versions or absence.
std::optional<std::vector<store::Write>> as_commit(const store::Store& store, std::span<const ConditionalWrite> writes);
std::optional<std::vector<store::Write>> as_commit(const store::Store& store,
                                                   std::initializer_list<ConditionalWrite> writes);

}  // namespace abc2::journal
