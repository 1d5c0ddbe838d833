// GET /api/campaigns as a search.
#include "http/test_app.hpp"

namespace abc2::http::testing {
namespace {

struct Market {
  Market() {
    sue = app.account("sue");
    make("River guide", 300, 250, 1000);
    make("Book reviews", 160, 600, 500);
    make("Chess by the river", 300, 250, 700);
    const auto scanned = app.run(app.market.catalogue.catch_up());
    EXPECT_TRUE(scanned.has_value());
  }
  void make(const char* title, int width, int height, int floor) {
    const boost::json::value draft{{"title", title},     {"page", "https://sue.example/"},
                                   {"width_px", width},  {"height_px", height},
                                   {"floor_sat", floor}, {"slot_length_ms", 3'600'000}};
    EXPECT_EQ(app.ask(Method::post, "/api/campaigns", draft, sue).status, 201);
    app.clock.ahead_ms += 1000;
  }
  std::vector<std::int64_t> numbers(const std::string& query) {
    const auto answer = app.get("/api/campaigns?" + query);
    EXPECT_EQ(answer.status, 200) << answer.response.body;
    std::vector<std::int64_t> all;
    for (const auto& campaign : answer.json.at("campaigns").as_array()) all.push_back(campaign.at("number").as_int64());
    return all;
  }

  TestApp app;
  std::string sue;
};
using Numbers = std::vector<std::int64_t>;

TEST(CampaignSearch, FindsByWordsAndSizeInTheOrderThatIsAskedFor) {
  Market market;
  EXPECT_EQ(market.numbers("sort=price"), (Numbers{2, 3, 1}));
  EXPECT_EQ(market.numbers("q="), (Numbers{2, 3, 1})) << "asked for, if only by name";
  EXPECT_EQ(market.numbers("sort=new"), (Numbers{3, 2, 1}));
  EXPECT_EQ(market.numbers("q=RIV"), (Numbers{3, 1}));
  EXPECT_EQ(market.numbers("q=riv+che"), (Numbers{3}));
  EXPECT_EQ(market.numbers("q=160x600&sort="), (Numbers{2}));
  EXPECT_EQ(market.numbers("size=300x250"), (Numbers{3, 1}));
  EXPECT_EQ(market.numbers("size=300x250&q=guide&sort=popular"), (Numbers{1}));
  EXPECT_EQ(market.numbers("q=iver"), Numbers());

  const auto ann = market.app.buyer("ann");
  ASSERT_EQ(market.app.buy(ann, 1, 1).status, 201);
  const auto scanned = market.app.run(market.app.market.catalogue.catch_up());
  ASSERT_TRUE(scanned.has_value());
  EXPECT_EQ(market.numbers("sort=popular").front(), 1);
  EXPECT_EQ(market.numbers("sort=start").back(), 1);
}

TEST(CampaignSearch, SaysHowManyAndWhichSizesThereAre) {
  Market market;
  const auto answer = market.app.get("/api/campaigns?q=river&limit=1");
  const auto& found = answer.json.as_object();
  EXPECT_EQ(found.at("found").as_int64(), 2);
  EXPECT_TRUE(found.at("complete").as_bool());
  EXPECT_EQ(boost::json::serialize(found.at("sizes")),
            R"([{"width_px":300,"height_px":250,"campaigns":2},{"width_px":160,"height_px":600,"campaigns":1}])");
  ASSERT_TRUE(found.at("next").is_string());
  const std::string next(found.at("next").as_string());
  EXPECT_EQ(market.numbers("q=river&limit=1&cursor=" + next), (Numbers{1}));
  EXPECT_TRUE(market.app.get("/api/campaigns?q=river&limit=2").json.at("next").is_null());
}

TEST(CampaignSearch, WithoutWordsTheListOfEverythingIsAsItWas) {
  Market market;
  const auto answer = market.app.get("/api/campaigns?limit=2");
  EXPECT_EQ(answer.json.as_object().size(), 2u);
  EXPECT_EQ(answer.text("next"), "sue/0000000002");
  EXPECT_EQ(market.numbers("limit=2"), (Numbers{1, 2}));
  EXPECT_EQ(market.numbers("cursor=sue/0000000002"), (Numbers{3}));
}

TEST(CampaignSearch, RefusesWhatMakesNoSense) {
  Market market;
  const std::string next = market.app.get("/api/campaigns?sort=new&limit=1").text("next");
  const std::pair<std::string, const char*> refused[] = {
      {"sort=cheap", "sort"},
      {"size=300", "size"},
      {"size=0x250", "size"},
      {"size=300x250x1", "size"},
      {"size=300x9999", "size"},
      {"q=" + std::string(201, 'a'), "q:"},
      {"q=a+b+c+d+e+f+g+h+i+j+k+l+m+n+o+p+q", "q:"},
      {"q=a&limit=0", "limit"},
      {"q=a&limit=101", "limit"},
      {"q=a&cursor=sue/0000000002", "cursor"},
      {"sort=popular&cursor=" + next, "cursor"},
      {"cursor=" + next, "cursor"},
  };
  for (const auto& [query, what] : refused) {
    const auto answer = market.app.get("/api/campaigns?" + query);
    EXPECT_EQ(answer.status, 400) << query;
    EXPECT_NE(answer.text("detail").find(what), std::string::npos) << answer.response.body;
  }
}

TEST(CampaignSearch, IsA503WhenTheStoreIsAway) {
  Market market;
  market.app.break_store();
  EXPECT_EQ(market.app.get("/api/campaigns?q=river").status, 503);
  EXPECT_EQ(market.app.get("/api/campaigns?q=nothing").status, 200) << "nothing is to be read";
}

}  // namespace
}  // namespace abc2::http::testing
