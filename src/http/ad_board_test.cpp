#include <thread>

#include "http/ad_board.hpp"
#include "http/test_app.hpp"

namespace abc2::http::testing {
namespace {

constexpr std::int64_t kHour = 3'600'000;

// Asks until the place shows that slot; the test's own time-out ends it otherwise.
Answer until_slot(TestApp& app, std::int64_t slot) {
  for (;;) {
    auto answer = app.get("/ads/sue/1.json");
    if (answer.status != 200 || answer.number("slot") == slot) return answer;
    std::this_thread::yield();
  }
}

TEST(AdBoard, TheFastWayKnowsWhatWasLoadedAndSaysTheSame) {
  TestApp app;
  app.seller();
  EXPECT_TRUE(app.ask_now("/ads/sue/1.json").empty());
  const auto slow = app.get("/ads/sue/1.json");
  ASSERT_EQ(slow.status, 200);
  const std::string fast = app.ask_now("/ads/sue/1.json");
  EXPECT_TRUE(fast.starts_with("HTTP/1.1 200 OK\r\nDate: now\r\n")) << fast;
  EXPECT_TRUE(fast.ends_with("\r\n\r\n" + slow.response.body)) << fast;
  EXPECT_FALSE(app.ask_now("/ads/sue/1.html").empty());
  for (const char* other : {"/ads/sue/2.json", "/ads/sue/01.json", "/ads/sue/1.json?x", "/ads/sue/1", "/ads/.json"})
    EXPECT_TRUE(app.ask_now(other).empty()) << other;
}

TEST(AdBoard, WhatIsSoldIsShownAndGivesWayOnTime) {
  TestApp app;
  app.seller();
  const auto ann = app.buyer("ann");
  const auto bob = app.buyer("bob");
  EXPECT_EQ(app.get("/ads/sue/1.json").text("reason"), "not_sold");
  ASSERT_EQ(app.buy(ann, 1, 1).status, 201);
  ASSERT_EQ(app.buy(bob, 2, 2).status, 201);
  const auto first = until_slot(app, 1);
  EXPECT_EQ(first.text("buyer"), "ann");
  EXPECT_EQ(first.number("changes_at_ms"), first.number("ends_at_ms"));

  app.clock.ahead_ms += kHour;
  EXPECT_EQ(until_slot(app, 2).text("buyer"), "bob");
  app.clock.ahead_ms += kHour;
  EXPECT_EQ(until_slot(app, 0).text("reason"), "not_sold");
}

TEST(AdBoard, GoesOnWhileTheStoreFails) {
  TestApp app;
  const auto sue = app.seller();
  const auto ann = app.buyer("ann");
  const auto bob = app.buyer("bob");
  ASSERT_EQ(app.buy(ann, 1, 1).status, 201);
  ASSERT_EQ(app.buy(bob, 2, 2).status, 201);
  const auto shown = until_slot(app, 1);
  const std::string image(shown.json.as_object().at("ad").as_object().at("image").as_string());
  // Both slots have been read when the later one is announced as the next change.
  while (app.get("/ads/sue/1.json").number("changes_at_ms") != shown.number("ends_at_ms")) std::this_thread::yield();

  app.break_store();
  EXPECT_EQ(app.get("/ads/sue/1.json").text("buyer"), "ann");
  EXPECT_EQ(app.get(image).status, 200);
  EXPECT_EQ(app.get("/ads/sue/1/click?slot=1").status, 302);
  EXPECT_EQ(app.ask(Method::post, "/ads/sue/1/view?slot=1").status, 200);
  app.clock.ahead_ms += 2 * kHour;
  // Nothing can be read, but the clock says that both are over.
  EXPECT_EQ(app.get("/ads/sue/1.json").number("slot"), 0);
  EXPECT_FALSE(app.ask_now("/ads/sue/1.json").empty());
}

TEST(AdBoard, TheFallbackIsShownAsSoonAsItIsSet) {
  TestApp app;
  const auto sue = app.seller();
  EXPECT_TRUE(app.get("/ads/sue/1.json").json.as_object().at("ad").is_null());
  const auto image =
      app.ask(Method::post, "/api/images", {{"image_base64", market::to_base64(pixel())}}, sue).text("sha256");
  ASSERT_EQ(app.ask(Method::patch, "/api/campaigns/sue/1",
                    {{"fallback", {{"image", image}, {"link", "https://sue.example/own"}}}}, sue)
                .status,
            200);
  for (;;) {
    const auto answer = app.get("/ads/sue/1.json");
    if (!answer.json.as_object().at("ad").is_null()) break;
    std::this_thread::yield();
  }
  EXPECT_EQ(app.get("/ads/sue/1/click").response.header("location"), "https://sue.example/own");
}

TEST(AdPages, NothingThatAUserWroteBecomesMarkup) {
  AdShown shown;
  shown.image = std::string(64, 'a');
  shown.link = "https://ann.example/";
  shown.hover_text = "\"><script>alert('x')</script>&";
  market::Campaign place;
  place.width_px = 300;
  place.height_px = 250;
  const auto frame = ad_frame_response("sue", 1, place, shown);
  EXPECT_EQ(frame.body.find("<script>"), std::string::npos) << frame.body;
  EXPECT_NE(frame.body.find("&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;"), std::string::npos);
  EXPECT_EQ(frame.body.find("https://ann.example/"), std::string::npos) << "clicks go through our redirect";
}

}  // namespace
}  // namespace abc2::http::testing
