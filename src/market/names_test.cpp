#include "market/names.hpp"

#include <gtest/gtest.h>

#include "base/limits.hpp"

namespace abc2::market {
namespace {

std::string repeat(std::string_view text, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += text;
  return out;
}

void expect_refused(const Result<void>& checked, std::string_view input) {
  ASSERT_FALSE(checked) << "taken: " << input;
  EXPECT_EQ(checked.error().code(), Code::invalid_argument);
  EXPECT_FALSE(checked.error().message().empty());
}

TEST(Names, UserNames) {
  for (const auto& name : {"al", "alice", "0x", "a.b-c_d", "a_", "a..b", "a--b"})
    EXPECT_TRUE(check_user_name(name)) << name;
  EXPECT_TRUE(check_user_name(std::string(32, 'a')));
  for (const auto& name : {"", "a", "Alice", ".ab", "-ab", "_ab", "ab.", "ab-", "a b", "a/b", "a\nb",
                           "\xc3\xa4"
                           "b",
                           "a%b"})
    expect_refused(check_user_name(name), name);
  expect_refused(check_user_name(std::string(33, 'a')), "33 letters");
  expect_refused(check_user_name(std::string_view("a\0b", 3)), "a zero byte");
}

TEST(Names, Passwords) {
  EXPECT_TRUE(check_password("12345678"));
  EXPECT_TRUE(check_password(std::string(256, 'x')));
  expect_refused(check_password("1234567"), "7");
  expect_refused(check_password(std::string(257, 'x')), "257");
}

TEST(Names, Texts) {
  EXPECT_TRUE(check_title("A page about caf\xc3\xa9s \xf0\x9f\x98\x80"));
  EXPECT_TRUE(check_title(repeat("x", limits::title_bytes)));
  expect_refused(check_title(repeat("x", limits::title_bytes + 1)), "too long");
  expect_refused(check_title(""), "");
  expect_refused(check_title("  \xc2\xa0 "), "blank");
  expect_refused(check_title("two\nlines"), "lines");
  EXPECT_TRUE(check_about("two\nlines"));
  EXPECT_TRUE(check_about(""));
  EXPECT_TRUE(check_hover_text(""));
  expect_refused(check_hover_text("two\nlines"), "lines");
  expect_refused(check_about(std::string_view("a\0b", 3)), "zero");
  for (const auto& text : {"a\tb", "a\rb", "a\x1b[2Jb",
                           "a\x7f"
                           "b",
                           "a\xc2\x85"
                           "b",
                           "a\xe2\x80\xae"
                           "b",
                           "a\xe2\x81\xa6"
                           "b",
                           "a\xe2\x80\xa8"
                           "b"})
    expect_refused(check_about(text), text);
}

TEST(Names, Utf8) {
  for (const auto& text :
       {"", "abc", "\xc2\x80", "\xe0\xa0\x80", "\xed\x9f\xbf", "\xee\x80\x80", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf"})
    EXPECT_TRUE(is_utf8(text)) << text;
  // A lone continuation, overlong forms, surrogates, above the end, cut off, what never occurs.
  for (const auto& text : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf", "\xed\xa0\x80",
                           "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xc2", "\xe2\x82", "\xf0\x9f\x98",
                           "\xc2"
                           "a",
                           "\xff"})
    EXPECT_FALSE(is_utf8(text)) << text;
}

TEST(Names, Links) {
  for (const auto& link : {"http://a", "https://example.org", "https://example.org/",
                           "HTTPS://Example.org/a/b?c=d&e='f'#g", "http://a.b.c:80/", "http://127.0.0.1:8080/x",
                           "http://[::1]/", "http://[2001:db8::1]:443/x", "https://xn--bcher-kva.example/", "http://a.",
                           "http://a?q", "http://a#f", "https://a/%20%C3%a9", "http://my_host/"})
    EXPECT_TRUE(check_link("link", link)) << link;
  for (const auto& link : {"",
                           "a",
                           "//a",
                           "http:",
                           "http://",
                           "http:///a",
                           "http:/a",
                           "ftp://a/",
                           "javascript:alert(1)",
                           "javascript://a/%0aalert(1)",
                           "data:text/html,x",
                           " http://a",
                           "http://a b",
                           "http://a/ b",
                           "http://a/\"",
                           "http://a/<",
                           "http://a/\\",
                           "http://a\\@b",
                           "http://user@a/",
                           "http://user:pw@a/",
                           "http://a/%",
                           "http://a/%2",
                           "http://a/%zz",
                           "http://a/%7\x16",
                           "http://a/%4g",
                           "http://a:/",
                           "http://a:0/",
                           "http://a:65536/",
                           "http://a:8x/",
                           "http://-a/",
                           "http://a-/",
                           "http://a..b/",
                           "http://.a/",
                           "http://[::1/",
                           "http://[zz]/",
                           "http://[::1%eth0]/",
                           "http://[::1]x/",
                           "http://a/#b#c",
                           "http://b\xc3\xbc"
                           "cher.example/",
                           "http://a/\xc3\xa4",
                           "http://a/\n",
                           "http://a/\x7f",
                           "httpx://a"})
    expect_refused(check_link("link", link), link);
  EXPECT_TRUE(check_link("link", "http://a/" + std::string(limits::link_bytes - 9, 'x')));
  expect_refused(check_link("link", "http://a/" + std::string(limits::link_bytes - 8, 'x')), "too long");
  expect_refused(check_link("link", "http://" + std::string(64, 'a') + "/"), "a label of 64");
  expect_refused(check_link("link", "http://" + repeat("abcd.", 51) + "/"), "a name of 255");
  expect_refused(check_link("link", std::string_view("http://a/\0b", 11)), "zero");
  expect_refused(check_link("link", std::string_view("http://[::1\0x]/", 15)), "zero in an address");
}

TEST(Names, Categories) {
  for (const auto& category : {"books", "a", "web-hosting", "3d", "a-b-c"})
    EXPECT_TRUE(check_category(category)) << category;
  for (const auto& category : {"", "Books", "web hosting", "-a", "a-", "a--b", "a_b", "a/b"})
    expect_refused(check_category(category), category);
  EXPECT_TRUE(check_category(std::string(32, 'a')));
  expect_refused(check_category(std::string(33, 'a')), "33");

  EXPECT_TRUE(check_refused_categories({}));
  EXPECT_TRUE(check_refused_categories({"a", "b"}));
  expect_refused(check_refused_categories({"a", "b", "a"}), "twice");
  expect_refused(check_refused_categories({"a", "B"}), "a capital");
  std::vector<std::string> many;
  for (std::size_t i = 0; i < limits::categories_refused; ++i) many.push_back("c" + std::to_string(i));
  EXPECT_TRUE(check_refused_categories(many));
  many.push_back("x");
  expect_refused(check_refused_categories(many), "too many");
}

TEST(Names, AttemptsAndHashes) {
  EXPECT_TRUE(check_attempt("7d444840-9dc0-11d1-b245-5ffdce74fad2"));
  for (const auto& text : {"", "7d444840-9dc0-11d1-b245-5ffdce74fad", "7d444840-9dc0-11d1-b245-5ffdce74fad22",
                           "7D444840-9dc0-11d1-b245-5ffdce74fad2", "7d4448409dc0-11d1-b245-5ffdce74fad2-",
                           "{d444840-9dc0-11d1-b245-5ffdce74fad2", "7g444840-9dc0-11d1-b245-5ffdce74fad2",
                           "00000000-0000-0000-0000-000000000000"})
    expect_refused(check_attempt(text), text);
  EXPECT_TRUE(check_sha256(std::string(60, 'a') + "0123"));
  expect_refused(check_sha256(std::string(63, 'a')), "63");
  expect_refused(check_sha256(std::string(64, 'A')), "capitals");
  expect_refused(check_sha256(std::string(63, 'a') + "/"), "a slash");
}

}  // namespace
}  // namespace abc2::market
