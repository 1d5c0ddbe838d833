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

struct HttpLimits {
  Milliseconds at_most;
  std::size_t most_bytes;
};

// The server's reply, whatever its status. A TLS server's certificate must be valid for its host, by the authorities
// in the PEM file `ca_file`, or by the system's if that is empty. One connection.
// Errors: unavailable (no connection, not a whole reply within the limits).
Task<Result<HttpReply>> http_post(HttpUrl url, std::string ca_file, std::string authorization, std::string body,
                                  HttpLimits limits);

}  // namespace abc2::bitcoin
