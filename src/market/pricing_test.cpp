#include "market/pricing.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>
#include <fstream>

namespace abc2::market {
namespace {

constexpr Time second(std::int64_t unix_seconds) { return from_unix_ms(unix_seconds * 1000); }
constexpr auto day = std::chrono::hours(24);

TEST(Pricing, TheFloorBeforeTheFirstSaleAndAtOnce) {
  const Offer now = offer(100'000_sat, std::nullopt, second(1390319630));
  EXPECT_EQ(now.price, 100'000_sat);
  EXPECT_EQ(now.starts_at, second(1390319630));
}

// Floor 100,000, slots of a day, bought at three moments.
TEST(Pricing, ThreeSalesInARow) {
  std::optional<LastSale> last;
  const std::pair<std::int64_t, Satoshi> sales[] = {
      {1390319630, 100'000_sat}, {1390321430, 197'917_sat}, {1390343930, 356'909_sat}};
  Time expected_start = second(1390319630);
  for (const auto& [at, price] : sales) {
    const Offer now = offer(100'000_sat, last, second(at));
    EXPECT_EQ(now.price, price) << at;
    EXPECT_EQ(now.starts_at, expected_start);
    last = LastSale{now.price, second(at), now.starts_at, now.starts_at + day};
    expected_start += day;
  }
}

TEST(Pricing, DoublesAtTheSaleAndFallsToTheFloorAtTheEnd) {
  const LastSale last{1000_sat, second(0), second(0), second(1000)};
  EXPECT_EQ(offer(100_sat, last, second(0)).price, 2000_sat);
  EXPECT_EQ(offer(100_sat, last, second(500)).price, 1050_sat);
  EXPECT_EQ(offer(100_sat, last, second(1000) - Milliseconds(1)).price, 101_sat) << "rounded up, not down";
  EXPECT_EQ(offer(100_sat, last, second(1000)).price, 100_sat);
  EXPECT_EQ(offer(100_sat, last, second(1000)).starts_at, second(1000));
  EXPECT_EQ(offer(100_sat, last, second(2000)).starts_at, second(2000));
}

TEST(Pricing, AClockBehindTheLastSaleSeesNoMoreThanTwiceItsPrice) {
  const LastSale last{1000_sat, second(5000), second(5000), second(6000)};
  EXPECT_EQ(offer(100_sat, last, second(1)).price, 2000_sat);
}

TEST(Pricing, TheLargestFiguresDoNotOverflow) {
  const Satoshi most(limits::price_max_sat);
  const LastSale last{most, second(0), second(0), second(0) + limits::slot_length_max * 60};
  EXPECT_EQ(offer(1_sat, last, second(0)).price, Satoshi(2 * limits::price_max_sat));
  EXPECT_EQ(offer(most, last, second(0)).price, Satoshi(2 * limits::price_max_sat));
}

// The pages compute the same price; their tests read the same file.
TEST(Pricing, TheVectorsSharedWithThePages) {
  const auto path = std::filesystem::path(__FILE__).parent_path() / "../../tests/vectors/price.json";
  std::ifstream file(path);
  const std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  ASSERT_FALSE(text.empty()) << path;
  const auto vectors = boost::json::parse(text).as_array();
  ASSERT_GT(vectors.size(), 400);
  const auto time_of = [](const boost::json::value& ms) { return from_unix_ms(ms.as_int64()); };
  for (const auto& vector : vectors) {
    const auto& given = vector.as_object();
    std::optional<LastSale> last;
    if (const auto* sale = given.at("last_sale").if_object()) {
      last = LastSale{Satoshi(sale->at("price_sat").as_int64()), time_of(sale->at("bought_at_ms")),
                      time_of(sale->at("starts_at_ms")), time_of(sale->at("ends_at_ms"))};
    }
    const Offer now = offer(Satoshi(given.at("floor_sat").as_int64()), last, time_of(given.at("now_ms")));
    EXPECT_EQ(now.price, Satoshi(given.at("price_sat").as_int64())) << given;
    EXPECT_EQ(now.starts_at, time_of(given.at("starts_at_ms"))) << given;
  }
}

TEST(Pricing, TheFeeIsRoundedUp) {
  EXPECT_EQ(fee_of(10'000_sat, 0), 0_sat);
  EXPECT_EQ(fee_of(10'000_sat, 250), 250_sat);
  EXPECT_EQ(fee_of(1_sat, 1), 1_sat);
  EXPECT_EQ(fee_of(10'001_sat, 5000), 5001_sat);
}

}  // namespace
}  // namespace abc2::market
