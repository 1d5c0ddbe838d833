// A small HTTP client for the commands that work through a running server. Blocking, one connection a request.
#pragma once
#include <string>

#include "base/result.hpp"

namespace abc2::cli {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// `server` is "http://host:port" or "https://host" (whose certificate must be valid for it). `token` goes into
// Authorization: Bearer and nowhere else. `body` is JSON, or empty. The server's answer, whatever its status, is
// success. Errors: invalid_argument (the URL), unavailable (no connection, or no whole answer within two minutes).
Result<HttpAnswer> http_request(const std::string& server, const std::string& method, const std::string& path,
                                const std::string& token, const std::string& body);

}  // namespace abc2::cli
