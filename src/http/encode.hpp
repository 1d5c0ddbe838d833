// The bytes of a response. Not thread-safe where a class is; the functions are pure.
#pragma once
#include <string>
#include <string_view>

#include "base/time.hpp"
#include "http/message.hpp"

namespace abc2::http {

// "Sun, 06 Nov 1994 08:49:37 GMT", put together once a second.
class DateText {
 public:
  // Valid until the next call.
  std::string_view at(Time now);

 private:
  std::int64_t second_ = -1;
  std::string text_;
};

// "Not Found"; "Unknown" for a status that this program does not use.
std::string_view reason(int status);

struct HeadOptions {
  std::string_view date;
  bool keep_alive = true;
  bool http_1_0 = false;  // then the connection's end is the end of a stream, and keep-alive must be said
};

// Appends the status line and the fields, with Date, Connection where needed, and Content-Length or, for a stream,
// Transfer-Encoding. Control characters in values are left out, so that no value can begin a field of its own.
void append_head(std::string& out, const Response& response, const HeadOptions& options);

// A response that is sent as it is, many times: everything but the date is put together beforehand.
class PreparedResponse {
 public:
  explicit PreparedResponse(const Response& response);
  // For HTTP/1.1 clients who keep the connection.
  void append_to(std::string& out, std::string_view date) const;

 private:
  std::string before_date_;
  std::string after_date_;
};

}  // namespace abc2::http
