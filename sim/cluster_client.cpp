#include "sim/cluster_client.hpp"

#include <boost/json.hpp>

namespace abc2::sim {
namespace {

template <class T>
Told told(std::string_view did, const Result<T>& result, boost::json::object answer = {}) {
  Told told;
  answer["did"] = did;
  std::string outcome = result ? "ok" : std::string(to_string(result.error().code()));
  if (!result) {
    answer["message"] = result.error().message();
    const Code code = result.error().code();
    told.again =
        code == Code::undecided || code == Code::unavailable || code == Code::too_busy || code == Code::account_held;
  }
  if (did == "buy" && result) outcome = "bought";
  answer["outcome"] = outcome;
  told.answer = boost::json::serialize(answer);
  told.what = std::string(did) + ": " + outcome;
  return told;
}

market::Secret secret(const std::string& text) { return market::Secret(std::string(text)); }

std::uint64_t campaign_of(const Request& request) { return request.id % 4 == 0 ? 2 : 1; }

// ------------------------------------------------------------------------------------------- who is asking

Task<Result<void>> log_in(ClusterNode* node, ClusterUser* user, std::string* untrue) {
  for (const std::string& password : user->passwords()) {
    const bool was_dead = user->dead.contains(password);
    const auto opened = co_await node->market().accounts.login(user->name, secret(password), "browser");
    if (opened) {
      if (was_dead) *untrue = user->name + " logged in with a password that had been changed";
      user->token = opened.value().token;
      user->session = opened.value().id;
      user->opened_with[user->token] = password;
      if (!user->dead.contains(password)) user->password = password;
      co_return success();
    }
    if (opened.error().code() != Code::unauthenticated) co_return opened.error();
  }
  co_return Error(Code::unauthenticated, "no password opens the account");
}

// As every request begins: with a session's token, or an API key, or logging in first.
Task<Result<void>> prove(ClusterNode* node, ClusterUser* user, bool by_key, std::string* untrue) {
  const bool key = by_key && !user->api_keys.empty();
  if (!key && user->token.empty()) {
    CO_TRY_VOID(co_await log_in(node, user, untrue));
  }
  const std::string token = key ? user->api_keys.back() : user->token;
  const std::string session = user->session;
  const bool was_ended = user->ended.contains(token);
  const bool was_closed = !key && !user->kept.contains(session) && user->dead.contains(user->opened_with[token]);
  const auto who = co_await node->market().accounts.authenticate(token);
  if (who) {
    if (who.value().user != user->name) *untrue = "the token of " + user->name + " is taken for " + who.value().user;
    if (was_ended) *untrue = user->name + " is still in with a session that was ended";
    if (was_closed) *untrue = user->name + " is still in with a session from before the change of password";
    co_return success();
  }
  if (who.error().code() != Code::unauthenticated) co_return who.error();
  if (key && !was_ended) *untrue = "an API key of " + user->name + " is forgotten";
  if (user->token == token) user->token.clear();
  auto opened = co_await log_in(node, user, untrue);
  co_return opened;
}

// --------------------------------------------------------------------------------------------- what is asked

Task<Told> buy(ClusterNode* node, std::shared_ptr<Asked> asked) {
  market::Market& market = node->market();
  const Request& request = *asked->request;
  const std::string id = request_id(request.id), seller = user_name(request.other);
  boost::json::object answer{{"request", id}, {"buyer", asked->user->name}};
  const std::uint64_t number = campaign_of(request);
  if (asked->slot == 0) {
    const auto campaign = co_await market.campaigns.get(seller, number);
    if (!campaign) co_return told("look", campaign, answer);
    // The same request may be here a second time, and have looked first.
    if (asked->slot == 0) asked->slot = campaign.value().last + 1;
  }
  const auto bought =
      co_await market.purchases.buy({asked->user->name, seller, number, asked->slot, id, 1, Satoshi(request.amount)});
  if (bought) {
    answer["slot"] = bought.value().slot;
    answer["price"] = bought.value().sale.price.value();
  }
  co_return told("buy", bought, answer);
}

Task<Told> add(ClusterNode* node, std::string user, const Request* request) {
  const bool ad = request->wish == Wish::add_ad;
  Result<std::uint64_t> made = std::uint64_t{0};
  if (ad) {
    const std::string image = "image " + std::to_string(request->id % 50);
    const market::FillerDraft draft{request_id(request->id), image, "https://a.example/", "", "books"};
    made = co_await node->market().fillers.create(user, draft);
  } else {
    market::CampaignDraft draft;
    draft.attempt = request_id(request->id);
    draft.title = "t";
    draft.page = "https://s.example/";
    draft.width_px = draft.height_px = 1;
    draft.floor = Satoshi(floor_sat);
    draft.slot_length = limits::slot_length_min;
    made = co_await node->market().campaigns.create(user, draft);
  }
  boost::json::object answer{{"key", (ad ? "filler/" : "campaign/") + user + "/"},
                             {"attempt", request_id(request->id)}};
  if (made) answer["number"] = made.value();
  co_return told("add", made, answer);
}

// While its slots are sold, a campaign gets another title and another fallback.
Task<Told> edit_campaign(ClusterNode* node, std::string user, const Request* request) {
  const auto image = co_await node->images().add("fallback " + std::to_string(request->id % 10));
  if (!image) co_return told("edit", image);
  market::CampaignEdits edits;
  edits.title = "title " + std::to_string(request->id % 1000);
  edits.fallback = market::Fallback{image.value().sha256, "https://f.example/", ""};
  const auto edited = co_await node->market().campaigns.change(user, 1, edits);
  co_return told("edit", edited);
}

Task<Told> change_password(ClusterNode* node, std::shared_ptr<Asked> asked) {
  ClusterUser* const user = asked->user;
  if (asked->new_password.empty()) {
    asked->old_password = user->password;
    asked->new_password = "password-" + std::to_string(asked->request->id % 1'000'000'000);
    asked->keep = asked->request->id % 2 ? user->session : std::string();
    user->kept.insert(asked->keep);
    user->attempted.push_back(asked->new_password);
    user->came_after[asked->new_password] = asked->old_password;
  }
  const auto changed = co_await node->market().accounts.change_password(user->name, secret(asked->old_password),
                                                                        secret(asked->new_password), asked->keep);
  if (changed) user->changed(asked->old_password, asked->new_password);
  co_return told("change password", changed);
}

Task<Told> log_out(ClusterNode* node, ClusterUser* user) {
  const std::string token = user->token, session = user->session;
  const auto left = co_await node->market().accounts.revoke(user->name, session);
  if (left) user->ended.insert(token);
  if (left && user->token == token) user->token.clear();
  co_return told("log out", left);
}

Task<Told> add_key(ClusterNode* node, ClusterUser* user) {
  const auto key = co_await node->market().accounts.create_api_key(user->name, "a program");
  if (key) user->api_keys.push_back(key.value().token);
  co_return told("add key", key);
}

// Every third is cancelled at once, and every third approved.
Task<Told> withdraw(ClusterNode* node, std::string user, const Request* request) {
  auto& withdrawals = node->market().withdrawals;
  const std::string id = request_id(request->id);
  boost::json::object answer{{"user", user}, {"attempt", id}};
  const auto made = co_await withdrawals.request({user, id, "address", Satoshi(request->amount), Satoshi(1), true});
  if (!made || request->id % 3 == 2) co_return told("withdraw", made, answer);
  const auto ended =
      request->id % 3 == 0 ? co_await withdrawals.cancel(user, id) : co_await withdrawals.approve(user, id);
  co_return told("withdraw", ended, answer);
}

// Everything that is only read.
Task<Told> look_around(ClusterNode* node, std::string user, const Request* request) {
  market::Market& market = node->market();
  const std::string seller = user_name(request->other);
  const auto all = co_await market.campaigns.list_all("", 20);
  if (!all) co_return told("look", all);
  const auto slots = co_await market.campaigns.slots(seller, 1, 0, 20);
  if (!slots && slots.error().code() != Code::not_found) co_return told("look", slots);
  const auto board = co_await market.campaigns.refresh(seller, 1, market::Schedule());
  if (!board && board.error().code() != Code::not_found) co_return told("look", board);
  const auto ads = co_await market.fillers.list(user, 0, 20);
  if (!ads) co_return told("look", ads);
  const auto access = co_await market.accounts.list_access(user);
  co_return told("look", access);
}

Told see_ad(ClusterNode* node, const Request& request) {
  auto& statistics = node->market().statistics;
  const std::string seller = user_name(request.other), address = "192.0.2." + std::to_string(request.id % 250);
  const market::Visitor visitor{address, "Mozilla/5.0 (X11; Linux x86_64)"};
  const auto view = statistics.view(seller, 1, 1, visitor);
  Told told;
  if (view.outcome == market::AdStatistics::ViewOutcome::counted) told.viewed = seller;
  if (request.id % 3 == 0) statistics.click(seller, 1, 1, view.token, visitor);
  told.what = "see an ad: seen";
  told.answer = R"({"did":"look","outcome":"ok"})";
  return told;
}

Task<Told> audit(ClusterNode* node) {
  const auto report = co_await node->market().audit.run(limits::recovery_longest);
  co_return told("audit", report);
}

Task<Told> serve(ClusterNode* node, std::shared_ptr<Asked> asked) {
  market::Market& market = node->market();
  const Request& request = *asked->request;
  ClusterUser* const user = asked->user;
  if (request.wish == Wish::see_ad) co_return see_ad(node, request);
  if (request.wish == Wish::register_user) {
    const auto made = co_await market.accounts.register_user(user->name, secret("password-of-old"));
    co_return told("register", made);
  }
  std::string untrue;
  const bool by_key = request.id % 5 == 0 && request.wish != Wish::log_out;
  auto proved =
      request.wish == Wish::log_in ? co_await log_in(node, user, &untrue) : co_await prove(node, user, by_key, &untrue);
  if (!proved || !untrue.empty() || request.wish == Wish::log_in) {
    Told answer = told("log in", proved);
    answer.untrue = untrue;
    co_return answer;
  }
  Told answer;
  switch (request.wish) {
    case Wish::see_ad:
    case Wish::register_user:
    case Wish::log_in: break;
    case Wish::buy: answer = co_await buy(node, asked); break;
    case Wish::add_ad:
    case Wish::add_campaign: answer = co_await add(node, user->name, asked->request); break;
    case Wish::edit_campaign: answer = co_await edit_campaign(node, user->name, asked->request); break;
    case Wish::change_password: answer = co_await change_password(node, asked); break;
    case Wish::log_out: answer = co_await log_out(node, user); break;
    case Wish::add_key: answer = co_await add_key(node, user); break;
    case Wish::look_around: answer = co_await look_around(node, user->name, asked->request); break;
    case Wish::audit: answer = co_await audit(node); break;
    case Wish::fund: {
      const std::string id = request_id(request.id);
      const auto funded = co_await market.money.fund(id, user->name, Satoshi(request.amount));
      answer = told("fund", funded, {{"id", id}});
      break;
    }
    case Wish::collect_earnings: {
      const auto collected = co_await market.money.collect_earnings(user->name, campaign_of(request));
      answer = told("collect", collected);
      break;
    }
    case Wish::withdraw: answer = co_await withdraw(node, user->name, asked->request); break;
    case Wish::collect_fees: {
      // Now and then somebody tries who has no right to them.
      const auto collected = co_await market.money.collect_fees(request.id % 5 == 0 ? user->name : user_name(0));
      answer = told("collect fees", collected);
      break;
    }
  }
  co_return answer;
}

}  // namespace

std::string request_id(std::uint64_t id) {
  std::string hex(16, '0');
  for (char& c : hex) {
    c = "0123456789abcdef"[id & 15];
    id >>= 4;
  }
  return "00000000-0000-4000-" + ("8" + hex.substr(1, 3)) + "-" + hex.substr(4, 12);
}

Task<void> serve_request(ClusterNode* node, std::shared_ptr<Asked> asked, std::function<void(Told)> tell) {
  auto answer = co_await serve(node, std::move(asked));
  tell(std::move(answer));
}

}  // namespace abc2::sim
