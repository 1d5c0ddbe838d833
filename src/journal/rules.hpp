// The rules of the protocol, and what else this library must not leave out, by name, where the code asks for them:
// `if (kept(Rule::r9_echo))`.
//
// In what ships every rule is kept and the question costs nothing. A build for the explorer (ABC2_RULE_SWITCHES) can
// switch single rules off, to show that the explorer then finds the loss that the rule prevents.
#pragma once
#include <cstdint>

namespace abc2::journal {

enum class Rule : std::uint8_t {
  r1_attempts,    // a hold and its entry carry the same attempt id; a debit is made only for the attempt in the entry
  r2_read_again,  // a rejected CAS is read again and decided again, until the goal is seen
  r3_decide_at_key,  // an undecided attempt ends only by a decision at its own entry key
  r4_unknown_fill,   // an unknown outcome of the ADD of an entry is decided as in R3
  r5_debit_first,    // the head advances only after the debit has been seen
  r6_balance_first,  // a credit reads the holder first, then what it refers to
  r7_never_deleted,  // what proves a decision is never deleted: kept by the store, which has no such verb
  r8_hold_is_seen,   // what a hold forbids is refused while it is there, and its resolution is started
  r9_echo,           // a rejection may be the echo of our own write: it is read back

  holder_counts,       // an entry is an attempt's only if its holder is the attempt's holder, too
  own_lock_version,    // the planned debit is written only on the very version that the lock made
  own_lock_whole,      // a lock found after its echo is built on only if nothing else has changed in the holder
  receipt_read_again,  // an entry counts as never charged only if its receipt is absent before and after the hold is
  advance_by_one,      // a head goes from n-1 to n once, and never back
  pending_first,       // a credit finishes the promise that it finds before it makes its own
  pending_compared,    // only the promise that was fulfilled is dropped
  list_same_number,    // an addition to a list keeps its number until it is decided
  list_looks_back,     // a repeated addition to a list finds itself
};

#ifdef ABC2_RULE_SWITCHES
// Not thread-safe: the explorer is one thread.
bool kept(Rule rule);
void set_kept(Rule rule, bool on);
#else
constexpr bool kept(Rule) { return true; }
#endif

}  // namespace abc2::journal
