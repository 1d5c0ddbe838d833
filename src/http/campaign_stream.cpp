#include "http/campaign_stream.hpp"

#include <boost/json/serialize.hpp>

#include "http/api_encode.hpp"
#include "http/problem.hpp"
#include "http/text.hpp"
#include "market/keys.hpp"
#include "market/names.hpp"

namespace abc2::http {

CampaignStream::CampaignStream(AppState* app, Executor loop, std::vector<Name> names) : LiveStream(app, loop) {
  followed_.reserve(names.size());
  for (auto& name : names) followed_.push_back({std::move(name), std::nullopt, {}});
}

Result<std::shared_ptr<CampaignStream>> CampaignStream::open(AppState* app, Executor loop, std::vector<Name> names) {
  TRY_VOID(check_room(*app));
  std::shared_ptr<CampaignStream> stream(new CampaignStream(app, loop, std::move(names)));
  for (std::size_t i = 0; i < stream->followed_.size(); ++i) {
    auto& followed = stream->followed_[i];
    const auto key = market::keys::campaign(followed.name.seller, followed.name.number);
    TRY(followed.subscription,
        app->parts.hub.subscribe(key, loop, [weak = stream->weak_from_this(), i](const store::Snapshot& snapshot) {
          if (const auto live = weak.lock()) static_cast<CampaignStream&>(*live).on_change(i, snapshot);
        }));
  }
  return stream;
}

void CampaignStream::on_change(std::size_t which, const store::Snapshot& snapshot) {
  if (!snapshot || stopped()) return;
  auto campaign = store::decode<market::Campaign>(snapshot->value);
  if (!campaign) return;  // what cannot be read is for the audit to report; the client keeps what it has
  followed_[which].unsent = std::move(campaign).value();
  set_due();
}

std::string CampaignStream::events() {
  std::string out;
  const Time now = app_->parts.runtime.now();
  for (auto& [name, unsent, subscription] : followed_) {
    if (!unsent) continue;
    const market::Campaign campaign = std::move(*unsent);
    unsent.reset();
    const auto body =
        json_of_campaign(name.seller, name.number, campaign, standing_of(campaign, std::nullopt, now), now);
    out += "event: campaign\ndata: " + boost::json::serialize(body) + "\n\n";
  }
  return out;
}

void CampaignStream::unsubscribe() {
  for (auto& followed : followed_) followed.subscription = store::WatchHub::Subscription();
}

namespace {

Result<Response> stream_response(AppState* app, std::size_t loop, std::vector<CampaignStream::Name> names) {
  TRY(auto stream, CampaignStream::open(app, app->parts.loops.at(loop), std::move(names)));
  return LiveStream::response(std::move(stream));
}

// "bob/1,sue/12"
Result<std::vector<CampaignStream::Name>> names_of(std::string_view list) {
  const Error wrong(Code::invalid_argument, "campaigns is a list like bob/1,sue/12 of at most " +
                                                std::to_string(limits::page_items) + " campaigns");
  std::vector<CampaignStream::Name> names;
  while (!list.empty()) {
    const auto comma = list.find(',');
    const std::string_view item = list.substr(0, comma);
    list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
    const auto slash = item.find('/');
    if (slash == std::string_view::npos || names.size() == limits::page_items) return wrong;
    const auto number = parse_number(item.substr(slash + 1));
    CampaignStream::Name name{std::string(item.substr(0, slash)), number.value_or(0)};
    if (name.number == 0 || !market::check_user_name(name.seller)) return wrong;
    names.push_back(std::move(name));
  }
  if (names.empty()) return wrong;
  return names;
}

}  // namespace

Handled live_events(AppState* app, Context context) {
  CO_TRY(const auto query, parse_query(context.request.query()));
  CO_TRY(auto names, names_of(query_field(query, "campaigns")));
  co_return stream_response(app, context.loop, std::move(names));
}

Handled campaign_events(AppState* app, Context context) {
  CO_TRY(const auto seller, user_param(context.request, "seller"));
  CO_TRY(const auto number, number_param(context.request, "c"));
  CO_TRY_VOID(co_await app->parts.market.campaigns.get(seller, number));
  co_return stream_response(app, context.loop, {{seller, number}});
}

}  // namespace abc2::http
