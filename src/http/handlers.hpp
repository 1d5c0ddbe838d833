// The handlers of all routes: decode, call the market, encode; no rule of the market's own is here.
//
// A handler is a coroutine that is given everything it may touch. An Error that it returns becomes a problem document;
// where a problem needs more members, the handler makes it itself. Which route has which handler is in routes.cpp.
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/metrics.hpp"
#include "http/message.hpp"
#include "http/rate_limiter.hpp"
#include "http/seldom.hpp"
#include "market/market.hpp"
#include "runtime/event_loops.hpp"
#include "store/watch_hub.hpp"

namespace abc2::bitcoin {
class Cashier;
}

namespace abc2::http {

class AdBoard;
class Pages;

struct AppSettings {
  std::vector<std::string> operators;  // the users who may do what is under /api/operator
  bool secure_cookies = false;         // also without TLS of our own: a proxy ends it
  bool behind_proxy = false;           // the client's address is the last one in X-Forwarded-For
  RateLimiter::Rate logins{20, Milliseconds(3000)};
  RateLimiter::Rate registrations{10, Milliseconds(20'000)};
  std::size_t addresses = 10'000;      // that the rate limits remember
  std::size_t streams = 1000;          // of live events at the same time
  std::shared_ptr<const Pages> pages;  // for people; null: there are none, only the API
};

// What the handlers work with. Borrowed: all of it outlives the App.
struct AppParts {
  store::Store& store;
  store::WatchHub& hub;
  market::Market& market;
  market::ImageLibrary& images;
  runtime::Runtime& runtime;
  runtime::EventLoops& loops;
  Metrics& metrics;
  bitcoin::Cashier* cashier = nullptr;  // null: this market takes no bitcoin
};

struct AppState {
  AppState(AppParts given, AppSettings with);
  ~AppState();

  const AppParts parts;
  const AppSettings settings;
  RateLimiter logins;
  RateLimiter registrations;
  std::vector<std::unique_ptr<AdBoard>> boards;  // one for each event loop
  std::atomic<std::size_t> streams = 0;
  std::atomic<bool> auditing = false;

  Seldom<std::vector<market::HeldAccount>> holds;  // all accounts are read for it, and pages ask every two seconds

  // abc2_purchases_total{outcome}: bought, repeated, or the code of the error.
  Counter& bought;
  Counter& repeated;
  std::array<Counter*, static_cast<std::size_t>(Code::limit_reached) + 1> not_bought;

  [[nodiscard]] bool is_operator(std::string_view user) const;
};

// One request on its way.
struct Context {
  Request request;
  std::size_t loop = 0;
  market::Identity who;  // empty where a route needs nobody and nobody has said who it is
};

// Who may use a route. An API key cannot do what `session` and `oper_session` ask for: manage
// passwords, sessions and keys, and let money go out.
enum class Need : std::uint8_t { nobody, user, session, oper, oper_session };

using Handled = Task<Result<Response>>;
using Handler = Handled (*)(AppState* app, Context context);

struct RouteEntry {
  Method method;
  const char* pattern;
  Need need;
  Handler handler;
};

// All routes.
const std::vector<RouteEntry>& routes();

// --- accounts
Handled register_account(AppState* app, Context context);
Handled log_in(AppState* app, Context context);
Handled log_out(AppState* app, Context context);
Handled list_sessions(AppState* app, Context context);
Handled end_session(AppState* app, Context context);
Handled end_other_sessions(AppState* app, Context context);
Handled list_keys(AppState* app, Context context);
Handled create_key(AppState* app, Context context);
Handled revoke_key(AppState* app, Context context);
Handled change_password(AppState* app, Context context);
Handled show_me(AppState* app, Context context);
Handled show_ledger(AppState* app, Context context);

// --- campaigns and slots
Handled list_campaigns(AppState* app, Context context);
Handled list_campaigns_of(AppState* app, Context context);
Handled create_campaign(AppState* app, Context context);
Handled show_campaign(AppState* app, Context context);
Handled change_campaign(AppState* app, Context context);
Handled campaign_events(AppState* app, Context context);
Handled campaign_statistics(AppState* app, Context context);
Handled list_slots(AppState* app, Context context);
Handled show_slot(AppState* app, Context context);
Handled buy_slot(AppState* app, Context context);
Handled collect_earnings(AppState* app, Context context);

// --- ads of a user, and images
Handled list_fillers(AppState* app, Context context);
Handled create_filler(AppState* app, Context context);
Handled show_filler(AppState* app, Context context);
Handled upload_image(AppState* app, Context context);
Handled show_image(AppState* app, Context context);

// --- ads on pages
Handled ad_json(AppState* app, Context context);
Handled ad_frame(AppState* app, Context context);
Handled ad_click(AppState* app, Context context);
Handled ad_view(AppState* app, Context context);
Handled embed_script(AppState* app, Context context);

// --- the operator
Handled fund_account(AppState* app, Context context);
Handled list_deposits(AppState* app, Context context);
Handled run_audit(AppState* app, Context context);
Handled last_audit(AppState* app, Context context);
Handled list_holds(AppState* app, Context context);
Handled list_nodes(AppState* app, Context context);
Handled resolve_hold(AppState* app, Context context);
Handled recover_all(AppState* app, Context context);
Handled collect_fees(AppState* app, Context context);
Handled operator_metrics(AppState* app, Context context);

// --- bitcoin: a user's
Handled show_bitcoin(AppState* app, Context context);
Handled make_deposit_address(AppState* app, Context context);
Handled bitcoin_events(AppState* app, Context context);
Handled list_bitcoin_deposits(AppState* app, Context context);
Handled list_withdrawals(AppState* app, Context context);
Handled withdraw(AppState* app, Context context);
Handled cancel_withdrawal(AppState* app, Context context);

// --- bitcoin: the operator's
Handled show_bitcoin_state(AppState* app, Context context);
Handled add_shard(AppState* app, Context context);
Handled rescan_blocks(AppState* app, Context context);
Handled show_owed(AppState* app, Context context);
Handled list_all_withdrawals(AppState* app, Context context);
Handled approve_withdrawal(AppState* app, Context context);
Handled refuse_withdrawal(AppState* app, Context context);
Handled bump_payout(AppState* app, Context context);

// --- the program itself
Handled healthz(AppState* app, Context context);
Handled readyz(AppState* app, Context context);
Handled show_metrics(AppState* app, Context context);
Handled show_openapi(AppState* app, Context context);
Handled show_version(AppState* app, Context context);
Handled show_home(AppState* app, Context context);

}  // namespace abc2::http
