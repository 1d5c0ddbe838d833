// api/openapi.yaml as it was when this program was built. Its text is compiled in by cmake/openapi.cmake.
#pragma once
#include <string_view>

namespace abc2::http {

std::string_view openapi_text();

}  // namespace abc2::http
