// Store: three verbs on single documents, each linearizable and durable before it answers. Everything that this program
// promises stands on these; engines/ implements them and the conformance suite (store/conformance.hpp) is what an
// engine must pass. A fourth verb, commit, changes several documents at once: an engine may have it, which saves the
// time between the writes, and nothing that is promised depends on it.
//
//   auto outcome = co_await store.add("greeting/1", "hello");
//   if (!outcome) ...                    // nothing was written and nothing ever will be by this call
//   switch (outcome.value().kind()) {
//     case WriteOutcome::Kind::applied:  // durable; outcome.value().version() is its version
//     case WriteOutcome::Kind::rejected: // the key exists (or it is the echo of our own write, see R9)
//     case WriteOutcome::Kind::unknown:  // it has landed, or will land at any later time, or never will
//   }
//
// There is no verb that deletes: absence must go on meaning "not yet" (protocol R7).
// Operations cannot be cancelled; each engine ends every operation within a time-out of its own and then says
// `unknown` for a write that was sent. All functions are thread-safe, may be called from any event loop, and resume
// the caller on the event loop from which they were called. A Store outlives its operations.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "runtime/runtime.hpp"

namespace abc2::store {

// Keys are 1 to limits::key_bytes arbitrary bytes, values 0 to limits::value_bytes arbitrary bytes.
using Key = std::string;
using Value = std::string;

// An opaque token: equal exactly if the document has not been written in between. Only an engine makes one.
class Version {
 public:
  explicit constexpr Version(std::uint64_t token) : token_(token) {}
  [[nodiscard]] constexpr std::uint64_t token() const { return token_; }
  friend constexpr bool operator==(Version, Version) = default;

 private:
  std::uint64_t token_;
};

struct Stored {
  Value value;
  Version version;
  friend bool operator==(const Stored&, const Stored&) = default;
};

// What is known of a document: its value and version, or that it is absent.
using Snapshot = std::optional<Stored>;

// The outcome of a write that was sent. It does not convert to bool: there are three cases.
class [[nodiscard]] WriteOutcome {
 public:
  enum class Kind : std::uint8_t { applied, rejected, unknown };

  static constexpr WriteOutcome applied(Version version) { return {Kind::applied, version}; }
  static constexpr WriteOutcome rejected() { return {Kind::rejected, Version(0)}; }
  static constexpr WriteOutcome unknown() { return {Kind::unknown, Version(0)}; }

  [[nodiscard]] constexpr Kind kind() const { return kind_; }
  // The version of what was written. Only of an applied write.
  [[nodiscard]] constexpr Version version() const {
    ABC2_CHECK(kind_ == Kind::applied, "only an applied write has a version");
    return version_;
  }

 private:
  constexpr WriteOutcome(Kind kind, Version version) : version_(version), kind_(kind) {}
  Version version_;
  Kind kind_;
};

std::string_view to_string(WriteOutcome::Kind kind);

// `stale` may answer from any past state of the document; only ads and statistics ask for it.
enum class Freshness : std::uint8_t { linearizable, stale };

// One of the writes of a commit: `value` under `key`, on the condition that the document has the version `expected`,
// or, if there is none, that the key is absent.
struct Write {
  Key key;
  std::optional<Version> expected;
  Value value;
};

struct ScanItem {
  Key key;
  Stored document;
};
struct ScanPage {
  std::vector<ScanItem> items;  // in the order of the keys' bytes
  bool more = false;            // continue with after = items.back().key
};

// All documents as they were at one moment, read page by page while others go on writing. See Store::view().
// Not thread-safe: one scan at a time. The store outlives it.
class View {
 public:
  virtual ~View() = default;

  // As Store::scan, of that moment. Errors: invalid_argument (limit 0); unavailable: the view may be over (its
  // connection broke, the history that it needs has been dropped), and who wants all of it begins with another view.
  [[nodiscard]] virtual Task<Result<ScanPage>> scan(Key prefix, Key after, std::size_t limit) = 0;
};

class Store {
 public:
  virtual ~Store() = default;

  // Errors: invalid_argument (key), unavailable.
  [[nodiscard]] virtual Task<Result<Snapshot>> get(Key key, Freshness freshness = Freshness::linearizable) = 0;

  // Inserts `value` under `key` unless the key exists (then: rejected).
  // Errors, all with nothing written: invalid_argument (key or value beyond its limit), unavailable.
  [[nodiscard]] virtual Task<Result<WriteOutcome>> add(Key key, Value value) = 0;

  // Compare-and-swap: writes `value` if the document still has `expected` (otherwise, and if absent: rejected).
  // Errors as for add.
  [[nodiscard]] virtual Task<Result<WriteOutcome>> replace(Key key, Version expected, Value value) = 0;

  // Whether this store has the verb commit. To be asked anew each time: a store that has not been reached yet has not.
  [[nodiscard]] virtual bool commits() const { return false; }

  // All of the writes if the conditions of all of them hold, otherwise none (then: rejected). One change: whoever has
  // read one of its documents finds the others changed, too. Each key once; see check_commit.
  // Errors, all with nothing written: invalid_argument (the writes, or a store without this verb), unavailable.
  [[nodiscard]] virtual Task<Result<WriteOutcome::Kind>> commit(std::vector<Write> writes);

  // The documents whose keys begin with `prefix` and are greater than `after`, at most min(limit,
  // limits::scan_items) of them. Each is linearizable by itself; a page is no snapshot: see view() for one. For lists,
  // the sweep and the audit only, never on the way of a purchase. Errors: invalid_argument (limit 0), unavailable.
  [[nodiscard]] virtual Task<Result<ScanPage>> scan(Key prefix, Key after, std::size_t limit) = 0;

  // All documents as they are at one moment between the call and its answer: every write that was answered before is
  // in it, and of two writes, one sent after the other was answered, never the second without the first. So it is a
  // state in which a crash of all processes might have left the store. For copies of the whole store: while it is
  // there the engine keeps what has been written over since.
  // Errors: invalid_argument (this store can show no such moment, which is the default), unavailable.
  [[nodiscard]] virtual Task<Result<std::unique_ptr<View>>> view();

  // Waits until the document's version differs from `seen` (nullopt: absent), at most `at_most`, and returns what is
  // there then (at the time-out: what `seen` names). States in between may be skipped, the latest never is. It keeps
  // no connection between two calls, so that a caller who was cut off just calls again.
  // Engines that can push do; the default polls every limits::watch_staleness.
  // To follow one document for many subscribers, use WatchHub. Errors: invalid_argument, unavailable.
  [[nodiscard]] virtual Task<Result<Snapshot>> watch(Key key, std::optional<Version> seen, Milliseconds at_most);

  // Whether no other process can be using this store while we have it open. Then a hold found at start has no owner.
  [[nodiscard]] virtual bool exclusive() const = 0;

 protected:
  explicit Store(runtime::Runtime& runtime) : runtime_(runtime) {}
  runtime::Runtime& runtime_;
};

// The checks that every engine makes before it sends anything.
Result<void> check_key(const Key& key);
Result<void> check_value(const Key& key, const Value& value);
// Of a commit: 1 to limits::commit_writes writes of different keys, and limits::commit_bytes in all.
Result<void> check_commit(const std::vector<Write>& writes);

}  // namespace abc2::store
