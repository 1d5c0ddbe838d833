// Campaigns, as sellers make them and everybody sees them.
#include <algorithm>
#include <boost/json/array.hpp>

#include "http/api_encode.hpp"
#include "http/json_body.hpp"
#include "http/problem.hpp"
#include "http/text.hpp"

namespace abc2::http {

namespace json = boost::json;

namespace {

// {"image", "link", "hover_text"}
Result<market::Fallback> fallback_of(JsonBody& body) {
  market::Fallback fallback;
  fallback.image = body.text("image");
  fallback.link = body.text("link");
  fallback.hover_text = body.optional_text("hover_text").value_or("");
  if (auto wrong = body.done(); !wrong) return wrong.error().within("fallback");
  // What show_image answers to is accepted as well as the bare SHA-256.
  constexpr std::string_view path = "/images/";
  if (fallback.image.starts_with(path)) fallback.image.erase(0, path.size());
  return fallback;
}

Handled campaign_response(AppState* app, int status, std::string seller, std::uint64_t number,
                          market::Campaign campaign) {
  CO_TRY(const auto standing, co_await read_standing(app, seller, number, campaign));
  Response response =
      json_response(status, json_of_campaign(seller, number, campaign, standing, app->parts.runtime.now()));
  if (status == 201) response.set("Location", campaign_path(seller, number));
  co_return response;
}

std::uint32_t side_of(JsonBody& body, std::string_view name) {
  // What does not fit is beyond every limit that the market has.
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(body.number(name), UINT32_MAX));
}

json::array json_of_campaigns(const std::vector<market::CampaignOf>& campaigns, Time now) {
  json::array items;
  for (const auto& item : campaigns)
    items.push_back(
        json_of_campaign(item.seller, item.number, item.campaign, standing_of(item.campaign, std::nullopt, now), now));
  return items;
}

json::value json_of_cursor(const std::string& next) { return next.empty() ? json::value() : json::value(next); }

// "300x250"
Result<market::AdSize> size_of(std::string_view text) {
  const auto x = text.find('x');
  const auto width = parse_number(text.substr(0, x));
  const auto height = x == std::string_view::npos ? std::nullopt : parse_number(text.substr(x + 1));
  if (!width || !height || *width < 1 || *height < 1 || *width > limits::ad_side_pixels ||
      *height > limits::ad_side_pixels)
    return Error(Code::invalid_argument, "size is not a width and a height in pixels like 300x250, of 1 to " +
                                             std::to_string(limits::ad_side_pixels) + " each");
  return market::AdSize{static_cast<std::uint32_t>(*width), static_cast<std::uint32_t>(*height)};
}

Result<market::CatalogueOrder> order_of(std::string_view text) {
  using enum market::CatalogueOrder;
  constexpr std::pair<std::string_view, market::CatalogueOrder> names[] = {
      {"price", price}, {"start", start}, {"popular", popular}, {"new", newest}};
  for (const auto& [name, order] : names)
    if (text == name) return order;
  return Error(Code::invalid_argument, "sort is none of price, start, popular and new");
}

Handled find_campaigns(AppState* app, Context context) {
  CO_TRY(const auto asked, page_asked(context.request));
  CO_TRY(const auto fields, parse_query(context.request.query()));
  market::CatalogueQuery query{std::string(query_field(fields, "q")), std::nullopt, market::CatalogueOrder::price,
                               asked.limit, asked.cursor};
  if (const auto size = query_field(fields, "size"); !size.empty()) {
    CO_TRY(query.size, size_of(size));
  }
  if (const auto sort = query_field(fields, "sort"); !sort.empty()) {
    CO_TRY(query.order, order_of(sort));
  }
  CO_TRY(const auto page, co_await app->parts.market.catalogue.find(std::move(query)));
  json::array sizes;
  for (const auto& [size, campaigns] : page.sizes)
    sizes.push_back(json::object{{"width_px", size.width_px}, {"height_px", size.height_px}, {"campaigns", campaigns}});
  json::object out;
  out["campaigns"] = json_of_campaigns(page.campaigns, app->parts.runtime.now());
  out["next"] = json_of_cursor(page.next);
  out["found"] = page.found;
  out["complete"] = page.complete;
  out["sizes"] = std::move(sizes);
  co_return json_response(200, out);
}

}  // namespace

// Lists show what each campaign says by itself: they read nothing else for each of their items.
Handled list_campaigns(AppState* app, Context context) {
  CO_TRY(const auto query, parse_query(context.request.query()));
  const bool is_search = std::ranges::any_of(
      query, [](const auto& field) { return field.first == "q" || field.first == "size" || field.first == "sort"; });
  if (is_search) {
    auto found = co_await find_campaigns(app, std::move(context));
    co_return found;
  }
  CO_TRY(const auto asked, page_asked(context.request));
  CO_TRY(const auto page, co_await app->parts.market.campaigns.list_all(asked.cursor, asked.limit));
  json::object out;
  out["campaigns"] = json_of_campaigns(page.campaigns, app->parts.runtime.now());
  out["next"] = json_of_cursor(page.next);
  co_return json_response(200, out);
}

Handled list_campaigns_of(AppState* app, Context context) {
  CO_TRY(const auto seller, user_param(context.request, "seller"));
  CO_TRY(const auto asked, page_asked(context.request));
  CO_TRY(const auto page, co_await app->parts.market.campaigns.list(seller, asked.before, asked.limit));
  const Time now = app->parts.runtime.now();
  json::array items;
  for (const auto& item : page.items) {
    items.push_back(json_of_campaign(seller, item.number, item.value, standing_of(item.value, std::nullopt, now), now));
  }
  json::object out;
  out["campaigns"] = std::move(items);
  out["more"] = page.more;
  co_return json_response(200, out);
}

Handled create_campaign(AppState* app, Context context) {
  CO_TRY(auto body, JsonBody::parse(context.request));
  market::CampaignDraft draft;
  draft.attempt = body.optional_text("attempt").value_or("");
  draft.title = body.text("title");
  draft.about = body.optional_text("about").value_or("");
  draft.page = body.text("page");
  draft.width_px = side_of(body, "width_px");
  draft.height_px = side_of(body, "height_px");
  draft.refused_categories = body.optional_texts("refused_categories").value_or(std::vector<std::string>());
  draft.floor = body.money("floor_sat");
  if (const auto length = body.optional_integer("slot_length_ms")) draft.slot_length = Milliseconds(*length);
  auto fallback = body.optional_object("fallback");
  CO_TRY_VOID(body.done());
  if (fallback) {
    CO_TRY(auto read, fallback_of(*fallback));
    draft.fallback = std::move(read);
  }
  const std::string seller = context.who.user;
  CO_TRY(const auto number, co_await app->parts.market.campaigns.create(seller, std::move(draft)));
  CO_TRY(auto campaign, co_await app->parts.market.campaigns.get(seller, number));
  auto response = co_await campaign_response(app, 201, seller, number, std::move(campaign));
  co_return response;
}

Handled show_campaign(AppState* app, Context context) {
  CO_TRY(const auto seller, user_param(context.request, "seller"));
  CO_TRY(const auto number, number_param(context.request, "c"));
  CO_TRY(auto campaign, co_await app->parts.market.campaigns.get(seller, number));
  auto response = co_await campaign_response(app, 200, seller, number, std::move(campaign));
  co_return response;
}

Handled change_campaign(AppState* app, Context context) {
  CO_TRY(const auto seller, user_param(context.request, "seller"));
  CO_TRY(const auto number, number_param(context.request, "c"));
  if (seller != context.who.user) co_return Error(Code::forbidden, "only its seller may change a campaign");
  CO_TRY(auto body, JsonBody::parse(context.request));
  market::CampaignEdits edits;
  edits.title = body.optional_text("title");
  edits.about = body.optional_text("about");
  edits.page = body.optional_text("page");
  edits.refused_categories = body.optional_texts("refused_categories");
  if (body.is_null("fallback")) {
    edits.fallback.emplace(std::nullopt);
  } else if (auto fallback = body.optional_object("fallback")) {
    CO_TRY(auto read, fallback_of(*fallback));
    edits.fallback.emplace(std::move(read));
  }
  CO_TRY_VOID(body.done());
  CO_TRY(auto campaign, co_await app->parts.market.campaigns.change(seller, number, std::move(edits)));
  auto response = co_await campaign_response(app, 200, seller, number, std::move(campaign));
  co_return response;
}

Handled campaign_statistics(AppState* app, Context context) {
  CO_TRY(const auto seller, user_param(context.request, "seller"));
  CO_TRY(const auto number, number_param(context.request, "c"));
  CO_TRY(const auto query, parse_query(context.request.query()));
  constexpr auto day = std::chrono::hours(24);
  Time until = app->parts.runtime.now() + std::chrono::hours(1);
  Time from = until - day;
  const auto until_text = query_field(query, "until_ms");
  const auto from_text = query_field(query, "from_ms");
  constexpr std::uint64_t latest = 253'402'300'799'000;  // the year 9999
  const auto until_ms = parse_number(until_text);
  const auto from_ms = parse_number(from_text);
  if ((!until_text.empty() && (!until_ms || *until_ms > latest)) ||
      (!from_text.empty() && (!from_ms || *from_ms > latest)))
    co_return Error(Code::invalid_argument, "from_ms and until_ms are moments, in milliseconds since 1970");
  if (until_ms) until = from_unix_ms(static_cast<std::int64_t>(*until_ms));
  if (from_ms) {
    from = from_unix_ms(static_cast<std::int64_t>(*from_ms));
  } else {
    from = until - day;
  }
  CO_TRY_VOID(co_await app->parts.market.campaigns.get(seller, number));
  CO_TRY(const auto hours, co_await app->parts.market.statistics.read(seller, number, from, until));
  json::array items;
  for (const auto& hour : hours) {
    json::array slots;
    for (const auto& slot : hour.slots)
      slots.push_back(json::object{{"slot", slot.slot}, {"views", slot.views}, {"clicks", slot.clicks}});
    items.push_back(json::object{{"hour_ms", to_unix_ms(hour.hour)}, {"slots", std::move(slots)}});
  }
  json::object out;
  out["hours"] = std::move(items);
  co_return json_response(200, out);
}

Handled collect_earnings(AppState* app, Context context) {
  CO_TRY(const auto seller, user_param(context.request, "seller"));
  CO_TRY(const auto number, number_param(context.request, "c"));
  if (seller != context.who.user)
    co_return Error(Code::forbidden, "only its seller may collect what a campaign earned");
  CO_TRY(const auto amount, co_await app->parts.market.money.collect_earnings(seller, number));
  co_return json_response(200, json::object{{"collected_sat", amount.value()}});
}

}  // namespace abc2::http
