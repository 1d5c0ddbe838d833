#include "http/ad_board.hpp"

#include <algorithm>
#include <deque>

#include "http/log.hpp"
#include "market/keys.hpp"

namespace abc2::http {

namespace {

constexpr std::size_t kMostAds = 10'000;                   // in the memory of one event loop
constexpr std::size_t kMostImageBytes = 64 * 1024 * 1024;  // likewise
constexpr std::size_t kSlotsAhead = 3;                     // whose ads are read before they are on air
constexpr std::size_t kSlotsBehind = 16;                   // that were on air and may still be clicked
constexpr std::string_view kJson = ".json";
constexpr std::string_view kFrame = ".html";

std::string key_of(std::string_view seller, std::uint64_t campaign) {
  return "/ads/" + std::string(seller) + '/' + std::to_string(campaign);
}

}  // namespace

struct AdBoard::Ad {
  std::string seller;
  std::uint64_t number = 0;
  market::Campaign campaign;
  market::Schedule schedule;
  std::unordered_map<std::uint64_t, market::Filler> fillers;  // by slot: on air and next
  struct Past {
    std::uint64_t slot;
    Time ended_at;
    std::string link;
  };
  std::deque<Past> past;  // the newest last

  AdShown shown;
  std::optional<Pages> pages;
  std::optional<PreparedResponse> json, frame;
  Time rendered_at{};
  Time refreshed_at{};
  Time used_at{};
  bool refreshing = false;
  bool again = false;  // something has changed while it was being refreshed
  bool ready = false;  // has been loaded once
  store::WatchHub::Subscription subscription;
};

AdBoard::AdBoard(Parts parts, Executor loop)
    : parts_(parts),
      loop_(loop),
      served_(parts.metrics.counter("abc2_ads_served_total", "Answers with the ad of a campaign.")),
      refresh_errors_(
          parts.metrics.counter("abc2_ads_refresh_errors_total", "Times that an ad's campaign could not be read.")) {}

AdBoard::~AdBoard() = default;

bool AdBoard::answer_now(const Place& place, std::string_view target, std::string& out) {
  const bool json = target.ends_with(kJson);
  if (!json && !target.ends_with(kFrame)) return false;
  const auto found = ads_.find(target.substr(0, target.size() - (json ? kJson : kFrame).size()));
  if (found == ads_.end() || !found->second->ready) return false;
  const auto& ad = found->second;
  keep_fresh(ad, place.now);
  (json ? ad->json : ad->frame)->append_to(out, place.date);
  served_.add();
  return true;
}

// Called whenever the ad is asked for: what the clock changes is changed at once, what others change is looked for.
void AdBoard::keep_fresh(const std::shared_ptr<Ad>& ad, Time now) {
  ad->used_at = now;
  const auto& changes = ad->shown.changes_at;
  if ((changes && *changes <= now) || now < ad->rendered_at) render(*ad, now);
  if (!ad->refreshing && now - ad->refreshed_at >= limits::ad_stale_longest) start_refresh(ad);
}

void AdBoard::start_refresh(const std::shared_ptr<Ad>& ad) {
  if (parts_.runtime.stopping()) return;
  if (ad->refreshing) {
    ad->again = true;
    return;
  }
  ad->refreshing = true;
  parts_.runtime.spawn(loop_, "refresh an ad", refresh_behind(this, ad));
}

Task<void> AdBoard::refresh_behind(AdBoard* board, std::shared_ptr<Ad> ad) {
  do {
    ad->again = false;
    const auto refreshed = co_await board->refresh(ad);
    if (!refreshed) board->refresh_errors_.add();
  } while (ad->again && !board->parts_.runtime.stopping());
  ad->refreshing = false;
}

Task<Result<void>> AdBoard::refresh(std::shared_ptr<Ad> ad) {
  ad->refreshed_at = parts_.runtime.now();  // also when it fails: a store that is down is not asked all the time
  CO_TRY(auto campaign, co_await parts_.market.campaigns.get(ad->seller, ad->number));
  CO_TRY(auto schedule, co_await parts_.market.campaigns.refresh(ad->seller, ad->number, ad->schedule));
  ad->campaign = std::move(campaign);
  ad->schedule = std::move(schedule);
  const Time now = parts_.runtime.now();
  auto loaded = co_await load_pictures(ad, now);
  // What could be read is shown in any case.
  render(*ad, parts_.runtime.now());
  ad->ready = true;
  co_return loaded;
}

// Reads the ads of the slots that are on air and next, with their images, and forgets the others.
Task<Result<void>> AdBoard::load_pictures(std::shared_ptr<Ad> ad, Time now) {
  std::vector<market::SoldSlot> wanted = ad->schedule.upcoming(now);
  if (wanted.size() > kSlotsAhead) wanted.resize(kSlotsAhead);
  if (const auto* on_air = ad->schedule.on_air(now)) wanted.insert(wanted.begin(), *on_air);

  std::erase_if(ad->fillers, [&](const auto& known) {
    return std::none_of(wanted.begin(), wanted.end(), [&](const auto& slot) { return slot.number == known.first; });
  });
  for (const auto& slot : wanted) {
    if (ad->fillers.contains(slot.number)) continue;
    CO_TRY(auto filler, co_await parts_.market.fillers.get(slot.sale.buyer, slot.sale.filler));
    const std::string image_name = filler.image;
    ad->fillers.emplace(slot.number, std::move(filler));
    CO_TRY_VOID(co_await image(image_name));
  }
  if (wanted.empty() && ad->campaign.fallback) {
    const std::string image_name = ad->campaign.fallback->image;
    CO_TRY_VOID(co_await image(image_name));
  }
  co_return success();
}

void AdBoard::render(Ad& ad, Time now) {
  AdShown shown;
  const auto* slot = ad.schedule.on_air(now);
  shown.changes_at = ad.schedule.changes_at(now);
  const auto filler = slot ? ad.fillers.find(slot->number) : ad.fillers.end();
  if (slot && filler != ad.fillers.end()) {
    shown.reason = AdShown::Reason::sold;
    shown.slot = slot->number;
    shown.buyer = slot->sale.buyer;
    shown.starts_at = slot->sale.starts_at;
    shown.ends_at = slot->sale.ends_at;
    shown.image = filler->second.image;
    shown.link = filler->second.link;
    shown.hover_text = filler->second.hover_text;
  } else {
    if (slot) shown.reason = AdShown::Reason::unreadable;
    if (ad.campaign.fallback) {
      shown.image = ad.campaign.fallback->image;
      shown.link = ad.campaign.fallback->link;
      shown.hover_text = ad.campaign.fallback->hover_text;
    }
  }
  if (ad.shown.slot != 0 && ad.shown.slot != shown.slot) {
    ad.past.push_back({ad.shown.slot, now, ad.shown.link});
    if (ad.past.size() > kSlotsBehind) ad.past.pop_front();
  }
  ad.shown = std::move(shown);
  ad.pages = Pages{ad_json_response(ad.seller, ad.number, ad.campaign, ad.shown),
                   ad_frame_response(ad.seller, ad.number, ad.campaign, ad.shown)};
  ad.json.emplace(ad.pages->json);
  ad.frame.emplace(ad.pages->frame);
  ad.rendered_at = now;
}

Task<Result<std::shared_ptr<AdBoard::Ad>>> AdBoard::find(std::string seller, std::uint64_t campaign) {
  const std::string key = key_of(seller, campaign);
  if (const auto found = ads_.find(key); found != ads_.end() && found->second->ready) {
    auto ad = found->second;
    keep_fresh(ad, parts_.runtime.now());
    co_return ad;
  }
  auto ad = std::make_shared<Ad>();
  ad->seller = std::move(seller);
  ad->number = campaign;
  ad->refreshing = true;
  auto loaded = co_await refresh(ad);
  ad->refreshing = false;
  if (!ad->ready) co_return loaded.error();
  if (!loaded) refresh_errors_.add();
  ad->used_at = parts_.runtime.now();
  // Somebody else may have loaded it meanwhile: one is enough.
  if (const auto found = ads_.find(key); found != ads_.end()) co_return found->second;
  make_room();
  const std::weak_ptr<Ad> weak = ad;
  auto subscription =
      parts_.hub.subscribe(market::keys::campaign(ad->seller, ad->number), loop_, [this, weak](const store::Snapshot&) {
        if (const auto followed = weak.lock()) start_refresh(followed);
      });
  if (!subscription) co_return subscription.error();
  ad->subscription = std::move(subscription).value();
  ads_.emplace(key, ad);
  co_return ad;
}

// The campaign whose ad was not asked for the longest time goes.
void AdBoard::make_room() {
  if (ads_.size() < kMostAds) return;
  const auto oldest = std::min_element(
      ads_.begin(), ads_.end(), [](const auto& a, const auto& b) { return a.second->used_at < b.second->used_at; });
  ads_.erase(oldest);
}

Task<Result<AdBoard::Pages>> AdBoard::pages(std::string seller, std::uint64_t campaign) {
  CO_TRY(const auto ad, co_await find(std::move(seller), campaign));
  served_.add();
  co_return *ad->pages;
}

Task<Result<std::string>> AdBoard::link_of(std::string seller, std::uint64_t campaign, std::uint64_t slot) {
  CO_TRY(const auto ad, co_await find(seller, campaign));
  if (slot == ad->shown.slot && !ad->shown.link.empty()) co_return ad->shown.link;
  for (const auto& past : ad->past) {
    if (past.slot == slot) co_return past.link;
  }
  if (slot == 0 && ad->campaign.fallback) co_return ad->campaign.fallback->link;
  if (slot == 0) co_return Error(Code::not_found, "nothing is shown there that could be clicked");
  CO_TRY(const auto sold, co_await parts_.market.campaigns.slot(std::move(seller), campaign, slot));
  if (!sold.sale || sold.sale->starts_at > parts_.runtime.now())
    co_return Error(Code::not_found, "this slot has not been on air");
  CO_TRY(const auto filler, co_await parts_.market.fillers.get(sold.sale->buyer, sold.sale->filler));
  co_return filler.link;
}

Task<Result<bool>> AdBoard::was_shown(std::string seller, std::uint64_t campaign, std::uint64_t slot) {
  CO_TRY(const auto ad, co_await find(std::move(seller), campaign));
  if (slot == 0) co_return false;
  if (slot == ad->shown.slot) co_return true;
  const Time since = parts_.runtime.now() - limits::click_after_view;
  co_return std::any_of(ad->past.begin(), ad->past.end(),
                        [&](const auto& past) { return past.slot == slot && past.ended_at >= since; });
}

Task<Result<AdBoard::Picture>> AdBoard::image(std::string sha256) {
  if (const auto found = images_.find(sha256); found != images_.end()) {
    used_images_.splice(used_images_.begin(), used_images_, found->second.used);
    co_return found->second.picture;
  }
  CO_TRY(auto loaded, co_await parts_.images.load(sha256));
  Picture picture{std::make_shared<const std::string>(std::move(loaded.bytes)), loaded.info.media_type};
  if (images_.contains(sha256)) co_return picture;
  image_bytes_ += picture.bytes->size();
  used_images_.push_front(sha256);
  images_.emplace(sha256, Kept{picture, used_images_.begin()});
  while (image_bytes_ > kMostImageBytes) {
    const auto last = images_.find(used_images_.back());
    image_bytes_ -= last->second.picture.bytes->size();
    images_.erase(last);
    used_images_.pop_back();
  }
  co_return picture;
}

}  // namespace abc2::http
