// Names: what users may call things and write into them. Every check refuses with Code::invalid_argument and a
// sentence that says what is wrong and what is allowed; nothing is corrected silently.
//
//   TRY_VOID(check_user_name(name));
//   TRY_VOID(check_link("link", draft.link));
//
// `what` names the member in the message ("link: ...") and must not come from a user. Thread-safe: pure functions.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace abc2::market {

// limits::user_name_min_bytes to limits::user_name_bytes of a-z 0-9 . _ - that begin with a letter or a digit and do
// not end in . or -. There are no capitals, so that no two names differ in their case alone, and no '/'.
Result<void> check_user_name(std::string_view name);

// limits::password_min_bytes to limits::password_max_bytes of any characters.
Result<void> check_password(std::string_view password);

// UTF-8, `min_bytes` to `max_bytes` long, without control characters or other characters that change how the text
// around them is shown (U+0000-001F, 007F-009F, 2028-202E, 2066-2069); not blank unless it may be empty.
// With `lines`, line feeds are allowed.
enum class Lines : bool { one, many };
Result<void> check_text(std::string_view what, std::string_view text, std::size_t min_bytes, std::size_t max_bytes,
                        Lines lines = Lines::one);

Result<void> check_title(std::string_view title);            // 1 to limits::title_bytes
Result<void> check_about(std::string_view about);            // 0 to limits::about_bytes, several lines
Result<void> check_hover_text(std::string_view hover_text);  // 0 to limits::hover_text_bytes
Result<void> check_access_label(std::string_view label);     // 0 to limits::access_label_bytes

// An absolute http or https URL of at most limits::link_bytes in printable ASCII (RFC 3986): a host name or an IP
// address, an optional port, and no user name or password. It holds no spaces, quotes or brackets, but may hold & and
// '.
Result<void> check_link(std::string_view what, std::string_view link);

// Lower-case words a-z 0-9, joined by single '-', at most limits::category_bytes.
Result<void> check_category(std::string_view category);
// At most limits::categories_refused, none twice.
Result<void> check_refused_categories(const std::vector<std::string>& categories);

// A UUID in its canonical 36 characters, in lower case; any version but none that is all zeroes.
Result<void> check_attempt(std::string_view attempt);

// 64 characters 0-9 a-f.
Result<void> check_sha256(std::string_view sha256);

// Whether `text` is well-formed UTF-8 (no overlong forms, no surrogates, nothing above U+10FFFF).
bool is_utf8(std::string_view text);

}  // namespace abc2::market
