#include "sim/switches.hpp"

#include <algorithm>

#include "bitcoin/guards.hpp"
#include "journal/rules.hpp"
#include "market/guards.hpp"

namespace abc2::sim {
namespace {

using journal::Rule;
using market::Guard;
using Bitcoin = bitcoin::Guard;

template <class What>
Switch make(std::string name, What rule, std::string what, std::vector<std::string> found_in) {
  return {std::move(name), std::move(what), [rule](bool on) { set_kept(rule, on); }, std::move(found_in)};
}

// One that commits do not make needless.
Switch with_commits(Switch made) {
  made.in_commits = true;
  return made;
}

}  // namespace

const std::vector<Switch>& switches() {
  static const std::vector<Switch> all{
      with_commits(make("R1", Rule::r1_attempts,
                        "a hold and its slot carry the same attempt, and only that attempt is charged", {"two-tabs"})),
      make("R2", Rule::r2_read_again, "a rejected CAS is read again and decided again", {"credit-during-purchase"}),
      make("R3", Rule::r3_decide_at_key, "an undecided attempt ends only by a decision at its slot's key",
           {"login-during-purchase"}),
      with_commits(make("R4", Rule::r4_unknown_fill, "an unknown fill is decided as in R3", {"login-during-purchase"})),
      make("R5", Rule::r5_debit_first, "the campaign advances only after the debit was seen", {"race"}),
      make("R6", Rule::r6_balance_first, "a credit reads the balance first", {"two-crediters"}),
      with_commits(make("R7", Rule::r7_never_deleted, "what proves a decision is never deleted", {"housekeeping"})),
      make("R8", Rule::r8_hold_is_seen, "a purchase is refused while a hold is there", {"two-tabs"}),
      make("R9", Rule::r9_echo, "a rejection may be the echo of our own write", {"echoes"}),
      with_commits(make("holder-counts", Rule::holder_counts,
                        "a slot is an attempt's only if its buyer is the one who holds", {"race-of-twins"})),
      make("own-lock-version", Rule::own_lock_version, "the debit is written on the very version that the lock made",
           {"credit-during-purchase"}),
      make("own-lock-whole", Rule::own_lock_whole,
           "a lock found after its echo is built on only if nothing else changed", {"echo-and-credit"}),
      make("receipt-read-again", Rule::receipt_read_again,
           "nobody is said to be uncharged before the receipt is read again", {"race"}),
      with_commits(make("advance-by-one", Rule::advance_by_one, "a campaign goes from n-1 to n once", {"race"})),
      make("pending-first", Rule::pending_first, "a credit finishes what is pending before it places its own",
           {"two-deposits"}),
      make("pending-compared", Rule::pending_compared, "only the promise that was fulfilled is dropped",
           {"two-deposits"}),
      with_commits(make("list-same-number", Rule::list_same_number, "an addition keeps its number until it is decided",
                        {"two-campaigns"})),
      with_commits(
          make("list-looks-back", Rule::list_looks_back, "a repeated addition finds itself", {"same-ad-twice"})),
      make("fresh-attempts", Guard::fresh_attempts, "each try to buy is an attempt of its own", {"same-request-twice"}),
      with_commits(make("first-slot-answers", Guard::first_slot_answers,
                        "a request is answered by the first slot that is not void", {"same-request-twice"})),
      make("refusal-looks", Guard::refusal_looks,
           "nobody is refused for lack of what this very request has bought a moment ago", {"asked-again"}),
      with_commits(make("highest-price", Guard::highest_price, "nothing is sold above what the buyer accepts",
                        {"race-for-price"})),
      with_commits(
          make("time-goes-on", Guard::time_goes_on, "the times of a campaign's sales never run backwards", {"clocks"})),
      make("collected-grows", Guard::collected_grows, "what a campaign says was collected never falls",
           {"collecting-earnings"}),
      make("one-fees-account", Guard::one_fees_account, "one account gets the fees for ever", {"collecting-fees"}),
      make("moves-counted", Guard::moves_counted, "each change of the ledger for a deposit of bitcoin is marked once",
           {"bitcoin-deposit"}),
      make("script-first", Bitcoin::script_first, "watchers know a script before its address is shown",
           {"two-addresses"}),
      make("entry-decides", Bitcoin::entry_decides, "an index is the user's who stands under its key",
           {"two-addresses"}),
      make("later-step-stays", Bitcoin::later_step_stays,
           "what a later step along the chain has said is not overwritten by an earlier one", {"reorganisation"}),
      make("matures-as-placed", Bitcoin::matures_as_placed,
           "a deposit is due only as the block that is confirmed has placed it", {"reorganisation"}),
      make("head-first", Bitcoin::head_first, "a payout's number is read before what it is made of", {"two-payouts"}),
      make("claim-first", Bitcoin::claim_first, "a withdrawal cannot be cancelled any more before a payout has it",
           {"payout-cancelled"}),
      make("payout-read-back", Bitcoin::payout_read_back, "what stands under the payout's key is the payout",
           {"two-payouts"}),
      make("coins-before-head", Bitcoin::coins_before_head, "coins are marked as spent before the next payout is made",
           {"two-payouts"}),
      make("registered-first", Bitcoin::registered_first, "watchers know a transaction before it is broadcast",
           {"bump"}),
      make("replacement-stored", Bitcoin::replacement_stored, "a replacement is stored before it is broadcast",
           {"bump"}),
  };
  return all;
}

const Switch* find_switch(const std::string& name) {
  const auto found = std::ranges::find(switches(), name, &Switch::name);
  return found == switches().end() ? nullptr : &*found;
}

}  // namespace abc2::sim
