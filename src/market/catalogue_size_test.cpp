// What the catalogue needs for each campaign, and how long it takes. Prints both; only the memory is judged, since it
// does not depend on the machine. For numbers of a large market:
//
//   ABC2_CATALOGUE_CAMPAIGNS=1000000 build/release/abc2_market_tests --gtest_filter='CatalogueSize.*'
#include <gtest/gtest.h>
#include <malloc.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <random>

#include "market/catalogue_index.hpp"

namespace abc2::market {
namespace {

constexpr Time kBegin = from_unix_ms(1'700'000'000'000);

// Campaigns with about 30 words each, some words frequent and most rare, as in a language: word number n has odds of
// about 1/n. Every third campaign has another seller, and each a page of its own.
class Texts {
 public:
  Campaign campaign(std::uint64_t number) {
    Campaign campaign;
    campaign.title = words(4);
    campaign.about = words(24);
    campaign.page = "https://" + words(1) + std::to_string(number % 100'000) + ".example/" + words(1);
    const std::pair<std::uint32_t, std::uint32_t> sizes[] = {{300, 250}, {728, 90}, {160, 600}, {970, 250}, {320, 50}};
    std::tie(campaign.width_px, campaign.height_px) = sizes[random_() % 5];
    if (number % 1000 == 0) campaign.width_px = 77;
    campaign.floor = Satoshi(1000 + static_cast<std::int64_t>(random_() % 100) * 50);
    campaign.slot_length_ms = 86'400'000;
    campaign.created_at = kBegin - Milliseconds(number * 1000);
    // Half of them fall.
    if (random_() % 2 == 0) {
      campaign.sold = random_() % 1000;
      const std::int64_t price = campaign.floor.value() * (1 + static_cast<std::int64_t>(random_() % 4));
      campaign.last_sale = LastSale{Satoshi(price), kBegin - std::chrono::hours(1), kBegin,
                                    kBegin + std::chrono::seconds(60 + random_() % 86'400)};
    }
    return campaign;
  }

  // Of the n-th most frequent word.
  static std::string word(std::uint64_t n) {
    std::string out;
    for (std::uint64_t left = n * 2654435761 % 11'881'376 + 26 * 26; left > 0; left /= 26)
      out += static_cast<char>('a' + left % 26);
    return out;
  }

 private:
  std::string words(int count) {
    std::string out;
    for (int i = 0; i < count; ++i) {
      const double uniform = static_cast<double>(random_()) / static_cast<double>(std::mt19937::max());
      out += (i ? " " : "") + word(static_cast<std::uint64_t>(std::exp(uniform * std::log(60'000.0))));
    }
    return out;
  }
  std::mt19937 random_{7};
};

double cpu_ms_of(const std::function<void()>& work) {
  const auto begin = std::clock();  // of the processor: others may be using the machine
  work();
  return 1000.0 * static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
}

std::size_t allocated() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

TEST(CatalogueSize, StaysWithinABoundForEachCampaign) {
  const char* asked = std::getenv("ABC2_CATALOGUE_CAMPAIGNS");
  const std::uint64_t count = asked ? std::stoull(asked) : 20'000;
  Texts texts;
  std::vector<Campaign> batch;
  const std::size_t before = allocated();
  auto index = std::make_unique<CatalogueIndex>(kBegin);
  double putting_ms = 0;
  for (std::uint64_t number = 1; number <= count;) {
    for (batch.clear(); batch.size() < 1000 && number + batch.size() <= count;)
      batch.push_back(texts.campaign(number + batch.size()));
    putting_ms += cpu_ms_of([&] {
      for (const auto& campaign : batch) {
        index->put("seller" + std::to_string(number / 3), number, campaign, {number, store::Version(number)});
        ++number;
      }
    });
  }
  batch = {};
  const std::size_t bytes = (allocated() - before) / count;
  std::printf("%llu campaigns: %zu bytes each, %llu different words, %.1f us to put one\n",
              static_cast<unsigned long long>(count), bytes, static_cast<unsigned long long>(index->words()),
              1000 * putting_ms / static_cast<double>(count));

  double longest_ms = 0, all_ms = 0;
  std::shared_ptr<CatalogueIndex::Reordering> work = index->begin_reordering();
  bool more = true;
  while (more) {
    const double ms = cpu_ms_of([&] { more = index->step(*work); });
    longest_ms = std::max(longest_ms, ms);
    all_ms += ms;
  }
  all_ms += cpu_ms_of([&] { more = !index->finish(*work); });
  EXPECT_FALSE(more);
  std::printf("ordering the prices that fall: %.1f ms in all, %.2f ms the longest step\n", all_ms, longest_ms);

  const auto ask = [&](const char* what, const CatalogueQuery& query) {
    const auto search = CatalogueIndex::understood(query).value();
    CatalogueNames answer;
    double best_ms = 1e9;
    for (int i = 0; i < 5; ++i) best_ms = std::min(best_ms, cpu_ms_of([&] { answer = index->search(search); }));
    std::printf("  %-34s %8.3f ms, %llu found\n", what, best_ms, static_cast<unsigned long long>(answer.found));
    EXPECT_LE(answer.names.size(), query.limit);
    return answer;
  };
  using enum CatalogueOrder;
  const std::optional<AdSize> any, common = AdSize{300, 250}, rare = AdSize{77, 250};
  const std::string frequent = Texts::word(1), medium = Texts::word(100), seldom = Texts::word(20'000);
  auto page = ask("everything by price", {"", any, price, 60});
  ask("  its second page", {"", any, price, 60, page.next});
  ask("everything by start", {"", any, start, 60});
  ask("everything by slots sold", {"", any, popular, 60});
  ask("everything, the newest", {"", any, newest, 60});
  for (const auto order : {price, start, popular}) {
    ask("a size of a fifth", {"", common, order, 60});
    ask("a size of a few thousandths", {"", rare, order, 60});
    ask("a frequent word", {frequent, any, order, 60});
    ask("a word of some", {medium, any, order, 60});
    ask("a rare word", {seldom, any, order, 60});
    ask("one letter", {"s", any, order, 60});
    ask("two letters", {"se", any, order, 60});
    ask("the beginning of all sellers", {"seller", any, order, 60});
    ask("two frequent words and a size", {frequent + " " + Texts::word(2), common, order, 60});
    ask("nothing", {"zzzzzzzz", any, order, 60});
  }
  // A sanitizer's allocator does not say.
  if (allocated() > 0) EXPECT_LT(bytes * count, 360 * count + 140 * index->words());
}

}  // namespace
}  // namespace abc2::market
