// A user's own money.
#include <boost/json/array.hpp>

#include "http/api_encode.hpp"
#include "http/problem.hpp"
#include "market/keys.hpp"
#include "market/ledger.hpp"

namespace abc2::http {

namespace json = boost::json;

namespace {

// What was left half-done is finished at the user's next action; this is one.
Task<void> recover_behind(market::Market* market, std::string user) {
  // What cannot be finished now stays as it is: it is tried again at the next action and by the sweep.
  [[maybe_unused]] const auto done = co_await market->recover_user(std::move(user));
}

}  // namespace

Handled show_me(AppState* app, Context context) {
  const std::string user = context.who.user;
  CO_TRY(const auto balance,
         co_await store::get_existing<market::Balance>(app->parts.store, market::keys::balance(user),
                                                       "the account has no balance yet; log in again"));
  CO_TRY(const auto created_at, co_await app->parts.market.accounts.created_at(user));
  json::object out;
  out["user"] = user;
  out["operator"] = app->is_operator(user);
  out["created_at_ms"] = to_unix_ms(created_at);
  out["balance_sat"] = balance.value.money.value();
  if (balance.value.hold) {
    out["hold"] = json_of_hold(*balance.value.hold);
  } else {
    out["hold"] = nullptr;
  }
  if (balance.value.pending) {
    out["pending"] = {{"kind", balance.value.pending->kind}, {"reference", balance.value.pending->reference}};
  } else {
    out["pending"] = nullptr;
  }
  if (balance.value.hold || balance.value.pending) {
    app->parts.runtime.spawn(app->parts.loops.at(context.loop), "recover a user",
                             recover_behind(&app->parts.market, user));
  }
  co_return json_response(200, out);
}

Handled show_ledger(AppState* app, Context context) {
  CO_TRY(const auto asked, page_asked(context.request));
  CO_TRY(const auto page, co_await market::read_ledger(app->parts.store, context.who.user, asked.before, asked.limit));
  json::array entries;
  for (const auto& entry : page.entries) entries.push_back(json_of_ledger_entry(entry));
  json::object out;
  out["entries"] = std::move(entries);
  out["more"] = page.more;
  co_return json_response(200, out);
}

}  // namespace abc2::http
