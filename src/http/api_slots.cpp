// Slots: the resource that is bought with a PUT.
#include <boost/json/array.hpp>

#include "http/api_encode.hpp"
#include "http/json_body.hpp"
#include "http/problem.hpp"
#include "market/keys.hpp"
#include "market/names.hpp"

namespace abc2::http {

namespace json = boost::json;

namespace {

// What a refused buyer needs to know for the next try: the slot that is sold next, its price, and where.
Handled refused(AppState* app, std::string buyer, std::string seller, std::uint64_t number, Error error) {
  json::object members;
  auto campaign = co_await app->parts.market.campaigns.get(seller, number);
  if (campaign) {
    const auto standing = co_await read_standing(app, seller, number, campaign.value());
    if (standing) {
      members["price_sat"] = standing.value().offer.price.value();
      members["starts_at_ms"] = to_unix_ms(standing.value().offer.starts_at);
      members["next"] = standing.value().next_slot;
      members["next_href"] = slot_path(seller, number, standing.value().next_slot);
    }
  }
  if (error.code() == Code::insufficient_funds) {
    const auto balance =
        co_await store::get<market::Balance>(app->parts.store, market::keys::balance(std::move(buyer)));
    if (balance && balance.value()) members["balance_sat"] = balance.value()->value.money.value();
  }
  co_return problem(error, std::move(members));
}

bool tells_what_is_next(Code code) {
  return code == Code::slot_taken || code == Code::conflict || code == Code::price_above_limit ||
         code == Code::insufficient_funds || code == Code::attempt_ended;
}

}  // namespace

Handled buy_slot(AppState* app, Context context) {
  market::Order order;
  CO_TRY(order.seller, user_param(context.request, "seller"));
  CO_TRY(order.campaign, number_param(context.request, "c"));
  CO_TRY(order.slot, number_param(context.request, "n"));
  CO_TRY(auto body, JsonBody::parse(context.request));
  order.buyer = context.who.user;
  order.request = body.text("attempt");
  order.filler = body.number("filler");
  order.highest_price = body.money("highest_price_sat");
  CO_TRY_VOID(body.done());
  CO_TRY_VOID(market::check_attempt(order.request));

  auto bought = co_await app->parts.market.purchases.buy(order);
  if (bought) {
    const auto& done = bought.value();
    (done.repeated ? app->repeated : app->bought).add();
    Response response =
        json_response(done.repeated ? 200 : 201, json_of_sale(order.seller, order.campaign, done.slot, done.sale));
    response.set("Location", slot_path(order.seller, order.campaign, done.slot));
    co_return response;
  }
  const Error& error = bought.error();
  app->not_bought[static_cast<std::size_t>(error.code())]->add();
  if (error.code() == Code::account_held) {
    auto response = co_await held_problem(app, order.buyer, error);
    co_return response;
  }
  if (error.code() == Code::undecided) co_return problem(error, {{"attempt", order.request}});
  if (tells_what_is_next(error.code())) {
    auto response = co_await refused(app, order.buyer, order.seller, order.campaign, error);
    co_return response;
  }
  co_return error;
}

Handled show_slot(AppState* app, Context context) {
  CO_TRY(const auto seller, user_param(context.request, "seller"));
  CO_TRY(const auto campaign, number_param(context.request, "c"));
  CO_TRY(const auto number, number_param(context.request, "n"));
  CO_TRY(const auto slot, co_await app->parts.market.campaigns.slot(seller, campaign, number));
  CO_TRY(const auto head, co_await app->parts.market.campaigns.get(seller, campaign));
  co_return json_response(200, json_of_slot(seller, campaign, number, slot, number <= head.last));
}

Handled list_slots(AppState* app, Context context) {
  CO_TRY(const auto seller, user_param(context.request, "seller"));
  CO_TRY(const auto campaign, number_param(context.request, "c"));
  CO_TRY(const auto asked, page_asked(context.request));
  CO_TRY(const auto page, co_await app->parts.market.campaigns.slots(seller, campaign, asked.before, asked.limit));
  json::array items;
  for (const auto& item : page.items)
    items.push_back(json_of_slot(seller, campaign, item.number, item.value.slot, item.value.settled));
  json::object out;
  out["slots"] = std::move(items);
  out["more"] = page.more;
  co_return json_response(200, out);
}

}  // namespace abc2::http
