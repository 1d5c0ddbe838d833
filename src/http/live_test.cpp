// What the pages follow live: several campaigns in one stream, and the figures that the price follows from.
#include <set>

#include "http/test_app.hpp"

namespace abc2::http::testing {
namespace {

// The campaigns that a piece of a stream speaks of.
std::vector<boost::json::object> campaigns_of(const std::string& piece) {
  std::vector<boost::json::object> all;
  constexpr std::string_view mark = "data: ";
  for (auto at = piece.find(mark); at != std::string::npos; at = piece.find(mark, at + 1)) {
    const auto from = at + mark.size();
    all.push_back(boost::json::parse(piece.substr(from, piece.find('\n', from) - from)).as_object());
  }
  return all;
}

std::string more(TestApp& app, BodyStream& stream) {
  const auto piece = app.run(stream.next());
  EXPECT_TRUE(piece.has_value());
  return piece.value_or("");
}

// On the stream's own loop, as a connection does it.
Task<bool> stopped(std::shared_ptr<BodyStream> stream) {
  stream->stop();
  co_return !(co_await stream->next());
}

TEST(Live, ManyCampaignsInOneStream) {
  TestApp app;
  const std::string sue = app.seller();
  const boost::json::value draft{
      {"title", "Side"}, {"page", "https://sue.example/"}, {"width_px", 160}, {"height_px", 600}, {"floor_sat", 700}};
  ASSERT_EQ(app.ask(Method::post, "/api/campaigns", draft, sue).status, 201);
  const std::string ann = app.buyer("ann");

  auto answer = app.get("/api/events?campaigns=sue/1,sue/9,sue/2");
  ASSERT_EQ(answer.status, 200);
  ASSERT_EQ(answer.response.header("content-type"), "text/event-stream");
  std::set<std::int64_t> seen;
  while (seen.size() < 2) {
    for (const auto& campaign : campaigns_of(more(app, *answer.response.stream))) {
      EXPECT_TRUE(campaign.at("last_sale").is_null());
      seen.insert(campaign.at("number").as_int64());
    }
  }
  EXPECT_EQ(seen, (std::set<std::int64_t>{1, 2}));

  ASSERT_EQ(app.buy(ann, 1, 1).status, 201);
  bool sold = false;
  while (!sold) {
    for (const auto& campaign : campaigns_of(more(app, *answer.response.stream))) {
      EXPECT_EQ(campaign.at("number"), 1) << "only what has changed is said again";
      sold = campaign.at("sold") == 1;
    }
  }
  EXPECT_TRUE(app.run(stopped(std::move(answer.response.stream))));
}

TEST(Live, OnlyNamesOfCampaigns) {
  TestApp app;
  for (const char* query : {"", "?campaigns=", "?campaigns=sue", "?campaigns=sue/0", "?campaigns=sue/x",
                            "?campaigns=No Name/1", "?campaigns=sue/1,,sue/2"}) {
    EXPECT_EQ(app.get(std::string("/api/events") + query).status, 400) << query;
  }
  std::string many = "sue/1";
  for (int i = 0; i < 100; ++i) many += ",sue/1";
  EXPECT_EQ(app.get("/api/events?campaigns=" + many).status, 400);
}

TEST(Live, TheLastSaleIsWhatThePriceFollowsFrom) {
  TestApp app;
  app.seller();
  const std::string ann = app.buyer("ann");
  EXPECT_TRUE(app.get("/api/campaigns/sue/1").json.at("last_sale").is_null());
  const auto sale = app.buy(ann, 1, 1);
  ASSERT_EQ(sale.status, 201);
  // Read at once, the slot may still be unsettled: it counts already.
  const auto campaign = app.get("/api/campaigns/sue/1").json;
  const auto& last = campaign.at("last_sale").as_object();
  for (const char* member : {"price_sat", "bought_at_ms", "starts_at_ms", "ends_at_ms"})
    EXPECT_EQ(last.at(member), sale.json.at(member)) << member;
  EXPECT_EQ(campaign.at("next").at("number"), 2);
}

TEST(Live, CreditsAreListed) {
  AppSettings settings;
  settings.operators = {"opa"};
  TestApp app(settings);
  const std::string opa = app.account("opa");
  app.account("ann", 500);
  app.account("bob", 70);
  EXPECT_EQ(app.get("/api/operator/deposits", app.account("eve")).status, 403);
  const auto first = app.get("/api/operator/deposits?limit=1", opa);
  ASSERT_EQ(first.status, 200);
  EXPECT_EQ(first.json.at("deposits").at(0).at("user"), "ann");
  EXPECT_EQ(first.json.at("deposits").at(0).at("credited"), true);
  const auto second = app.get("/api/operator/deposits?cursor=" + first.text("next"), opa);
  ASSERT_EQ(second.json.at("deposits").as_array().size(), 1);
  EXPECT_EQ(second.json.at("deposits").at(0).at("amount_sat"), 70);
  EXPECT_TRUE(second.json.at("next").is_null());
  EXPECT_EQ(app.get("/api/operator/deposits?cursor=/", opa).status, 400);
}

}  // namespace
}  // namespace abc2::http::testing
