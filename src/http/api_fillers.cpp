// Fillers, the ads of a user, and images.
#include <boost/json/array.hpp>

#include "http/ad_board.hpp"
#include "http/api_encode.hpp"
#include "http/json_body.hpp"
#include "http/problem.hpp"
#include "http/text.hpp"
#include "market/encoding.hpp"

namespace abc2::http {

namespace json = boost::json;

namespace {

// An upload is either the image's own bytes, with what else is needed in the query, or JSON with the image in base64.
bool is_raw_image(const Request& request) { return media_type(request.header("content-type")).starts_with("image/"); }

Result<market::FillerDraft> draft_of(Request& request) {
  market::FillerDraft draft;
  if (is_raw_image(request)) {
    TRY(const auto query, parse_query(request.query()));
    draft.attempt = query_field(query, "attempt");
    draft.link = query_field(query, "link");
    draft.hover_text = query_field(query, "hover_text");
    draft.category = query_field(query, "category");
    draft.image = std::move(request.body);
    return draft;
  }
  TRY(auto body, JsonBody::parse(request));
  draft.attempt = body.optional_text("attempt").value_or("");
  draft.link = body.text("link");
  draft.hover_text = body.optional_text("hover_text").value_or("");
  draft.category = body.text("category");
  const std::string image = body.text("image_base64");
  TRY_VOID(body.done());
  TRY(draft.image, market::from_base64(image));
  return draft;
}

}  // namespace

Handled create_filler(AppState* app, Context context) {
  CO_TRY(auto draft, draft_of(context.request));
  const std::string user = context.who.user;
  CO_TRY(const auto number, co_await app->parts.market.fillers.create(user, std::move(draft)));
  CO_TRY(const auto filler, co_await app->parts.market.fillers.get(user, number));
  Response response = json_response(201, json_of_filler(user, number, filler));
  response.set("Location", "/api/fillers/" + user + '/' + std::to_string(number));
  co_return response;
}

Handled list_fillers(AppState* app, Context context) {
  CO_TRY(const auto asked, page_asked(context.request));
  const std::string user = context.who.user;
  CO_TRY(const auto page, co_await app->parts.market.fillers.list(user, asked.before, asked.limit));
  json::array items;
  for (const auto& item : page.items) items.push_back(json_of_filler(user, item.number, item.value));
  json::object out;
  out["fillers"] = std::move(items);
  out["more"] = page.more;
  co_return json_response(200, out);
}

Handled show_filler(AppState* app, Context context) {
  CO_TRY(const auto user, user_param(context.request, "user"));
  CO_TRY(const auto number, number_param(context.request, "n"));
  CO_TRY(const auto filler, co_await app->parts.market.fillers.get(user, number));
  co_return json_response(200, json_of_filler(user, number, filler));
}

Handled upload_image(AppState* app, Context context) {
  std::string bytes;
  if (is_raw_image(context.request)) {
    bytes = std::move(context.request.body);
  } else {
    CO_TRY(auto body, JsonBody::parse(context.request));
    const std::string image = body.text("image_base64");
    CO_TRY_VOID(body.done());
    CO_TRY(bytes, market::from_base64(image));
  }
  CO_TRY(const auto stored, co_await app->parts.images.add(std::move(bytes)));
  json::object out;
  out["sha256"] = stored.sha256;
  out["image"] = "/images/" + stored.sha256;
  out["image_type"] = stored.info.media_type;
  out["width_px"] = stored.info.width_px;
  out["height_px"] = stored.info.height_px;
  Response response = json_response(201, out);
  response.set("Location", "/images/" + stored.sha256);
  co_return response;
}

Handled show_image(AppState* app, Context context) {
  const std::string sha256 = context.request.param("sha256");
  const std::string tag = '"' + sha256 + '"';
  CO_TRY(const auto image, co_await app->boards[context.loop]->image(sha256));
  Response response;
  if (context.request.header("if-none-match") == tag) {
    response.status = 304;
  } else {
    response.shared_body = image.bytes;
    response.set("Content-Type", image.media_type);
  }
  // The address says what the bytes are: they can never be others.
  response.set("Cache-Control", "public, max-age=31536000, immutable");
  response.set("ETag", tag);
  response.set("Cross-Origin-Resource-Policy", "cross-origin");
  response.set("Access-Control-Allow-Origin", "*");
  co_return response;
}

}  // namespace abc2::http
