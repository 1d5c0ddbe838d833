#include "market/campaigns.hpp"

#include "market/test_images.hpp"
#include "market/test_world.hpp"

namespace abc2::market {
namespace {

using store::Crash;
using store::Fault;
using testing::attempt;
using testing::fails;
using testing::make_image;
using testing::run;

struct Node {
  explicit Node(testing::World& its) : world(its), faulty(its.memory, its.runtime) {}
  static CampaignDraft draft(unsigned number) {
    CampaignDraft draft;
    draft.attempt = attempt(number);
    draft.title = "Place " + std::to_string(number);
    draft.about = "Gardens\nand bees";
    draft.page = "https://example.org/garden";
    draft.width_px = 300;
    draft.height_px = 250;
    draft.refused_categories = {"gambling"};
    draft.floor = Satoshi(1000);
    return draft;
  }
  std::uint64_t make(unsigned number) { return run(campaigns.create("bob", draft(number))); }
  std::uint64_t last() {
    const auto list = world.read<CampaignList>("campaigns/bob");
    return list ? list->last : 0;
  }

  testing::World& world;
  store::FaultyStore faulty;
  PooledImageChecker checker{world.pool};
  ImageLibrary images{faulty, checker};
  Campaigns campaigns{faulty, world.runtime, images};
};

struct CampaignsTest : ::testing::Test {
  testing::World world;
  Node node{world};
  Campaigns& campaigns = node.campaigns;

  // Sells a slot, or voids it, as the journal would; `settled` advances the campaign.
  void sell(std::uint64_t number, Time from, Time to, bool settled = true) {
    Sale sale;
    sale.buyer = "alice";
    sale.request = attempt(static_cast<unsigned>(number));
    sale.filler = number;
    sale.price = Satoshi(1000);
    sale.bought_at = world.runtime.time;
    sale.starts_at = from;
    sale.ends_at = to;
    world.put(keys::slot(key, number), Slot{attempt(static_cast<unsigned>(number)), sale});
    if (settled) advance(number, sale);
  }
  void void_slot(std::uint64_t number, bool settled = true) {
    world.put(keys::slot(key, number), Slot{attempt(static_cast<unsigned>(number)), std::nullopt});
    if (settled) advance(number, std::nullopt);
  }
  void advance(std::uint64_t number, std::optional<Sale> sale) {
    Campaign campaign = *world.read<Campaign>(key);
    campaign.last = number;
    if (sale) campaign.last_sale = LastSale{sale->price, sale->bought_at, sale->starts_at, sale->ends_at};
    world.put(key, campaign);
  }
  Schedule refreshed(Schedule known) { return run(campaigns.refresh("bob", 1, std::move(known))); }

  const store::Key key = keys::campaign("bob", 1);
  const Time t0 = world.runtime.time;
  static constexpr auto hour = std::chrono::hours(1);
};

TEST_F(CampaignsTest, CreateAndGet) {
  EXPECT_EQ(node.make(1), 1u);
  EXPECT_EQ(node.make(2), 2u);
  const Campaign made = run(campaigns.get("bob", 2));
  EXPECT_EQ(made.title, "Place 2");
  EXPECT_EQ(made.about, "Gardens\nand bees");
  EXPECT_EQ(made.page, "https://example.org/garden");
  EXPECT_EQ(made.width_px, 300u);
  EXPECT_EQ(made.height_px, 250u);
  EXPECT_EQ(made.refused_categories, std::vector<std::string>{"gambling"});
  EXPECT_EQ(made.floor, Satoshi(1000));
  EXPECT_EQ(made.slot_length_ms, Milliseconds(std::chrono::hours(24)).count());
  EXPECT_EQ(made.last, 0u);
  EXPECT_EQ(made.earned, Satoshi(0));
  EXPECT_EQ(made.created_at, t0);
  for (const auto& [user, number] : {std::pair{"bob", 0u}, {"bob", 3u}, {"alice", 1u}, {"b/b", 1u}})
    EXPECT_EQ(fails(campaigns.get(user, number)), Code::not_found);
}

TEST_F(CampaignsTest, WhatIsWrongIsRefusedAndNothingIsWritten) {
  const auto refused = [&](auto change) {
    CampaignDraft draft = Node::draft(1);
    change(draft);
    return fails(campaigns.create("bob", draft)) == Code::invalid_argument;
  };
  EXPECT_TRUE(refused([](auto& draft) { draft.attempt = "x"; }));
  EXPECT_TRUE(refused([](auto& draft) { draft.title = " "; }));
  EXPECT_TRUE(refused([](auto& draft) { draft.about = "\x1b"; }));
  EXPECT_TRUE(refused([](auto& draft) { draft.page = "ftp://x/"; }));
  EXPECT_TRUE(refused([](auto& draft) { draft.refused_categories = {"a", "a"}; }));
  EXPECT_TRUE(refused([](auto& draft) { draft.width_px = 0; }));
  EXPECT_TRUE(refused([](auto& draft) { draft.height_px = limits::ad_side_pixels + 1; }));
  EXPECT_TRUE(refused([](auto& draft) { draft.floor = Satoshi(0); }));
  EXPECT_TRUE(refused([](auto& draft) { draft.floor = Satoshi(-5); }));
  EXPECT_TRUE(refused([](auto& draft) { draft.floor = Satoshi(limits::price_max_sat + 1); }));
  EXPECT_TRUE(refused([](auto& draft) { draft.slot_length = limits::slot_length_min - Milliseconds(1); }));
  EXPECT_TRUE(refused([](auto& draft) { draft.slot_length = limits::slot_length_max + Milliseconds(1); }));
  EXPECT_TRUE(refused([](auto& draft) { draft.fallback = Fallback{std::string(64, '0'), "https://a/", ""}; }));
  EXPECT_TRUE(refused([](auto& draft) { draft.fallback = Fallback{"x", "https://a/", ""}; }));
  EXPECT_TRUE(world.keys_of("").empty());
  // The bounds themselves are allowed.
  CampaignDraft least = Node::draft(1), most = Node::draft(2);
  least.floor = Satoshi(limits::floor_min_sat);
  least.slot_length = limits::slot_length_min;
  least.width_px = least.height_px = 1;
  most.floor = Satoshi(limits::price_max_sat);
  most.slot_length = limits::slot_length_max;
  most.width_px = most.height_px = limits::ad_side_pixels;
  EXPECT_EQ(run(campaigns.create("bob", least)), 1u);
  EXPECT_EQ(run(campaigns.create("bob", most)), 2u);
}

TEST_F(CampaignsTest, ARepeatedRequestMakesOneCampaign) {
  EXPECT_EQ(node.make(1), 1u);
  run(campaigns.change("bob", 1, {.title = "Another title"}));
  EXPECT_EQ(node.make(1), 1u) << "also after it was edited";
  EXPECT_EQ(run(campaigns.get("bob", 1)).title, "Another title");
  CampaignDraft other = Node::draft(1);
  other.floor = Satoshi(7);
  EXPECT_EQ(fails(campaigns.create("bob", other)), Code::conflict);
  EXPECT_EQ(node.last(), 1u);
}

TEST_F(CampaignsTest, Change) {
  node.make(1);
  sell(1, t0, t0 + hour);
  const StoredImage image = run(node.images.add(make_image("png")));
  const Fallback fallback{image.sha256, "https://example.org/", "Your ad here"};
  CampaignEdits edits;
  edits.title = "New";
  edits.about = "";
  edits.page = "https://example.org/other";
  edits.refused_categories = std::vector<std::string>{"a", "b"};
  edits.fallback = fallback;
  const Campaign changed = run(campaigns.change("bob", 1, edits));
  EXPECT_EQ(changed.title, "New");
  EXPECT_EQ(changed.about, "");
  EXPECT_EQ(changed.page, "https://example.org/other");
  EXPECT_EQ(changed.refused_categories, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(changed.fallback->image, image.sha256);
  EXPECT_EQ(changed.last, 1u);
  EXPECT_EQ(changed.floor, Satoshi(1000));
  CampaignEdits remove;
  remove.fallback = std::optional<Fallback>();
  const Campaign removed = run(campaigns.change("bob", 1, remove));
  EXPECT_FALSE(removed.fallback);
  EXPECT_EQ(removed.title, "New");

  EXPECT_EQ(fails(campaigns.change("bob", 1, {.title = ""})), Code::invalid_argument);
  EXPECT_EQ(fails(campaigns.change("bob", 1, {.page = "x"})), Code::invalid_argument);
  EXPECT_EQ(fails(campaigns.change("bob", 1, {.fallback = Fallback{std::string(64, '0'), "https://a/", ""}})),
            Code::invalid_argument);
  EXPECT_EQ(fails(campaigns.change("bob", 2, {.title = "New"})), Code::not_found);
}

TEST_F(CampaignsTest, ListsOfASellerAndOfAll) {
  for (unsigned n = 1; n <= 3; ++n) node.make(n);
  for (unsigned n = 1; n <= 2; ++n) run(campaigns.create("al", Node::draft(n)));
  const auto page = run(campaigns.list("bob", 0, 2));
  ASSERT_EQ(page.items.size(), 2u);
  EXPECT_EQ(page.items[0].number, 3u);
  EXPECT_EQ(page.items[1].number, 2u);
  EXPECT_TRUE(page.more);

  std::vector<std::string> seen;
  std::string cursor;
  do {
    const auto some = run(campaigns.list_all(cursor, 2));
    EXPECT_LE(some.campaigns.size(), 2u);
    for (const auto& one : some.campaigns) {
      seen.push_back(one.seller + "/" + std::to_string(one.number));
      EXPECT_EQ(one.campaign.title, "Place " + std::to_string(one.number));
    }
    cursor = some.next;
  } while (!cursor.empty());
  EXPECT_EQ(seen, (std::vector<std::string>{"al/1", "al/2", "bob/1", "bob/2", "bob/3"}));
  for (const char* bad : {"x", "bob/", "bob/1", "Bob/0000000001", "bob/000000000x", "/0000000001", "bob/0000000001/2"})
    EXPECT_EQ(fails(campaigns.list_all(bad, 2)), Code::invalid_argument) << bad;
}

TEST_F(CampaignsTest, Slots) {
  node.make(1);
  EXPECT_TRUE(run(campaigns.slots("bob", 1, 0, 10)).items.empty());
  EXPECT_EQ(fails(campaigns.slot("bob", 1, 1)), Code::not_found);
  sell(1, t0, t0 + hour);
  void_slot(2);
  sell(3, t0 + hour, t0 + 2 * hour);
  const auto numbers = [&](std::uint64_t before, std::size_t limit) {
    std::vector<std::pair<std::uint64_t, bool>> out;
    for (const auto& item : run(campaigns.slots("bob", 1, before, limit)).items)
      out.emplace_back(item.number, item.value.settled);
    return out;
  };
  using Numbers = std::vector<std::pair<std::uint64_t, bool>>;
  EXPECT_EQ(numbers(0, 10), (Numbers{{3, true}, {2, true}, {1, true}}));
  EXPECT_EQ(numbers(0, 1), (Numbers{{3, true}}));
  sell(4, t0 + 2 * hour, t0 + 3 * hour, false);
  EXPECT_EQ(numbers(0, 2), (Numbers{{4, false}, {3, true}}));
  EXPECT_EQ(numbers(3, 2), (Numbers{{2, true}, {1, true}}));
  EXPECT_TRUE(run(campaigns.slots("bob", 1, 3, 1)).more);
  EXPECT_FALSE(run(campaigns.slots("bob", 1, 2, 1)).more);
  EXPECT_TRUE(run(campaigns.slot("bob", 1, 2)).voided());
  EXPECT_EQ(run(campaigns.slot("bob", 1, 4)).sale->filler, 4u);
  EXPECT_EQ(fails(campaigns.slots("bob", 2, 0, 10)), Code::not_found);
  advance(6, std::nullopt);
  EXPECT_EQ(fails(campaigns.slots("bob", 1, 0, 10)), Code::corrupt);
}

TEST_F(CampaignsTest, TheScheduleSaysWhatIsOnAir) {
  node.make(1);
  EXPECT_EQ(refreshed({}).on_air(t0), nullptr);
  sell(1, t0, t0 + hour);
  void_slot(2);
  sell(3, t0 + hour, t0 + 2 * hour);
  sell(4, t0 + 3 * hour, t0 + 4 * hour);  // bought after a pause
  Schedule schedule = refreshed({});
  EXPECT_EQ(schedule.seen(), 4u);
  EXPECT_EQ(schedule.on_air(t0 - Milliseconds(1)), nullptr);
  EXPECT_EQ(schedule.on_air(t0)->number, 1u);
  EXPECT_EQ(schedule.on_air(t0 + hour - Milliseconds(1))->number, 1u);
  EXPECT_EQ(schedule.on_air(t0 + hour)->number, 3u);
  EXPECT_EQ(schedule.on_air(t0 + 2 * hour), nullptr);
  EXPECT_EQ(schedule.on_air(t0 + 3 * hour)->number, 4u);
  EXPECT_EQ(schedule.on_air(t0 + 4 * hour), nullptr);
  EXPECT_EQ(schedule.upcoming(t0).size(), 2u);
  EXPECT_EQ(schedule.upcoming(t0).front().number, 3u);
  EXPECT_EQ(schedule.upcoming(t0 + hour).size(), 1u);
  EXPECT_EQ(schedule.changes_at(t0), t0 + hour);
  EXPECT_EQ(schedule.changes_at(t0 + 2 * hour), t0 + 3 * hour);
  EXPECT_EQ(schedule.changes_at(t0 + 4 * hour), std::nullopt);
}

TEST_F(CampaignsTest, ABoughtSlotIsOnAirBeforeItIsSettled) {
  node.make(1);
  Schedule schedule = refreshed({});
  sell(1, t0, t0 + hour, false);
  schedule = refreshed(schedule);
  ASSERT_NE(schedule.on_air(t0), nullptr);
  EXPECT_EQ(schedule.on_air(t0)->sale.buyer, "alice");
  sell(1, t0, t0 + hour, true);
  schedule = refreshed(schedule);
  EXPECT_EQ(schedule.on_air(t0)->number, 1u);
  EXPECT_TRUE(schedule.upcoming(t0).empty()) << "it was taken twice";
  void_slot(2, false);
  EXPECT_EQ(refreshed(schedule).seen(), 2u);
  EXPECT_EQ(refreshed(schedule).on_air(t0)->number, 1u);
}

TEST_F(CampaignsTest, ARefreshReadsOnlyWhatIsNew) {
  node.make(1);
  for (std::uint64_t n = 1; n <= 20; ++n) sell(n, t0 + (n - 1) * hour, t0 + n * hour);
  Schedule schedule = refreshed({});
  const auto reads = [&](Schedule known) {
    const std::size_t before = node.faulty.calls().size();
    refreshed(std::move(known));
    return node.faulty.calls().size() - before;
  };
  EXPECT_EQ(reads(schedule), 2u);
  sell(21, t0 + 20 * hour, t0 + 21 * hour);
  EXPECT_EQ(reads(schedule), 3u);
  schedule = refreshed(schedule);
  EXPECT_EQ(schedule.upcoming(t0).size(), 20u);
  // A fresh look stops at the first slot that has ended, and does not begin when all have.
  world.runtime.time = t0 + 20 * hour;
  EXPECT_EQ(reads({}), 4u);
  EXPECT_EQ(refreshed({}).on_air(world.runtime.time)->number, 21u);
  world.runtime.time = t0 + 21 * hour;
  EXPECT_EQ(reads({}), 2u);
  EXPECT_EQ(refreshed(schedule).upcoming(t0).size(), 0u) << "what has ended is forgotten";
}

TEST_F(CampaignsTest, AFailedRefreshLeavesWhatIsKnown) {
  node.make(1);
  sell(1, t0, t0 + hour);
  const Schedule schedule = refreshed({});
  node.faulty.arm({.fault = Fault::error, .verb = store::Verb::get});
  EXPECT_EQ(fails(campaigns.refresh("bob", 1, schedule)), Code::unavailable);
  EXPECT_EQ(schedule.on_air(t0)->number, 1u);
  EXPECT_EQ(fails(campaigns.refresh("bob", 2, schedule)), Code::not_found);
}

TEST(CampaignsFaults, CreationCrashesAfterEachWrite) {
  for (const Crash when : {Crash::before, Crash::after}) {
    std::size_t crashes = 0;
    for (std::size_t k = 1;; ++k) {
      testing::World world;
      Node dying(world);
      dying.faulty.crash_at_write(k, when);
      if (store::run_until_crash(dying.faulty, dying.campaigns.create("bob", Node::draft(1)))) break;
      ++crashes;
      Node next(world);
      testing::must(runtime::run_blocking(next.campaigns.list_missing("bob")));
      EXPECT_EQ(next.last(), world.keys_of("campaign/").size());
      EXPECT_EQ(next.make(1), 1u);
      EXPECT_EQ(next.make(2), 2u);
      EXPECT_EQ(world.keys_of("campaign/").size(), 2u);
    }
    EXPECT_EQ(crashes, 2u);
  }
}

TEST(CampaignsFaults, CreationAndChangeOnAStoreThatFails) {
  for (const char* key : {"campaign/", "campaigns/"}) {
    for (const Fault fault : testing::write_faults) {
      testing::World world;
      Node node(world);
      node.faulty.arm({.fault = fault, .key = store::key_prefix(key), .skip = 1, .times = 2});
      testing::run_whatever(node.campaigns.create("bob", Node::draft(1)));
      node.faulty.heal();
      EXPECT_EQ(node.make(1), 1u);
      runtime::run_blocking(node.faulty.land_late_writes());
      node.faulty.arm({.fault = fault, .verb = store::Verb::replace, .times = 2});
      const auto changed = runtime::run_blocking(node.campaigns.change("bob", 1, {.title = "New"}));
      EXPECT_EQ(changed.has_value(), fault != Fault::error) << node.faulty.log();
      node.faulty.heal();
      EXPECT_EQ(run(node.campaigns.change("bob", 1, {.title = "New"})).title, "New");
      runtime::run_blocking(node.faulty.land_late_writes());
      EXPECT_EQ(run(node.campaigns.get("bob", 1)).title, "New");
      EXPECT_EQ(world.keys_of("campaign/").size(), 1u);
    }
  }
}

}  // namespace
}  // namespace abc2::market
