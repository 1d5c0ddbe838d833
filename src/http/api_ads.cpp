// Ads on pages: what the fast way of the AdBoard does not answer, clicks and views.
#include <boost/json/object.hpp>

#include "http/ad_board.hpp"
#include "http/api_encode.hpp"
#include "http/problem.hpp"
#include "http/text.hpp"

namespace abc2::http {

namespace json = boost::json;

namespace {

struct AdAsked {
  std::string seller;
  std::uint64_t campaign = 0;
  std::uint64_t slot = 0;
  std::string token;
};

Result<AdAsked> ad_asked(const Request& request) {
  AdAsked asked;
  TRY(asked.seller, user_param(request, "seller"));
  TRY(asked.campaign, number_param(request, "c"));
  TRY(const auto query, parse_query(request.query()));
  if (const auto text = query_field(query, "slot"); !text.empty()) {
    const auto slot = parse_number(text);
    if (!slot) return Error(Code::invalid_argument, "slot is not a number");
    asked.slot = *slot;
  }
  asked.token = query_field(query, "token");
  return asked;
}

}  // namespace

Handled ad_json(AppState* app, Context context) {
  CO_TRY(const auto asked, ad_asked(context.request));
  CO_TRY(auto pages, co_await app->boards[context.loop]->pages(asked.seller, asked.campaign));
  co_return std::move(pages.json);
}

Handled ad_frame(AppState* app, Context context) {
  CO_TRY(const auto asked, ad_asked(context.request));
  CO_TRY(auto pages, co_await app->boards[context.loop]->pages(asked.seller, asked.campaign));
  co_return std::move(pages.frame);
}

Handled ad_click(AppState* app, Context context) {
  CO_TRY(const auto asked, ad_asked(context.request));
  AdBoard& board = *app->boards[context.loop];
  CO_TRY(const auto link, co_await board.link_of(asked.seller, asked.campaign, asked.slot));
  // A HEAD asks where the link leads; nobody has clicked it.
  if (asked.slot != 0 && context.request.method == Method::get) {
    const market::Visitor visitor{context.request.peer, context.request.header("user-agent")};
    app->parts.market.statistics.click(asked.seller, asked.campaign, asked.slot, asked.token, visitor);
  }
  Response response;
  response.status = 302;
  response.set("Location", link);
  response.set("Cache-Control", "no-store");
  response.set("Referrer-Policy", "no-referrer");
  co_return response;
}

Handled ad_view(AppState* app, Context context) {
  CO_TRY(const auto asked, ad_asked(context.request));
  AdBoard& board = *app->boards[context.loop];
  CO_TRY(const bool shown, co_await board.was_shown(asked.seller, asked.campaign, asked.slot));
  if (!shown) co_return Error(Code::not_found, "this slot is not on air");
  const market::Visitor visitor{context.request.peer, context.request.header("user-agent")};
  const auto view = app->parts.market.statistics.view(asked.seller, asked.campaign, asked.slot, visitor);
  Response response = json_response(
      200,
      json::object{{"counted", view.outcome == market::AdStatistics::ViewOutcome::counted}, {"token", view.token}});
  response.set("Access-Control-Allow-Origin", "*");
  response.set("Cross-Origin-Resource-Policy", "cross-origin");
  co_return response;
}

Handled embed_script(AppState* /*app*/, Context /*context*/) {
  Response response;
  response.set("Content-Type", "text/javascript; charset=utf-8");
  response.set("Cache-Control", "public, max-age=3600");
  response.set("Access-Control-Allow-Origin", "*");
  response.set("Cross-Origin-Resource-Policy", "cross-origin");
  response.body = embed_script_text();
  co_return response;
}

}  // namespace abc2::http
