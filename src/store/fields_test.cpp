#include "store/fields.hpp"

#include <gmock/gmock.h>

#include "store/document.hpp"

namespace abc2::store {

enum class Colour : std::uint8_t { red, green };
template <>
struct EnumText<Colour> {
  static constexpr std::array<std::string_view, 2> names{"red", "green"};
};

namespace {

struct Inner {
  std::uint64_t number = 0;
  static void fields(auto& self, auto&& field) { field("number", self.number); }
  friend bool operator==(const Inner&, const Inner&) = default;
};

struct Sample {
  static constexpr std::string_view type = "sample";
  static constexpr int schema = 2;
  bool flag = false;
  int small = 0;
  Satoshi money;
  Time at{};
  std::string text;
  Colour colour = Colour::red;
  std::optional<Inner> inner;
  std::vector<std::string> list;
  RawJson raw;
  static void fields(auto& self, auto&& field) {
    field("flag", self.flag);
    field("small", self.small);
    field("money_sat", self.money);
    field("at_ms", self.at);
    field("text", self.text);
    field("colour", self.colour);
    field("inner", self.inner);
    field("list", self.list);
    field("raw", self.raw);
  }
  friend bool operator==(const Sample&, const Sample&) = default;
};

Sample sample() {
  return {true,
          -7,
          -123_sat,
          from_unix_ms(1390319630000),
          "a \"quoted\\\" \n line, \xC3\xA9",
          Colour::green,
          Inner{std::numeric_limits<std::uint64_t>::max()},
          {"x", ""},
          RawJson{R"({"b":1,"a":[2,3]})"}};
}

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
  EXPECT_THAT(result.error().message(), testing::HasSubstr("schema 3"));
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

TEST(Fields, PartsRoundTripWithinRawJson) {
  const RawJson part = encode_part(Inner{42});
  EXPECT_EQ(part.text, R"({"number":42})");
  EXPECT_EQ(decode_part<Inner>(part).value(), Inner{42});
  EXPECT_EQ(decode_part<Inner>(RawJson{"[]"}).error().code(), Code::corrupt);
}

TEST(Fields, AnErrorNamesTheDocument) {
  const auto result = decode_snapshot<Sample>("sample/1", Stored{"{}", Version(1)});
  ASSERT_FALSE(result);
  EXPECT_THAT(result.error().message(), testing::HasSubstr("sample/1"));
}

}  // namespace
}  // namespace abc2::store
