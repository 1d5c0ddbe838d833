// What keeps users' bitcoin safe, by name, where the code asks for it. As in journal/rules.hpp and market/guards.hpp,
// only a build for the explorer (ABC2_RULE_SWITCHES) can switch one off.
#pragma once
#include <cstdint>

namespace abc2::bitcoin {

enum class Guard : std::uint8_t {
  script_first,        // a script is known to watchers before its address is shown
  entry_decides,       // an index is the user's who stands under its key
  later_step_stays,    // what a later step along the chain has said is not overwritten by an earlier one
  matures_as_placed,   // a deposit is due only as the very block that is confirmed has placed it
  head_first,          // a payout's number is read before what it is made of
  claim_first,         // a withdrawal is claimed, so that it cannot be cancelled, before a payout has it
  payout_read_back,    // what stands under the payout's key is the payout, whoever has written it
  coins_before_head,   // a payout's coins are marked as spent before the next payout is made
  registered_first,    // a transaction is registered for watchers before it is broadcast
  replacement_stored,  // a replacement is stored in its payout before it is broadcast
};

#ifdef ABC2_RULE_SWITCHES
// Not thread-safe: the explorer is one thread.
bool kept(Guard guard);
void set_kept(Guard guard, bool on);
#else
constexpr bool kept(Guard) { return true; }
#endif

}  // namespace abc2::bitcoin
