// What members of typed documents may be (store/fields.hpp), for those who write and read them.
#pragma once
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace abc2::store {

// A JSON value that is carried along as text, to be decoded by whoever knows its type.
struct RawJson {
  std::string text = "null";
  friend bool operator==(const RawJson&, const RawJson&) = default;
};

// Specialise for an enum: `static constexpr std::array<std::string_view, N> names` in the order of its values from 0.
template <class E>
struct EnumText;

template <class T>
concept HasFields = std::is_class_v<T> && requires(T& value) { T::fields(value, [](std::string_view, auto&) {}); };

template <class T>
concept Document = HasFields<T> && requires {
  { T::type } -> std::convertible_to<std::string_view>;
  { T::schema } -> std::convertible_to<int>;
};

namespace detail {

// The latest time that a document may name: the end of the year 9999.
inline constexpr std::int64_t kLatestMs = 253'402'300'799'999;

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};

}  // namespace detail
}  // namespace abc2::store
