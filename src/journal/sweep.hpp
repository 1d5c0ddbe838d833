// Sweep: slowly and at a bounded rate, looks at everything, for everybody who never comes back.
//
// It goes through the documents under given prefixes, page by page, and hands each to its handler; it begins again
// when it is through. Where most documents are in order, a look at the page as a whole comes first and says which of
// them need a look of their own, so that the others cost no reading. A handler's error is counted and the sweep goes
// on; an error of the scan makes it wait.
//
// add() before run(); counts() is thread-safe; run() and once() are coroutines of one event loop at a time each.
#pragma once
#include <atomic>
#include <functional>
#include <vector>

#include "store/store.hpp"

namespace abc2::journal {

struct SweepCounts {
  std::uint64_t documents = 0;  // looked at
  std::uint64_t errors = 0;     // handlers, looks and scans that failed
  std::uint64_t rounds = 0;     // times that everything was seen
};

class Sweep {
 public:
  // Looks at one document and repairs what it finds. `void_until`: see Holders::tidy.
  using Handler = std::function<Task<Result<void>>(store::ScanItem item, Time void_until)>;

  // Of the documents of a page, in the order of their keys, those that are to be handed to the handler.
  using Look = std::function<Task<Result<std::vector<store::ScanItem>>>(std::vector<store::ScanItem> page)>;

  Sweep(store::Store& store, runtime::Runtime& runtime) : store_(store), runtime_(runtime) {}

  void add(store::Key prefix, Handler handler, Look look = nullptr) {
    parts_.push_back({std::move(prefix), std::move(handler), std::move(look)});
  }

  // Looks at everything once, as fast as it goes, in the order of add(). Returns how many handlers and looks failed.
  // Errors: of the scan; unavailable (the runtime is stopping).
  Task<Result<std::uint64_t>> once(Time void_until);

  // Whether a document is this node's to look at: see Membership::mine.
  using Mine = std::function<bool(const store::Key&)>;

  // Looks again and again at everything that is `mine`, or at everything without that; reads at most `per_second`
  // documents a second; until runtime.stopping(). Holds are voided when they are older than limits::hold_is_old.
  Task<void> run(std::size_t per_second, Mine mine = nullptr);

  [[nodiscard]] SweepCounts counts() const { return {documents_.load(), errors_.load(), rounds_.load()}; }

 private:
  struct Part {
    store::Key prefix;
    Handler handler;
    Look look;
  };
  Task<void> handle(Part* part, store::ScanItem item, Time void_until);
  Task<void> handle_all(Part* part, std::vector<store::ScanItem> items, Time void_until);

  store::Store& store_;
  runtime::Runtime& runtime_;
  std::vector<Part> parts_;
  std::atomic<std::uint64_t> documents_{0}, errors_{0}, rounds_{0};
};

}  // namespace abc2::journal
