// Catalogue: an index in memory, on each node, over all campaigns: what the market page needs to find them and to put
// them in an order, so that a page of results costs the same with a thousand campaigns as with a million.
//
//   Catalogue catalogue(store, runtime);
//   runtime.spawn(loop, "catalogue", catalogue.run(1000));     // until runtime.stopping()
//   auto page = co_await catalogue.find({.text = "river guide", .order = CatalogueOrder::price});
//   if (!page.value().complete) ...                            // the first look at everything is still under way
//
// A campaign is found when each word that is asked for is the beginning of one of its words: see words.hpp for what a
// word is. Nothing rests on the catalogue but what a reader sees first: it is made of what the store holds, is behind
// it for moments, and can be thrown away. What it answers with is read from the store.
//
// How it learns of what happens:
//   taken(), touch()   on this node: what was created or changed, and campaigns that are being bought
//   touch()            on other nodes, which name the campaigns in use in their heartbeats (journal/membership.hpp)
//   run()              a scan of everything at start and, at a bounded rate, for ever after: the net below the others
//
// The orders: `newest` and `popular` are what they say. `price` and `start` move with time; a page and those after it
// (its cursor says of which moment it is) are of one moment, as long as that is remembered. Equals are in the order of
// a hash of their names, the same on every node.
//
// Thread-safe; what the constructor is given is borrowed. No lock is held over a suspension, over a read of the store,
// or for longer than one search or the taking of some campaigns.
#pragma once
#include <memory>

#include "market/campaigns.hpp"

namespace abc2::market {

enum class CatalogueOrder : std::uint8_t {
  price,    // what the next slot costs at one moment, the lowest first
  start,    // when the next slot begins: first those that begin at once, the cheapest of them first
  popular,  // slots sold, most first
  newest,
};

struct AdSize {
  std::uint32_t width_px = 0, height_px = 0;
  friend auto operator<=>(const AdSize&, const AdSize&) = default;
};

struct CatalogueQuery {
  std::string text = "";                      // the words that are looked for; empty: any
  std::optional<AdSize> size = std::nullopt;  // of the place for the ad, exactly
  CatalogueOrder order = CatalogueOrder::price;
  std::size_t limit = limits::page_items;  // 1 to limits::page_items
  std::string cursor = "";                 // `next` of the page before, of the same query; empty: the first page
};

struct SizeCount {
  AdSize size;
  std::uint64_t campaigns = 0;
};

// What a search found: names, without what they say.
struct CatalogueNames {
  struct Name {
    std::string seller;
    std::uint64_t number = 0;
  };
  std::vector<Name> names;       // in the order that was asked for
  std::string next;              // cursor of the next page; empty: there is none
  std::uint64_t found = 0;       // how many campaigns there are in all of the pages
  std::vector<SizeCount> sizes;  // the most frequent ones of all campaigns, at most Catalogue::sizes_offered
  bool complete = false;         // everything that was in the store when this node started has been looked at
};

struct CataloguePage {
  std::vector<CampaignOf> campaigns;
  std::string next;
  std::uint64_t found = 0;
  std::vector<SizeCount> sizes;
  bool complete = false;
};

struct CatalogueCounts {
  std::uint64_t campaigns = 0;   // that are known
  std::uint64_t words = 0;       // different ones
  std::uint64_t reads = 0;       // documents read because of a touch
  std::uint64_t unreadable = 0;  // documents that were passed over; the audit says what is wrong with them
  std::uint64_t rounds = 0;      // times that everything was scanned
  std::uint64_t waiting = 0;     // campaigns that were touched and are still to be read
  bool complete = false;
};

class Catalogue {
 public:
  static constexpr std::size_t text_bytes = 200;  // of a query
  static constexpr std::size_t sizes_offered = 24;
  static constexpr std::size_t told_most = 250;  // campaigns, to the other nodes

  Catalogue(store::Store& store, runtime::Runtime& runtime);
  ~Catalogue();
  Catalogue(const Catalogue&) = delete;
  Catalogue& operator=(const Catalogue&) = delete;

  // The campaigns of one page, as the store holds them now. One that cannot be read is left out.
  // Errors: invalid_argument (a text of more than text_bytes or too many words, a cursor that was not given out for
  // such a query), the store's.
  Task<Result<CataloguePage>> find(CatalogueQuery query);

  // As find, without the documents: no suspension, no read. Errors: invalid_argument.
  Result<CatalogueNames> search(const CatalogueQuery& query);

  // The document of this campaign was just read or written: it is found as `campaign` from now on.
  void taken(const store::Key& key, const Campaign& campaign);

  // What was taken lately (five heartbeats), the newest first, at most told_most: for the other nodes to be told of it.
  [[nodiscard]] std::vector<store::Key> taken_here() const;

  // Something may have happened to this campaign, or is about to: it is read within moments, and some seconds later
  // again. Cheap however often it is said. A key that is no campaign's is ignored.
  void touch(const store::Key& key);

  // Reads what was touched, and everything: at most `per_second` documents a second once it is complete (a tenth of it
  // on a store that this process has for itself), and before that as fast as leaves half of the event loop to others;
  // until runtime.stopping().
  Task<void> run(std::size_t per_second);

  // One scan of everything, now. For who does not run it. Errors: the store's.
  Task<Result<void>> catch_up();

  [[nodiscard]] CatalogueCounts counts() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace abc2::market
