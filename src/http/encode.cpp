#include "http/encode.hpp"

#include <array>
#include <charconv>
#include <ctime>

#include "base/check.hpp"

namespace abc2::http {

namespace {

void append_number(std::string& out, std::uint64_t number) {
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out.append(digits.data(), end);
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out += name;
  out += ": ";
  for (const char c : value) {
    if (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) out += c;
  }
  out += "\r\n";
}

// A response without a body has no length to speak of (RFC 9110, 8.6).
bool has_length(int status) { return status >= 200 && status != 204 && status != 304; }

}  // namespace

std::string_view DateText::at(Time now) {
  const std::int64_t second = to_unix_ms(now) / 1000;
  if (second == second_) return text_;
  second_ = second;
  const std::time_t time = second;
  std::tm utc{};
  gmtime_r(&time, &utc);
  std::array<char, 64> text{};
  // The C locale's names are English, and this program sets no other.
  text_.assign(text.data(), std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc));
  return text_;
}

std::string_view reason(int status) {
  switch (status) {
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 413: return "Content Too Large";
    case 415: return "Unsupported Media Type";
    case 422: return "Unprocessable Content";
    case 423: return "Locked";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Unknown";
  }
}

void append_head(std::string& out, const Response& response, const HeadOptions& options) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(response.status));
  out += ' ';
  out += reason(response.status);
  out += "\r\nDate: ";
  out += options.date;
  out += "\r\n";
  for (const auto& [name, value] : response.headers) append_field(out, name, value);
  if (response.stream) {
    if (!options.http_1_0) out += "Transfer-Encoding: chunked\r\n";
  } else if (has_length(response.status)) {
    out += "Content-Length: ";
    append_number(out, response.shared_body ? response.shared_body->size() : response.body.size());
    out += "\r\n";
  }
  if (!options.keep_alive) {
    out += "Connection: close\r\n";
  } else if (options.http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  out += "\r\n";
}

PreparedResponse::PreparedResponse(const Response& response) {
  ABC2_CHECK(!response.stream, "a stream cannot be prepared");
  const std::string_view mark = "\x01";
  std::string head;
  append_head(head, response, {.date = mark});
  const auto at = head.find(mark);
  before_date_ = head.substr(0, at);
  after_date_ = head.substr(at + mark.size()) + (response.shared_body ? *response.shared_body : response.body);
}

void PreparedResponse::append_to(std::string& out, std::string_view date) const {
  out.reserve(out.size() + before_date_.size() + date.size() + after_date_.size());
  out += before_date_;
  out += date;
  out += after_date_;
}

}  // namespace abc2::http
