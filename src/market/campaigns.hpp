// Campaigns: the places for ads that sellers offer. A campaign is an entry of its seller's list and the head of the
// journal of its slots; selling them is in sale.hpp.
//
//   auto c = co_await campaigns.create("bob", draft);
//   auto board = co_await campaigns.refresh("bob", c.value(), Schedule());
//
// Thread-safe; what is given to the constructor is borrowed.
#pragma once
#include <functional>

#include "journal/list.hpp"
#include "market/documents.hpp"
#include "market/fillers.hpp"
#include "market/image_library.hpp"
#include "market/schedule.hpp"

namespace abc2::market {

struct CampaignDraft {
  std::string attempt;  // a UUID chosen by the client: a repeated request makes one campaign; empty: one is drawn
  std::string title;
  std::string about;
  std::string page;
  std::uint32_t width_px = 0, height_px = 0;  // 1 to limits::ad_side_pixels
  std::vector<std::string> refused_categories;
  Satoshi floor;                                           // limits::floor_min_sat to limits::price_max_sat
  Milliseconds slot_length = limits::slot_length_default;  // limits::slot_length_min to limits::slot_length_max
  std::optional<Fallback> fallback;                        // its image must have been uploaded
};

// What is not given stays as it is. Floor, slot length and size never change: buyers have relied on them.
struct CampaignEdits {
  std::optional<std::string> title = std::nullopt;
  std::optional<std::string> about = std::nullopt;
  std::optional<std::string> page = std::nullopt;
  std::optional<std::vector<std::string>> refused_categories = std::nullopt;
  std::optional<std::optional<Fallback>> fallback = std::nullopt;  // an empty Fallback takes it away
};

struct CampaignOf {
  std::string seller;
  std::uint64_t number = 0;
  Campaign campaign;
};
struct CampaignsOfAll {
  std::vector<CampaignOf> campaigns;  // by seller, then by number
  std::string next;                   // cursor of the next page; empty: there is none
};

struct SlotView {
  Slot slot;
  bool settled = true;  // only the newest can be unsettled: bought, and still being booked
};

struct CampaignKind {
  using Head = CampaignList;
  using Entry = Campaign;
  static store::Key entry_key(const store::Key& head, std::uint64_t number);
};

class Campaigns {
 public:
  Campaigns(store::Store& store, runtime::Runtime& runtime, ImageLibrary& images)
      : store_(store), runtime_(runtime), images_(images), list_(store) {}

  // Called with a campaign's key and what it says whenever one was created or changed here; before that is answered.
  std::function<void(const store::Key& key, const Campaign& campaign)> on_change;

  // Makes a campaign and returns its number. The same attempt again gives the same number, as long as the campaign is
  // among the newest limits::repeat_window; with another floor, slot length or size: conflict.
  // Errors: invalid_argument, limit_reached (limits::campaigns_per_user), conflict, undecided (repeat with the same
  // attempt), the store's.
  Task<Result<std::uint64_t>> create(std::string seller, CampaignDraft draft);

  // Errors: not_found, the store's.
  Task<Result<Campaign>> get(std::string seller, std::uint64_t number);

  // At most min(limit, limits::page_items) campaigns of the seller with numbers below `before` (0: the newest), the
  // newest first. Errors: corrupt (one is missing), the store's.
  Task<Result<NumberedPage<Campaign>>> list(std::string seller, std::uint64_t before, std::size_t limit);

  // At most min(limit, limits::page_items) campaigns of everybody, after `cursor` (empty: from the first).
  // Errors: invalid_argument (a cursor that was not given out), the store's.
  Task<Result<CampaignsOfAll>> list_all(std::string cursor, std::size_t limit);

  // Lists a campaign that was added and not listed: at the seller's next action and by the sweep.
  // Errors: undecided, the store's.
  Task<Result<void>> list_missing(std::string seller);

  // Changes what is given and returns the campaign as it is then. May be repeated.
  // Errors: invalid_argument, not_found, undecided (the change may come later), the store's.
  Task<Result<Campaign>> change(std::string seller, std::uint64_t number, CampaignEdits edits);

  // One slot, filled or void. Errors: not_found (not decided yet), the store's.
  Task<Result<Slot>> slot(std::string seller, std::uint64_t number, std::uint64_t slot);

  // At most min(limit, limits::page_items) slots with numbers below `before` (0: the newest), the newest first, void
  // ones and one that is not settled yet included. Errors: not_found (the campaign), corrupt (a gap), the store's.
  Task<Result<NumberedPage<SlotView>>> slots(std::string seller, std::uint64_t number, std::uint64_t before,
                                             std::size_t limit);

  // Brings `known` (at first: Schedule()) up to date: the slots that were sold since, a slot that is bought but not
  // settled included. Cheap when there is nothing new: two reads. To be called when the campaign changes (WatchHub on
  // keys::campaign) and at least every limits::ad_stale_longest while its ad is shown, since a bought slot is on air
  // before its campaign says so.
  // Errors: not_found, corrupt, the store's; then go on showing what `known` says.
  Task<Result<Schedule>> refresh(std::string seller, std::uint64_t number, Schedule known);

 private:
  Task<Result<void>> check_fallback(std::optional<Fallback> fallback);

  store::Store& store_;
  runtime::Runtime& runtime_;
  ImageLibrary& images_;
  journal::List<CampaignKind> list_;
};

}  // namespace abc2::market
