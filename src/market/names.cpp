#include "market/names.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <set>

#include "base/limits.hpp"

namespace abc2::market {
namespace {

Error refuse(std::string_view what, std::string_view why) {
  return {Code::invalid_argument, std::string(what) + ": " + std::string(why)};
}

constexpr bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_lower_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
constexpr bool is_letter(char c) { return is_lower(static_cast<char>(c | 0x20)); }

std::string between(std::size_t least, std::size_t most) {
  return std::to_string(least) + " to " + std::to_string(most);
}

// Takes one code point off `text`; nullopt if it is not well-formed.
std::optional<char32_t> next_code_point(std::string_view& text) {
  const auto lead = static_cast<unsigned char>(text.front());
  if (lead < 0x80) {
    text.remove_prefix(1);
    return lead;
  }
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || text.size() < length) return std::nullopt;
  char32_t point = lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xC0) != 0x80) return std::nullopt;
    point = (point << 6) | (next & 0x3Fu);
  }
  constexpr std::array<char32_t, 5> least{0, 0, 0x80, 0x800, 0x10000};
  if (point < least[length] || point > 0x10FFFF || (point >= 0xD800 && point <= 0xDFFF)) return std::nullopt;
  text.remove_prefix(length);
  return point;
}

constexpr bool changes_its_surroundings(char32_t point) {
  return point < 0x20 || (point >= 0x7F && point <= 0x9F) || (point >= 0x2028 && point <= 0x202E) ||
         (point >= 0x2066 && point <= 0x2069);
}

bool is_label(std::string_view label) {
  if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return is_letter(c) || is_digit(c) || c == '-' || c == '_'; });
}

bool is_host_name(std::string_view host) {
  if (host.ends_with('.')) host.remove_suffix(1);
  if (host.empty() || host.size() > 253) return false;
  for (;;) {
    const auto dot = host.find('.');
    if (!is_label(host.substr(0, dot))) return false;
    if (dot == std::string_view::npos) return true;
    host.remove_prefix(dot + 1);
  }
}

bool is_ipv6(std::string_view address) {
  if (address.find_first_not_of("0123456789abcdefABCDEF:.") != std::string_view::npos) return false;
  in6_addr parsed;
  return inet_pton(AF_INET6, std::string(address).c_str(), &parsed) == 1;
}

bool is_port(std::string_view port) {
  if (port.empty() || port.size() > 5 || !std::all_of(port.begin(), port.end(), is_digit)) return false;
  unsigned value = 0;
  for (const char c : port) value = value * 10 + static_cast<unsigned>(c - '0');
  return value >= 1 && value <= 65535;
}

Result<void> check_authority(std::string_view what, std::string_view authority) {
  if (authority.find('@') != std::string_view::npos)
    return refuse(what, "a user name or password in a link is not allowed");
  std::string_view port;
  bool host_is_right = false;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return refuse(what, "the address in [ ] has no end");
    host_is_right = is_ipv6(authority.substr(1, end - 1));
    port = authority.substr(end + 1);
  } else {
    const auto colon = authority.find(':');
    host_is_right = is_host_name(authority.substr(0, colon));
    if (colon != std::string_view::npos) port = authority.substr(colon);
  }
  if (!host_is_right)
    return refuse(what, "this is no name of a host; names with other letters than a-z are written as xn--...");
  if (!port.empty() && (port.front() != ':' || !is_port(port.substr(1))))
    return refuse(what, "the port must be a number from 1 to 65535");
  return success();
}

// What RFC 3986 allows in a path, a query and a fragment, besides %XX.
constexpr bool is_path_character(char c) {
  return is_letter(c) || is_digit(c) || std::string_view("-._~!$&'()*+,;=:@/?").find(c) != std::string_view::npos;
}

Result<void> check_path(std::string_view what, std::string_view path) {
  bool fragment = false;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] == '%') {
      const auto is_hex = [&](std::size_t at) {
        return at < path.size() && (is_lower_hex(path[at]) || (path[at] >= 'A' && path[at] <= 'F'));
      };
      if (!is_hex(i + 1) || !is_hex(i + 2)) return refuse(what, "% must be followed by two hexadecimal digits");
      i += 2;
    } else if (path[i] == '#' && !fragment) {
      fragment = true;
    } else if (!is_path_character(path[i])) {
      return refuse(what, "a character that a URL may not hold as it is; write it as %XX");
    }
  }
  return success();
}

}  // namespace

Result<void> check_user_name(std::string_view name) {
  if (name.size() < limits::user_name_min_bytes || name.size() > limits::user_name_bytes)
    return refuse("user name",
                  "it must have " + between(limits::user_name_min_bytes, limits::user_name_bytes) + " characters");
  const auto allowed = [](char c) { return is_lower(c) || is_digit(c) || c == '.' || c == '_' || c == '-'; };
  if (!std::all_of(name.begin(), name.end(), allowed))
    return refuse("user name", "only the letters a-z, digits and . _ - are allowed");
  if (!is_lower(name.front()) && !is_digit(name.front()))
    return refuse("user name", "it must begin with a letter or a digit");
  if (name.back() == '.' || name.back() == '-') return refuse("user name", "it must not end in . or -");
  return success();
}

Result<void> check_password(std::string_view password) {
  if (password.size() < limits::password_min_bytes || password.size() > limits::password_max_bytes)
    return refuse("password",
                  "it must have " + between(limits::password_min_bytes, limits::password_max_bytes) + " bytes");
  return success();
}

Result<void> check_text(std::string_view what, std::string_view text, std::size_t min_bytes, std::size_t max_bytes,
                        Lines lines) {
  if (text.size() < min_bytes || text.size() > max_bytes)
    return refuse(what, "it must have " + between(min_bytes, max_bytes) + " bytes");
  bool blank = true;
  while (!text.empty()) {
    const auto point = next_code_point(text);
    if (!point) return refuse(what, "it is not valid UTF-8");
    if (*point == U'\n' && lines == Lines::many) continue;
    if (changes_its_surroundings(*point))
      return refuse(what, lines == Lines::many ? "control characters other than line feeds are not allowed"
                                               : "control characters and line feeds are not allowed");
    blank = blank && (*point == U' ' || *point == U'\u00A0' || *point == U'\u3000');
  }
  if (blank && min_bytes > 0) return refuse(what, "it must not be blank");
  return success();
}

Result<void> check_title(std::string_view title) { return check_text("title", title, 1, limits::title_bytes); }

Result<void> check_about(std::string_view about) {
  return check_text("about", about, 0, limits::about_bytes, Lines::many);
}

Result<void> check_hover_text(std::string_view hover_text) {
  return check_text("hover text", hover_text, 0, limits::hover_text_bytes);
}

Result<void> check_access_label(std::string_view label) {
  return check_text("label", label, 0, limits::access_label_bytes);
}

Result<void> check_link(std::string_view what, std::string_view link) {
  if (link.size() > limits::link_bytes)
    return refuse(what, "it must have at most " + std::to_string(limits::link_bytes) + " characters");
  const auto scheme_end = link.find("://");
  std::string scheme(link.substr(0, std::min<std::size_t>(scheme_end, 6)));
  std::transform(scheme.begin(), scheme.end(), scheme.begin(),
                 [](char c) { return is_letter(c) ? static_cast<char>(c | 0x20) : c; });
  if (scheme_end == std::string_view::npos || (scheme != "http" && scheme != "https"))
    return refuse(what, "it must begin with http:// or https://");
  link.remove_prefix(scheme_end + 3);
  const auto path = std::min(link.find_first_of("/?#"), link.size());
  TRY_VOID(check_authority(what, link.substr(0, path)));
  return check_path(what, link.substr(path));
}

Result<void> check_category(std::string_view category) {
  if (category.empty() || category.size() > limits::category_bytes)
    return refuse("category", "it must have " + between(1, limits::category_bytes) + " characters");
  const auto allowed = [](char c) { return is_lower(c) || is_digit(c) || c == '-'; };
  if (!std::all_of(category.begin(), category.end(), allowed) || category.front() == '-' || category.back() == '-' ||
      category.find("--") != std::string_view::npos)
    return refuse("category", "it must consist of words of a-z and 0-9, joined by -");
  return success();
}

Result<void> check_refused_categories(const std::vector<std::string>& categories) {
  if (categories.size() > limits::categories_refused)
    return refuse("refused categories",
                  "there must be at most " + std::to_string(limits::categories_refused) + " of them");
  std::set<std::string_view> seen;
  for (const auto& category : categories) {
    TRY_VOID(check_category(category));
    if (!seen.insert(category).second) return refuse("refused categories", "'" + category + "' is named twice");
  }
  return success();
}

Result<void> check_attempt(std::string_view attempt) {
  const auto wrong = refuse("attempt", "it must be a UUID in lower case, like 7d444840-9dc0-41d1-b245-5ffdce74fad2");
  if (attempt.size() != 36) return wrong;
  bool zero = true;
  for (std::size_t i = 0; i < attempt.size(); ++i) {
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? attempt[i] != '-' : !is_lower_hex(attempt[i])) return wrong;
    zero = zero && (dash || attempt[i] == '0');
  }
  if (zero) return wrong;
  return success();
}

Result<void> check_sha256(std::string_view sha256) {
  if (sha256.size() != 64 || !std::all_of(sha256.begin(), sha256.end(), is_lower_hex))
    return refuse("image", "it must be a SHA-256 in 64 hexadecimal digits in lower case");
  return success();
}

bool is_utf8(std::string_view text) {
  while (!text.empty())
    if (!next_code_point(text)) return false;
  return true;
}

}  // namespace abc2::market
