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
  return made;
}

std::string attempt(int which) { return "00000000-0000-4000-8000-00000000000" + std::to_string(which); }

Scenario two_crediters() {
  Scenario s =
      scenario("two-crediters", "Three nodes credit the same deposit.", {1, 1, 0, 0, 0}, {2, 2, 0, 0, 0}, 735473);
  has_account(s, "a", 0);
  has_deposit(s, "d", "a", 5);
  for (const char* name : {"crediter 1", "crediter 2", "crediter 3"}) add(s, credits(name, "d", "a"));
  return s;
}

Scenario two_deposits() {
  Scenario s = scenario("two-deposits", "Two deposits of one account are credited by three nodes.", {2, 0, 0, 0, 0},
                        {1, 1, 0, 0, 0}, 1227480);
  has_account(s, "a", 0);
  has_deposit(s, "d", "a", 5);
  has_deposit(s, "e", "a", 7);
  add(s, credits("crediter of d", "d", "a"));
  add(s, credits("other crediter of d", "d", "a"));
  add(s, credits("crediter of e", "e", "a"));
  return s;
}

Scenario crediting_echoes() {
  Scenario s = scenario("crediting-echoes", "Three nodes credit the same deposit, and replies are echoes.",
                        {1, 0, 1, 0, 0}, {1, 1, 1, 0, 0}, 314310);
  has_account(s, "a", 0);
  has_deposit(s, "d", "a", 5);
  for (const char* name : {"crediter 1", "crediter 2", "crediter 3"}) add(s, credits(name, "d", "a"));
  return s;
}

Scenario housekeeping() {
  Scenario s = scenario("housekeeping", "The same credit is asked for twice, while somebody tidies up.",
                        {1, 1, 0, 0, 0}, {2, 2, 0, 0, 0}, 98550);
  has_account(s, "a", 0);
  add(s, funds("operator", "d", "a", 5));
  add(s, funds("operator again", "d", "a", 5));
  add(s, cleans_up());
  s.expected.removes = true;
  return s;
}

Scenario collecting_earnings() {
  Scenario s = scenario("collecting-earnings", "A seller collects twice while a sale is being settled.",
                        {1, 1, 0, 0, 0}, {2, 1, 0, 0, 0}, 1459842);
  has_campaign(s);
  has_account(s, seller, 0);
  has_sale(s, "b", 10);
  has_unsettled_sale(s, "a", 25);
  add(s, collects_earnings("collector 1"));
  add(s, collects_earnings("collector 2"));
  add(s, recovers());
  return s;
}

Scenario collecting_fees() {
  Scenario s = scenario("collecting-fees", "Two operators collect the fees while a sale is being settled.",
                        {2, 1, 0, 0, 0}, {2, 2, 0, 0, 0}, 23030);
  has_campaign(s);
  has_account(s, "o", 0);
  has_account(s, "p", 0);
  has_sale(s, "b", 10);
  has_unsettled_sale(s, "a", 25);
  add(s, collects_fees("o"));
  add(s, collects_fees("p"));
  add(s, recovers());
  return s;
}

Scenario withdrawal() {
  Scenario s = scenario("withdrawal", "The same withdrawal is asked for twice, and cancelled.", {2, 0, 0, 0, 0},
                        {0, 1, 0, 0, 0}, 457871);
  has_account(s, "aa", 20);
  add(s, withdraws("request", "aa", attempt(1), 12));
  add(s, withdraws("request again", "aa", attempt(1), 12));
  add(s, cancels_withdrawal("cancellation", "aa", attempt(1)));
  return s;
}

Scenario withdrawal_unknown() {
  Scenario s = scenario("withdrawal-unknown", "A withdrawal is cancelled; writes are lost, late and echoed.",
                        {1, 1, 1, 0, 0}, {2, 2, 1, 0, 0}, 46151);
  has_account(s, "aa", 20);
  add(s, withdraws("request", "aa", attempt(1), 12));
  add(s, cancels_withdrawal("cancellation", "aa", attempt(1)));
  return s;
}

Scenario two_withdrawals() {
  Scenario s = scenario("two-withdrawals", "Two withdrawals and a credit of one account meet.", {2, 0, 0, 0, 0},
                        {1, 1, 0, 0, 0}, 2050815);
  has_account(s, "aa", 20);
  has_deposit(s, "d", "aa", 5);
  add(s, withdraws("first", "aa", attempt(1), 12));
  add(s, withdraws("second", "aa", attempt(2), 10));
  add(s, credits("crediter", "d", "aa"));
  return s;
}

Scenario registration() {
  Scenario s = scenario("registration", "Two people want the same name, and one of them logs in.", {2, 2, 0, 0, 0},
                        {2, 3, 1, 0, 0}, 12749);
  add(s, registers("X", "aa", "password-x"));
  add(s, registers("Y", "aa", "password-y"));
  add(s, logs_in_with("X's login", "aa", "password-x"));
  return s;
}

Scenario password_change() {
  Scenario s = scenario("password-change", "The password is changed twice and somebody logs in during a purchase.",
                        {2, 0, 0, 0, 0}, {1, 1, 0, 0, 0}, 775216);
  has_campaign(s);
  has_buyer(s, "aa", 25);
  has_password(s, "aa");
  add(s, buys(s, "A", order("aa", "ra")));
  add(s, changes_password("change", "aa", "password-x"));
  add(s, changes_password("other change", "aa", "password-y"));
  return s;
}

Scenario three_ads() {
  Scenario s = scenario("three-ads", "One user adds three ads at once.", {2, 0, 0, 0, 0}, {1, 1, 0, 0, 0}, 3044277);
  has_account(s, "aa", 0);
  add(s, adds_ad("tab 1", "aa", attempt(1)));
  add(s, adds_ad("tab 2", "aa", attempt(2)));
  add(s, adds_ad("tab 3", "aa", attempt(3)));
  return s;
}

Scenario same_ad_twice() {
  Scenario s = scenario("same-ad-twice", "One ad is added three times at once by the same request.", {1, 1, 0, 0, 0},
                        {2, 2, 0, 0, 0}, 900908);
  has_account(s, "aa", 0);
  add(s, adds_ad("request", "aa", attempt(1)));
  add(s, adds_ad("request again", "aa", attempt(1)));
  add(s, adds_ad("request once more", "aa", attempt(1)));
  return s;
}

Scenario two_campaigns() {
  Scenario s = scenario("two-campaigns", "One seller adds two campaigns at once, one of them by two requests.",
                        {1, 1, 0, 0, 0}, {2, 1, 0, 0, 0}, 486577);
  has_account(s, "ss", 0);
  add(s, adds_campaign("tab 1", "ss", attempt(1)));
  add(s, adds_campaign("tab 2", "ss", attempt(2)));
  add(s, adds_campaign("tab 2 again", "ss", attempt(2)));
  return s;
}

}  // namespace

std::vector<Scenario> money_scenarios() {
  return {two_crediters(),   two_deposits(), crediting_echoes(),   housekeeping(),   collecting_earnings(),
          collecting_fees(), registration(), password_change(),    three_ads(),      same_ad_twice(),
          two_campaigns(),   withdrawal(),   withdrawal_unknown(), two_withdrawals()};
}

std::vector<Scenario> all_scenarios() {
  std::vector<Scenario> all = purchase_scenarios();
  for (auto& scenario : money_scenarios()) all.push_back(std::move(scenario));
  for (auto& scenario : bitcoin_scenarios()) all.push_back(std::move(scenario));
  return all;
}

}  // namespace abc2::sim
