// A made-up market is one that could have come about: the audit says so, and it can be bought in.
#include "cli/made_market.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/bench_load.hpp"
#include "cli/node.hpp"
#include "engines/memory/memory_store.hpp"
#include "market/keys.hpp"
#include "store/single_documents.hpp"

namespace abc2::cli {
namespace {

namespace keys = market::keys;
using ::testing::HasSubstr;

std::unique_ptr<Node> open(bool steps = false) {
  NodeSettings settings;
  settings.store = "memory:";
  settings.threads = 1;
  settings.steps = steps;
  settings.password_cost = market::Argon2Hasher::Cost::minimum;
  auto opened = Node::open(settings);
  EXPECT_TRUE(opened.has_value());
  return std::move(opened).value();
}

std::string text(const market::AuditReport& report) {
  std::string lines;
  for (const auto& finding : report.findings) lines += finding.document + ": " + finding.what + "\n";
  return lines;
}

template <store::Document T>
T read(Node& node, store::Key key) {
  return node.run(store::get_existing<T>(node.store(), key, key + " is not there")).value().value;
}

void expect_sound(MarketSize size, bool steps) {
  SCOPED_TRACE(std::to_string(size.accounts) + " accounts, " + std::to_string(size.campaigns) + " campaigns, " +
               std::to_string(size.slots) + " slots");
  const auto node = open(steps);
  const MadeMarket made(size, node->runtime().now());
  const auto loaded = node->run(load_market(node->store(), node->runtime(), &made));
  ASSERT_TRUE(loaded) << loaded.error().message();
  const auto report = node->run(node->market().audit.look()).value();
  EXPECT_EQ(text(report), "");
  EXPECT_EQ(report.accounts, size.accounts);
  EXPECT_EQ(report.campaigns, size.campaigns);
  EXPECT_EQ(report.slots_sold, size.slots);
  EXPECT_EQ(report.in_flight, 0u);
  EXPECT_EQ(report.documents + 1, loaded.value().documents) << "all but the image are books";
  // There is nothing to be repaired, either.
  const auto left = node->run(node->market().recover_now(Time::max()));
  EXPECT_EQ(left.value(), 0u);
}

TEST(MadeMarket, IsSoundWhateverItsSize) {
  expect_sound({.accounts = 40, .campaigns = 31, .slots = 5'003}, false);  // several slots for each, unevenly
  expect_sound({.accounts = 300, .campaigns = 7, .slots = 140}, false);    // not one purchase for each account
  expect_sound({.accounts = 2, .campaigns = 3, .slots = 2}, false);        // not one slot for each campaign
  expect_sound({.accounts = 5, .campaigns = 1, .slots = 0}, false);
}

TEST(MadeMarket, GoesIntoAStoreWithoutCommits) { expect_sound({.accounts = 9, .campaigns = 12, .slots = 700}, true); }

TEST(MadeMarket, TheLastAccountHasALongLedger) {
  const auto node = open();
  const MadeMarket made({.accounts = 10, .campaigns = 10, .slots = 5'000}, node->runtime().now());
  ASSERT_TRUE(node->run(load_market(node->store(), node->runtime(), &made)));
  const auto balance = read<market::Balance>(*node, keys::balance(MadeMarket::user(9)));
  EXPECT_EQ(balance.pages * limits::ledger_page + balance.recent.size(), 1u + 50u);
  EXPECT_GT(balance.pages, 0u);
  EXPECT_EQ(balance.recent.back().after, balance.money);
}

TEST(MadeMarket, IsBoughtIn) {
  const auto node = open();
  const MadeMarket made({.accounts = 20, .campaigns = 15, .slots = 301}, node->runtime().now());
  ASSERT_TRUE(node->run(load_market(node->store(), node->runtime(), &made)));
  auto [seller, number] = MadeMarket::place(14);
  EXPECT_EQ(seller, MadeMarket::user(1));
  market::Order order{
      MadeMarket::user(7),           seller, number, made.slots_of(14) + 1, runtime::random_uuid(node->runtime()), 1,
      Satoshi(limits::price_max_sat)};
  const auto bought = node->run(node->market().purchases.buy(order));
  ASSERT_TRUE(bought) << bought.error().message();
  EXPECT_EQ(bought.value().slot, order.slot);
  EXPECT_TRUE(node->wait_idle(Milliseconds(60'000)));
  EXPECT_EQ(text(node->run(node->market().audit.look()).value()), "");
}

TEST(MadeMarket, TheKeyOfAnAccountIsGood) {
  const auto node = open();
  const MadeMarket made({.accounts = 3, .campaigns = 1, .slots = 0}, node->runtime().now());
  ASSERT_TRUE(node->run(load_market(node->store(), node->runtime(), &made)));
  const auto who = node->run(node->market().accounts.authenticate(MadeMarket::token(2)));
  ASSERT_TRUE(who) << who.error().message();
}

TEST(MadeMarket, IsRefusedWhereItCannotBe) {
  const auto node = open();
  const auto load = [&](MarketSize size) {
    const MadeMarket made(size, node->runtime().now());
    return node->run(load_market(node->store(), node->runtime(), &made));
  };
  EXPECT_EQ(load({.accounts = 1, .campaigns = 1, .slots = 0}).error().code(), Code::invalid_argument);
  EXPECT_EQ(load({.accounts = 2, .campaigns = 0, .slots = 0}).error().code(), Code::invalid_argument);
  EXPECT_EQ(load({.accounts = 2, .campaigns = 21, .slots = 0}).error().code(), Code::invalid_argument);
  ASSERT_TRUE(load({.accounts = 2, .campaigns = 20, .slots = 0}));
  const auto again = load({.accounts = 2, .campaigns = 20, .slots = 0});
  EXPECT_EQ(again.error().code(), Code::conflict);
  EXPECT_THAT(again.error().message(), HasSubstr("not empty"));
}

}  // namespace
}  // namespace abc2::cli
