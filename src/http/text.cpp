#include "http/text.hpp"

#include <charconv>

namespace abc2::http {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Calls `each` with what lies between separators.
template <class Each>
void split(std::string_view text, char separator, Each each) {
  while (!text.empty()) {
    const auto end = text.find(separator);
    each(text.substr(0, end));
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = hex_digit(text[i + 1]);
    const int low = hex_digit(text[i + 2]);
    if (high < 0 || low < 0 || high + low == 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

Result<QueryFields> parse_query(std::string_view query) {
  QueryFields fields;
  bool bad_encoding = false;
  std::size_t count = 0;
  split(query, '&', [&](std::string_view part) {
    if (part.empty() || bad_encoding || ++count > kQueryFields) return;
    std::string plain(part);
    for (char& c : plain) {
      if (c == '+') c = ' ';
    }
    const auto equals = plain.find('=');
    auto name = percent_decoded(std::string_view(plain).substr(0, equals));
    auto value =
        percent_decoded(equals == std::string::npos ? std::string_view() : std::string_view(plain).substr(equals + 1));
    if (!name || !value) {
      bad_encoding = true;
      return;
    }
    fields.emplace_back(std::move(*name), std::move(*value));
  });
  if (bad_encoding) return Error(Code::invalid_argument, "the query of the address is not well encoded");
  if (count > kQueryFields) return Error(Code::invalid_argument, "the query of the address has too many fields");
  return fields;
}

std::string_view query_field(const QueryFields& fields, std::string_view name) {
  for (const auto& field : fields) {
    if (field.first == name) return field.second;
  }
  return {};
}

std::string_view cookie(std::string_view header, std::string_view name) {
  std::string_view found;
  split(header, ';', [&](std::string_view part) {
    const auto equals = part.find('=');
    if (equals == std::string_view::npos || !found.empty()) return;
    if (trimmed(part.substr(0, equals)) == name) found = trimmed(part.substr(equals + 1));
  });
  return found;
}

std::optional<std::uint64_t> parse_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::string media_type(std::string_view content_type) {
  std::string out(trimmed(content_type.substr(0, content_type.find(';'))));
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string html_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size() + text.size() / 8);
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out += c;
    }
  }
  return out;
}

}  // namespace abc2::http
