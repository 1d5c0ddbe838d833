// PostgreSQL's binary forms of values (the manual's chapter on the frontend/backend protocol; src/backend/utils/adt).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace abc2::engines::postgres {

// A bigint: eight bytes, the highest first.
std::string binary_bigint(std::uint64_t number);
// 0 if it is none.
std::uint64_t bigint_of(std::string_view bytes);

// A bytea[] of one dimension.
std::string binary_array(const std::vector<std::string>& items);
// A bigint[] of one dimension.
std::string binary_bigints(const std::vector<std::uint64_t>& numbers);

// The least key that is greater than every key with this prefix; empty if there is none.
std::string end_of_prefix(std::string prefix);

}  // namespace abc2::engines::postgres
