// For the market's tests: a small market with a past.
#pragma once
#include "market/test_lab.hpp"

namespace abc2::market::test {

inline const store::Key kCampaign = keys::campaign("sue", 1);

// The seller sue with a campaign of floor 1000, and the buyers ann and bob with money and an ad each.
inline Documents new_town(Tools& tools) {
  engines::TestStore memory(tools.runtime);
  Node node(tools, memory);
  for (const char* user : {"ann", "bob", "sue", "opa"})
    node.run(node.market.accounts.register_user(user, Secret::of("a long password")));
  for (const char* user : {"ann", "bob"}) {
    node.run(node.market.money.fund(std::string("seed-") + user, user, Satoshi(1'000'000'000'000)));
    node.run(node.market.fillers.create(user, {uuid(1), small_image(), "https://example.org/", "Come in", "books"}));
  }
  CampaignDraft draft;
  draft.attempt = uuid(2);
  draft.title = "Top of the page";
  draft.page = "https://example.org/page";
  draft.width_px = draft.height_px = 100;
  draft.floor = Satoshi(1000);
  node.run(node.market.campaigns.create("sue", draft));
  return dump(memory);
}

// The next slot of sue's campaign is held by `user`, whose process died after its lock.
inline void leave_hold(Documents& town, Tools& tools, const std::string& user, unsigned request) {
  engines::TestStore memory(tools.runtime);
  fill(memory, town);
  store::FaultyStore dying(memory, tools.runtime);
  dying.crash_at_write(1, store::Crash::after);
  Node node(tools, dying);
  const std::uint64_t next = document<Campaign>(town, kCampaign).last + 1;
  if (run_until_crash(dying, node.market.purchases.buy(order(user, next, request))))
    throw std::runtime_error("the purchase ran through");
  town = dump(memory);
}

// The town after 20 purchases by ann, and three by bob with a void before them; earnings were collected twice and fees
// once, each before the end. ann's ledger has a page.
inline Documents old_town(Tools& tools) {
  Documents town = new_town(tools);
  std::uint64_t next = 1;
  const auto live = [&](auto&& act) {
    engines::TestStore memory(tools.runtime);
    fill(memory, town);
    Node node(tools, memory);
    act(node);
    town = dump(memory);
  };
  live([&](Node& node) {
    for (; next <= 10; ++next) node.run(node.market.purchases.buy(order("ann", next, 100)));
    node.run(node.market.money.collect_earnings("sue", 1));
    for (; next <= 20; ++next) node.run(node.market.purchases.buy(order("ann", next, 100)));
    node.run(node.market.money.collect_fees("opa"));
    node.run(node.market.money.collect_earnings("sue", 1));
  });
  leave_hold(town, tools, "bob", 200);
  live([&](Node& node) {
    if (node.run(node.market.recover_now(Time::max())) != 0) throw std::runtime_error("could not be repaired");
    for (next = 22; next <= 24; ++next) node.run(node.market.purchases.buy(order("bob", next, 300)));
  });
  return town;
}

}  // namespace abc2::market::test
