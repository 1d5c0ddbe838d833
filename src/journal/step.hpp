// Step: one idempotent change of one document, given as a pure function of what the document holds now. Whoever runs
// a step, however often and however many at once, the document ends up where the step wants it.
//
//   Step drop = change<Account>("drop", key, [](const Account& now) -> std::optional<Account> {
//     if (!now.hold) return std::nullopt;      // the goal is seen
//     Account next = now; next.hold.reset(); return next;
//   });
//   auto done = co_await run(store, drop);     // Code::undecided: left to whoever looks next
#pragma once
#include <functional>
#include <optional>
#include <string>

#include "store/document.hpp"

namespace abc2::journal {

// From what is there (nullopt: absent) to what shall be there; nullopt when the goal is seen already.
using Change = std::function<Result<std::optional<store::Value>>(const store::Snapshot& now)>;

struct Step {
  std::string name;  // of the step within its operation: "receipt", "debit", "advance"
  store::Key key;
  Change change;
};

// Runs `step` until its goal is seen (R2). A write whose outcome stays unknown ends it with Code::undecided: the goal
// may be reached, or not, or later. Other errors: the store's and the change's own.
Task<Result<void>> run(store::Store& store, Step step);

// The same for several, in order; the first that fails ends it.
Task<Result<void>> run(store::Store& store, std::vector<Step> steps);

// A step that adds a document; whatever is there already counts as done.
Step add_once(std::string name, store::Key key, store::Value value);

// A step on a typed document that must exist. `decide` is pure; nullopt means that the goal is seen.
// Errors: corrupt (absent or undecodable), newer_schema.
template <store::Document T, class Decide>
Step change(std::string name, store::Key key, Decide decide) {
  Change bytes = [key, decide = std::move(decide)](const store::Snapshot& now) -> Result<std::optional<store::Value>> {
    TRY(auto document, store::decode_snapshot<T>(key, now));
    if (!document) return Error(Code::corrupt, "the document " + key + " should exist, but does not");
    const std::optional<T> next = decide(std::as_const(document->value));
    if (!next) return std::optional<store::Value>();
    return std::optional<store::Value>(store::encode(*next));
  };
  return {std::move(name), std::move(key), std::move(bytes)};
}

// As change, for a document that begins to exist with its first change: `decide` gets a T() then.
template <store::Document T, class Decide>
Step change_or_add(std::string name, store::Key key, Decide decide) {
  Change bytes = [key, decide = std::move(decide)](const store::Snapshot& now) -> Result<std::optional<store::Value>> {
    TRY(auto document, store::decode_snapshot<T>(key, now));
    const std::optional<T> next = decide(document ? std::as_const(document->value) : T());
    if (!next) return std::optional<store::Value>();
    return std::optional<store::Value>(store::encode(*next));
  };
  return {std::move(name), std::move(key), std::move(bytes)};
}

}  // namespace abc2::journal
