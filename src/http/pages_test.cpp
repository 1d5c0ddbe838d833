#include "http/pages.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "http/test_app.hpp"

namespace abc2::http::testing {
namespace {

class PagesFolder : public ::testing::Test {
 protected:
  PagesFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "abc2-pages-XXXXXX").string();
    if (!mkdtemp(name.data())) throw std::runtime_error("cannot make a folder for the test");
    folder_ = name;
    put("index.html", "<!doctype html>index");
    put("index.html.gz", "gzipped index");
    put("assets/main-1a.js", "main");
    put("icon.svg", "<svg/>");
  }
  ~PagesFolder() override { std::filesystem::remove_all(folder_); }

  void put(const std::string& name, const std::string& bytes) const {
    std::filesystem::create_directories((folder_ / name).parent_path());
    std::ofstream(folder_ / name, std::ios::binary) << bytes;
  }
  [[nodiscard]] std::optional<Response> find(std::string target, std::string encoding = "",
                                             std::string tag = "") const {
    const auto pages = Pages::read(folder_);
    Request request;
    request.method = Method::get;
    request.target = std::move(target);
    if (!encoding.empty()) request.headers.emplace_back("accept-encoding", std::move(encoding));
    if (!tag.empty()) request.headers.emplace_back("if-none-match", std::move(tag));
    return pages.value().find(request);
  }

  std::filesystem::path folder_;
};

TEST_F(PagesFolder, AssetsAreKeptForEverAndTheIndexIsAskedForAgain) {
  const auto asset = find("/assets/main-1a.js");
  ASSERT_TRUE(asset);
  EXPECT_EQ(*asset->shared_body, "main");
  EXPECT_EQ(asset->header("content-type"), "text/javascript; charset=utf-8");
  EXPECT_EQ(asset->header("cache-control"), "public, max-age=31536000, immutable");
  const auto index = find("/");
  ASSERT_TRUE(index);
  EXPECT_EQ(index->header("cache-control"), "no-cache");
  EXPECT_EQ(index->header("content-type"), "text/html; charset=utf-8");
}

TEST_F(PagesFolder, AddressesOfPagesAreAnsweredByTheIndex) {
  for (const char* page : {"/", "/account/ledger", "/campaigns/alice/7", "/login?next=%2F"}) {
    const auto answer = find(page);
    ASSERT_TRUE(answer) << page;
    EXPECT_EQ(*answer->shared_body, "<!doctype html>index") << page;
  }
  for (const char* none : {"/api/nothing", "/ads/alice/x", "/images/1", "/assets/gone-2b.js", "/favicon.ico",
                           "/assets/gone", "/%2e%2e/%2e%2e/etc/passwd.txt", "/%"})
    EXPECT_FALSE(find(none)) << none;
}

TEST_F(PagesFolder, NothingInlineAndNothingFromElsewhere) {
  const auto index = find("/");
  const std::string policy(index->header("content-security-policy"));
  EXPECT_NE(policy.find("default-src 'none'; script-src 'self'; style-src 'self';"), std::string::npos);
  EXPECT_EQ(policy.find("unsafe"), std::string::npos);
}

TEST_F(PagesFolder, GzippedForThoseWhoTakeIt) {
  const auto gzipped = find("/", "br, gzip;q=0.8");
  EXPECT_EQ(*gzipped->shared_body, "gzipped index");
  EXPECT_EQ(gzipped->header("content-encoding"), "gzip");
  EXPECT_EQ(gzipped->header("vary"), "Accept-Encoding");
  for (const char* refused : {"br", "gzip;q=0", "gzip; q=0.000", "identity, *;q=0"}) {
    const auto plain = find("/", refused);
    EXPECT_EQ(*plain->shared_body, "<!doctype html>index") << refused;
    EXPECT_EQ(plain->header("content-encoding"), "") << refused;
    EXPECT_EQ(plain->header("vary"), "Accept-Encoding") << refused;
  }
  EXPECT_EQ(find("/assets/main-1a.js", "gzip")->header("content-encoding"), "");
}

TEST_F(PagesFolder, WhatHasNotChangedIsNotSentAgain) {
  const std::string tag(find("/")->header("etag"));
  const auto again = find("/", "", tag);
  EXPECT_EQ(again->status, 304);
  EXPECT_FALSE(again->shared_body);
  // Another encoding is another representation.
  EXPECT_EQ(find("/", "gzip", tag)->status, 200);
  put("index.html", "<!doctype html>changed");
  EXPECT_EQ(find("/", "", tag)->status, 200);
}

TEST_F(PagesFolder, AFolderThatIsNone) {
  EXPECT_FALSE(Pages::read(folder_ / "nothing"));
  std::filesystem::remove(folder_ / "index.html");
  const auto pages = Pages::read(folder_);
  ASSERT_FALSE(pages);
  EXPECT_NE(pages.error().message().find("no index.html"), std::string::npos);
}

TEST_F(PagesFolder, TheServerAnswersThem) {
  AppSettings settings;
  settings.pages = std::make_shared<const Pages>(Pages::read(folder_).value());
  TestApp app(settings);
  for (const char* page : {"/", "/account"}) {
    const auto answer = app.ask(Method::get, page);
    EXPECT_EQ(answer.status, 200) << page;
    ASSERT_TRUE(answer.response.shared_body) << page;
    EXPECT_EQ(*answer.response.shared_body, "<!doctype html>index") << page;
    EXPECT_EQ(answer.response.header("x-content-type-options"), "nosniff") << page;
  }
  EXPECT_EQ(app.ask(Method::get, "/api/nothing").status, 404);
  EXPECT_EQ(app.ask(Method::post, "/account").status, 404);
  EXPECT_EQ(app.ask(Method::get, "/api/campaigns").response.header("content-type"), "application/json");
}

}  // namespace
}  // namespace abc2::http::testing
