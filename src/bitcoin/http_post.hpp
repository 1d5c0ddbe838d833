// One HTTP POST, on the caller's event loop. Internal to the RPC client.
#pragma once
#include <string>

#include "runtime/runtime.hpp"

namespace abc2::bitcoin {

struct HttpUrl {
  bool tls = false;
  std::string host, port, path;
};
// "http://host:port/path" or "https://...". Errors: invalid_argument (credentials in it, too).
Result<HttpUrl> parse_http_url(std::string_view text);

struct HttpReply {
  int status = 0;
  std::string body;
};

// The server's reply, whatever its status. A TLS server's certificate must be valid for its host. One connection.
// Errors: unavailable (no connection, not a whole reply within `at_most`, more than `most_bytes`).
Task<Result<HttpReply>> http_post(HttpUrl url, std::string authorization, std::string body, Milliseconds at_most,
                                  std::size_t most_bytes);

}  // namespace abc2::bitcoin
