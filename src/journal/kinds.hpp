// Kinds: what the library must be able to do with a hold or a promise that it finds in a holder, whoever placed it.
// Each journal and each credit registers itself under its name, so that recovery, the user's next action and the
// sweep can finish what others left.
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "journal/documents.hpp"

namespace abc2::journal {

// How an attempt ended.
enum class Decision : std::uint8_t {
  ours,    // the entry carries this attempt
  others,  // the entry carries another attempt
  voided,  // the entry is void: the number is used up, and nobody has it
};

// What recovery found at a head, and did.
enum class Recovered : std::uint8_t { nothing, moved_on, settled, passed_void };

class JournalKind {
 public:
  virtual ~JournalKind() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;

  // Ends the attempt of `hold`, found in the holder at `holder`: an entry that is not there yet is taken by a void
  // (R3), one that is ours is settled, and the hold is dropped. On success the hold is gone.
  // Errors: undecided (call again), the store's.
  [[nodiscard]] virtual Task<Result<Decision>> resolve(store::Key holder, Hold hold) = 0;

  // The attempt's entry if it is decided: does not change anything.
  [[nodiscard]] virtual Task<Result<std::optional<Decision>>> decided(store::Key holder, Hold hold) = 0;

  // Settles the entry after the head's last, if there is one, after a `grace` for whoever is at it.
  // Errors: undecided, corrupt (an entry that nobody was charged for), the store's.
  [[nodiscard]] virtual Task<Result<Recovered>> recover(store::Key head, Milliseconds grace) = 0;
};

class PendingKind {
 public:
  virtual ~PendingKind() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;

  // Makes the other half of the promise true, seen in its document. Idempotent. Errors: undecided, the store's.
  [[nodiscard]] virtual Task<Result<void>> fulfil(Pending pending) = 0;
};

// Filled at start and only read afterwards: then thread-safe. Does not own the kinds.
class Kinds {
 public:
  void add(JournalKind& kind) { journals_.emplace(kind.name(), &kind); }
  void add(PendingKind& kind) { pendings_.emplace(kind.name(), &kind); }

  // Errors: newer_schema, since a kind that is unknown here was written by a later version.
  Result<JournalKind*> journal(std::string_view name) const;
  Result<PendingKind*> pending(std::string_view name) const;

 private:
  std::map<std::string, JournalKind*, std::less<>> journals_;
  std::map<std::string, PendingKind*, std::less<>> pendings_;
};

}  // namespace abc2::journal
