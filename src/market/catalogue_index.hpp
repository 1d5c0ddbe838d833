// CatalogueIndex: what the catalogue keeps in memory, as a value: records, words and orders. Decides nothing about when
// anything is read; see catalogue.hpp for what it is for.
//
// The moment. Prices fall, and what has been sold ends, so that two of the orders move with time. The index has a
// moment, which advance() moves on, and everything is kept by it:
//   by_floor   campaigns at their floor at that moment: a fixed order
//   by_end     campaigns that have sold, by the end of their last slot: fixed, too; from the moment on it is those that
//              still fall
// For the order of price those that fall are sorted by their price at one moment: at every search while they are few,
// otherwise in the background (Reordering), and kept as an Ordering of that moment. A search says of which moment its
// order is, and the next page is of the same one as long as its Ordering is kept.
//
// Numbers. A campaign whose text changes gets a new number, so that lists of words only grow at their ends; the words
// of the old one are cleaned away in the background (Cleaning), and then its number is used again.
//
// Plain data: whoever shares it between threads guards it. The const functions may run side by side.
#pragma once
#include <array>
#include <boost/unordered/unordered_flat_set.hpp>
#include <deque>

#include "market/catalogue.hpp"
#include "market/postings.hpp"
#include "market/sorted_blocks.hpp"

namespace abc2::market {

class CatalogueIndex {
 public:
  struct Limits {
    std::size_t fall_at_once = 4096;    // campaigns that are sorted by price within a search
    std::size_t sorted_at_once = 4096;  // of those that fall, in a step of Reordering: about a millisecond
    std::size_t found_at_once = 4000;   // campaigns that were found by words and are sorted within a search
    std::size_t dead_most = 1000;  // numbers of changed campaigns, and an eighth of all, before they are cleaned away
  };
  explicit CatalogueIndex(Time moment) : CatalogueIndex(moment, Limits()) {}
  CatalogueIndex(Time moment, Limits limits);
  CatalogueIndex(const CatalogueIndex&) = delete;
  CatalogueIndex& operator=(const CatalogueIndex&) = delete;

  struct Reading {
    std::uint64_t turn = 0;                 // of two readings, the one that began later has the greater turn
    std::optional<store::Version> version;  // of the document, if it is known
  };
  // The campaign says this. Returns false, and changes nothing, if a later reading has been put.
  bool put(std::string_view seller, std::uint64_t number, const Campaign& campaign, Reading reading);
  // Whether this version of it was put last.
  [[nodiscard]] bool has(std::string_view seller, std::uint64_t number, store::Version version) const;
  [[nodiscard]] std::size_t size() const { return there_count_; }
  [[nodiscard]] std::uint64_t words() const { return vocabulary_.words(); }

  // A query that has been understood. Errors: see Catalogue::search.
  struct Cursor {
    Time moment;
    int group = 0;  // within the order: of `start`, 0 begins at once and 1 later
    std::int64_t key = 0;
    std::uint32_t tie = 0;
    std::string name;
  };
  struct Search {
    std::vector<std::string> words;
    std::optional<AdSize> size;
    CatalogueOrder order = CatalogueOrder::price;
    std::size_t limit = 0;
    std::optional<Cursor> after;
  };
  static Result<Search> understood(const CatalogueQuery& query);
  // All of the answer but `complete`.
  [[nodiscard]] CatalogueNames search(const Search& search) const;

  // Moves the moment towards `now`, past `most` ends of slots or a few more. Returns whether it is still before it.
  bool advance(Time now, std::size_t most);
  [[nodiscard]] Time moment() const { return moment_; }

  // Sorts those that fall by their price, aside, in short steps; what is put in between is not lost.
  //   auto work = index.begin_reordering();             // needs the index for itself
  //   while (index.step(*work)) ...                      // const
  //   while (!index.finish(*work)) ...                   // needs the index for itself
  class Reordering;
  // Whether searches need it: too many fall, and the newest Ordering is older than their number allows, or there is
  // none. `asked`: somebody looks at the order of price.
  [[nodiscard]] bool wants_reordering(bool asked) const;
  std::shared_ptr<Reordering> begin_reordering();
  bool step(Reordering& work) const;
  bool finish(Reordering& work);

  // Forgets the words of what has changed. Again until it returns false; each step needs the index for itself.
  bool clean();

 private:
  struct Record {
    std::string name;  // "bob/7"
    std::int64_t floor_sat = 0, price_sat = 0;
    Time bought{}, ends{};  // ends: the beginning of time if it has never sold
    Time created{};
    std::uint64_t turn = 0, version = 0, text = 0;  // text: a hash of what its words are made of
    std::uint32_t sold = 0, tie = 0;
    std::uint16_t width_px = 0, height_px = 0;
    bool there = false, has_version = false;
  };
  struct Ordering {
    Time moment;
    SortedBlocks entries;
  };
  struct Change {
    bool there;
    KeyedEntry entry;
  };
  // Equal keys and equal ties are told apart by the names.
  struct Before {
    const std::deque<Record>& records;
    bool operator()(const KeyedEntry& a, const KeyedEntry& b) const {
      if (a.key != b.key) return a.key < b.key;
      if (a.tie != b.tie) return a.tie < b.tie;
      return a.number != b.number && records[a.number].name < records[b.number].name;
    }
  };
  struct NameHash {
    using is_transparent = void;
    const std::deque<Record>* records;
    std::size_t operator()(std::uint32_t number) const;
    std::size_t operator()(std::string_view name) const;
  };
  struct NameEqual {
    using is_transparent = void;
    const std::deque<Record>* records;
    bool operator()(std::uint32_t a, std::uint32_t b) const { return a == b; }
    bool operator()(std::uint32_t a, std::string_view b) const { return (*records)[a].name == b; }
    bool operator()(std::string_view a, std::uint32_t b) const { return (*records)[b].name == a; }
  };
  using Names = boost::unordered_flat_set<std::uint32_t, NameHash, NameEqual>;
  struct OfSize {
    Postings postings;
    std::uint64_t there = 0;
  };
  // Several tables, so that none takes long when it grows.
  static constexpr std::size_t tables = 256;

  [[nodiscard]] Names& table_of(std::string_view name);
  [[nodiscard]] const Record* find(std::string_view name) const;
  std::uint32_t add(const std::string& name, std::string_view seller, const Campaign& campaign);
  void bury(std::uint32_t number);
  void place(std::uint32_t number);
  void take_out(std::uint32_t number);
  void count_size(AdSize size);
  static std::int64_t price_at(const Record& record, Time moment);
  [[nodiscard]] KeyedEntry priced(std::uint32_t number, Time moment) const;
  [[nodiscard]] std::pair<int, std::int64_t> key_at(const Record& record, CatalogueOrder order, Time moment) const;
  [[nodiscard]] bool is_after(const KeyedEntry& entry, const Cursor& cursor) const;
  [[nodiscard]] const Ordering* ordering_of(Time moment) const;
  template <class Visit>
  void walk(const Search& search, Time moment, const Ordering* ordering, Visit visit) const;
  template <class Visit>
  void walk_price(const std::optional<Cursor>& after, Time moment, const Ordering* ordering, Visit visit) const;

  const Limits limits_;
  Time moment_;
  std::deque<Record> records_;
  std::array<Names, tables> names_;
  std::size_t there_count_ = 0;
  Bits there_;
  Vocabulary vocabulary_;
  std::map<AdSize, OfSize> sizes_;
  std::vector<AdSize> most_frequent_;
  SortedBlocks by_floor_, by_end_, by_sold_, by_created_;
  std::deque<std::shared_ptr<Ordering>>
      orderings_;  // the newest last: it is kept up to date, the others are as they were
  std::shared_ptr<Reordering> reordering_;
  std::vector<std::uint32_t> dead_, being_cleaned_, free_;
  Bits cleaned_;
  Vocabulary::Place cleaning_at_;
};

}  // namespace abc2::market
