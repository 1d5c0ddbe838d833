// The index is held against a plain list of campaigns that is filtered and sorted for every question.
#include "market/catalogue_index.hpp"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "market/pricing.hpp"
#include "market/words.hpp"

namespace abc2::market {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr Time kBegin = from_unix_ms(1'700'000'000'000);
constexpr CatalogueOrder kOrders[] = {CatalogueOrder::price, CatalogueOrder::start, CatalogueOrder::popular,
                                      CatalogueOrder::newest};
using Names = std::vector<std::string>;

// So small that each way of searching is gone with a few dozen campaigns.
constexpr CatalogueIndex::Limits kSmall{.fall_at_once = 5, .sorted_at_once = 3, .found_at_once = 4, .dead_most = 3};

Campaign campaign_of(std::string title, std::int64_t floor = 1000) {
  Campaign campaign;
  campaign.title = std::move(title);
  campaign.page = "https://example.org/";
  campaign.width_px = 300;
  campaign.height_px = 250;
  campaign.floor = Satoshi(floor);
  campaign.slot_length_ms = 3'600'000;
  campaign.created_at = kBegin;
  return campaign;
}

void sell(Campaign& campaign, std::int64_t price, Time at, Time until) {
  campaign.sold += 1;
  campaign.last_sale = LastSale{Satoshi(price), at, at, until};
}

std::string text(const CatalogueNames::Name& name) { return name.seller + "/" + std::to_string(name.number); }

CatalogueNames ask(const CatalogueIndex& index, const CatalogueQuery& query) {
  auto search = CatalogueIndex::understood(query);
  if (!search) throw std::runtime_error(search.error().message());
  return index.search(search.value());
}

// Between two pages something may happen.
Names all_pages(const CatalogueIndex& index, CatalogueQuery query, const std::function<void()>& between = {}) {
  Names names;
  do {
    const auto page = ask(index, query);
    EXPECT_LE(page.names.size(), query.limit);
    if (!page.next.empty()) EXPECT_EQ(page.names.size(), query.limit);
    for (const auto& name : page.names) names.push_back(text(name));
    query.cursor = page.next;
    if (between) between();
  } while (!query.cursor.empty() && names.size() < 10'000);
  return names;
}

void reorder(CatalogueIndex& index) {
  const auto work = index.begin_reordering();
  while (index.step(*work)) {
  }
  while (!index.finish(*work)) {
  }
}

struct Model {
  explicit Model(CatalogueIndex::Limits limits) : index(kBegin, limits) {}

  void put(const std::string& seller, std::uint64_t number, const Campaign& campaign) {
    all[seller + "/" + std::to_string(number)] = {seller, number, campaign};
    EXPECT_TRUE(index.put(seller, number, campaign, {++turn, store::Version(turn)}));
  }

  static bool fits(const CampaignOf& of, const CatalogueQuery& query) {
    const Campaign& campaign = of.campaign;
    if (query.size && *query.size != AdSize{campaign.width_px, campaign.height_px}) return false;
    const auto has = words_of(of.seller, campaign);
    return std::ranges::all_of(words_of(query.text), [&](const std::string& word) {
      return std::ranges::any_of(has, [&](const std::string& one) { return one.starts_with(word); });
    });
  }
  static std::pair<int, std::int64_t> key(const Campaign& campaign, CatalogueOrder order, Time moment) {
    const Offer now = offer(campaign.floor, campaign.last_sale, moment);
    const bool later = campaign.last_sale && campaign.last_sale->ends_at > moment;
    switch (order) {
      case CatalogueOrder::price: return {0, now.price.value()};
      case CatalogueOrder::start:
        return later ? std::pair(1, to_unix_ms(now.starts_at)) : std::pair(0, now.price.value());
      case CatalogueOrder::popular: return {0, -static_cast<std::int64_t>(campaign.sold)};
      case CatalogueOrder::newest: break;
    }
    return {0, -to_unix_ms(campaign.created_at)};
  }

  // Everything that fits is found once, in the order of that moment.
  void check(const CatalogueQuery& query, Time moment) {
    SCOPED_TRACE("'" + query.text + "' order " + std::to_string(static_cast<int>(query.order)) + " limit " +
                 std::to_string(query.limit));
    std::set<std::string> expected;
    for (const auto& [name, of] : all)
      if (fits(of, query)) expected.insert(name);
    const Names names = all_pages(index, query);
    EXPECT_EQ(ask(index, query).found, expected.size());
    EXPECT_EQ(std::set<std::string>(names.begin(), names.end()), expected);
    EXPECT_EQ(names.size(), expected.size()) << "something came twice";
    for (std::size_t i = 1; i < names.size(); ++i)
      ASSERT_LE(key(all.at(names[i - 1]).campaign, query.order, moment),
                key(all.at(names[i]).campaign, query.order, moment))
          << names[i - 1] << " before " << names[i];
  }
  void check_all(Time price_moment) {
    for (const CatalogueOrder order : kOrders)
      for (const char* words : {"", "river", "ri gui", "r", "sue", "nothing", "300", "x7"})
        for (const auto& size : {std::optional<AdSize>(), std::optional<AdSize>({160, 600})})
          check({words, size, order, 1 + turn % 7, ""}, order == CatalogueOrder::price ? price_moment : index.moment());
  }

  CatalogueIndex index;
  std::map<std::string, CampaignOf> all;
  std::uint64_t turn = 0;
};

// Makes, changes, sells, lets time pass; and asks all questions now and then.
void run_model(CatalogueIndex::Limits limits, bool orders_prices, std::uint32_t seed) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  Model model(limits);
  Time now = kBegin;
  Time price_moment = kBegin;
  const char* words[] = {"River", "guide", "chess", "rice", "Books", "x7", "Ökologie", "gui"};
  const auto some_text = [&] {
    std::string out;
    for (std::uint32_t i = random() % 4; i > 0; --i) out += std::string(words[random() % 8]) + " ";
    return out + std::to_string(random() % 50);
  };
  for (int i = 0; i < 400; ++i) {
    const std::string seller = random() % 2 == 0 ? "sue" : "bob";
    const std::uint64_t number = 1 + random() % 40;
    const auto known = model.all.find(seller + "/" + std::to_string(number));
    Campaign campaign =
        known == model.all.end() ? campaign_of(some_text(), 100 * (1 + random() % 5)) : known->second.campaign;
    if (known == model.all.end()) {
      campaign.created_at = now;
      if (random() % 3 == 0) campaign.width_px = 160, campaign.height_px = 600;
    } else if (random() % 4 == 0) {
      campaign.title = some_text();
    } else {
      sell(campaign, std::max(campaign.floor.value(), static_cast<std::int64_t>(100 * (1 + random() % 40))), now,
           now + minutes(1 + random() % 300));
    }
    model.put(seller, number, campaign);
    if (random() % 3 == 0) {
      now += minutes(random() % 40);
      while (model.index.advance(now, 2)) {
      }
    }
    while (model.index.clean()) {
    }
    if (i % 25 != 24) continue;
    if (orders_prices && i % 50 == 49) {
      reorder(model.index);
      price_moment = model.index.moment();
    }
    const bool many = model.index.moment() != price_moment && orders_prices && i > 50;
    std::size_t falling = 0;
    for (const auto& [name, of] : model.all)
      falling += of.campaign.last_sale && of.campaign.last_sale->ends_at > model.index.moment();
    model.check_all(many && falling > limits.fall_at_once ? price_moment : model.index.moment());
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(CatalogueIndex, FindsAndOrdersAsAPlainListDoes) {
  for (std::uint32_t seed = 1; seed <= 4; ++seed) run_model({}, false, seed);
}

TEST(CatalogueIndex, FindsAndOrdersWithEveryShortCutTaken) {
  for (std::uint32_t seed = 1; seed <= 8; ++seed) run_model(kSmall, true, seed);
}

TEST(CatalogueIndex, EqualsComeInTheSameOrderOnEveryNode) {
  std::vector<std::uint64_t> numbers;
  for (std::uint64_t n = 1; n <= 50; ++n) numbers.push_back(n);
  CatalogueIndex one(kBegin), other(kBegin);
  for (const auto n : numbers) one.put("sue", n, campaign_of("River"), {1, {}});
  std::ranges::shuffle(numbers, std::mt19937(3));
  for (const auto n : numbers) other.put("sue", n, campaign_of("River"), {1, {}});
  for (const CatalogueOrder order : kOrders) {
    for (const char* words : {"", "river"}) {
      const Names names = all_pages(one, {words, {}, order, 7, ""});
      EXPECT_EQ(names, all_pages(other, {words, {}, order, 7, ""}));
      EXPECT_NE(names.front(), "sue/1") << "a name is not to be first for what it is";
    }
  }
}

// ------------------------------------------------------------------------------------- pages while things are moving

struct Moving {
  explicit Moving(CatalogueIndex::Limits limits) : model(limits) {
    for (std::uint64_t n = 1; n <= 240; ++n) {
      Campaign campaign = campaign_of("River", 1000 + static_cast<std::int64_t>(n % 7) * 100);
      // Some fall, to their floors within one to thirty minutes.
      if (n <= 60 && n % 2 == 0) sell(campaign, 1500, kBegin - hours(1), kBegin + minutes(n / 2));
      model.put("sue", n, campaign);
    }
    while (model.index.advance(kBegin, 100)) {
    }
    reorder(model.index);
  }
  void pass(Milliseconds time) {
    now += time;
    while (model.index.advance(now, 100)) {
    }
    reorder(model.index);
  }
  Model model;
  Time now = kBegin;
};

TEST(CatalogueIndex, NothingIsMissedOrRepeatedWhilePricesFall) {
  for (const auto& limits : {CatalogueIndex::Limits(), kSmall}) {
    for (const CatalogueOrder order : {CatalogueOrder::price, CatalogueOrder::start}) {
      for (const char* words : {"", "river"}) {
        Moving moving(limits);
        const Names before = all_pages(moving.model.index, {words, {}, order, 100, ""});
        ASSERT_EQ(before.size(), 240u);
        const Names slowly =
            all_pages(moving.model.index, {words, {}, order, 10, ""}, [&] { moving.pass(minutes(2)); });
        EXPECT_EQ(slowly, before) << "the pages are not of one moment";
      }
    }
  }
}

TEST(CatalogueIndex, AnOldCursorGoesOnInTheOrderOfNow) {
  Moving moving(kSmall);
  auto first = ask(moving.model.index, {"", {}, CatalogueOrder::price, 10, ""});
  moving.pass(hours(3));
  const Names rest = all_pages(moving.model.index, {"", {}, CatalogueOrder::price, 10, first.next});
  EXPECT_EQ(std::set<std::string>(rest.begin(), rest.end()).size(), rest.size());
  EXPECT_FALSE(rest.empty());
}

TEST(CatalogueIndex, AnOldOrderHoldsNoGhosts) {
  Moving moving(kSmall);
  const auto first = ask(moving.model.index, {"", {}, CatalogueOrder::price, 1, ""});
  moving.pass(Milliseconds(1));
  // What fell then is changed: its number is nobody's, and then another's.
  for (std::uint64_t n = 2; n <= 60; n += 2) {
    Campaign campaign = moving.model.all.at("sue/" + std::to_string(n)).campaign;
    campaign.title = "Other";
    moving.model.put("sue", n, campaign);
    if (n == 30) {
      while (moving.model.index.clean()) {
      }
    }
  }
  Names rest = all_pages(moving.model.index, {"", {}, CatalogueOrder::price, 7, first.next});
  const std::set<std::string> different(rest.begin(), rest.end());
  EXPECT_EQ(different.size(), rest.size());
  for (const auto& name : different) EXPECT_TRUE(moving.model.all.contains(name)) << name;
}

TEST(CatalogueIndex, WhatIsSoldWhilePricesAreOrderedAsideIsNotLost) {
  std::mt19937 random(4);
  for (int round = 0; round < 20; ++round) {
    Model model(kSmall);
    for (std::uint64_t n = 1; n <= 40; ++n) {
      Campaign campaign = campaign_of("River");
      sell(campaign, 1000 + static_cast<std::int64_t>(n), kBegin, kBegin + hours(1 + n % 5));
      model.put("sue", n, campaign);
    }
    while (model.index.advance(kBegin + minutes(10), 100)) {
    }
    const auto work = model.index.begin_reordering();
    const auto change = [&] {
      const std::uint64_t n = 1 + random() % 40;
      Campaign campaign = model.all.at("sue/" + std::to_string(n)).campaign;
      if (random() % 3 == 0) {
        campaign.title += " again";
      } else {
        sell(campaign, 2000 + static_cast<std::int64_t>(random() % 100), kBegin + minutes(10), kBegin + hours(6));
      }
      model.put("sue", n, campaign);
    };
    for (int i = 0; i < 5; ++i) change();
    while (model.index.step(*work)) change();
    for (int i = 0; i < 5; ++i) change();
    while (!model.index.finish(*work)) change();
    for (int i = 0; i < 5; ++i) change();
    model.check({"", {}, CatalogueOrder::price, 7, ""}, kBegin + minutes(10));
    if (HasFatalFailure()) return;
  }
}

TEST(CatalogueIndex, PricesAreOrderedAsideOnlyWhenManyFallAndSomebodyLooks) {
  Moving moving(kSmall);
  const auto wants = [&](bool asked) { return moving.model.index.wants_reordering(asked); };
  EXPECT_FALSE(wants(true)) << "it has just been done";
  moving.now += minutes(1);
  moving.model.index.advance(moving.now, 100);
  EXPECT_TRUE(wants(true));
  EXPECT_FALSE(wants(false));
  Moving few({.fall_at_once = 1000});
  few.now += minutes(1);
  few.model.index.advance(few.now, 100);
  EXPECT_FALSE(few.model.index.wants_reordering(true));
}

TEST(CatalogueIndex, AClockThatIsSetBackChangesOnlyTheOrder) {
  for (const auto& limits : {CatalogueIndex::Limits(), kSmall}) {
    Moving moving(limits);
    moving.pass(hours(5));
    moving.now -= hours(4) + minutes(50);
    moving.model.index.advance(moving.now, 100);
    EXPECT_EQ(moving.model.index.moment(), moving.now);
    moving.model.check_all(moving.now);
    moving.pass(minutes(3));
    moving.model.check_all(moving.now);
  }
}

// ------------------------------------------------------------------------------------------------ what is put and
// known

TEST(CatalogueIndex, AnEarlierReadingDoesNotOverwriteALaterOne) {
  CatalogueIndex index(kBegin);
  EXPECT_TRUE(index.put("sue", 1, campaign_of("New"), {2, store::Version(9)}));
  EXPECT_FALSE(index.put("sue", 1, campaign_of("Old"), {1, store::Version(8)}));
  EXPECT_EQ(ask(index, {.text = "new"}).found, 1u);
  EXPECT_EQ(ask(index, {.text = "old"}).found, 0u);
  EXPECT_TRUE(index.has("sue", 1, store::Version(9)));
  EXPECT_FALSE(index.has("sue", 1, store::Version(8)));
  EXPECT_FALSE(index.has("sue", 2, store::Version(9)));
  EXPECT_TRUE(index.put("sue", 1, campaign_of("New"), {3, {}}));
  EXPECT_FALSE(index.has("sue", 1, store::Version(9))) << "of what version it is now is not known";
  EXPECT_EQ(index.size(), 1u);
}

TEST(CatalogueIndex, ManyChangesOfTextDoNotAddUp) {
  CatalogueIndex index(kBegin, kSmall);
  std::uint64_t words = 0;
  for (int i = 0; i < 200; ++i) {
    index.put("sue", 1 + static_cast<std::uint64_t>(i % 3), campaign_of("Word" + std::to_string(i)), {1, {}});
    while (index.clean()) {
    }
    words = std::max(words, index.words());
  }
  EXPECT_EQ(index.size(), 3u);
  EXPECT_LT(words, 25u) << "the words of what was there before stay";
  EXPECT_EQ(ask(index, {.text = "word199"}).found, 1u);
  EXPECT_EQ(ask(index, {.text = "word"}).found, 3u);
  EXPECT_EQ(ask(index, {.text = "word1"}).found, 3u) << "197 to 199";
}

TEST(CatalogueIndex, OffersTheMostFrequentSizes) {
  CatalogueIndex index(kBegin);
  std::uint64_t number = 0;
  const auto put = [&](std::uint32_t width, std::uint64_t times) {
    for (; times > 0; --times) {
      Campaign campaign = campaign_of("Place");
      campaign.width_px = width;
      index.put("sue", ++number, campaign, {1, {}});
    }
  };
  for (std::uint32_t width = 1; width <= 40; ++width) put(width, 2);
  put(300, 5);
  put(728, 9);
  const auto sizes = ask(index, {}).sizes;
  ASSERT_EQ(sizes.size(), Catalogue::sizes_offered);
  EXPECT_EQ(sizes[0].size, (AdSize{728, 250}));
  EXPECT_EQ(sizes[0].campaigns, 9u);
  EXPECT_EQ(sizes[1].size, (AdSize{300, 250}));
  // A change of text is no change of size.
  Campaign changed = campaign_of("Other");
  changed.width_px = 728;
  index.put("sue", number, changed, {2, {}});
  EXPECT_EQ(ask(index, {}).sizes[0].campaigns, 9u);
}

TEST(CatalogueIndex, RefusesWhatItDidNotGiveOut) {
  CatalogueIndex index(kBegin);
  for (std::uint64_t n = 1; n <= 5; ++n) index.put("sue", n, campaign_of("River"), {1, {}});
  const std::string price = ask(index, {"", {}, CatalogueOrder::price, 2, ""}).next;
  ASSERT_FALSE(price.empty());
  const auto code = [](const CatalogueQuery& query) {
    const auto search = CatalogueIndex::understood(query);
    return search ? std::optional<Code>() : search.error().code();
  };
  EXPECT_EQ(code({"", {}, CatalogueOrder::price, 2, price}), std::nullopt);
  for (const std::string& bad : {std::string("x"), std::string("!"), price.substr(0, 8), price + "*"})
    EXPECT_EQ(code({"", {}, CatalogueOrder::price, 2, bad}), Code::invalid_argument) << bad;
  EXPECT_EQ(code({"", {}, CatalogueOrder::popular, 2, price}), Code::invalid_argument) << "of another order";
  EXPECT_EQ(code({std::string(Catalogue::text_bytes + 1, 'a'), {}, CatalogueOrder::price, 2, ""}),
            Code::invalid_argument);
  EXPECT_EQ(code({"a b c d e f g h i j k l m n o p q", {}, CatalogueOrder::price, 2, ""}), Code::invalid_argument);
  EXPECT_EQ(code({"a a a a a a a a a a a a a a a a a a a a", {}, CatalogueOrder::price, 2, ""}), std::nullopt);
}

TEST(CatalogueIndex, WhatMakesNoSenseIsPutAllTheSame) {
  CatalogueIndex index(kBegin);
  Campaign campaign = campaign_of("River");
  campaign.last_sale = LastSale{Satoshi(4 * limits::price_max_sat), kBegin + hours(2), kBegin, kBegin + hours(2)};
  index.put("sue", 1, campaign, {1, {}});
  campaign.last_sale = LastSale{Satoshi(-5), kBegin, kBegin, kBegin + hours(2)};
  campaign.floor = Satoshi(4 * limits::price_max_sat);
  index.put("sue", 2, campaign, {1, {}});
  for (const CatalogueOrder order : kOrders) EXPECT_EQ(all_pages(index, {"", {}, order, 1, ""}).size(), 2u);
}

}  // namespace
}  // namespace abc2::market
