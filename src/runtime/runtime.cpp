#include "runtime/runtime.hpp"

#include <array>

#include "base/check.hpp"

namespace abc2::runtime {

std::string random_hex(Runtime& runtime, std::size_t bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string raw(bytes, '\0');
  runtime.random(std::as_writable_bytes(std::span(raw)));
  std::string hex;
  hex.reserve(2 * bytes);
  for (const unsigned char byte : raw) {
    hex += digits[byte >> 4];
    hex += digits[byte & 15];
  }
  return hex;
}

std::string random_uuid(Runtime& runtime) {
  std::string hex = random_hex(runtime, 16);
  hex[12] = '4';                                                             // the version
  hex[16] = "89ab"[std::string_view("0123456789abcdef").find(hex[16]) & 3];  // the variant
  for (const std::size_t at : {20u, 16u, 12u, 8u}) hex.insert(at, 1, '-');
  return hex;
}

std::uint64_t random_below(Runtime& runtime, std::uint64_t below) {
  ABC2_CHECK(below > 0, "a draw from nothing");
  // Draws above the last whole multiple of `below` are thrown away, so that every outcome is equally likely.
  const std::uint64_t unfair = (0 - below) % below;
  for (;;) {
    std::array<std::uint64_t, 1> draw{};
    runtime.random(std::as_writable_bytes(std::span(draw)));
    if (draw[0] >= unfair) return draw[0] % below;
  }
}

}  // namespace abc2::runtime
