// List: a series of entries that only one user appends to (the chapters of a book): a journal without a hold. Entry
// n+1 is added, then the head that lists them is advanced; an entry that was added and not listed is listed by the
// user's next action; on a store that has commits both are one. The head begins to exist with its first entry.
//
//   struct Chapters {                                          // a Kind: types and pure functions
//     using Head = Contents; using Entry = Chapter;            // Entry has `std::string attempt`
//     static store::Key entry_key(const store::Key& head, std::uint64_t n);
//   };
//   List<Chapters> chapters(store);
//   auto n = co_await chapters.append(head, chapter);
//
// Thread-safe; the store is borrowed.
#pragma once
#include "base/limits.hpp"
#include "base/marks.hpp"
#include "journal/at_once.hpp"
#include "journal/documents.hpp"
#include "journal/rules.hpp"
#include "journal/step.hpp"

namespace abc2::journal {

template <class Kind>
class List {
 public:
  using Head = typename Kind::Head;
  using Entry = typename Kind::Entry;
  static_assert(HeadDocument<Head> && store::Document<Entry>);

  explicit List(store::Store& store) : store_(store) {}

  // Adds `entry`, whose attempt id must be unique, as the next one; returns its number, listed. At most `most`.
  // With `look_back`, an entry of the same attempt among so many of the newest is that entry: a request that is
  // repeated adds nothing, however many of them run at once.
  // Errors: limit_reached, undecided (the entry may appear later), conflict (too many others at once), corrupt (a
  // listed entry is missing), the store's.
  Task<Result<std::uint64_t>> append(store::Key head, Entry entry, std::uint64_t most, std::uint64_t look_back = 0) {
    const std::string attempt = entry.attempt;
    const store::Value value = store::encode(entry);
    std::uint64_t looked = 0;  // entries up to this number are of other attempts; they never change
    for (int tries = 0; tries < limits::store_retries; ++tries) {
      CO_TRY(const auto now, co_await listed(head));
      const std::uint64_t last = now ? now->value.last : 0;
      // The ADD of last + 1 is applied only if nothing came after what is looked at here.
      for (std::uint64_t earlier = last; earlier > looked && earlier + look_back > last; --earlier) {
        CO_TRY(const auto found, co_await store::get<Entry>(store_, Kind::entry_key(head, earlier)));
        if (!found)
          co_return Error(Code::corrupt, "the document " + Kind::entry_key(head, earlier) + " is listed and missing");
        if (found->value.attempt != attempt || !kept(Rule::list_looks_back)) continue;
        ABC2_MARK("list: repeated attempt found");
        co_return earlier;
      }
      looked = last;
      const std::uint64_t number = last + 1;
      if (number > most)
        co_return Error(Code::limit_reached,
                        "the list is full: it has the " + std::to_string(most) + " entries it may have");
      const store::Key key = Kind::entry_key(head, number);
      auto together = as_commit(store_, {{"add", key, Absent{}, value}, list_it(head, now, number)});
      CO_TRY(const Ended ended, co_await decide(key, value, attempt, std::move(together)));
      if (ended == Ended::listed) co_return number;
      if (ended == Ended::not_added) continue;
      CO_TRY_VOID(co_await run(store_, advance(head, number)));
      if (ended == Ended::added) co_return number;
    }
    co_return Error(Code::conflict, "too many additions to one list at once; try again");
  }

  // Lists an entry that was added and not listed; returns the number of the last entry, 0 for none.
  Task<Result<std::uint64_t>> list_missing(store::Key head) {
    CO_TRY(const auto now, co_await listed(head));
    co_return now ? now->value.last : 0;
  }

 private:
  using Now = std::optional<store::Versioned<Head>>;

  // The head, once nothing is missing in it.
  Task<Result<Now>> listed(store::Key head) {
    for (;;) {
      CO_TRY(auto now, co_await store::get<Head>(store_, head));
      const std::uint64_t last = now ? now->value.last : 0;
      CO_TRY(const auto next, co_await store_.get(Kind::entry_key(head, last + 1)));
      if (!next) co_return now;
      ABC2_MARK("list: missing entry listed");
      CO_TRY_VOID(co_await run(store_, advance(head, last + 1)));
    }
  }

  static ConditionalWrite list_it(const store::Key& head, const Now& now, std::uint64_t number) {
    Head next = now ? now->value : Head();
    next.last = number;
    return {"list", head, now ? Condition(now->version) : Condition(Absent{}), store::encode(next)};
  }

  static Step advance(store::Key head, std::uint64_t number) {
    return change_or_add<Head>("list", std::move(head), [number](const Head& now) -> std::optional<Head> {
      if (now.last >= number) return std::nullopt;
      Head next = now;
      next.last = number;
      return next;
    });
  }

  enum class Ended : std::uint8_t { listed, added, others, not_added };

  // Whose the entry at `key` is in the end. The number is not given up before its key is decided, so that a late
  // landing cannot list the same entry twice. With `together`, it is listed by the same commit, which may also find
  // that the head has changed: then it has not been added and never will be.
  Task<Result<Ended>> decide(store::Key key, store::Value value, std::string attempt,
                             std::optional<std::vector<store::Write>> together) {
    for (int tries = 0; tries < limits::store_retries; ++tries) {
      auto outcome = store::WriteOutcome::Kind::unknown;
      if (together) {
        CO_TRY(outcome, co_await store_.commit(*together));
      } else {
        CO_TRY(const auto added, co_await store_.add(key, value));
        outcome = added.kind();
      }
      if (outcome == store::WriteOutcome::Kind::applied) co_return together ? Ended::listed : Ended::added;
      if (outcome == store::WriteOutcome::Kind::unknown) {
        ABC2_MARK("list: unknown");
        if (kept(Rule::list_same_number)) continue;
        co_return Ended::others;
      }
      if (!kept(Rule::r9_echo)) co_return Ended::others;
      CO_TRY(const auto found, co_await store::get<Entry>(store_, key));
      if (!found && together) co_return Ended::not_added;
      if (!found) co_return Error(Code::corrupt, "the entry " + key + " exists and cannot be read");
      co_return found->value.attempt == attempt ? Ended::added : Ended::others;  // R9
    }
    co_return Error(Code::undecided, "the store left the addition of " + key + " undecided; look at the list again");
  }

  store::Store& store_;
};

}  // namespace abc2::journal
