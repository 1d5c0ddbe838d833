#include "sim/node.hpp"
#include "sim/scenarios.hpp"

namespace abc2::sim {
namespace {

Scenario scenario(std::string name, std::string about, Budget budget, Budget longer, std::uint64_t least_states) {
  Scenario made;
  made.name = std::move(name);
  made.about = std::move(about);
  made.budget = budget;
  made.longer = longer;
  made.in_commits = longer;
  made.least_states = least_states;
  made.recovery = recover_all;
  has_campaign(made);
  return made;
}

Scenario race() {
  Scenario s = scenario("race", "Two buyers want the same slot, and the recoverer comes by.", {1, 1, 0, 0, 0},
                        {2, 2, 0, 0, 0}, 427034);
  has_buyer(s, "a", 25);
  has_buyer(s, "b", 25);
  add(s, buys(s, "A", order("a", "ra")));
  add(s, buys(s, "B", order("b", "rb")));
  add(s, recovers());
  return s;
}

Scenario two_tabs() {
  Scenario s = scenario("two-tabs", "One buyer buys in two tabs, and the recoverer comes by.", {2, 0, 0, 0, 0},
                        {1, 1, 0, 0, 0}, 247137);
  has_buyer(s, "a", 35);
  add(s, buys(s, "tab 1", order("a", "r1")));
  add(s, buys(s, "tab 2", order("a", "r2")));
  add(s, recovers());
  return s;
}

Scenario login_during_purchase() {
  Scenario s = scenario("login-during-purchase", "A buyer logs in elsewhere while the purchase is under way.",
                        {1, 1, 0, 0, 0}, {2, 1, 0, 0, 0}, 498112);
  has_buyer(s, "a", 25);
  add(s, buys(s, "A", order("a", "ra")));
  add(s, logs_in("a"));
  add(s, recovers());
  return s;
}

Scenario credit_during_purchase() {
  Scenario s = scenario("credit-during-purchase", "Money comes in while the purchase is under way.", {1, 1, 0, 0, 0},
                        {2, 1, 0, 0, 0}, 1032650);
  has_buyer(s, "a", 25);
  has_deposit(s, "d", "a", 5);
  add(s, buys(s, "A", order("a", "ra")));
  add(s, credits("crediter", "d", "a"));
  add(s, recovers());
  return s;
}

Scenario race_of_twins() {
  Scenario s =
      scenario("race-of-twins", "Two buyers on two nodes that draw the same random numbers, as copied machines may.",
               {1, 1, 0, 0, 0}, {2, 1, 0, 0, 0}, 2087225);
  has_buyer(s, "a", 25);
  has_buyer(s, "b", 25);
  add(s, buys(s, "A", order("a", "ra")));
  add(s, buys(s, "B", order("b", "rb")));
  s.actors[1].seed = s.actors[0].seed;
  add(s, logs_in("b"));
  return s;
}

Scenario race_for_price() {
  Scenario s = scenario("race-for-price", "The second buyer wants the second slot, for the price of the first only.",
                        {1, 1, 0, 0, 0}, {2, 1, 0, 0, 0}, 510575);
  has_buyer(s, "a", 25);
  has_buyer(s, "b", 25);
  add(s, buys(s, "A", order("a", "ra")));
  market::Order second = order("b", "rb", 2);
  second.highest_price = Satoshi(floor_sat);
  add(s, buys(s, "B", second));
  add(s, recovers());
  return s;
}

Scenario echoes() {
  Scenario s = scenario("echoes", "A race in which the store reports the rejection of a write that it has applied.",
                        {1, 0, 2, 0, 0}, {1, 1, 2, 0, 0}, 100002);
  has_buyer(s, "a", 25);
  has_buyer(s, "b", 25);
  add(s, buys(s, "A", order("a", "ra")));
  add(s, buys(s, "B", order("b", "rb")));
  add(s, recovers());
  return s;
}

Scenario echo_and_credit() {
  Scenario s = scenario("echo-and-credit", "Money comes in while the buyer looks whether a rejection was an echo.",
                        {1, 0, 1, 0, 0}, {1, 1, 1, 0, 0}, 363106);
  has_buyer(s, "a", 25);
  has_deposit(s, "d", "a", 5);
  add(s, buys(s, "A", order("a", "ra")));
  add(s, credits("crediter", "d", "a"));
  add(s, recovers());
  return s;
}

Scenario errors() {
  Scenario s =
      scenario("errors", "The store fails now and then, and says so.", {1, 0, 0, 1, 0}, {1, 0, 0, 2, 0}, 372383);
  has_buyer(s, "a", 25);
  has_buyer(s, "b", 25);
  add(s, buys(s, "A", order("a", "ra"), 2));
  add(s, buys(s, "B", order("b", "rb")));
  add(s, recovers());
  return s;
}

Scenario meets_a_void() {
  Scenario s = scenario("meets-a-void", "The next slot is void, and nobody has passed it yet.", {2, 0, 0, 0, 0},
                        {1, 1, 0, 0, 0}, 173439);
  has_buyer(s, "a", 25);
  has_buyer(s, "b", 45);
  has_void(s, 1);
  add(s, buys(s, "A", order("a", "ra")));
  add(s, buys(s, "B", order("b", "rb")));
  add(s, recovers());
  return s;
}

Scenario two_recoverers() {
  Scenario s = scenario("two-recoverers", "Two recoverers find what a crash left, while somebody buys the next slot.",
                        {1, 1, 0, 0, 0}, {2, 1, 0, 0, 0}, 2429545);
  has_unsettled_sale(s, "a", 25);
  has_buyer(s, "b", 45);
  add(s, recovers("recoverer 1"));
  add(s, recovers("recoverer 2"));
  add(s, buys(s, "B", order("b", "rb", 2)));
  return s;
}

Scenario sweep_beside_driver() {
  Scenario s = scenario("sweep-beside-driver", "The sweep comes by, and thinks that a hold is old whose driver lives.",
                        {2, 0, 0, 0, 0}, {1, 1, 0, 0, 0}, 782945);
  has_buyer(s, "a", 25);
  add(s, buys(s, "A", order("a", "ra")));
  add(s, sweeps());
  add(s, recovers());
  return s;
}

Scenario same_request_twice() {
  Scenario s = scenario("same-request-twice", "One request arrives twice at once, and the buyer logs in.",
                        {2, 0, 0, 0, 0}, {1, 1, 0, 0, 0}, 193840);
  has_buyer(s, "a", 45);
  add(s, buys(s, "A", order("a", "ra")));
  add(s, buys(s, "A again", order("a", "ra")));
  add(s, recovers());
  return s;
}

// Alone: what is settled behind the answer is company enough, and anybody else multiplies it beyond all patience.
Scenario asked_again() {
  Scenario s =
      scenario("asked-again", "A buyer whose money is just enough is told that the slot is theirs, and asks again.",
               {1, 1, 0, 0, 0}, {2, 1, 0, 0, 0}, 30225);
  has_buyer(s, "a", floor_sat);
  add(s, buys_and_asks_again(s, "A", order("a", "ra")));
  return s;
}

Scenario resume() {
  Scenario s = scenario("resume", "The buyer asks again and again until it is known, and logs in elsewhere.",
                        {1, 1, 0, 0, 0}, {1, 2, 0, 0, 0}, 518363);
  has_buyer(s, "a", 45);
  add(s, buys(s, "A", order("a", "ra"), 3));
  add(s, logs_in("a"));
  add(s, recovers());
  return s;
}

Scenario clocks() {
  Scenario s =
      scenario("clocks", "Two buyers buy two slots, and clocks jump.", {1, 0, 0, 0, 1}, {1, 1, 0, 0, 1}, 4823412);
  has_buyer(s, "a", 25);
  has_buyer(s, "b", 45);
  s.jumps = {std::chrono::hours(-1), std::chrono::hours(36)};
  add(s, buys(s, "A", order("a", "ra")));
  add(s, buys(s, "B", order("b", "rb", 2)));
  add(s, recovers());
  return s;
}

}  // namespace

std::vector<Scenario> purchase_scenarios() {
  return {race(),
          two_tabs(),
          login_during_purchase(),
          credit_during_purchase(),
          race_of_twins(),
          race_for_price(),
          echoes(),
          echo_and_credit(),
          errors(),
          meets_a_void(),
          two_recoverers(),
          sweep_beside_driver(),
          same_request_twice(),
          asked_again(),
          resume(),
          clocks()};
}

}  // namespace abc2::sim
