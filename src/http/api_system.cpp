// The program itself: is it alive, is it ready, what does it count, how is it spoken to.
#include <boost/asio/ip/address.hpp>

#include "http/api_encode.hpp"
#include "http/openapi_text.hpp"
#include "http/pages.hpp"
#include "http/problem.hpp"
#include "http/version.hpp"
#include "market/keys.hpp"

namespace abc2::http {

namespace json = boost::json;

Handled healthz(AppState* /*app*/, Context /*context*/) { co_return json_response(200, json::object{{"alive", true}}); }

// Ready means: a request that needs the store would be answered now.
Handled readyz(AppState* app, Context /*context*/) {
  if (app->parts.runtime.stopping()) co_return Error(Code::unavailable, "the server is shutting down");
  const auto read = co_await app->parts.store.get(market::keys::fees_account());
  if (!read) co_return Error(Code::unavailable, "the store does not answer");
  co_return json_response(200, json::object{{"ready", true}});
}

// Without logging in only from this machine; through a proxy everybody would seem to be. That there is one is known
// from the settings that it needs, and by most from what they add to a request.
Handled show_metrics(AppState* app, Context context) {
  boost::system::error_code unparsed;
  const auto address = boost::asio::ip::make_address(context.request.peer, unparsed);
  bool proxied = app->settings.behind_proxy || app->settings.secure_cookies;
  for (const char* sign : {"x-forwarded-for", "forwarded", "x-real-ip", "via"})
    proxied = proxied || !context.request.header(sign).empty();
  const bool here = !unparsed && address.is_loopback() && !proxied;
  if (!here && !app->is_operator(context.who.user))
    co_return Error(Code::forbidden, "metrics are for operators, and for this machine");
  auto response = co_await operator_metrics(app, std::move(context));
  co_return response;
}

Handled show_openapi(AppState* /*app*/, Context /*context*/) {
  Response response;
  response.set("Content-Type", "application/yaml");
  response.set("Cache-Control", "no-cache");
  response.body = openapi_text();
  co_return response;
}

Handled show_version(AppState* /*app*/, Context /*context*/) {
  co_return json_response(200, json::object{{"name", "abc2"}, {"version", version()}});
}

Handled show_home(AppState* app, Context context) {
  if (app->settings.pages) {
    auto page = app->settings.pages->find(context.request);
    if (page) co_return std::move(*page);
  }
  Response response;
  response.set("Content-Type", "text/html; charset=utf-8");
  response.set("Cache-Control", "no-cache");
  response.body =
      "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>abc2</title></head><body>"
      "<h1>abc2</h1><p>A marketplace for advertising slots on web sites, paid in bitcoin.</p><ul>"
      "<li><a href=\"/api/campaigns\">The campaigns</a></li>"
      "<li><a href=\"/api/openapi.yaml\">How to speak to this server</a> (OpenAPI)</li>"
      "<li><a href=\"/healthz\">Alive?</a> <a href=\"/readyz\">Ready?</a> <a href=\"/metrics\">Metrics</a></li>"
      "</ul></body></html>\n";
  co_return response;
}

}  // namespace abc2::http
