// Were the single documents linearizable? Decided from what clients asked and were told, and from nothing else.
//
//   const auto verdict = check(history);
//   if (!verdict.holds()) for (const auto& finding : verdict.findings) std::cout << finding.story;
//
// The search is that of Wing and Gong (Testing and verifying concurrent objects, 1993) with Lowe's memory of
// configurations (Testing for linearizability, 2017), one document at a time as in Porcupine: whether there is one
// order of all operations that keeps to their times, and in which a document that does one thing after the other would
// have answered just that. A document's state is absent, or the write that made it. What store/store.hpp promises:
//
//   get       the state at one moment between start and end, and the version of it. Each write makes a version of its
//             own, the same for everybody who is told of it
//   applied   at one moment between start and end the condition held (add: absent; replace: it had that version), and
//             this write was made
//   rejected  at one moment between start and end the condition did not hold, and then never does again; or the
//             condition held, and this very write was made (an echo, protocol R9)
//   unknown   as applied, at any moment after its start, or never
//   error     nothing happened, ever
//
// Two calls of which one ends in the nanosecond in which the other starts are taken as concurrent.
//
// The time that it takes is that of the number of operations, as long as few writes are concurrent on one document: an
// operation that changes nothing is put in its place as soon as it fits, since no order can be the worse for that.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

#include "history.hpp"

namespace abc2::registers {

struct Finding {
  std::string key;
  Operation misfit;   // the first to end for which there is no place
  History needed;     // a part of the history that is impossible by itself: what the story tells, misfit included
  std::string story;  // several lines
};

struct Verdict {
  std::size_t operations = 0, reads = 0, applied = 0, rejected = 0, unknown = 0, errors = 0;
  std::size_t documents = 0;
  std::size_t most_of_a_document = 0;  // operations
  std::size_t unknown_applied = 0;     // unknown writes of which somebody was told that they took effect
  std::size_t echoes = 0;              // documents that are explained by an echo only
  std::vector<Finding> findings;       // one for a document

  [[nodiscard]] bool holds() const { return findings.empty(); }
};

// Every value must be that of one write of its key.
Verdict check(const History& history);

// The figures as a line or two.
std::string to_string(const Verdict& verdict);

}  // namespace abc2::registers
