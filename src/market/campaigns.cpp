#include "market/campaigns.hpp"

#include <algorithm>

#include "market/keys.hpp"
#include "market/names.hpp"
#include "market/patiently.hpp"

namespace abc2::market {
namespace {

Error refuse(std::string why) { return {Code::invalid_argument, std::move(why)}; }

std::string no_campaign(const std::string& seller, std::uint64_t number) {
  return "there is no campaign number " + std::to_string(number) + " of '" + seller + "'";
}

Result<void> check_draft(const CampaignDraft& draft) {
  TRY_VOID(check_attempt(draft.attempt));
  TRY_VOID(check_title(draft.title));
  TRY_VOID(check_about(draft.about));
  TRY_VOID(check_link("page", draft.page));
  TRY_VOID(check_refused_categories(draft.refused_categories));
  if (draft.width_px < 1 || draft.width_px > limits::ad_side_pixels || draft.height_px < 1 ||
      draft.height_px > limits::ad_side_pixels)
    return refuse("size: each side must have 1 to " + std::to_string(limits::ad_side_pixels) + " pixels");
  if (draft.floor.value() < limits::floor_min_sat || draft.floor.value() > limits::price_max_sat)
    return refuse("floor: it must be " + std::to_string(limits::floor_min_sat) + " to " +
                  std::to_string(limits::price_max_sat) + " satoshi");
  if (draft.slot_length < limits::slot_length_min || draft.slot_length > limits::slot_length_max)
    return refuse("slot length: it must be 1 minute to 31 days");
  return success();
}

Result<void> check_edits(const CampaignEdits& edits) {
  if (edits.title) {
    TRY_VOID(check_title(*edits.title));
  }
  if (edits.about) {
    TRY_VOID(check_about(*edits.about));
  }
  if (edits.page) {
    TRY_VOID(check_link("page", *edits.page));
  }
  if (edits.refused_categories) {
    TRY_VOID(check_refused_categories(*edits.refused_categories));
  }
  return success();
}

Campaign edited(Campaign campaign, const CampaignEdits& edits) {
  if (edits.title) campaign.title = *edits.title;
  if (edits.about) campaign.about = *edits.about;
  if (edits.page) campaign.page = *edits.page;
  if (edits.refused_categories) campaign.refused_categories = *edits.refused_categories;
  if (edits.fallback) campaign.fallback = *edits.fallback;
  return campaign;
}

// "bob/0000000002", of "campaign/bob/0000000002".
Result<std::pair<std::string, std::uint64_t>> parse_cursor(std::string_view text) {
  const auto slash = text.find('/');
  const auto digits = slash == std::string_view::npos ? std::string_view() : text.substr(slash + 1);
  const std::string seller(text.substr(0, slash));
  const bool only_digits = std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!check_user_name(seller) || digits.size() < 10 || digits.size() > 18 || !only_digits)
    return refuse("cursor: this was not given out here");
  return std::pair<std::string, std::uint64_t>(seller, std::stoull(std::string(digits)));
}

}  // namespace

store::Key CampaignKind::entry_key(const store::Key& head, std::uint64_t number) {
  return keys::campaign(keys::rest(head), number);
}

Task<Result<void>> Campaigns::check_fallback(std::optional<Fallback> fallback) {
  if (!fallback) co_return success();
  CO_TRY_VOID(check_link("fallback link", fallback->link));
  CO_TRY_VOID(check_hover_text(fallback->hover_text));
  CO_TRY(const bool there, co_await images_.has(fallback->image));
  if (!there) co_return refuse("fallback image: it must be uploaded first");
  co_return success();
}

Task<Result<std::uint64_t>> Campaigns::create(std::string seller, CampaignDraft draft) {
  CO_TRY_VOID(check_user_name(seller));
  if (draft.attempt.empty()) draft.attempt = runtime::random_uuid(runtime_);
  CO_TRY_VOID(check_draft(draft));
  CO_TRY_VOID(co_await check_fallback(draft.fallback));

  Campaign campaign;
  campaign.attempt = std::move(draft.attempt);
  campaign.title = std::move(draft.title);
  campaign.about = std::move(draft.about);
  campaign.page = std::move(draft.page);
  campaign.width_px = draft.width_px;
  campaign.height_px = draft.height_px;
  campaign.refused_categories = std::move(draft.refused_categories);
  campaign.floor = draft.floor;
  campaign.slot_length_ms = draft.slot_length.count();
  campaign.fallback = std::move(draft.fallback);
  campaign.created_at = runtime_.now();
  CO_TRY(const std::uint64_t number,
         co_await list_.append(keys::campaigns(seller), campaign, limits::campaigns_per_user, limits::repeat_window));

  // A repeated request finds what the first one made, perhaps edited since, but never in these:
  CO_TRY(const Campaign made, co_await get(seller, number));
  if (on_change) on_change(keys::campaign(seller, number), made);
  if (made.floor != campaign.floor || made.slot_length_ms != campaign.slot_length_ms ||
      made.width_px != campaign.width_px || made.height_px != campaign.height_px)
    co_return Error(Code::conflict, "this attempt has made another campaign (number " + std::to_string(number) +
                                        "); use a new attempt for a new campaign");
  co_return number;
}

Task<Result<Campaign>> Campaigns::get(std::string seller, std::uint64_t number) {
  const std::string missing = no_campaign(seller, number);
  if (!check_user_name(seller) || number == 0) co_return Error(Code::not_found, missing);
  CO_TRY(auto found, co_await store::get_existing<Campaign>(store_, keys::campaign(seller, number), missing));
  co_return std::move(found.value);
}

Task<Result<NumberedPage<Campaign>>> Campaigns::list(std::string seller, std::uint64_t before, std::size_t limit) {
  auto page = co_await list_page<CampaignKind>(store_, keys::campaigns(seller), before, limit);
  co_return page;
}

Task<Result<CampaignsOfAll>> Campaigns::list_all(std::string cursor, std::size_t limit) {
  const store::Key prefix = "campaign/";
  CampaignsOfAll all;
  if (!cursor.empty()) {
    CO_TRY_VOID(parse_cursor(cursor));
  }
  const store::Key after = cursor.empty() ? store::Key() : prefix + cursor;
  CO_TRY(const auto page, co_await store_.scan(prefix, after, std::clamp<std::size_t>(limit, 1, limits::page_items)));
  for (const auto& item : page.items) {
    const auto of = parse_cursor(keys::rest(item.key));
    if (!of) co_return Error(Code::corrupt, "the document " + item.key + " has a key that is no campaign's");
    CO_TRY(auto campaign, store::decode_snapshot<Campaign>(item.key, item.document));
    all.campaigns.push_back({of.value().first, of.value().second, std::move(campaign->value)});
  }
  if (page.more && !page.items.empty()) all.next = keys::rest(page.items.back().key);
  co_return all;
}

Task<Result<void>> Campaigns::list_missing(std::string seller) {
  CO_TRY_VOID(co_await list_.list_missing(keys::campaigns(seller)));
  co_return success();
}

Task<Result<Campaign>> Campaigns::change(std::string seller, std::uint64_t number, CampaignEdits edits) {
  CO_TRY_VOID(check_edits(edits));
  CO_TRY_VOID(co_await check_fallback(edits.fallback.value_or(std::nullopt)));
  CO_TRY_VOID(co_await get(seller, number));
  CO_TRY_VOID(
      co_await run_patiently(store_, journal::change<Campaign>("change", keys::campaign(seller, number),
                                                               [edits](const Campaign& now) -> std::optional<Campaign> {
                                                                 Campaign next = edited(now, edits);
                                                                 if (store::encode(next) == store::encode(now))
                                                                   return std::nullopt;
                                                                 return next;
                                                               })));
  CO_TRY(auto changed, co_await get(seller, number));
  if (on_change) on_change(keys::campaign(seller, number), changed);
  co_return changed;
}

Task<Result<Slot>> Campaigns::slot(std::string seller, std::uint64_t number, std::uint64_t slot) {
  const std::string missing = "slot " + std::to_string(slot) + " is not sold yet";
  if (!check_user_name(seller) || number == 0 || slot == 0) co_return Error(Code::not_found, missing);
  const store::Key key = keys::slot(keys::campaign(seller, number), slot);
  CO_TRY(auto found, co_await store::get_existing<Slot>(store_, key, missing));
  co_return std::move(found.value);
}

Task<Result<NumberedPage<SlotView>>> Campaigns::slots(std::string seller, std::uint64_t number, std::uint64_t before,
                                                      std::size_t limit) {
  NumberedPage<SlotView> page;
  CO_TRY(const Campaign campaign, co_await get(seller, number));
  const store::Key key = keys::campaign(seller, number);
  CO_TRY(const auto unsettled, co_await store_.get(keys::slot(key, campaign.last + 1)));
  const PageBounds bounds = page_bounds(campaign.last + (unsettled ? 1 : 0), before, limit);
  for (std::uint64_t n = bounds.newest; n >= bounds.oldest; --n) {
    CO_TRY(auto found, co_await store::get<Slot>(store_, keys::slot(key, n)));
    if (!found) co_return Error(Code::corrupt, "the document " + keys::slot(key, n) + " is settled and missing");
    page.items.push_back({n, {std::move(found->value), n <= campaign.last}});
  }
  page.more = bounds.newest > 0 && bounds.oldest > 1;
  co_return page;
}

Task<Result<Schedule>> Campaigns::refresh(std::string seller, std::uint64_t number, Schedule known) {
  CO_TRY(const Campaign campaign, co_await get(seller, number));
  const store::Key key = keys::campaign(seller, number);
  const Time now = runtime_.now();
  std::vector<SoldSlot> sold;
  std::uint64_t top = campaign.last;
  CO_TRY(auto unsettled, co_await store::get<Slot>(store_, keys::slot(key, campaign.last + 1)));
  if (unsettled) {
    top = campaign.last + 1;
    if (unsettled->value.sale) sold.push_back({top, std::move(*unsettled->value.sale)});
  }
  // Slots follow one another in time: those before one that has ended have ended, too.
  bool reached_the_past = !campaign.last_sale || campaign.last_sale->ends_at <= now;
  for (std::uint64_t n = campaign.last; n > known.seen() && !reached_the_past; --n) {
    CO_TRY(auto found, co_await store::get<Slot>(store_, keys::slot(key, n)));
    if (!found) co_return Error(Code::corrupt, "the document " + keys::slot(key, n) + " is settled and missing");
    if (!found->value.sale) continue;
    reached_the_past = found->value.sale->ends_at <= now;
    if (!reached_the_past) sold.push_back({n, std::move(*found->value.sale)});
  }
  std::reverse(sold.begin(), sold.end());
  known.take(std::move(sold), top, now);
  co_return known;
}

}  // namespace abc2::market
