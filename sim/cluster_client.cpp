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

market::Secret password() { return market::Secret(std::string("correct horse")); }

Task<Told> buy(ClusterNode* node, std::shared_ptr<Asked> asked) {
  market::Market& market = node->market();
  const Request& request = *asked->request;
  boost::json::object answer{{"request", request_id(request.id)}, {"buyer", user_name(request.user)}};
  if (asked->slot == 0) {
    const auto campaign = co_await market.campaigns.get(user_name(request.other), 1);
    if (!campaign) co_return told("look", campaign, answer);
    asked->slot = campaign.value().last + 1;
  }
  const auto bought = co_await market.purchases.buy(order_of(request, asked->slot));
  if (bought) {
    answer["slot"] = bought.value().slot;
    answer["price"] = bought.value().sale.price.value();
  }
  co_return told("buy", bought, answer);
}

Task<Told> add(ClusterNode* node, const Request* request) {
  const std::string user = user_name(request->user);
  const bool ad = request->wish == Wish::add_ad;
  Result<std::uint64_t> made = std::uint64_t{0};
  if (ad) {
    const market::FillerDraft draft{request_id(request->id), "i", "https://a.example/", "", "books"};
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

Task<Told> serve(ClusterNode* node, std::shared_ptr<Asked> asked) {
  market::Market& market = node->market();
  const Request& request = *asked->request;
  const std::string user = user_name(request.user);
  switch (request.wish) {
    case Wish::buy: {
      auto answer = co_await buy(node, asked);
      co_return answer;
    }
    case Wish::add_ad:
    case Wish::add_campaign: {
      auto answer = co_await add(node, asked->request);
      co_return answer;
    }
    case Wish::register_user: {
      const auto made = co_await market.accounts.register_user(user, password());
      co_return told("register", made);
    }
    case Wish::log_in: {
      const auto session = co_await market.accounts.login(user, password(), "browser");
      co_return told("log in", session);
    }
    case Wish::change_password: {
      const auto changed = co_await market.accounts.change_password(user, password(), password(), "");
      co_return told("change password", changed);
    }
    case Wish::fund: {
      const std::string id = request_id(request.id);
      const auto funded = co_await market.money.fund(id, user, Satoshi(request.amount));
      co_return told("fund", funded, {{"id", id}});
    }
    case Wish::collect_earnings: {
      const auto collected = co_await market.money.collect_earnings(user, 1);
      co_return told("collect", collected);
    }
    case Wish::collect_fees: {
      // Now and then somebody tries who has no right to them.
      const auto collected = co_await market.money.collect_fees(user_name(request.id % 5 == 0 ? request.user : 0));
      co_return told("collect fees", collected);
    }
  }
  co_return Told();
}

}  // namespace

std::string user_name(std::uint32_t user) { return "u" + std::to_string(1000 + user); }

std::string request_id(std::uint64_t id) {
  std::string hex(16, '0');
  for (char& c : hex) {
    c = "0123456789abcdef"[id & 15];
    id >>= 4;
  }
  return "00000000-0000-4000-" + ("8" + hex.substr(1, 3)) + "-" + hex.substr(4, 12);
}

market::Order order_of(const Request& request, std::uint64_t slot) {
  return {user_name(request.user), user_name(request.other), 1, slot, request_id(request.id), 1,
          Satoshi(request.amount)};
}

Task<void> serve_request(ClusterNode* node, std::shared_ptr<Asked> asked, std::function<void(Told)> tell) {
  auto answer = co_await serve(node, std::move(asked));
  tell(std::move(answer));
}

}  // namespace abc2::sim
