# Compiles the text of api/openapi.yaml and the version into abc2_http, so that the server can hand them out.
function(abc2_compile_in_openapi target)
  set(yaml ${CMAKE_SOURCE_DIR}/api/openapi.yaml)
  set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${yaml})
  file(READ ${yaml} text)
  # A string literal may be 65,536 characters long: the text becomes several, which the compiler joins again.
  string(LENGTH "${text}" length)
  set(literals "")
  set(at 0)
  while(at LESS length)
    string(SUBSTRING "${text}" ${at} 8000 piece)
    string(APPEND literals "    text += R\"yaml-text(${piece})yaml-text\";\n")
    math(EXPR at "${at} + 8000")
  endwhile()
  set(source ${CMAKE_BINARY_DIR}/generated/openapi_text.cpp)
  file(CONFIGURE OUTPUT ${source} @ONLY CONTENT [[
#include "http/openapi_text.hpp"

#include <string>

#include "http/version.hpp"

namespace abc2::http {

std::string_view openapi_text() {
  static const std::string whole = [] {
    std::string text;
@literals@    return text;
  }();
  return whole;
}

std::string_view version() { return "@PROJECT_VERSION@"; }

}  // namespace abc2::http
]])
  target_sources(${target} PRIVATE ${source})
endfunction()
