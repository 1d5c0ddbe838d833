// PNG chunks: whether all of a PNG is there and undamaged, and the part of it that is the picture. Pure.
#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace abc2::market {

// The PNG without the chunks that a decoder may leave out: texts, colour profiles, times. The whole file is walked and
// every chunk's checksum is compared, so that a decoder meets nothing that is cut off and nothing that unpacks to
// more than the picture.
// Errors: invalid_argument (damaged or cut off).
Result<std::string> essential_png(std::string_view png);

}  // namespace abc2::market
