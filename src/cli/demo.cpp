#include "cli/demo.hpp"

#include <array>

#include "cli/picture.hpp"

namespace abc2::cli {

namespace {

using market::Market;

struct Place {
  const char* seller;
  const char* title;
  const char* about;
  const char* page;
  std::uint32_t width, height;
  std::int64_t floor_sat;
};
constexpr std::array<Place, 3> kPlaces = {{
    {"demo-seller", "Top of the river guide", "Where to walk, swim and row along the river.", "https://river.example/",
     300, 250, 1000},
    {"demo-seller", "Banner of the river guide", "The same readers, a wider place.", "https://river.example/news", 728,
     90, 2000},
    {"demo-books", "Beside the book reviews", "Two new reviews a week, mostly of novels.", "https://books.example/",
     160, 600, 500},
}};

struct Ad {
  const char* buyer;
  const char* link;
  const char* hover_text;
  const char* category;
  std::uint32_t width, height;
};
constexpr std::array<Ad, 4> kAds = {{
    {"demo-alice", "https://alice.example/boats", "Alice's boats: rent one for an hour or a day", "travel", 300, 250},
    {"demo-alice", "https://alice.example/summer", "A summer on the water", "travel", 728, 90},
    {"demo-bob", "https://bob.example/", "Bob's bakery, opposite the bridge", "food", 300, 250},
    {"demo-bob", "https://bob.example/books", "Baking, the book", "books", 160, 600},
}};

// The same UUID each time, so that what has been made is found again.
std::string attempt(unsigned kind, unsigned number) {
  std::array<char, 40> text{};
  std::snprintf(text.data(), text.size(), "de300000-0000-4000-8000-%04u%08u", kind, number);
  return text.data();
}

Task<Result<void>> buy(Market* market, runtime::Runtime* runtime, unsigned place, unsigned ad, std::uint64_t filler,
                       std::uint64_t campaign) {
  const std::string seller = kPlaces[place].seller;
  CO_TRY(const auto now, co_await market->campaigns.get(seller, campaign));
  // Something is on air, or will be: the demo needs no more.
  if (now.last_sale && now.last_sale->ends_at > runtime->now()) co_return success();
  market::Order order;
  order.buyer = kAds[ad].buyer;
  order.seller = seller;
  order.campaign = campaign;
  order.slot = now.last + 1;
  order.request = runtime::random_uuid(*runtime);
  order.filler = filler;
  order.highest_price = Satoshi(kPlaces[place].floor_sat * 4);
  CO_TRY_VOID(co_await market->purchases.buy(std::move(order)));
  co_return success();
}

}  // namespace

Task<Result<void>> seed_demo(Market* market, runtime::Runtime* runtime) {
  for (const char* user : {"demo-seller", "demo-books", "demo-alice", "demo-bob"}) {
    CO_TRY_VOID(co_await market->accounts.register_user(user, market::Secret::of(kDemoPassword)));
  }
  for (const char* buyer : {"demo-alice", "demo-bob"}) {
    CO_TRY_VOID(co_await market->money.fund(std::string("demo-") + buyer, buyer, Satoshi(10'000'000)));
  }
  std::array<std::uint64_t, kPlaces.size()> campaigns{};
  for (unsigned i = 0; i < kPlaces.size(); ++i) {
    const Place& place = kPlaces[i];
    market::CampaignDraft draft;
    draft.attempt = attempt(1, i);
    draft.title = place.title;
    draft.about = place.about;
    draft.page = place.page;
    draft.width_px = place.width;
    draft.height_px = place.height;
    draft.floor = Satoshi(place.floor_sat);
    CO_TRY(campaigns[i], co_await market->campaigns.create(place.seller, std::move(draft)));
  }
  std::array<std::uint64_t, kAds.size()> fillers{};
  for (unsigned i = 0; i < kAds.size(); ++i) {
    const Ad& ad = kAds[i];
    market::FillerDraft draft;
    draft.attempt = attempt(2, i);
    draft.image = striped_png(ad.width, ad.height, i);
    draft.link = ad.link;
    draft.hover_text = ad.hover_text;
    draft.category = ad.category;
    CO_TRY(fillers[i], co_await market->fillers.create(ad.buyer, std::move(draft)));
  }
  CO_TRY_VOID(co_await buy(market, runtime, 0, 0, fillers[0], campaigns[0]));
  CO_TRY_VOID(co_await buy(market, runtime, 1, 1, fillers[1], campaigns[1]));
  CO_TRY_VOID(co_await buy(market, runtime, 2, 3, fillers[3], campaigns[2]));
  co_return success();
}

}  // namespace abc2::cli
