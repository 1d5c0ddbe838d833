// The small parts that need no server: texts, routes, bodies, credentials, limits, logs, bytes.
#include <gtest/gtest.h>

#include "http/encode.hpp"
#include "http/json_body.hpp"
#include "http/log.hpp"
#include "http/problem.hpp"
#include "http/rate_limiter.hpp"
#include "http/router.hpp"
#include "http/security.hpp"
#include "http/seldom.hpp"
#include "http/test_app.hpp"
#include "http/text.hpp"
#include "runtime/blocking.hpp"

namespace abc2::http {
namespace {

TEST(Seldom, TakesATenthOfTheTimeHoweverOftenItIsAsked) {
  testing::MovedClock clock;
  Seldom<int> seldom;
  int looks = 0;
  Milliseconds takes{100};
  Result<int> finds = 0;
  const auto move = [&](Milliseconds by) { clock.ahead_ms += by.count(); };
  const auto find = [&]() -> Task<Result<int>> {
    ++looks;
    move(takes);
    if (!finds) co_return finds.error();
    co_return looks;
  };
  const auto get = [&] { return runtime::run_blocking(seldom.get(&clock, find)); };
  // Longer than anything that is measured here, of a clock that goes on by itself.
  takes = std::chrono::hours(1);
  const Time began = clock.now();
  EXPECT_EQ(get().value()->value, 1);
  EXPECT_LT(get().value()->at - began, std::chrono::minutes(1));
  move(std::chrono::hours(8));
  EXPECT_EQ(get().value()->value, 1) << "it rests for nine times as long as it took";
  move(std::chrono::hours(2));
  EXPECT_EQ(get().value()->value, 2);
  seldom.end_rest();
  EXPECT_EQ(get().value()->value, 3);
  move(-std::chrono::hours(100));
  EXPECT_EQ(get().value()->value, 4) << "the clock was set back";
  seldom.end_rest();
  finds = Error(Code::unavailable, "the store is away");
  EXPECT_EQ(get().error().code(), Code::unavailable);
  finds = 0;
  EXPECT_EQ(get().value()->value, 6) << "a failure is not kept";
}

TEST(Seldom, WhoAsksMeanwhileGetsWhatIsThere) {
  runtime::AsioRuntime real;
  Seldom<int> seldom;
  int inner = 0;
  Code first = Code::corrupt;
  const auto one = []() -> Task<Result<int>> { co_return 1; };
  const auto busy = [&]() -> Task<Result<int>> {
    const auto meanwhile = co_await seldom.get(&real, one);
    if (meanwhile) {
      inner = meanwhile.value()->value;
    } else {
      first = meanwhile.error().code();
    }
    co_return 2;
  };
  EXPECT_EQ(runtime::run_blocking(seldom.get(&real, busy)).value()->value, 2);
  EXPECT_EQ(first, Code::too_busy);
  seldom.end_rest();
  EXPECT_EQ(runtime::run_blocking(seldom.get(&real, busy)).value()->value, 2);
  EXPECT_EQ(inner, 2);
}

TEST(Text, PercentDecoding) {
  EXPECT_EQ(percent_decoded("a%20b%2Fc"), "a b/c");
  EXPECT_EQ(percent_decoded("%41"), "A");
  for (const char* bad : {"%", "%4", "%zz", "a%0", "%00"}) EXPECT_EQ(percent_decoded(bad), std::nullopt) << bad;
}

TEST(Text, Queries) {
  const auto fields = parse_query("a=1&b=x+y&&c&d=%3D&a=2");
  ASSERT_TRUE(fields);
  EXPECT_EQ(query_field(fields.value(), "a"), "1");
  EXPECT_EQ(query_field(fields.value(), "b"), "x y");
  EXPECT_EQ(query_field(fields.value(), "c"), "");
  EXPECT_EQ(query_field(fields.value(), "d"), "=");
  EXPECT_EQ(query_field(fields.value(), "e"), "");
  EXPECT_FALSE(parse_query("a=%"));
  std::string many;
  for (std::size_t i = 0; i <= kQueryFields; ++i) many += "x=1&";
  EXPECT_FALSE(parse_query(many));
}

TEST(Text, Cookies) {
  EXPECT_EQ(cookie("a=1; abc2_session=t.o; b=2", "abc2_session"), "t.o");
  EXPECT_EQ(cookie("xabc2_session=1", "abc2_session"), "");
  EXPECT_EQ(cookie("abc2_session", "abc2_session"), "");
  EXPECT_EQ(cookie("abc2_session=1; abc2_session=2", "abc2_session"), "1");
}

TEST(Text, Numbers) {
  EXPECT_EQ(parse_number("18446744073709551615"), 18446744073709551615u);
  for (const char* bad : {"", "-1", "+1", " 1", "1 ", "18446744073709551616", "0x1"})
    EXPECT_EQ(parse_number(bad), std::nullopt) << bad;
}

TEST(Router, TextsGoBeforeNamesAndEndingsCount) {
  Router router;
  router.add(Method::get, "/ads/{seller}/{c}.json", 1);
  router.add(Method::get, "/ads/{seller}/{c}", 2);
  router.add(Method::del, "/sessions/{id}", 3);
  router.add(Method::del, "/sessions/current", 4);
  router.add(Method::get, "/", 5);
  auto match = router.match(Method::get, "/ads/bob/1.json");
  EXPECT_EQ(match.route, 1u);
  EXPECT_EQ(match.params, (Params{{"seller", "bob"}, {"c", "1"}}));
  EXPECT_EQ(router.match(Method::get, "/ads/bob/1").route, 2u);
  EXPECT_EQ(router.match(Method::get, "/ads/bob/.json").params.back().second, ".json");
  EXPECT_EQ(router.match(Method::del, "/sessions/current").route, 4u);
  EXPECT_EQ(router.match(Method::del, "/sessions/currently").route, 3u);
  EXPECT_EQ(router.match(Method::head, "/").route, 5u);
  EXPECT_EQ(router.match(Method::get, "/ads/b%2Fb/1").params.front().second, "b/b");
  match = router.match(Method::put, "/sessions/x");
  EXPECT_FALSE(match.route);
  EXPECT_EQ(allow_text(match.others), "DELETE");
  EXPECT_EQ(allow_text(router.match(Method::post, "/").others), "GET, HEAD");
  EXPECT_TRUE(router.match(Method::get, "/ads/%/1").bad_encoding);
  for (const char* none : {"", "//", "/ads", "/ads/bob/", "/ads//1", "/ads/bob/1/", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n"})
    EXPECT_FALSE(router.match(Method::get, none).route) << none;
}

TEST(JsonBody, SaysWhatIsWrong) {
  const auto why = [](std::string_view text) {
    auto body = JsonBody::parse_text(text);
    if (!body) return body.error().message();
    body.value().text("name");
    body.value().number("count");
    body.value().money("price_sat");
    body.value().optional_texts("tags");
    const auto done = body.value().done();
    return done ? std::string("fine") : done.error().message();
  };
  EXPECT_EQ(why(R"({"name":"a","count":0,"price_sat":2100000000000000})"), "fine");
  EXPECT_EQ(why(R"({"name":"a","count":1,"price_sat":1,"tags":["x"]})"), "fine");
  EXPECT_EQ(why(R"({"count":1,"price_sat":1})"), "name is missing");
  EXPECT_EQ(why(R"({"name":null,"count":1,"price_sat":1})"), "name is not a text");
  EXPECT_EQ(why(R"({"name":"a","count":-1,"price_sat":1})"), "count is negative");
  EXPECT_EQ(why(R"({"name":"a","count":1.0,"price_sat":1})"), "count is not an integer in range");
  EXPECT_EQ(why(R"({"name":"a","count":1,"price_sat":2100000000000001})"),
            "price_sat is more than all the money there is");
  EXPECT_EQ(why(R"({"name":"a","count":1,"price_sat":1,"tags":[1]})"), "tags is not a list of texts");
  EXPECT_EQ(why(R"({"name":"a","count":1,"price_sat":1,"colour":1})"), "colour is not known here");
  EXPECT_EQ(why("[]"), "the body is not a JSON object");
  EXPECT_NE(why("{\"name\":"), "fine");
  EXPECT_NE(why(std::string(100, '[') + std::string(100, ']')), "the body is not a JSON object") << "nested too deeply";
}

Request cookie_request(Method method, std::vector<std::pair<std::string, std::string>> headers) {
  Request request;
  request.method = method;
  request.headers = std::move(headers);
  request.headers.emplace_back("host", "market.example:8080");
  return request;
}

TEST(Security, SameOrigin) {
  const auto fine = [](Method method, std::vector<std::pair<std::string, std::string>> headers) {
    return check_same_origin(cookie_request(method, std::move(headers))).has_value();
  };
  EXPECT_TRUE(fine(Method::post, {{"sec-fetch-site", "same-origin"}}));
  EXPECT_FALSE(fine(Method::post, {{"sec-fetch-site", "same-site"}}));
  EXPECT_FALSE(fine(Method::post, {{"sec-fetch-site", "cross-site"}, {"origin", "http://market.example:8080"}}));
  EXPECT_TRUE(fine(Method::post, {{"origin", "http://market.example:8080"}}));
  EXPECT_TRUE(fine(Method::post, {{"origin", "https://market.example:8080"}}));
  EXPECT_FALSE(fine(Method::post, {{"origin", "http://market.example"}}));
  EXPECT_FALSE(fine(Method::del, {{"origin", "null"}}));
  EXPECT_FALSE(fine(Method::del, {{"origin", "https://evil.example"}}));
  EXPECT_FALSE(fine(Method::post, {}));
  EXPECT_FALSE(fine(Method::post, {{"content-type", "text/plain;charset=utf-8"}}));
  EXPECT_FALSE(fine(Method::post, {{"content-type", "multipart/form-data; boundary=x"}}));
  EXPECT_TRUE(fine(Method::post, {{"content-type", "application/json"}}));
  EXPECT_TRUE(fine(Method::del, {}));
}

TEST(Security, Credentials) {
  auto request = cookie_request(Method::get, {{"cookie", "abc2_session=c"}, {"authorization", "bearer t"}});
  auto found = credential_of(request);
  ASSERT_TRUE(found && found.value());
  EXPECT_EQ(found.value()->token, "t");
  EXPECT_FALSE(found.value()->from_cookie);
  request = cookie_request(Method::get, {{"cookie", "abc2_session=c"}});
  EXPECT_TRUE(credential_of(request).value()->from_cookie);
  EXPECT_FALSE(credential_of(cookie_request(Method::get, {})).value());
  EXPECT_FALSE(credential_of(cookie_request(Method::get, {{"authorization", "Basic eA=="}})));
}

TEST(RateLimiter, ABurstThenOneAtATime) {
  using namespace std::chrono_literals;
  RateLimiter limiter({3, 1000ms}, 100);
  const Time start = from_unix_ms(1'000'000);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.take("a", start), 0ms);
  EXPECT_EQ(limiter.take("a", start), 1000ms);
  EXPECT_EQ(limiter.take("b", start), 0ms);
  EXPECT_EQ(limiter.take("a", start + 400ms), 600ms);
  EXPECT_EQ(limiter.take("a", start + 1000ms), 0ms);
  EXPECT_EQ(limiter.take("a", start + 1000ms), 1000ms);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(limiter.take("a", start + 60s), 0ms);
}

TEST(RateLimiter, RemembersSoManyAddressesOnly) {
  using namespace std::chrono_literals;
  RateLimiter limiter({1, 1000ms}, 100);
  const Time start = from_unix_ms(1'000'000);
  for (int i = 0; i < 1000; ++i) limiter.take("192.0.2." + std::to_string(i), start);
  EXPECT_LE(limiter.size(), 100u);
}

TEST(RateLimiter, AnIpv6ClientHasItsWholeNetwork) {
  using namespace std::chrono_literals;
  RateLimiter limiter({1, 1000ms}, 100);
  const Time start = from_unix_ms(1'000'000);
  EXPECT_EQ(limiter.take("2001:db8:1:2::1", start), 0ms);
  EXPECT_NE(limiter.take("2001:db8:1:2:3:4:5:6", start), 0ms);
  EXPECT_EQ(limiter.take("2001:db8:1:3::1", start), 0ms);
}

TEST(Log, NothingLooksLikeAnotherFieldOrLine) {
  EXPECT_EQ(log_line("x", {{"a", "1"}, {"b", "two words"}}), "event=x a=1 b=\"two words\"");
  EXPECT_EQ(log_line("x", {{"a", "1\n2026 level=info event=y"}}), "event=x a=\"1\\x0a2026 level=info event=y\"");
  EXPECT_EQ(log_line("x", {{"a", "q\"b=\\"}}), "event=x a=\"q\\\"b=\\\\\"");
  EXPECT_EQ(log_line("x", {{"a", ""}}), "event=x a=\"\"");
}

TEST(Encode, HeadsOfResponses) {
  Response response;
  response.set("X", "a\r\nSet-Cookie: b");
  response.body = "hello";
  std::string out;
  append_head(out, response, {.date = "today"});
  EXPECT_EQ(out, "HTTP/1.1 200 OK\r\nDate: today\r\nX: aSet-Cookie: b\r\nContent-Length: 5\r\n\r\n");
  out.clear();
  response.status = 204;
  append_head(out, response, {.date = "today", .keep_alive = false});
  EXPECT_EQ(out.find("Content-Length"), std::string::npos);
  EXPECT_NE(out.find("Connection: close"), std::string::npos);
  out.clear();
  DateText date;
  EXPECT_EQ(date.at(from_unix_ms(784'111'777'000)), "Sun, 06 Nov 1994 08:49:37 GMT");
  response.status = 200;
  PreparedResponse(response).append_to(out, date.at(from_unix_ms(784'111'778'999)));
  EXPECT_EQ(out,
            "HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:38 GMT\r\nX: aSet-Cookie: b\r\nContent-Length: 5\r\n\r\n"
            "hello");
}

TEST(Problem, EveryCodeHasAStatusAndSaysItsName) {
  for (int i = 0; i <= static_cast<int>(Code::limit_reached); ++i) {
    const auto code = static_cast<Code>(i);
    const auto response = problem(Error(code, "why"));
    EXPECT_GE(response.status, 400) << to_string(code);
    EXPECT_NE(reason(response.status), "Unknown") << response.status;
    EXPECT_NE(response.body.find("\"code\":\"" + std::string(to_string(code)) + '"'), std::string::npos);
    EXPECT_EQ(response.body.find("repeat") != std::string::npos, code == Code::undecided);
  }
  EXPECT_NE(problem(405, "x").body.find("\"code\":\"method_not_allowed\""), std::string::npos);
}

}  // namespace
}  // namespace abc2::http
