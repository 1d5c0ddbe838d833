// Whatever the bytes: every check ends, and what it takes keeps its promise.
#include <algorithm>

#include "base/limits.hpp"
#include "market/names.hpp"

namespace {

void require(bool kept) {
  if (!kept) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace abc2::market;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto has = [text](char c) { return text.find(c) != std::string_view::npos; };
  const bool control =
      std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });

  if (check_user_name(text)) require(size >= 2 && size <= 32 && !has('/') && !has(' ') && !control);
  if (check_link("link", text)) {
    require(size <= abc2::limits::link_bytes && !control && !has(' ') && !has('"') && !has('<') && !has('>') &&
            !has('\\'));
    require((text[0] | 0x20) == 'h' && text.find("://") <= 5);
    const auto authority = text.substr(text.find("://") + 3);
    require(!authority.empty() &&
            authority.substr(0, authority.find_first_of("/?#")).find('@') == std::string_view::npos);
  }
  if (check_title(text)) require(is_utf8(text) && !control && size > 0);
  if (check_about(text)) require(is_utf8(text) && !has('\r') && !has('\0'));
  if (check_category(text)) require(!control && !has('/') && !has('_') && size > 0);
  if (check_attempt(text)) require(size == 36 && !control);
  if (check_sha256(text)) require(size == 64 && !has('/'));
  return 0;
}
