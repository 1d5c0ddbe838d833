#include "store/fields.hpp"

#include <gmock/gmock.h>

#include <random>

#include "store/document.hpp"
#include "store/test_sample.hpp"

namespace abc2::store {

namespace {

using ::testing::HasSubstr;
using testing::Inner;
using testing::plain;
using testing::Plain;
using testing::Sample;
using testing::sample;

std::string replaced(std::string text, std::string_view from, std::string_view to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(Fields, RoundTrip) {
  const auto again = decode<Sample>(encode(sample()));
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again.value(), sample());
}

TEST(Fields, AnEmptyOptionalIsLeftOut) {
  Sample without = sample();
  without.inner.reset();
  EXPECT_EQ(encode(without).find("inner"), std::string::npos);
  EXPECT_EQ(decode<Sample>(encode(without)).value(), without);
}

TEST(Fields, ANewerSchemaIsRefusedClearly) {
  const auto result = decode<Sample>(replaced(encode(sample()), R"("schema":2)", R"("schema":3)"));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), Code::newer_schema);
  EXPECT_THAT(result.error().message(), HasSubstr("schema 3"));
}

TEST(Fields, WhatCannotBeOursIsCorrupt) {
  const std::string good = encode(sample());
  const std::string bad[] = {"",
                             "[]",
                             "{}",
                             "null",
                             good.substr(0, good.size() - 1),
                             replaced(good, R"("schema":2)", R"("schema":1)"),
                             replaced(good, R"("schema":2)", R"("schema":"2")"),
                             replaced(good, R"("flag":true)", R"("flag":1)"),
                             replaced(good, R"("small":-7)", R"("small":-7.5)"),
                             replaced(good, R"("small":-7)", R"("small":99999999999)"),
                             replaced(good, R"("small":-7,)", ""),
                             replaced(good, "-123", "9000000000000000000"),
                             replaced(good, R"("green")", R"("blue")"),
                             replaced(good, R"("number":)", R"("extra":1,"number":)"),
                             replaced(good, R"("flag":)", R"("more":0,"flag":)"),
                             replaced(good, R"(["x","")", R"(["x",3)"),
                             replaced(good, R"("at_ms":1390319630000)", R"("at_ms":-1)")};
  for (const auto& value : bad) {
    const auto result = decode<Sample>(value);
    ASSERT_FALSE(result) << value;
    EXPECT_EQ(result.error().code(), Code::corrupt) << value;
  }
}

TEST(Fields, CanonicalTextIsReadDirectly) {
  Plain written = plain();
  for (const bool with : {true, false}) {
    if (!with) written.all.inner.reset();
    Plain again;
    EXPECT_TRUE(detail::CanonicalReader(encode(written)).document(again));
    EXPECT_EQ(again, written);
  }
}

TEST(Fields, AnyOtherTextOfTheSameIsReadAsWell) {
  Sample expected = sample();
  const std::string good = encode(expected);
  for (const auto& same : {good, replaced(good, R"({"schema":2,"flag":true,)", R"({ "flag" : true, "schema":2,)"),
                           replaced(good, "-123", "-123 "), replaced(good, R"("x")", R"("\u0078")")}) {
    const auto read = decode<Sample>(same);
    ASSERT_TRUE(read) << read.error().message() << " " << same;
    EXPECT_EQ(read.value(), expected);
  }
}

// Whatever becomes of a text: what the one reader has read, the other reads the same.
TEST(Fields, BothReadersAgree) {
  std::mt19937 random(1);
  const std::string good = encode(plain());
  const std::string_view alphabet = "\"{}[]:,-+0123456789eE.\\ulnatrsxy \n\x7F\xC3\xA9";
  int both = 0;
  for (int round = 0; round < 50'000; ++round) {
    std::string text = good;
    for (std::size_t changes = random() % 3; changes + 1 > 0; --changes) {
      const std::size_t at = random() % text.size();
      const char c = alphabet[random() % alphabet.size()];
      switch (random() % 3) {
        case 0: text[at] = c; break;
        case 1: text.insert(at, 1, c); break;
        default: text.erase(at, 1); break;
      }
    }
    Plain read;
    if (!detail::CanonicalReader(text).document(read)) continue;
    ++both;
    const auto any = detail::decode_any<Plain>(text);
    ASSERT_TRUE(any) << any.error().message() << " " << text;
    ASSERT_EQ(read, any.value()) << text;
    ASSERT_EQ(encode(read), text);
  }
  EXPECT_GT(both, 1000);
}

TEST(Fields, PartsRoundTripWithinRawJson) {
  const RawJson part = encode_part(Inner{42});
  EXPECT_EQ(part.text, R"({"number":42})");
  EXPECT_EQ(decode_part<Inner>(part).value(), Inner{42});
  EXPECT_EQ(decode_part<Inner>(RawJson{"[]"}).error().code(), Code::corrupt);
}

TEST(Fields, AnErrorNamesTheDocument) {
  const auto result = decode_snapshot<Sample>("sample/1", Stored{"{}", Version(1)});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), HasSubstr("sample/1"));
}

}  // namespace
}  // namespace abc2::store
