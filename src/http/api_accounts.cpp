// Registration, sessions, API keys, passwords.
#include <boost/json/array.hpp>

#include "http/api_encode.hpp"
#include "http/json_body.hpp"
#include "http/problem.hpp"
#include "http/security.hpp"

namespace abc2::http {

namespace json = boost::json;
using market::Secret;

namespace {

// A password leaves no copy behind in what has been parsed; the request's own bytes are wiped here as well.
void wipe(std::string& text) { const Secret gone(std::move(text)); }

std::optional<Response> limited(RateLimiter& limiter, const Context& context, Time now) {
  const Milliseconds wait = limiter.take(context.request.peer, now);
  if (wait == Milliseconds(0)) return std::nullopt;
  Response response = problem(429, "too many attempts from your address; wait before the next");
  response.set("Retry-After", std::to_string((wait.count() + 999) / 1000));
  return response;
}

json::object json_of_new_access(const market::NewAccess& access) {
  json::object out;
  out["id"] = access.id;
  out["token"] = access.token;
  if (access.expires_at) out["expires_at_ms"] = to_unix_ms(*access.expires_at);
  return out;
}

Response no_content() {
  Response response;
  response.status = 204;
  response.set("Cache-Control", "no-store");
  return response;
}

bool secure(const AppState* app, const Context& context) { return context.request.tls || app->settings.secure_cookies; }

Handled access_list(AppState* app, Context context, bool keys) {
  CO_TRY(const auto all, co_await app->parts.market.accounts.list_access(context.who.user));
  json::array items;
  for (const auto& access : all) {
    if (access.api_key() == keys) items.push_back(json_of_access(access, context.who.access));
  }
  json::object out;
  out[keys ? "keys" : "sessions"] = std::move(items);
  co_return json_response(200, out);
}

// Sessions and keys have ids of one kind; each is ended only by its own name.
Handled end_access(AppState* app, Context context, bool key) {
  const std::string id = context.request.param("id");
  CO_TRY(const auto all, co_await app->parts.market.accounts.list_access(context.who.user));
  bool found = false;
  for (const auto& access : all) found = found || (access.id == id && access.api_key() == key);
  if (!found) co_return Error(Code::not_found, key ? "there is no such API key" : "there is no such session");
  CO_TRY_VOID(co_await app->parts.market.accounts.revoke(context.who.user, id));
  Response response = no_content();
  if (id == context.who.access) response.set("Set-Cookie", ended_session_cookie(secure(app, context)));
  co_return response;
}

}  // namespace

Handled register_account(AppState* app, Context context) {
  if (auto refused = limited(app->registrations, context, app->parts.runtime.now())) co_return std::move(*refused);
  CO_TRY(auto body, JsonBody::parse(context.request));
  wipe(context.request.body);
  const std::string user = body.text("user");
  Secret password(body.text("password"));
  CO_TRY_VOID(body.done());
  CO_TRY(const auto registered, co_await app->parts.market.accounts.register_user(user, std::move(password)));
  Response response = json_response(registered == market::Registered::now ? 201 : 200, json::object{{"user", user}});
  co_return response;
}

Handled log_in(AppState* app, Context context) {
  if (auto refused = limited(app->logins, context, app->parts.runtime.now())) co_return std::move(*refused);
  CO_TRY(auto body, JsonBody::parse(context.request));
  wipe(context.request.body);
  const std::string user = body.text("user");
  Secret password(body.text("password"));
  const auto label = body.optional_text("label");
  CO_TRY_VOID(body.done());
  std::string from = label ? *label : std::string(context.request.header("user-agent"));
  CO_TRY(const auto access, co_await app->parts.market.accounts.login(user, std::move(password), std::move(from)));
  json::object out = json_of_new_access(access);
  out["user"] = user;
  Response response = json_response(201, out);
  response.set("Set-Cookie", session_cookie(access.token, limits::session_length, secure(app, context)));
  co_return response;
}

Handled log_out(AppState* app, Context context) {
  CO_TRY_VOID(co_await app->parts.market.accounts.revoke(context.who.user, context.who.access));
  Response response = no_content();
  response.set("Set-Cookie", ended_session_cookie(secure(app, context)));
  co_return response;
}

Handled list_sessions(AppState* app, Context context) { return access_list(app, std::move(context), false); }
Handled list_keys(AppState* app, Context context) { return access_list(app, std::move(context), true); }
Handled end_session(AppState* app, Context context) { return end_access(app, std::move(context), false); }
Handled revoke_key(AppState* app, Context context) { return end_access(app, std::move(context), true); }

Handled end_other_sessions(AppState* app, Context context) {
  CO_TRY_VOID(co_await app->parts.market.accounts.revoke_other_sessions(context.who.user, context.who.access));
  co_return no_content();
}

Handled create_key(AppState* app, Context context) {
  CO_TRY(auto body, JsonBody::parse(context.request));
  const std::string label = body.text("label");
  CO_TRY_VOID(body.done());
  CO_TRY(const auto access, co_await app->parts.market.accounts.create_api_key(context.who.user, label));
  json::object out = json_of_new_access(access);
  out["label"] = label;
  co_return json_response(201, out);
}

Handled change_password(AppState* app, Context context) {
  CO_TRY(auto body, JsonBody::parse(context.request));
  wipe(context.request.body);
  Secret old_password(body.text("old_password"));
  Secret new_password(body.text("new_password"));
  CO_TRY_VOID(body.done());
  const std::string user = context.who.user;
  auto changed = co_await app->parts.market.accounts.change_password(user, std::move(old_password),
                                                                     std::move(new_password), context.who.access);
  if (!changed) {
    const Error& error = changed.error();
    if (error.code() != Code::account_held) co_return error;
    auto held = co_await held_problem(app, user, error);
    co_return held;
  }
  co_return no_content();
}

}  // namespace abc2::http
