// Bitcoin, as far as operators have to do with it.
#include <boost/json/array.hpp>

#include "http/api_encode.hpp"
#include "http/bitcoin_encode.hpp"
#include "http/json_body.hpp"
#include "http/problem.hpp"
#include "http/text.hpp"

namespace abc2::http {

namespace json = boost::json;
using bitcoin::Cashier;

namespace {

template <class T>
json::value or_null(const std::optional<T>& value) {
  return value ? json::value(*value) : json::value();
}

json::array json_of_texts(const std::vector<std::string>& texts) {
  json::array all;
  for (const auto& text : texts) all.emplace_back(text);
  return all;
}

json::object json_of_payout(const bitcoin::PayoutView& view) {
  Satoshi amount;
  for (const auto& one : view.payout.withdrawals) amount += one.amount;
  const auto& newest = view.payout.transactions.back();
  return {{"number", view.number},
          {"amount_sat", amount.value()},
          {"fee_sat", newest.fee.value()},
          {"withdrawals", view.payout.withdrawals.size()},
          {"transaction", view.payout.in_chain.empty() ? newest.id : view.payout.in_chain},
          {"replacements", view.payout.transactions.size() - 1},
          {"confirmations", view.confirmations}};
}

}  // namespace

json::object json_of_state(const bitcoin::BitcoinState& state, bitcoin::Network network) {
  json::array nodes, shards, payouts, reversals;
  for (const auto& node : state.nodes)
    nodes.push_back({{"name", node.name},
                     {"used", node.used},
                     {"height", or_null(node.height)},
                     {"trouble", text_or_null(node.trouble)}});
  for (std::size_t i = 0; i < state.shards.size(); ++i)
    shards.push_back({{"number", i},
                      {"key", state.shards[i].first.key},
                      {"nodes", json_of_texts(state.shards[i].first.nodes)},
                      {"addresses", state.shards[i].second}});
  for (const auto& payout : state.payouts) payouts.push_back(json_of_payout(payout));
  for (const auto& one : state.reversals)
    reversals.push_back({{"id", one.reversal.outpoint},
                         {"user", one.reversal.user},
                         {"amount_sat", one.reversal.amount.value()},
                         {"owed_sat", one.owed.value()},
                         {"at_ms", to_unix_ms(one.reversal.at)},
                         {"back", one.back}});
  json::object out{{"network", bitcoin::to_string(network)}, {"nodes", std::move(nodes)}};
  out["chain"] = {
      {"height", state.chain ? json::value(state.chain->height) : json::value()},
      {"block", state.chain ? json::value(state.chain->block) : json::value()},
      {"node_height", state.watcher.node_height > 0 ? json::value(state.watcher.node_height) : json::value()},
      {"trouble", text_or_null(state.watcher.trouble)}};
  out["shards"] = std::move(shards);
  if (state.wallet) {
    out["wallet"] = {{"address", state.wallet->address},
                     {"spendable_sat", state.wallet->spendable.value()},
                     {"coins", state.wallet->coins},
                     {"waiting_sat", state.wallet->waiting.value()},
                     {"lacks_coins", state.wallet->lacks_coins}};
  } else {
    out["wallet"] = nullptr;
  }
  out["payouts"] = std::move(payouts);
  out["reversals"] = std::move(reversals);
  out["waiting"] = state.waiting;
  return out;
}

json::object json_of_owed(const bitcoin::Owed& owed) {
  json::array accounts;
  for (const auto& [user, account] : owed.accounts)
    accounts.push_back({{"user", user},
                        {"balance_sat", account.balance.value()},
                        {"earnings_sat", account.earnings.value()},
                        {"withdrawals_sat", account.withdrawals.value()}});
  const auto& sum = owed.sum;
  return {{"at_ms", to_unix_ms(owed.at)},
          {"height", owed.chain ? json::value(owed.chain->height) : json::value()},
          {"block", owed.chain ? json::value(owed.chain->block) : json::value()},
          {"accounts", std::move(accounts)},
          {"balances_sat", sum.balance.value()},
          {"earnings_sat", sum.earnings.value()},
          {"fees_sat", owed.fees.value()},
          {"withdrawals_sat", sum.withdrawals.value()},
          {"owed_sat", (sum.balance + sum.earnings + sum.withdrawals).value()},
          {"reversed_sat", owed.reversed.value()},
          {"wallet_sat", owed.wallet.value()}};
}

Handled show_bitcoin_state(AppState* app, Context /*context*/) {
  CO_TRY(Cashier * cashier, cashier_of(app));
  CO_TRY(const auto state, co_await cashier->state());
  co_return json_response(200, json_of_state(state, cashier->network()));
}

Handled add_shard(AppState* app, Context context) {
  CO_TRY(Cashier * cashier, cashier_of(app));
  CO_TRY(auto body, JsonBody::parse(context.request));
  bitcoin::Shard shard{body.text("key"), body.optional_texts("nodes").value_or(std::vector<std::string>())};
  CO_TRY_VOID(body.done());
  CO_TRY(const std::uint64_t number, co_await cashier->add_shard(std::move(shard)));
  co_return json_response(200, json::object{{"shard", number}});
}

Handled rescan_blocks(AppState* app, Context context) {
  CO_TRY(Cashier * cashier, cashier_of(app));
  CO_TRY(auto body, JsonBody::parse(context.request));
  const std::uint64_t height = body.number("height");
  CO_TRY_VOID(body.done());
  CO_TRY_VOID(co_await cashier->rescan(static_cast<std::int64_t>(height)));
  co_return json_response(202, json::object{{"height", height}});
}

Handled show_owed(AppState* app, Context /*context*/) {
  CO_TRY(const auto owed, co_await bitcoin::read_owed(app->parts.store, app->parts.runtime));
  co_return json_response(200, json_of_owed(owed));
}

Handled list_all_withdrawals(AppState* app, Context context) {
  CO_TRY(Cashier * cashier, cashier_of(app));
  CO_TRY(const auto query, parse_query(context.request.query()));
  const auto asked = query_field(query, "state");
  using Which = Cashier::Which;
  Which which = Which::open;
  if (asked == "waiting") {
    which = Which::waiting;
  } else if (asked == "all") {
    which = Which::all;
  } else if (!asked.empty() && asked != "open") {
    co_return Error(Code::invalid_argument, "state is waiting, open or all");
  }
  CO_TRY(const auto all, co_await cashier->all_withdrawals(which));
  json::array items;
  for (const auto& one : all) items.push_back(json_of_withdrawal(one));
  co_return json_response(200, json::object{{"withdrawals", std::move(items)}});
}

Handled approve_withdrawal(AppState* app, Context context) {
  CO_TRY(Cashier * cashier, cashier_of(app));
  const Request& request = context.request;
  CO_TRY(const auto now, co_await cashier->approve(request.param("user"), request.param("attempt")));
  co_return json_response(200, json_of_withdrawal(now));
}

Handled refuse_withdrawal(AppState* app, Context context) {
  CO_TRY(Cashier * cashier, cashier_of(app));
  const Request& request = context.request;
  CO_TRY(const auto now, co_await cashier->cancel(request.param("user"), request.param("attempt")));
  co_return json_response(200, json_of_withdrawal(now));
}

Handled bump_payout(AppState* app, Context context) {
  CO_TRY(Cashier * cashier, cashier_of(app));
  CO_TRY(const auto number, number_param(context.request, "n"));
  CO_TRY(const auto made, co_await cashier->bump(number));
  co_return json_response(200, json::object{{"transaction", made.id}, {"fee_sat", made.fee.value()}});
}

}  // namespace abc2::http
