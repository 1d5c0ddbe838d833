#include "cli/made_market.hpp"

#include <fmt/format.h>
#include <algorithm>

#include "market/encoding.hpp"
#include "market/keys.hpp"
#include "market/pricing.hpp"

namespace abc2::cli {

namespace keys = market::keys;

namespace {

constexpr Satoshi kFunds{1'000'000'000};
constexpr std::int64_t kFeeBasisPoints = 100;
constexpr Milliseconds kSlotLength{limits::slot_length_min};
constexpr Milliseconds kPair = 3 * kSlotLength;  // two slots, and a pause after them
constexpr std::size_t kCampaignsOfASeller = 10;
constexpr std::size_t kEach = 100;  // the last account buys one of so many slots

// A one-pixel GIF: the image of every ad.
constexpr std::string_view kPixel = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

constexpr std::array<std::string_view, 16> kTopics{
    "gardening", "sailing", "chess",      "cooking",   "cycling",   "astronomy", "pottery", "climbing",
    "jazz",      "poetry",  "beekeeping", "carpentry", "languages", "history",   "running", "photography"};

std::string secret(std::size_t account) { return market::sha256_hex("bench " + std::to_string(account)); }

Satoshi floor_of(std::size_t campaign) { return Satoshi(10 + static_cast<std::int64_t>(campaign % 90)); }

}  // namespace

MadeMarket::MadeMarket(MarketSize size, Time now)
    : size_(size), image_hash_(market::sha256_hex(market::from_base64(kPixel).value())) {
  const std::size_t most = size.slots / std::max<std::size_t>(size.campaigns, 1) + 1;
  const auto took = kPair * static_cast<std::int64_t>(most / 2 + 1);
  // Many years of slots in one campaign would begin before there were clocks.
  began_ = std::max(now - std::chrono::hours(1) - took, Time(Milliseconds(0)));
}

// --------------------------------------------------------------------------------------------------- names and keys

// Padded, so that what is made in this order is in the order of keys.
std::string MadeMarket::user(std::size_t account) { return fmt::format("user{:07}", account); }
std::string MadeMarket::token(std::size_t account) { return user(account) + "." + secret(account); }

MadeMarket::Place MadeMarket::place(std::size_t campaign) {
  return {user(campaign / kCampaignsOfASeller), campaign % kCampaignsOfASeller + 1};
}

store::Key MadeMarket::campaign_key(std::size_t campaign) {
  const Place at = place(campaign);
  return keys::campaign(at.seller, at.number);
}

std::size_t MadeMarket::sellers() const { return (size_.campaigns + kCampaignsOfASeller - 1) / kCampaignsOfASeller; }

std::uint64_t MadeMarket::campaigns_of(std::size_t seller) const {
  return std::min(kCampaignsOfASeller, size_.campaigns - seller * kCampaignsOfASeller);
}

// --------------------------------------------------------------------------------------------------------- accounts

market::Credentials MadeMarket::credentials() const { return {"nobody can log in with this", began_}; }

market::Sessions MadeMarket::sessions(std::size_t account) const {
  return {{}, {{"bench", market::sha256_hex(secret(account)), "bench", began_, std::nullopt}}};
}

market::Filler MadeMarket::filler() const {
  return {"bench", image_hash_, "image/gif", 1, 1, "https://example.org/", "", "books", began_};
}

market::Image MadeMarket::image() { return {"image/gif", 1, 1, std::string(kPixel)}; }
store::Key MadeMarket::image_key() const { return keys::image(image_hash_); }

store::Key MadeMarket::deposit_key(std::size_t account) { return keys::deposit("bench-" + user(account)); }

market::Deposit MadeMarket::deposit(std::size_t account) const {
  return {user(account), kFunds, "operator", began_, true, std::nullopt};
}

std::uint64_t MadeMarket::Ledger::entries() const { return 1 + made_.purchases_of(account_); }

market::LedgerEntry MadeMarket::Ledger::next() {
  const std::uint64_t number = ++said_;
  if (number == 1) {
    money_ = kFunds;
    return {number, made_.began_, market::LedgerKind::deposit, kFunds, money_, deposit_key(account_)};
  }
  const std::size_t slot = made_.purchase_of(account_, number - 2);
  const std::size_t campaign = made_.campaign_of(slot);
  const std::uint64_t of_campaign = slot - made_.first_slot_of(campaign) + 1;
  const Deal deal = made_.deal(campaign, of_campaign);
  money_ -= deal.price;
  return {number,      deal.bought_at, market::LedgerKind::purchase,
          -deal.price, money_,         keys::transaction(campaign_key(campaign), of_campaign)};
}

// Of each hundred slots the last is the last account's; the others are bought in turn.
std::size_t MadeMarket::buyer_of(std::size_t slot) const {
  if (slot % kEach == kEach - 1) return size_.accounts - 1;
  return (slot - slot / kEach) % (size_.accounts - 1);
}

std::uint64_t MadeMarket::purchases_of(std::size_t account) const {
  const std::size_t of_last = size_.slots / kEach;
  if (account == size_.accounts - 1) return of_last;
  const std::size_t others = size_.slots - of_last, turns = size_.accounts - 1;
  return others / turns + (account < others % turns ? 1 : 0);
}

std::size_t MadeMarket::purchase_of(std::size_t account, std::uint64_t which) const {
  if (account == size_.accounts - 1) return which * kEach + kEach - 1;
  const std::size_t among_others = which * (size_.accounts - 1) + account;
  return among_others + among_others / (kEach - 1);
}

// -------------------------------------------------------------------------------------------------------- campaigns

std::size_t MadeMarket::slots_of(std::size_t campaign) const {
  return size_.slots / size_.campaigns + (campaign < size_.slots % size_.campaigns ? 1 : 0);
}

std::size_t MadeMarket::first_slot_of(std::size_t campaign) const {
  return campaign * (size_.slots / size_.campaigns) + std::min(campaign, size_.slots % size_.campaigns);
}

std::size_t MadeMarket::campaign_of(std::size_t slot) const {
  const std::size_t each = size_.slots / size_.campaigns, larger = size_.slots % size_.campaigns;
  if (slot < larger * (each + 1)) return slot / (each + 1);
  return larger + (slot - larger * (each + 1)) / each;
}

MadeMarket::Deal MadeMarket::deal(std::size_t campaign, std::uint64_t number) const {
  const Satoshi floor = floor_of(campaign);
  const Time first_at = began_ + kPair * static_cast<std::int64_t>((number - 1) / 2);
  const Time first_ends = first_at + kSlotLength;
  if (number % 2 == 1) return {floor, market::fee_of(floor, kFeeBasisPoints), first_at, first_at, first_ends};
  const Milliseconds later(static_cast<std::int64_t>(campaign * 7919 + number * 104'729) % kSlotLength.count());
  const Time at = first_at + later;
  const Satoshi price = market::offer(floor, market::LastSale{floor, first_at, first_at, first_ends}, at).price;
  return {price, market::fee_of(price, kFeeBasisPoints), at, first_ends, first_ends + kSlotLength};
}

market::Campaign MadeMarket::campaign(std::size_t index) const {
  market::Campaign campaign;
  campaign.attempt = "bench";
  campaign.title = fmt::format("{} place {}", kTopics[index % kTopics.size()], index);
  campaign.about = "a place to measure with";
  campaign.page = "https://example.org/";
  campaign.width_px = 300;
  campaign.height_px = 250;
  campaign.floor = floor_of(index);
  campaign.slot_length_ms = kSlotLength.count();
  campaign.created_at = began_;
  campaign.last = campaign.sold = slots_of(index);
  for (std::uint64_t number = 1; number <= campaign.last; ++number) {
    const Deal sale = deal(index, number);
    campaign.earned += sale.price - sale.fee;
    campaign.fees += sale.fee;
    if (number == campaign.last)
      campaign.last_sale = market::LastSale{sale.price, sale.bought_at, sale.starts_at, sale.ends_at};
  }
  return campaign;
}

MadeMarket::Sold MadeMarket::sold(std::size_t slot) const {
  const std::size_t campaign = campaign_of(slot);
  const std::uint64_t number = slot - first_slot_of(campaign) + 1;
  const std::size_t buyer = buyer_of(slot);
  const Deal sale = deal(campaign, number);
  return {campaign, number, buyer,
          market::Slot{fmt::format("00000000-0000-4000-8000-{:012x}", slot),
                       market::Sale{user(buyer), fmt::format("00000000-0000-4000-9000-{:012x}", slot), 1, sale.price,
                                    sale.fee, sale.bought_at, sale.starts_at, sale.ends_at}}};
}

market::Transaction MadeMarket::Sold::receipt() const {
  const market::Sale& sale = *slot.sale;
  return {slot.attempt, sale.buyer, place(campaign).seller, sale.price, sale.fee, sale.bought_at};
}

}  // namespace abc2::cli
