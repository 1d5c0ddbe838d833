// Bitcoin, as far as a user has to do with it.
#include <boost/json/array.hpp>

#include "http/api_encode.hpp"
#include "http/bitcoin_encode.hpp"
#include "http/json_body.hpp"
#include "http/live_stream.hpp"
#include "http/problem.hpp"
#include "market/keys.hpp"

namespace abc2::http {

namespace json = boost::json;
using bitcoin::Cashier;

Result<Cashier*> cashier_of(AppState* app) {
  if (!app->parts.cashier) return Error(Code::not_found, "this market takes no bitcoin");
  return app->parts.cashier;
}

json::value text_or_null(const std::string& text) { return text.empty() ? json::value() : json::value(text); }

json::object json_of_deposit(const bitcoin::DepositView& view) {
  const auto& chain = view.deposit.on_chain;
  return {{"id", view.id},
          {"transaction", view.id.substr(0, view.id.find(':'))},
          {"address", chain ? chain->address : ""},
          {"amount_sat", view.deposit.amount.value()},
          {"at_ms", to_unix_ms(view.deposit.at)},
          {"state", to_string(view.state)},
          {"confirmations", view.confirmations},
          {"needed", chain ? chain->needed : 0},
          {"credited_sat", chain ? chain->booked.value() : 0},
          {"owed_sat", view.owed.value()}};
}

json::object json_of_withdrawal(const bitcoin::WithdrawalView& view) {
  const market::Withdrawal& one = view.withdrawal;
  const bool paid = !view.transaction.empty();
  return {{"user", one.user},
          {"attempt", view.attempt},
          {"address", one.address},
          {"amount_sat", one.amount.value()},
          {"fee_sat", one.fee.value()},
          {"at_ms", to_unix_ms(one.at)},
          {"state", store::EnumText<market::Withdrawal::State>::names.at(static_cast<std::size_t>(one.state))},
          {"cancellable", view.cancellable},
          {"refunded", one.refunded},
          {"lacks_coins", view.lacks_coins},
          {"payout", paid ? json::value(one.payout) : json::value()},
          {"transaction", text_or_null(view.transaction)},
          {"confirmations", view.confirmations}};
}

namespace {

json::array json_of_confirmations(const std::vector<bitcoin::Confirmations>& table) {
  json::array lines;
  for (const auto& line : table) lines.push_back({{"from_sat", line.amount.value()}, {"needed", line.needed}});
  return lines;
}

// "event: bitcoin" whenever the chain, the user's deposits or the balance have changed.
class BitcoinStream final : public LiveStream {
 public:
  static Result<std::shared_ptr<BitcoinStream>> open(AppState* app, Executor loop, const std::string& user) {
    TRY_VOID(check_room(*app));
    std::shared_ptr<BitcoinStream> stream(new BitcoinStream(app, loop));
    const std::weak_ptr<LiveStream> weak = stream->weak_from_this();
    const auto on = [&](const store::Key& key) {
      return app->parts.hub.subscribe(key, loop, [weak, key](const store::Snapshot& now) {
        if (const auto live = weak.lock()) static_cast<BitcoinStream&>(*live).on_change(key, now);
      });
    };
    for (const auto& key : {bitcoin::keys::chain(), bitcoin::keys::bell(user), market::keys::balance(user)}) {
      TRY(auto subscription, on(key));
      stream->subscriptions_.push_back(std::move(subscription));
    }
    return stream;
  }

 private:
  BitcoinStream(AppState* app, Executor loop) : LiveStream(app, loop) {}

  void on_change(const store::Key& key, const store::Snapshot& now) {
    if (stopped()) return;
    if (key == bitcoin::keys::chain() && now) {
      const auto head = store::decode<bitcoin::ChainHead>(now->value);
      if (head) height_ = head.value().height;  // what cannot be read is for the audit to report
    }
    set_due();
  }
  std::string events() override {
    return "event: bitcoin\ndata: {\"height\":" + (height_ ? std::to_string(*height_) : "null") + "}\n\n";
  }
  void unsubscribe() override { subscriptions_.clear(); }

  std::optional<std::int64_t> height_;
  std::vector<store::WatchHub::Subscription> subscriptions_;
};

}  // namespace

Handled show_bitcoin(AppState* app, Context context) {
  json::object out{{"network", nullptr}, {"height", nullptr}, {"deposits", nullptr}, {"withdrawals", nullptr}};
  Cashier* cashier = app->parts.cashier;
  if (!cashier) co_return json_response(200, out);
  const auto& settings = cashier->settings();
  out["network"] = bitcoin::to_string(settings.network);
  CO_TRY(const auto height, co_await cashier->height());
  if (height) out["height"] = *height;
  CO_TRY(const bool takes, co_await cashier->takes_deposits());
  if (takes) {
    CO_TRY(const auto address, co_await cashier->known_address(context.who.user));
    out["deposits"] = {{"address", address ? json::value(*address) : json::value()},
                       {"uri", address ? json::value(Cashier::uri_of(*address)) : json::value()},
                       {"least_sat", settings.watcher.least.value()},
                       {"confirmations", json_of_confirmations(settings.watcher.confirmations)}};
  }
  if (settings.withdrawals)
    out["withdrawals"] = {{"fee_sat", settings.withdrawals->fee.value()},
                          {"least_sat", settings.withdrawals->least.value()},
                          {"approval_from_sat", settings.withdrawals->approval_from.value()},
                          {"final_after", settings.payouts.final_after}};
  co_return json_response(200, out);
}

Handled make_deposit_address(AppState* app, Context context) {
  CO_TRY(Cashier * cashier, cashier_of(app));
  CO_TRY(const auto address, co_await cashier->address_of(context.who.user));
  co_return json_response(200, json::object{{"address", address}, {"uri", Cashier::uri_of(address)}});
}

Handled bitcoin_events(AppState* app, Context context) {
  CO_TRY_VOID(cashier_of(app));
  CO_TRY(auto stream, BitcoinStream::open(app, app->parts.loops.at(context.loop), context.who.user));
  co_return LiveStream::response(std::move(stream));
}

Handled list_bitcoin_deposits(AppState* app, Context context) {
  CO_TRY(Cashier * cashier, cashier_of(app));
  CO_TRY(const auto all, co_await cashier->deposits(context.who.user));
  json::array items;
  for (const auto& one : all) items.push_back(json_of_deposit(one));
  co_return json_response(200, json::object{{"deposits", std::move(items)}});
}

Handled list_withdrawals(AppState* app, Context context) {
  CO_TRY(Cashier * cashier, cashier_of(app));
  CO_TRY(const auto all, co_await cashier->withdrawals(context.who.user));
  json::array items;
  for (const auto& one : all) items.push_back(json_of_withdrawal(one));
  co_return json_response(200, json::object{{"withdrawals", std::move(items)}});
}

Handled withdraw(AppState* app, Context context) {
  CO_TRY(Cashier * cashier, cashier_of(app));
  CO_TRY(auto body, JsonBody::parse(context.request));
  Cashier::Order order;
  order.user = context.who.user;
  order.attempt = context.request.param("attempt");
  order.address = body.text("address");
  order.amount = body.money("amount_sat");
  order.agreed_fee = body.money("fee_sat");
  CO_TRY_VOID(body.done());
  const auto made = co_await cashier->withdraw(order);
  if (made) co_return json_response(made.value().repeated ? 200 : 201, json_of_withdrawal(made.value()));
  const Error& error = made.error();
  if (error.code() == Code::account_held) {
    auto held = co_await held_problem(app, order.user, error);
    co_return held;
  }
  if (error.code() == Code::undecided) co_return problem(error, {{"attempt", order.attempt}});
  if (error.code() == Code::conflict) {
    const auto& terms = cashier->settings().withdrawals;
    co_return problem(error, {{"fee_sat", terms ? terms->fee.value() : 0}});
  }
  co_return error;
}

Handled cancel_withdrawal(AppState* app, Context context) {
  CO_TRY(Cashier * cashier, cashier_of(app));
  CO_TRY(const auto now, co_await cashier->cancel(context.who.user, context.request.param("attempt")));
  co_return json_response(200, json_of_withdrawal(now));
}

}  // namespace abc2::http
