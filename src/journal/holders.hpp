// Holders: the documents that holds and pending promises are placed in, and how whoever comes along finishes them.
// Thread-safe; what is given to the constructor is borrowed.
#pragma once
#include "base/marks.hpp"
#include "journal/kinds.hpp"
#include "journal/rules.hpp"
#include "journal/step.hpp"

namespace abc2::journal {

template <HolderDocument Holder>
class Holders {
 public:
  Holders(store::Store& store, const Kinds& kinds) : store_(store), kinds_(kinds) {}

  // Fulfils the promise in its other document, then drops it from the holder, if it is still there.
  // Errors: undecided, newer_schema (a kind that is unknown here), the store's.
  Task<Result<void>> finish_pending(store::Key holder, Pending pending) {
    CO_TRY(PendingKind * kind, kinds_.pending(pending.kind));
    CO_TRY_VOID(co_await kind->fulfil(pending));
    ABC2_MARK("holder: pending finished");
    Step drop = change<Holder>("drop", std::move(holder),
                               [pending = std::move(pending)](const Holder& now) -> std::optional<Holder> {
                                 const bool same = now.pending == pending || !kept(Rule::pending_compared);
                                 if (!now.pending || !same) return std::nullopt;
                                 Holder next = now;
                                 next.pending.reset();
                                 return next;
                               });
    auto dropped = co_await run(store_, std::move(drop));
    co_return dropped;
  }

  // Ends the attempt that `hold` belongs to. See JournalKind::resolve.
  Task<Result<Decision>> resolve(store::Key holder, Hold hold) {
    CO_TRY(JournalKind * kind, kinds_.journal(hold.kind));
    auto ended = co_await kind->resolve(std::move(holder), std::move(hold));
    co_return ended;
  }

  // Finishes what is pending in the holder and settles a hold that is decided. An undecided hold is ended by a void
  // only if it was placed at or before `void_until`: its driver may be alive. Or after `void_from`: the clock that
  // says so was ahead, and its time says nothing of how old the hold is.
  // On success returns the hold that is still there, if any. Errors: undecided, newer_schema, the store's.
  Task<Result<std::optional<Hold>>> tidy(store::Key holder, Time void_until, Time void_from = Time::max()) {
    CO_TRY(const auto now, co_await store::get<Holder>(store_, holder));
    if (!now) co_return std::optional<Hold>();
    if (now->value.pending) {
      CO_TRY_VOID(co_await finish_pending(holder, *now->value.pending));
    }
    if (!now->value.hold) co_return std::optional<Hold>();
    const Hold hold = *now->value.hold;
    CO_TRY(JournalKind * kind, kinds_.journal(hold.kind));
    if (hold.since > void_until && hold.since <= void_from) {
      CO_TRY(const auto decided, co_await kind->decided(holder, hold));
      if (!decided) {
        ABC2_MARK("holder: young hold left alone");
        co_return hold;
      }
    }
    CO_TRY_VOID(co_await kind->resolve(std::move(holder), hold));
    co_return std::optional<Hold>();
  }

 private:
  store::Store& store_;
  const Kinds& kinds_;
};

}  // namespace abc2::journal
