// The version of this program.
#pragma once
#include <string_view>

namespace abc2::http {

// "0.1.0"
std::string_view version();

}  // namespace abc2::http
