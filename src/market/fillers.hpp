// Fillers: the ads of a user: an image, where it leads, what it says when the pointer is over it, and its category.
// A filler never changes once it is made. A user's fillers are numbered from 1 without gaps.
//
//   auto number = co_await fillers.create("alice", {attempt, bytes, "https://example.org/", "Come in", "books"});
//   auto page = co_await fillers.list("alice", 0, 20);   // the newest first
//
// Thread-safe; what is given to the constructor is borrowed.
#pragma once
#include "journal/list.hpp"
#include "market/documents.hpp"
#include "market/image_library.hpp"
#include "market/numbered.hpp"

namespace abc2::market {

struct FillerDraft {
  std::string attempt;  // a UUID chosen by the client: a repeated request makes one filler; empty: a fresh one is drawn
  std::string image;    // the file's bytes
  std::string link;
  std::string hover_text;
  std::string category;
};

struct FillerKind {
  using Head = FillerList;
  using Entry = Filler;
  static store::Key entry_key(const store::Key& head, std::uint64_t number);
};

class Fillers {
 public:
  Fillers(store::Store& store, runtime::Runtime& runtime, ImageLibrary& images)
      : store_(store), runtime_(runtime), images_(images), list_(store) {}

  // Makes a filler and returns its number. The same attempt again gives the same number, as long as the filler is
  // among the newest limits::repeat_window; with another content: conflict.
  // Errors: invalid_argument (link, text, category, image, attempt), limit_reached (limits::fillers_per_user),
  // conflict, undecided (repeat with the same attempt), too_busy, the store's.
  Task<Result<std::uint64_t>> create(std::string user, FillerDraft draft);

  // Errors: not_found, the store's.
  Task<Result<Filler>> get(std::string user, std::uint64_t number);

  // At most min(limit, limits::page_items) fillers with numbers below `before` (0: the newest). Empty for a user
  // without fillers. Errors: corrupt (one is missing), the store's.
  Task<Result<NumberedPage<Filler>>> list(std::string user, std::uint64_t before, std::size_t limit);

  // Lists a filler that was added and not listed: at the user's next action and by the sweep.
  // Errors: undecided, the store's.
  Task<Result<void>> list_missing(std::string user);

 private:
  store::Store& store_;
  runtime::Runtime& runtime_;
  ImageLibrary& images_;
  journal::List<FillerKind> list_;
};

}  // namespace abc2::market
