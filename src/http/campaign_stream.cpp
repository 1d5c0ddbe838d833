#include "http/campaign_stream.hpp"

#include <boost/asio/redirect_error.hpp>
#include <boost/json/serialize.hpp>

#include "http/api_encode.hpp"
#include "http/problem.hpp"
#include "market/keys.hpp"

namespace abc2::http {

namespace {

constexpr std::chrono::seconds kHeartbeat{15};

}  // namespace

CampaignStream::CampaignStream(AppState* app, Executor loop, std::string seller, std::uint64_t number)
    : app_(app), seller_(std::move(seller)), number_(number), timer_(loop) {
  ++app_->streams;
}

CampaignStream::~CampaignStream() { --app_->streams; }

Result<std::shared_ptr<CampaignStream>> CampaignStream::open(AppState* app, Executor loop, std::string seller,
                                                             std::uint64_t number) {
  if (app->streams >= app->settings.streams) return Error(Code::too_busy, "too many clients follow live events");
  const auto key = market::keys::campaign(seller, number);
  std::shared_ptr<CampaignStream> stream(new CampaignStream(app, loop, std::move(seller), number));
  TRY(stream->subscription_,
      app->parts.hub.subscribe(key, loop, [weak = stream->weak_from_this()](const store::Snapshot& snapshot) {
        if (const auto followed = weak.lock()) followed->on_change(snapshot);
      }));
  return stream;
}

void CampaignStream::on_change(const store::Snapshot& snapshot) {
  if (!snapshot || stopped_) return;
  auto campaign = store::decode<market::Campaign>(snapshot->value);
  if (!campaign) return;  // what cannot be read is for the audit to report; the client keeps what it has
  unsent_ = std::move(campaign).value();
  timer_.cancel();
}

Task<std::optional<std::string>> CampaignStream::next() {
  if (!unsent_ && !stopped_) {
    timer_.expires_after(kHeartbeat);
    boost::system::error_code woken;
    co_await timer_.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable_t<Executor>(), woken));
  }
  if (stopped_) co_return std::nullopt;
  if (!unsent_) co_return ": still here\n\n";
  const market::Campaign campaign = std::move(*unsent_);
  unsent_.reset();
  const Time now = app_->parts.runtime.now();
  const auto body = json_of_campaign(seller_, number_, campaign, standing_of(campaign, std::nullopt, now), now);
  co_return "event: campaign\ndata: " + boost::json::serialize(body) + "\n\n";
}

void CampaignStream::stop() {
  stopped_ = true;
  subscription_ = store::WatchHub::Subscription();
  timer_.cancel();
}

Handled campaign_events(AppState* app, Context context) {
  CO_TRY(const auto seller, user_param(context.request, "seller"));
  CO_TRY(const auto number, number_param(context.request, "c"));
  CO_TRY_VOID(co_await app->parts.market.campaigns.get(seller, number));
  CO_TRY(auto stream, CampaignStream::open(app, app->parts.loops.at(context.loop), seller, number));
  Response response;
  response.set("Content-Type", "text/event-stream");
  response.set("Cache-Control", "no-store");
  response.set("X-Accel-Buffering", "no");  // a proxy must not wait for more
  response.stream = std::move(stream);
  co_return response;
}

}  // namespace abc2::http
