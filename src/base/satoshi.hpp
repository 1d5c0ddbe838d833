// Satoshi: an amount of money in units of 1e-8 bitcoin. 64-bit, checked, never floating point.
//
// An amount may be negative (a ledger entry that takes money away). Amounts that come from outside go through
// `Satoshi::parse` or `Satoshi::from`, which refuse what is beyond 21 million bitcoin. Sums over time may go beyond
// that, up to a bound that nothing reaches honestly: arithmetic past it is our own mistake and aborts.
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
  // What a sum may reach. Two such amounts still add up within 64 bits.
  static constexpr std::int64_t kBound = 1000 * kMax;

  constexpr Satoshi() = default;
  // For literals and for values that were checked before. Aborts outside +-kBound.
  constexpr explicit Satoshi(std::int64_t value) : value_(checked(value)) {}

  // Errors: invalid_argument when `value` is outside +-kMax.
  static Result<Satoshi> from(std::int64_t value);
  // Decimal digits with an optional leading '-'. Errors: invalid_argument for anything else.
  static Result<Satoshi> parse(std::string_view text);

  [[nodiscard]] constexpr std::int64_t value() const { return value_; }
  [[nodiscard]] std::string to_string() const { return std::to_string(value_); }

  // Both amounts lie within +-kBound, so that 64 bits cannot overflow before the check.
  friend constexpr Satoshi operator+(Satoshi a, Satoshi b) { return Satoshi(a.value_ + b.value_); }
  friend constexpr Satoshi operator-(Satoshi a, Satoshi b) { return Satoshi(a.value_ - b.value_); }
  constexpr Satoshi operator-() const { return Satoshi(-value_); }
  constexpr Satoshi& operator+=(Satoshi other) { return *this = *this + other; }
  constexpr Satoshi& operator-=(Satoshi other) { return *this = *this - other; }
  friend constexpr auto operator<=>(Satoshi, Satoshi) = default;

  // Whether an amount, or a sum, is no more than all the bitcoin there can be.
  static constexpr bool is_money(Satoshi sum) { return sum.value_ >= -kMax && sum.value_ <= kMax; }

 private:
  static constexpr std::int64_t checked(std::int64_t value) {
    ABC2_CHECK(value >= -kBound && value <= kBound, "a sum of money left the range that any money can reach");
    return value;
  }
  std::int64_t value_ = 0;
};

inline namespace literals {
constexpr Satoshi operator""_sat(unsigned long long value) { return Satoshi(static_cast<std::int64_t>(value)); }
}  // namespace literals

}  // namespace abc2
