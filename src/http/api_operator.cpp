// What only operators may do, and what the operator's tools use.
#include <array>
#include <boost/json/array.hpp>

#include "http/api_encode.hpp"
#include "http/json_body.hpp"
#include "http/problem.hpp"
#include "market/keys.hpp"

namespace abc2::http {

namespace json = boost::json;

namespace {

// One audit at a time: it reads everything.
class AuditTurn {
 public:
  explicit AuditTurn(AppState* app) : app_(app), mine_(!app->auditing.exchange(true)) {}
  ~AuditTurn() {
    if (mine_) app_->auditing = false;
  }
  AuditTurn(const AuditTurn&) = delete;
  AuditTurn& operator=(const AuditTurn&) = delete;
  [[nodiscard]] bool mine() const { return mine_; }

 private:
  AppState* app_;
  bool mine_;
};

}  // namespace

Handled fund_account(AppState* app, Context context) {
  CO_TRY(auto body, JsonBody::parse(context.request));
  const std::string id = body.text("id");
  const std::string user = body.text("user");
  const Satoshi amount = body.money("amount_sat");
  CO_TRY_VOID(body.done());
  CO_TRY(const bool credited, co_await app->parts.market.money.fund(id, user, amount));
  json::object out;
  out["id"] = id;
  out["user"] = user;
  out["amount_sat"] = amount.value();
  co_return json_response(credited ? 201 : 200, out);
}

Handled list_deposits(AppState* app, Context context) {
  CO_TRY(const auto asked, page_asked(context.request));
  CO_TRY(const auto page, co_await app->parts.market.money.deposits(asked.cursor, asked.limit));
  json::array items;
  for (const auto& [id, deposit] : page.deposits) {
    items.push_back(json::object{{"id", id},
                                 {"user", deposit.user},
                                 {"amount_sat", deposit.amount.value()},
                                 {"source", deposit.source},
                                 {"at_ms", to_unix_ms(deposit.at)},
                                 {"credited", deposit.credited}});
  }
  json::object out;
  out["deposits"] = std::move(items);
  if (page.next.empty()) {
    out["next"] = nullptr;
  } else {
    out["next"] = page.next;
  }
  co_return json_response(200, out);
}

Handled run_audit(AppState* app, Context /*context*/) {
  const AuditTurn turn(app);
  if (!turn.mine()) co_return Error(Code::too_busy, "another audit is running");
  // An object of its own: the background audit has the market's.
  market::Audit audit = app->parts.market.audit;
  CO_TRY(const auto report, co_await audit.run(limits::recovery_longest));
  co_return json_response(200, json_of_audit(report));
}

Handled last_audit(AppState* app, Context /*context*/) {
  const auto report = app->parts.market.last_audit();
  if (!report) {
    Response none;
    none.status = 204;
    none.set("Cache-Control", "no-store");
    co_return none;
  }
  co_return json_response(200, json_of_audit(*report));
}

Handled list_holds(AppState* app, Context /*context*/) {
  CO_TRY(const auto seen,
         co_await app->holds.get(&app->parts.runtime, [app] { return app->parts.market.held_accounts(); }));
  const Time now = app->parts.runtime.now();
  json::array items;
  for (const auto& account : seen->value) {
    json::object item = json_of_hold(account.hold);
    item["user"] = account.user;
    item["age_ms"] = (now - account.hold.since).count();
    items.push_back(std::move(item));
  }
  json::object out;
  out["holds"] = std::move(items);
  out["at_ms"] = to_unix_ms(seen->at);
  co_return json_response(200, out);
}

Handled resolve_hold(AppState* app, Context context) {
  CO_TRY(const auto user, user_param(context.request, "user"));
  const auto key = market::keys::balance(user);
  app->holds.end_rest();  // whoever looks next sees what has become of it
  CO_TRY_VOID(co_await store::get_existing<market::Balance>(app->parts.store, key, "there is no such account"));
  CO_TRY_VOID(co_await app->parts.market.purchases.settle_account(user));
  CO_TRY(const auto balance,
         co_await store::get_existing<market::Balance>(app->parts.store, key, "there is no such account"));
  json::object out;
  out["user"] = user;
  // A purchase may have begun since: then there is a hold again.
  if (balance.value.hold) {
    out["hold"] = json_of_hold(*balance.value.hold);
  } else {
    out["hold"] = nullptr;
  }
  co_return json_response(200, out);
}

Handled recover_all(AppState* app, Context /*context*/) {
  // Younger holds may belong to purchases that are being made.
  const Time void_until = app->parts.runtime.now() - limits::hold_is_old;
  CO_TRY(const auto left, co_await app->parts.market.recover_now(void_until));
  co_return json_response(200, json::object{{"not_repaired", left}});
}

Handled collect_fees(AppState* app, Context context) {
  CO_TRY(const auto amount, co_await app->parts.market.money.collect_fees(context.who.user));
  co_return json_response(200, json::object{{"collected_sat", amount.value()}});
}

Handled list_nodes(AppState* app, Context /*context*/) {
  constexpr std::array<std::string_view, 3> states = {"there", "left", "silent"};  // in the order of NodeState::Is
  json::array items;
  for (const auto& node : app->parts.market.nodes.nodes()) {
    items.push_back(json::object{{"id", node.id},
                                 {"name", node.name},
                                 {"this", node.self},
                                 {"state", states.at(static_cast<std::size_t>(node.is))},
                                 {"since_ms", to_unix_ms(node.since)},
                                 {"unchanged_ms", node.unchanged.count()},
                                 {"campaigns_in_use", node.in_use}});
  }
  json::object out;
  out["nodes"] = std::move(items);
  co_return json_response(200, out);
}

Handled operator_metrics(AppState* app, Context /*context*/) {
  Response response;
  response.set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
  response.set("Cache-Control", "no-store");
  response.body = app->parts.metrics.text();
  co_return response;
}

}  // namespace abc2::http
