// What cannot be brought about from outside: stores that fail and leave things undecided.
#include "http/test_app.hpp"
#include "market/keys.hpp"

namespace abc2::http::testing {
namespace {

using store::Fault;
using store::FaultRule;
using store::Verb;

TEST(App, AnUndecidedPurchaseSaysToRepeatItAndRepeatingItBuysOnce) {
  TestApp app;
  app.seller();
  const auto ann = app.buyer("ann");
  app.store.arm(
      {.fault = Fault::unknown_lost, .verb = Verb::add, .key = store::key_prefix("slot/"), .times = FaultRule::always});
  const auto undecided = app.buy(ann, 1, 1);
  EXPECT_EQ(undecided.status, 503);
  EXPECT_EQ(undecided.text("code"), "undecided");
  EXPECT_TRUE(undecided.json.as_object().at("repeat").as_bool());
  EXPECT_EQ(undecided.text("attempt"), "00000000-0000-4000-8000-000000000001");
  EXPECT_FALSE(undecided.response.header("retry-after").empty());

  // Meanwhile the account is held, and says by what.
  const auto me = app.get("/api/me", ann);
  ASSERT_TRUE(me.json.as_object().at("hold").is_object()) << me.response.body;
  const auto change = app.ask(Method::post, "/api/password",
                              {{"old_password", "ann's password"}, {"new_password", "a new password"}}, ann);
  EXPECT_EQ(change.status, 423);
  EXPECT_EQ(change.text("code"), "account_held");
  const auto& hold = change.json.as_object().at("hold").as_object();
  EXPECT_EQ(hold.at("href").as_string(), "/api/campaigns/sue/1/slots/1");
  EXPECT_EQ(hold.at("price_sat").as_int64(), 1000);

  app.store.heal();
  auto again = app.buy(ann, 1, 1);
  for (int tries = 0; again.status == 503 && tries < 100; ++tries) again = app.buy(ann, 1, 1);
  EXPECT_TRUE(again.status == 201 || again.status == 200) << again.response.body;
  const auto books = app.run(app.market.audit.run(Milliseconds(10)));
  ASSERT_TRUE(books.has_value());
  EXPECT_TRUE(books.value().passed());
  EXPECT_EQ(books.value().slots_sold + books.value().in_flight, 1u);
}

TEST(App, AStoreThatFailsIsA503AndNotReady) {
  TestApp app;
  app.seller();
  const auto ann = app.buyer("ann");
  EXPECT_EQ(app.get("/readyz").status, 200);
  app.break_store();
  EXPECT_EQ(app.get("/readyz").status, 503);
  EXPECT_EQ(app.get("/healthz").status, 200);
  const auto bought = app.buy(ann, 1, 1);
  EXPECT_EQ(bought.status, 503);
  EXPECT_EQ(bought.text("code"), "unavailable");
  EXPECT_FALSE(bought.json.as_object().contains("repeat"));
  EXPECT_EQ(app.get("/ads/sue/1.json").status, 503) << "it was not in memory";
  app.store.heal();
  EXPECT_EQ(app.buy(ann, 1, 1).status, 201);
}

TEST(App, ADocumentThatCannotBeReadIsA500) {
  TestApp app;
  app.seller();
  const auto key = market::keys::campaign("sue", 1);
  const auto now = app.run(app.memory.get(key, store::Freshness::linearizable));
  const auto written = app.run(app.memory.replace(key, now.value()->version, "{\"schema\":1}"));
  ASSERT_EQ(written.value().kind(), store::WriteOutcome::Kind::applied);
  const auto answer = app.get("/api/campaigns/sue/1");
  EXPECT_EQ(answer.status, 500);
  EXPECT_EQ(answer.text("code"), "corrupt");
}

TEST(App, SessionsOfACookieNeedOurOwnPage) {
  TestApp app;
  const auto token = app.account("ann");
  Request request;
  request.method = Method::post;
  request.target = "/api/keys";
  request.peer = "192.0.2.1";
  request.body = "{\"label\":\"x\"}";
  request.headers = {{"host", "market.example"},
                     {"content-type", "application/json"},
                     {"cookie", "other=1; abc2_session=" + token},
                     {"origin", "https://evil.example"}};
  EXPECT_EQ(app.ask(request).status, 403);
  request.headers.back().second = "https://market.example";
  EXPECT_EQ(app.ask(request).status, 201);
  // A Bearer token is never sent by a browser on its own.
  request.headers = {{"host", "market.example"},
                     {"content-type", "application/json"},
                     {"authorization", "Bearer " + token},
                     {"origin", "https://evil.example"}};
  EXPECT_EQ(app.ask(request).status, 201);
}

TEST(App, BehindAProxyItsLastWordIsTheClient) {
  AppSettings settings;
  settings.behind_proxy = true;
  settings.logins = {1, std::chrono::hours(1)};
  TestApp app(settings);
  const auto log_in_from = [&](const char* forwarded) {
    Request request;
    request.method = Method::post;
    request.target = "/api/sessions";
    request.peer = "127.0.0.1";
    request.body = "{}";
    request.headers = {{"content-type", "application/json"}, {"x-forwarded-for", forwarded}};
    return app.ask(request).status;
  };
  EXPECT_EQ(log_in_from("198.51.100.1, 203.0.113.1"), 400);
  EXPECT_EQ(log_in_from("198.51.100.2, 203.0.113.1"), 429) << "what the client claimed itself does not count";
  EXPECT_EQ(log_in_from("198.51.100.1, 203.0.113.2"), 400);
}

TEST(App, MetricsAreForThisMachineUnlessAProxyIsInFront) {
  const auto ask = [](TestApp& app, const char* peer, const char* field) {
    Request request;
    request.method = Method::get;
    request.target = "/metrics";
    request.peer = peer;
    if (field) request.headers.emplace_back(field, "203.0.113.1");
    return app.ask(request).status;
  };
  TestApp direct;
  EXPECT_EQ(ask(direct, "127.0.0.1", nullptr), 200);
  EXPECT_EQ(ask(direct, "::1", nullptr), 200);
  EXPECT_EQ(ask(direct, "203.0.113.1", nullptr), 403);
  for (const char* sign : {"x-forwarded-for", "forwarded", "x-real-ip", "via"})
    EXPECT_EQ(ask(direct, "127.0.0.1", sign), 403) << sign;
  AppSettings behind, secure;
  behind.behind_proxy = secure.secure_cookies = true;
  for (const auto& settings : {behind, secure}) {
    TestApp proxied(settings);
    EXPECT_EQ(ask(proxied, "127.0.0.1", nullptr), 403);
  }
}

TEST(App, EveryAnswerHasSecurityHeaders) {
  TestApp app;
  for (const char* target : {"/api/version", "/nothing", "/api/me", "/embed.js"}) {
    const auto answer = app.get(target);
    EXPECT_EQ(answer.response.header("x-content-type-options"), "nosniff") << target;
    EXPECT_FALSE(answer.response.header("content-security-policy").empty()) << target;
  }
}

}  // namespace
}  // namespace abc2::http::testing
