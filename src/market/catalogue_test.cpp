// How the catalogue learns of what the store holds, and of what this node and others do.
#include "market/catalogue.hpp"

#include <gtest/gtest.h>

#include "market/test_lab.hpp"
#include "market/test_town.hpp"
#include "market/test_world.hpp"

namespace abc2::market {
namespace {

using test::kCampaign;
using testing::fails;
using testing::run;

Campaign campaign_of(std::string title) {
  Campaign campaign;
  campaign.title = std::move(title);
  campaign.page = "https://example.org/";
  campaign.width_px = 300;
  campaign.height_px = 250;
  campaign.floor = Satoshi(1000);
  campaign.slot_length_ms = 3'600'000;
  return campaign;
}

struct CatalogueTest : ::testing::Test {
  testing::World world;
  store::FaultyStore faulty{world.memory, world.runtime};
  Catalogue catalogue{faulty, world.runtime};

  void put(std::uint64_t number, const std::string& title) {
    world.put(keys::campaign("sue", number), campaign_of(title));
  }
  void add(const store::Key& key, const store::Value& value) {
    EXPECT_EQ(run(world.real.add(key, value)).kind(), store::WriteOutcome::Kind::applied);
  }
  std::uint64_t found(const std::string& text) { return run(catalogue.find({.text = text})).found; }
  // Lets it run for so many of its pauses.
  void run_for(std::size_t pauses, std::size_t per_second = 100) {
    world.runtime.stop = false;
    const std::function<void()> count = [&] {
      if (--pauses == 0) {
        world.runtime.stop = true;
      } else {
        world.runtime.on_sleep = count;
      }
    };
    world.runtime.on_sleep = count;
    runtime::run_blocking(catalogue.run(per_second));
    world.runtime.on_sleep = nullptr;
  }
};

TEST_F(CatalogueTest, KnowsEverythingOnceItHasLookedAtEverything) {
  for (std::uint64_t n = 1; n <= 300; ++n) put(n, "River " + std::to_string(n));
  EXPECT_EQ(found("river"), 0u);
  EXPECT_FALSE(run(catalogue.find({})).complete);
  run_for(3);
  const auto partly = run(catalogue.find({.text = "river"}));
  EXPECT_GT(partly.found, 0u) << "it serves while it is looking";
  EXPECT_FALSE(partly.complete);
  run_for(100);
  const auto page = run(catalogue.find({.text = "river", .limit = 7}));
  EXPECT_TRUE(page.complete);
  EXPECT_EQ(page.found, 300u);
  ASSERT_EQ(page.campaigns.size(), 7u);
  EXPECT_TRUE(page.campaigns[0].campaign.title.starts_with("River"));
  EXPECT_FALSE(page.next.empty());
  ASSERT_EQ(page.sizes.size(), 1u);
  EXPECT_EQ(page.sizes[0].campaigns, 300u);
}

TEST_F(CatalogueTest, PassesOverWhatCannotBeRead) {
  put(1, "River");
  put(3, "River");
  add(keys::campaign("sue", 2), "{\"schema\":1,\"title\":7}");
  add(keys::campaign("sue", 4), "{\"schema\":99}");
  add("campaign/no-number", store::encode(campaign_of("River")));
  run(catalogue.catch_up());
  EXPECT_EQ(found("river"), 2u);
  EXPECT_EQ(catalogue.counts().unreadable, 3u);
  // One that became unreadable is known, and left out of the answer.
  const auto now = run(world.real.get(keys::campaign("sue", 1)));
  EXPECT_EQ(run(world.real.replace(keys::campaign("sue", 1), now->version, "nonsense")).kind(),
            store::WriteOutcome::Kind::applied);
  EXPECT_EQ(run(catalogue.find({.text = "river"})).campaigns.size(), 1u);
}

TEST_F(CatalogueTest, AStoreThatFailsIsAnErrorOfTheSearchAndPassesInTheScan) {
  put(1, "River");
  run(catalogue.catch_up());
  faulty.arm({.fault = store::Fault::error, .times = store::FaultRule::always});
  EXPECT_EQ(fails(catalogue.find({.text = "river"})), Code::unavailable);
  EXPECT_EQ(fails(catalogue.catch_up()), Code::unavailable);
  EXPECT_EQ(fails(catalogue.find({.text = std::string(1000, 'a')})), Code::invalid_argument);
  const auto before = marks::reached("catalogue: a scan failed");
  run_for(5);
  EXPECT_GT(marks::reached("catalogue: a scan failed"), before);
  faulty.heal();
  put(2, "River");
  run_for(50);
  EXPECT_EQ(found("river"), 2u);
}

TEST_F(CatalogueTest, TheScanFindsWhatNobodyTellsOf) {
  for (std::uint64_t n = 1; n <= 50; ++n) put(n, "River");
  run(catalogue.catch_up());
  put(17, "Chess");
  put(51, "Chess");
  EXPECT_EQ(found("chess"), 0u);
  // A tenth of 100 at each pause, and a breath; at each tenth pause on a store that nobody else writes to.
  run_for(faulty.exclusive() ? 400 : 40, 100);
  EXPECT_EQ(found("chess"), 2u);
  EXPECT_EQ(found("river"), 49u);
  EXPECT_EQ(catalogue.counts().reads, 0u);
}

TEST_F(CatalogueTest, WhatIsTouchedIsReadWithinMomentsAndAgainLater) {
  for (std::uint64_t n = 1; n <= 50; ++n) put(n, "River");
  run(catalogue.catch_up());
  for (int i = 0; i < 100; ++i) catalogue.touch(keys::campaign("sue", 50));
  catalogue.touch("balance/sue");
  EXPECT_EQ(catalogue.counts().waiting, 1u);
  put(50, "Chess");
  run_for(6, 10);  // the scan would come by only much later
  EXPECT_EQ(found("chess"), 1u);
  EXPECT_EQ(catalogue.counts().reads, 1u) << "it was said a hundred times";
  // What had begun when it was touched may end seconds later.
  put(50, "Books");
  run_for(60, 10);
  EXPECT_EQ(catalogue.counts().reads, 2u);
  put(50, "Gardens");
  run_for(300, 1);
  EXPECT_EQ(catalogue.counts().reads, 3u);
  EXPECT_EQ(found("gardens"), 1u);
  EXPECT_EQ(catalogue.counts().waiting, 0u);
}

TEST_F(CatalogueTest, ACampaignInUseAllTheTimeIsReadOnceASecond) {
  put(1, "River");
  run(catalogue.catch_up());
  const Time begin = world.runtime.time;
  while (world.runtime.time < begin + std::chrono::seconds(30)) {
    catalogue.touch(keys::campaign("sue", 1));
    run_for(3, 1);
  }
  EXPECT_GE(catalogue.counts().reads, 20u);
  EXPECT_LE(catalogue.counts().reads, 32u);
}

TEST_F(CatalogueTest, TellsOfWhatWasTakenHereLately) {
  for (std::uint64_t n = 1; n <= Catalogue::told_most + 10; ++n)
    catalogue.taken(keys::campaign("sue", n), campaign_of("River"));
  catalogue.taken(keys::campaign("sue", 200), campaign_of("Chess"));
  const auto keys = catalogue.taken_here();
  ASSERT_EQ(keys.size(), Catalogue::told_most);
  EXPECT_EQ(keys[0], keys::campaign("sue", 200));
  EXPECT_EQ(keys[1], keys::campaign("sue", Catalogue::told_most + 10));
  EXPECT_EQ(std::ranges::count(keys, keys[0]), 1);
  world.runtime.time += std::chrono::seconds(11);
  EXPECT_TRUE(catalogue.taken_here().empty());
}

// ------------------------------------------------------------------------------------------------ as part of a market

TEST(CatalogueOfAMarket, KnowsAtOnceWhatIsMadeAndChangedHere) {
  test::Tools tools;
  engines::TestStore memory(tools.runtime);
  test::fill(memory, test::new_town(tools));
  test::Node node(tools, memory);
  node.run(node.market.catalogue.catch_up());
  CampaignDraft draft;
  draft.title = "Gardens";
  draft.page = "https://example.org/page";
  draft.width_px = draft.height_px = 100;
  draft.floor = Satoshi(500);
  const auto number = node.run(node.market.campaigns.create("sue", draft));
  const auto found = [&](const char* text) { return node.run(node.market.catalogue.find({.text = text})).found; };
  EXPECT_EQ(found("gardens"), 1u);
  node.run(node.market.campaigns.change("sue", number, {.title = "Bees"}));
  EXPECT_EQ(found("gardens"), 0u);
  EXPECT_EQ(found("bees"), 1u);
}

TEST(CatalogueOfAMarket, LearnsFromHeartbeatsWhatOtherNodesMakeAndSell) {
  test::Tools tools;
  engines::TestStore memory(tools.runtime);
  test::fill(memory, test::new_town(tools));
  test::Node here(tools, memory), there(tools, memory);
  here.run(here.market.catalogue.catch_up());
  const auto waits_after_a_beat = [&] {
    there.run(there.market.nodes.round());
    here.run(here.market.nodes.round());
    return here.market.catalogue.counts().waiting;
  };
  EXPECT_EQ(waits_after_a_beat(), 0u);
  CampaignDraft draft;
  draft.title = "Gardens";
  draft.page = "https://example.org/page";
  draft.width_px = draft.height_px = 100;
  draft.floor = Satoshi(500);
  there.run(there.market.campaigns.create("sue", draft));
  EXPECT_EQ(waits_after_a_beat(), 1u) << "a campaign that was made counts as in use";
  EXPECT_EQ(there.market.recoverer.in_use(), 0u) << "not for the recoverer of that node";
  there.run(there.market.purchases.buy(test::order("ann", 1, 7)));
  EXPECT_EQ(waits_after_a_beat(), 2u) << "a campaign that is bought";
  EXPECT_EQ(there.market.catalogue.counts().waiting, 1u) << "of the purchase; what was made here is known";
}

}  // namespace
}  // namespace abc2::market
