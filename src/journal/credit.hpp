// Credit: money that is due by one document is put into a holder exactly once (R6):
//   CAS holder {+ amount, pending = reference}  ->  CAS reference {marked}  ->  CAS holder {pending dropped}
// Whoever finds a promise pending finishes it first. On a store that has commits, holder and reference change in one,
// and no promise is needed.
//
//   struct Prize {                                        // a Kind: types and pure functions
//     static constexpr std::string_view name = "prize";
//     using Holder = Wallet; using Reference = Ticket;
//     struct Due { ... static void fields(...) };                      // what is credited, whole
//     static std::optional<Due> due(const Ticket&);                    // nullopt: nothing (more)
//     // or due(const Ticket&, const Wallet&), if what can be moved depends on the holder
//     static Prepared<Wallet> paid(Wallet, const store::Key& holder, const store::Key& reference, const Due&, Time);
//     static std::optional<Ticket> marked(const Ticket&, const Due&);  // nullopt: is marked already
//   };
//
// Thread-safe; what is given to the constructor is borrowed.
#pragma once
#include "base/limits.hpp"
#include "base/marks.hpp"
#include "journal/at_once.hpp"
#include "journal/holders.hpp"

namespace abc2::journal {

// A holder as a change leaves it, and documents that must be added first (rejection accepted).
template <class Holder>
struct Prepared {
  Holder holder;
  std::vector<Step> first{};
};

template <class Kind>
class Credit final : public PendingKind {
 public:
  using Holder = typename Kind::Holder;
  using Reference = typename Kind::Reference;
  using Due = typename Kind::Due;
  static_assert(HolderDocument<Holder> && store::Document<Reference> && store::HasFields<Due>);

  Credit(store::Store& store, runtime::Runtime& runtime, const Kinds& kinds)
      : store_(store), runtime_(runtime), holders_(store, kinds) {}

  [[nodiscard]] std::string_view name() const override { return Kind::name; }

  // Credits what is due by `reference` to `holder`; nullopt if nothing was due. When it returns a Due, the money is
  // in the holder and the reference is marked. Errors: not_found (holder or reference), undecided (the store left
  // writes undecided; ask again, it is credited once whatever happens), the store's.
  Task<Result<std::optional<Due>>> credit(store::Key holder, store::Key reference) {
    std::optional<Due> credited;
    // Who is rejected was overtaken by somebody who went on, so that many who credit one holder at once all come to
    // their ends: only what the store leaves undecided is counted.
    for (int undecided = 0; undecided < limits::store_retries;) {
      std::optional<store::Versioned<Holder>> now;
      std::optional<store::Versioned<Reference>> ref;
      if (!kept(Rule::r6_balance_first)) {
        CO_TRY(ref, co_await store::get<Reference>(store_, reference));
      }
      CO_TRY(now, co_await store::get<Holder>(store_, holder));
      // R6: the holder is read before what it refers to; in the other order two crediters pay twice.
      if (kept(Rule::r6_balance_first)) {
        CO_TRY(ref, co_await store::get<Reference>(store_, reference));
      }
      if (!now) co_return Error(Code::not_found, "there is no " + holder + " to credit");
      if (!ref) co_return Error(Code::not_found, "there is no " + reference + " to be credited");

      if (now->value.pending && kept(Rule::pending_first)) {
        CO_TRY_VOID(co_await holders_.finish_pending(holder, *now->value.pending));
        continue;
      }
      const std::optional<Due> due = due_now(ref->value, now->value);
      if (!due) co_return credited;

      Prepared<Holder> paid = Kind::paid(now->value, holder, reference, *due, runtime_.now());
      CO_TRY_VOID(co_await run(store_, std::move(paid.first)));
      if (auto together = at_once(holder, *now, paid.holder, reference, *ref, *due)) {
        CO_TRY(const auto outcome, co_await store_.commit(std::move(*together)));
        if (outcome == store::WriteOutcome::Kind::applied) co_return due;
        // As below: what landed after all leaves nothing due, and what has not never will once another one is applied.
        if (outcome == store::WriteOutcome::Kind::unknown) {
          ABC2_MARK("credit: commit unknown");
          ++undecided;
        }
        credited = due;
        continue;
      }
      const Pending pending{std::string(Kind::name), reference, store::encode_part(*due)};
      paid.holder.pending = pending;
      CO_TRY(const auto outcome, co_await store_.replace(holder, now->version, store::encode(paid.holder)));
      credited = due;  // if not by this write, then by whoever the next round finds to have done it
      // Rejected or unknown: the next round reads what has become of it, and its CAS keeps a late landing out (R2).
      if (outcome.kind() == store::WriteOutcome::Kind::unknown) {
        ABC2_MARK("credit: unknown");
        ++undecided;
      }
      if (outcome.kind() != store::WriteOutcome::Kind::applied) continue;
      CO_TRY_VOID(co_await holders_.finish_pending(holder, pending));
      co_return credited;
    }
    co_return Error(Code::undecided, "the credit of " + reference + " has not been seen through yet; it will be");
  }

  Task<Result<void>> fulfil(Pending pending) override {
    CO_TRY(const Due due, store::decode_part<Due>(pending.detail));
    Step mark =
        change<Reference>("mark", pending.reference, [due](const Reference& now) { return Kind::marked(now, due); });
    auto marked = co_await run(store_, std::move(mark));
    co_return marked;
  }

 private:
  static std::optional<Due> due_now(const Reference& reference, const Holder& holder) {
    if constexpr (requires { Kind::due(reference, holder); })
      return Kind::due(reference, holder);
    else
      return Kind::due(reference);
  }

  // Both halves as one commit, without a promise; nullopt: this store needs one write at a time.
  std::optional<std::vector<store::Write>> at_once(const store::Key& holder, const store::Versioned<Holder>& now,
                                                   const Holder& paid, const store::Key& reference,
                                                   const store::Versioned<Reference>& ref, const Due& due) const {
    const std::optional<Reference> marked = Kind::marked(ref.value, due);
    if (!marked) return std::nullopt;
    return as_commit(store_, {{"pay", holder, now.version, store::encode(paid)},
                              {"mark", reference, ref.version, store::encode(*marked)}});
  }

  store::Store& store_;
  runtime::Runtime& runtime_;
  Holders<Holder> holders_;
};

}  // namespace abc2::journal
