#include "http/security.hpp"

#include "http/text.hpp"

namespace abc2::http {

Result<std::optional<Credential>> credential_of(const Request& request) {
  const std::string_view authorization = request.header("authorization");
  if (!authorization.empty()) {
    constexpr std::string_view scheme = "bearer ";
    if (authorization.size() <= scheme.size() || !same_name(authorization.substr(0, scheme.size()), scheme))
      return Error(Code::invalid_argument, "Authorization must be 'Bearer' and a token");
    return std::optional<Credential>({std::string(authorization.substr(scheme.size())), false});
  }
  for (const auto& [name, value] : request.headers) {
    if (name != "cookie") continue;
    const std::string_view token = cookie(value, kSessionCookie);
    if (!token.empty()) return std::optional<Credential>({std::string(token), true});
  }
  return std::optional<Credential>();
}

Result<void> check_same_origin(const Request& request) {
  const Error refused(Code::forbidden, "this request comes from another site's page");
  const std::string_view site = request.header("sec-fetch-site");
  if (!site.empty()) {
    // 'none' is the user's own doing: the address bar, a bookmark.
    if (site == "same-origin" || site == "none") return success();
    return refused;
  }
  const std::string_view origin = request.header("origin");
  if (!origin.empty()) {
    // Behind a proxy that ends TLS our own scheme is not the page's: the host and port must do.
    const auto slashes = origin.find("://");
    if (slashes != std::string_view::npos && origin.substr(slashes + 3) == request.header("host")) return success();
    return refused;
  }
  const std::string type = media_type(request.header("content-type"));
  const bool form = type.empty() || type == "application/x-www-form-urlencoded" || type == "multipart/form-data" ||
                    type == "text/plain";
  // No form sends PUT, PATCH or DELETE, and a script of another site's page would have said its Origin.
  if (request.method != Method::post || !form) return success();
  return Error(Code::forbidden, "with a session cookie, say where the request comes from (Origin) or send JSON");
}

std::string session_cookie(std::string_view token, Milliseconds lifetime, bool secure) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(lifetime).count();
  std::string out(kSessionCookie);
  out += '=';
  out += token;
  out += "; Path=/; Max-Age=" + std::to_string(seconds) + "; HttpOnly; SameSite=Strict";
  if (secure) out += "; Secure";
  return out;
}

std::string ended_session_cookie(bool secure) { return session_cookie("", Milliseconds(0), secure); }

void add_security_headers(Response& response, bool tls) {
  const auto add = [&](const char* name, const char* lower, const char* value) {
    if (response.header(lower).empty()) response.set(name, value);
  };
  add("X-Content-Type-Options", "x-content-type-options", "nosniff");
  add("Referrer-Policy", "referrer-policy", "no-referrer");
  add("Content-Security-Policy", "content-security-policy", "default-src 'none'; frame-ancestors 'none'");
  add("Cross-Origin-Resource-Policy", "cross-origin-resource-policy", "same-origin");
  if (tls) add("Strict-Transport-Security", "strict-transport-security", "max-age=31536000");
}

}  // namespace abc2::http
