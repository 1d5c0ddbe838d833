// Journal: entries added one after another under a head, each by an attempt that is held in another document.
// Nothing here is about what the entries mean; that is the Kind.
//
// Nobody needs to finish what they began: an entry that exists while the head still says the number before is
// unsettled, and settling is a list of idempotent steps that anybody may run, the last of which advances the head.
//
//   struct Seats {                                               // a Kind: types and pure functions
//     static constexpr std::string_view name = "seat";
//     using Head = Concert; using Entry = Seat; using Holder = Wallet;
//     static store::Key entry_key(const Position&);
//     static Seat void_entry(const Position&, std::string attempt);   // voided() is true
//     static store::Key holder_key(const Seat&);                      // who is charged; of filled entries
//     static std::vector<Receipt> receipts(const Position&, const Seat&);
//     static Wallet debited(Wallet, const Position&, const Seat&);    // takes the price; the library drops the hold
//     static Concert advanced(Concert, const Position&, const Seat&); // the library sets `last`
//   };
//   Journal<Seats> seats(store, runtime);
//   Plan plan = Journal<Seats>::plan(...);          // pure
//   auto placed = co_await seats.place(plan);       // lock, fill: decided after two writes
//   if (placed && placed.value().decision == Decision::ours) ... co_await seats.settle(plan, placed.value());
//
// Thread-safe; store and runtime are borrowed and must outlive it.
#pragma once
#include "base/limits.hpp"
#include "base/marks.hpp"
#include "journal/at_once.hpp"
#include "journal/kinds.hpp"
#include "journal/plan.hpp"
#include "journal/rules.hpp"
#include "journal/step.hpp"

namespace abc2::journal {

// A document that proves an entry, added while it is settled.
struct Receipt {
  std::string name;
  store::Key key;
  store::Value value;
};

// What place() has found out.
struct Placed {
  Decision decision;
  bool settled = false;                    // nothing is left to do
  std::optional<store::Version> locked{};  // the holder's version as the plan left it, if it still had it
};

// Whether `found` is the hold of this very attempt (R1).
inline bool same_attempt(const std::optional<Hold>& found, const Hold& mine) {
  return found && found->kind == mine.kind && found->head == mine.head && found->number == mine.number &&
         (found->attempt == mine.attempt || !kept(Rule::r1_attempts));
}

template <class Kind>
class Journal final : public JournalKind {
 public:
  using Head = typename Kind::Head;
  using Entry = typename Kind::Entry;
  using Holder = typename Kind::Holder;
  static_assert(HeadDocument<Head> && EntryDocument<Entry> && HolderDocument<Holder>);

  Journal(store::Store& store, runtime::Runtime& runtime) : store_(store), runtime_(runtime) {}

  [[nodiscard]] std::string_view name() const override { return Kind::name; }

  // The conditional writes that add `entry` as the entry after the head's last. Pure. `preparations` are ADDs that
  // come first; the holder must have no hold.
  static Plan plan(store::Key head_key, const store::Versioned<Head>& head, store::Key holder_key,
                   const store::Versioned<Holder>& holder, Entry entry, Time now, std::vector<Receipt> preparations,
                   Holder prepared);

  // Carries out the first half: preparations, lock and fill; or, on a store that has commits, all of it in one. After
  // Decision::ours the entry is durable and will be settled by somebody; call settle() without making anyone wait for
  // it. After any other decision, and after `conflict`, the hold is gone.
  // Errors: conflict (the holder changed since it was read: read again and decide again), undecided (the attempt may
  // or may not succeed: ask again with the same attempt), the store's.
  Task<Result<Placed>> place(Plan plan);

  // Carries out the second half. Errors: undecided and the store's; then recovery settles it.
  Task<Result<void>> settle(Plan plan, Placed placed);

  // Goes on with an attempt whose hold was found, by adding the entry that it carries: for the attempt's own owner,
  // who repeats it. Ends as resolve() does.
  Task<Result<Decision>> resume(store::Key holder, Hold hold);

  Task<Result<Decision>> resolve(store::Key holder, Hold hold) override;
  Task<Result<std::optional<Decision>>> decided(store::Key holder, Hold hold) override;
  Task<Result<Recovered>> recover(store::Key head, Milliseconds grace) override;

 private:
  static Step debit(store::Key holder, Hold mine, Entry entry);
  static Step release(store::Key holder, Hold mine);
  static Step advance(Position at, Entry entry);
  static std::vector<Step> settling(Position at, Entry entry);
  static Decision decision(const Entry& entry, const store::Key& holder, const Hold& mine);

  Task<Result<std::optional<Entry>>> entry_at(Position at);
  Task<Result<Placed>> place_in_steps(Plan plan);
  Task<Result<Placed>> place_at_once(Plan plan, std::vector<store::Write> writes);
  Task<Result<Placed>> locked(Plan plan, std::optional<store::Version> version);
  Task<Result<Decision>> finish(store::Key holder, Hold hold, Entry entry);
  Task<Result<void>> check_charged(Position at, Entry entry);
  Task<Result<store::WriteOutcome>> write(ConditionalWrite write, std::optional<store::Version> made);

  store::Store& store_;
  runtime::Runtime& runtime_;
};

}  // namespace abc2::journal

#include "journal/journal.ipp"
