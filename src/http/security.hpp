// Who asks, and whether a browser was tricked into asking. Thread-safe: pure functions.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/time.hpp"
#include "http/message.hpp"

namespace abc2::http {

inline constexpr std::string_view kSessionCookie = "abc2_session";

// What a request proves itself with.
struct Credential {
  std::string token;
  bool from_cookie = false;  // a browser sends it by itself: see check_same_origin
};

// The token in `Authorization: Bearer` or, without one, in the session cookie; nullopt if there is neither.
// Errors: invalid_argument (another kind of Authorization).
Result<std::optional<Credential>> credential_of(const Request& request);

// For requests that change something on the strength of a cookie: whether a page of ours sent it. Browsers say so in
// Sec-Fetch-Site or Origin; a client that sends neither must use a Content-Type that no form can send.
// Errors: forbidden.
Result<void> check_same_origin(const Request& request);

// The value of Set-Cookie that begins a session, and the one that ends it.
std::string session_cookie(std::string_view token, Milliseconds lifetime, bool secure);
std::string ended_session_cookie(bool secure);

// What every answer carries: no guessing of types, no framing, no referrer. Answers that are made to be framed or to be
// used by other sites' pages have set their own before.
void add_security_headers(Response& response, bool tls);

}  // namespace abc2::http
