// Plan: what an attempt to add an entry will write, as data: a list of conditional writes, computed by pure functions
// from what was read, before anything is written. An executor carries it out: step by step, or, on a store that can
// change several documents at once, in one commit (at_once.hpp); Journal::place does what the store can.
#pragma once
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "journal/documents.hpp"

namespace abc2::journal {

struct Absent {
  friend bool operator==(Absent, Absent) = default;
};
// The version that the write with this index in the same plan has made.
struct MadeBy {
  std::size_t write;
  friend bool operator==(MadeBy, MadeBy) = default;
};
using Condition = std::variant<Absent, store::Version, MadeBy>;

struct ConditionalWrite {
  std::string name;  // "lock", "fill", "receipt", "debit", "advance"
  store::Key key;
  Condition condition;
  store::Value value;
  friend bool operator==(const ConditionalWrite&, const ConditionalWrite&) = default;
};

// Writes in order: preparations (ADDs whose rejection is accepted) up to `lock`, the lock, the fill, and then those
// that settle, the last of which advances the head.
struct Plan {
  store::Key holder;
  Hold hold;
  std::vector<ConditionalWrite> writes;
  std::size_t lock = 0;
  [[nodiscard]] std::size_t fill() const { return lock + 1; }
};

// The same documents with the same final contents, one write for each, the last: no hold is ever visible in them. What
// they are conditional on is what the first write of the same document is. In the order of those.
std::vector<const ConditionalWrite*> folded(std::span<const ConditionalWrite> writes);

}  // namespace abc2::journal
