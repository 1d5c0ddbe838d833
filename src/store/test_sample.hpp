// A document with a member of every kind, for tests of how documents are written and read.
#pragma once
#include <array>
#include <limits>
#include <string>
#include <vector>

#include "store/fields.hpp"

namespace abc2::store {

namespace testing {
enum class Colour : std::uint8_t { red, green };
}  // namespace testing
template <>
struct EnumText<testing::Colour> {
  static constexpr std::array<std::string_view, 2> names{"red", "green"};
};

namespace testing {

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

inline Sample sample() {
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

// What canonical text may hold: ASCII without escapes, and nothing whose type only others know.
struct Plain {
  static constexpr std::string_view type = "plain";
  static constexpr int schema = 1;
  Sample all;
  static void fields(auto& self, auto&& field) {
    field("flag", self.all.flag);
    field("small", self.all.small);
    field("money_sat", self.all.money);
    field("at_ms", self.all.at);
    field("text", self.all.text);
    field("colour", self.all.colour);
    field("inner", self.all.inner);
    field("list", self.all.list);
  }
  friend bool operator==(const Plain&, const Plain&) = default;
};

inline Plain plain() {
  Plain out{sample()};
  out.all.text = "plain";
  out.all.raw = RawJson();
  return out;
}

}  // namespace testing
}  // namespace abc2::store
