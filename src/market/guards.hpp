// The guards that the market adds to the protocol's rules (journal/rules.hpp), by name, where the code asks for them.
// As there, only a build for the explorer (ABC2_RULE_SWITCHES) can switch one off.
#pragma once
#include <cstdint>

namespace abc2::market {

enum class Guard : std::uint8_t {
  fresh_attempts,      // each try to buy is an attempt of its own, whatever the request
  first_slot_answers,  // a request is answered by the first slot from its number on that is not void, for ever
  refusal_looks,       // nobody is refused for lack of what this very request has bought a moment ago
  highest_price,       // nothing is sold above what the buyer accepts
  time_goes_on,        // the times of a campaign's sales never run backwards, whatever a clock says
  collected_grows,     // what a campaign says was collected never falls
  one_fees_account,    // one account gets the fees for ever: one holder for what is due by one document
  moves_counted,       // each change of the ledger for a deposit of bitcoin has its number, and is marked once
};

#ifdef ABC2_RULE_SWITCHES
// Not thread-safe: the explorer is one thread.
bool kept(Guard guard);
void set_kept(Guard guard, bool on);
#else
constexpr bool kept(Guard) { return true; }
#endif

}  // namespace abc2::market
