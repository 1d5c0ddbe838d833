// Pictures for the demo and for benchmarks: small PNG files made of stripes.
#pragma once
#include <cstdint>
#include <string>

namespace abc2::cli {

// A PNG of that size; `hue` (any number) decides its colours. Pure.
std::string striped_png(std::uint32_t width, std::uint32_t height, std::uint32_t hue);

}  // namespace abc2::cli
