// The parts of documents that the journal library reads and writes; everything else in them belongs to its user.
//
//   head     a document with `std::uint64_t last`: the number of the last settled entry
//   entry    a document with `std::string attempt` and `bool voided() const`; added once, never changed
//   holder   a document with `std::optional<Hold> hold` and `std::optional<Pending> pending`
#pragma once
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>

#include "store/document.hpp"

namespace abc2::journal {

// Where an entry stands: number `number` of the journal whose head is at `head`.
struct Position {
  store::Key head;
  std::uint64_t number = 0;
  friend bool operator==(const Position&, const Position&) = default;
};

// A pointer in a holder to the entry that will decide, with the attempt that made it (protocol R1). It is placed
// before the entry is added and dropped only after the entry is decided.
struct Hold {
  std::string kind;  // Kind::name of the journal
  store::Key head;
  std::uint64_t number = 0;
  std::string attempt;   // unique for this attempt, chosen by the client or drawn at random
  Time since{};          // by the clock of the node that placed it: a hint, never a proof
  store::RawJson entry;  // the entry that the attempt adds if it wins

  [[nodiscard]] Position position() const { return {head, number}; }
  static void fields(auto& self, auto&& field) {
    field("kind", self.kind);
    field("head", self.head);
    field("number", self.number);
    field("attempt", self.attempt);
    field("since_ms", self.since);
    field("entry", self.entry);
  }
  friend bool operator==(const Hold&, const Hold&) = default;
};

// A promise in a holder whose other half is in another document: fulfilled there first, then dropped here.
// The money has already moved in the holder, in the very CAS that placed the promise.
struct Pending {
  std::string kind;       // PendingKind::name
  store::Key reference;   // the other document
  store::RawJson detail;  // the whole request, so that anybody can fulfil it
  static void fields(auto& self, auto&& field) {
    field("kind", self.kind);
    field("reference", self.reference);
    field("detail", self.detail);
  }
  friend bool operator==(const Pending&, const Pending&) = default;
};

template <class D>
concept HeadDocument = store::Document<D> && requires(D document) {
  { document.last } -> std::same_as<std::uint64_t&>;
};
template <class D>
concept EntryDocument = store::Document<D> && requires(D document) {
  { document.attempt } -> std::same_as<std::string&>;
  { document.voided() } -> std::same_as<bool>;
};
template <class D>
concept HolderDocument = store::Document<D> && requires(D document) {
  { document.hold } -> std::same_as<std::optional<Hold>&>;
  { document.pending } -> std::same_as<std::optional<Pending>&>;
};

}  // namespace abc2::journal
