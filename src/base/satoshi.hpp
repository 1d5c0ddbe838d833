// Satoshi: an amount of money in units of 1e-8 bitcoin. 64-bit, checked, never floating point.
//
// An amount may be negative (a ledger entry that takes money away), but no sum may leave +-21 million bitcoin:
// arithmetic that would is our own mistake and aborts. Amounts that come from outside go through `Satoshi::parse`
// or `Satoshi::from`, which refuse with an error instead.
#pragma once
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.hpp"
#include "base/result.hpp"

namespace abc2 {

class Satoshi {
 public:
  // All the bitcoin that there can ever be.
  static constexpr std::int64_t kMax = 21'000'000LL * 100'000'000LL;

  constexpr Satoshi() = default;
  // For literals and for values that were checked before. Aborts outside +-kMax.
  constexpr explicit Satoshi(std::int64_t value) : value_(checked(value)) {}

  // Errors: invalid_argument when `value` is outside +-kMax.
  static Result<Satoshi> from(std::int64_t value);
  // Decimal digits with an optional leading '-'. Errors: invalid_argument for anything else.
  static Result<Satoshi> parse(std::string_view text);

  [[nodiscard]] constexpr std::int64_t value() const { return value_; }
  [[nodiscard]] std::string to_string() const { return std::to_string(value_); }

  // Both amounts lie within +-kMax, so that 64 bits cannot overflow before the check.
  friend constexpr Satoshi operator+(Satoshi a, Satoshi b) { return Satoshi(a.value_ + b.value_); }
  friend constexpr Satoshi operator-(Satoshi a, Satoshi b) { return Satoshi(a.value_ - b.value_); }
  constexpr Satoshi operator-() const { return Satoshi(-value_); }
  constexpr Satoshi& operator+=(Satoshi other) { return *this = *this + other; }
  constexpr Satoshi& operator-=(Satoshi other) { return *this = *this - other; }
  friend constexpr auto operator<=>(Satoshi, Satoshi) = default;

  // Whether a + b stays within +-kMax: to be asked before adding what somebody else chose.
  static constexpr bool sum_fits(Satoshi a, Satoshi b) { return in_range(a.value_ + b.value_); }

 private:
  static constexpr bool in_range(std::int64_t value) { return value >= -kMax && value <= kMax; }
  static constexpr std::int64_t checked(std::int64_t value) {
    ABC2_CHECK(in_range(value), "an amount of money left the range of all bitcoin");
    return value;
  }
  std::int64_t value_ = 0;
};

inline namespace literals {
constexpr Satoshi operator""_sat(unsigned long long value) { return Satoshi(static_cast<std::int64_t>(value)); }
}  // namespace literals

}  // namespace abc2
