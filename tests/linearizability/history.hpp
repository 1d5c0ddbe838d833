// What concurrent clients asked of the single documents of a store, and what they were told: one Operation for each
// call, one line of JSON for each Operation.
//
//   {"key":"r/7/2","client":"a.3","op":"add","start":105,"end":190,"outcome":"applied","value":"a.3.1","version":1}
//   {"key":"r/7/2","client":"a.4","op":"get","start":150,"end":210,"outcome":"read","value":"a.3.1","version":1}
//   {"key":"r/7/2","client":"b.0","op":"replace","start":220,"end":5220,"outcome":"unknown","value":"b.0.9","expected":1}
//
// Times are nanoseconds of the machine's steady clock, which all of its processes share: histories of several processes
// over one store are one history, whatever the order of their lines.
#pragma once
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace abc2::registers {

enum class Verb : std::uint8_t { get, add, replace };

enum class Outcome : std::uint8_t {
  read,      // of a get: what was there
  applied,   // of a write
  rejected,  // of a write: its condition did not hold, or it is the echo of the write itself
  unknown,   // of a write: it may take effect at any time from its start on, or never
  error,     // nothing was learnt, nothing was written, and nothing ever will be
};

struct Operation {
  std::string key;
  std::string client;
  Verb verb = Verb::get;
  std::int64_t start = 0, end = 0;
  Outcome outcome = Outcome::read;
  // Of a write: what it writes, which no other write of that key does. Of a get: what it found, none if absent.
  std::optional<std::string> value = std::nullopt;
  std::optional<std::uint64_t> expected = std::nullopt;  // of a replace
  std::optional<std::uint64_t> version = std::nullopt;   // of what a get found, or of what an applied write has written
};

using History = std::vector<Operation>;

std::string_view to_string(Verb verb);
std::string_view to_string(Outcome outcome);

// The line, without its end.
std::string to_line(const Operation& operation);

// All lines. Errors: corrupt, with the number of the line that is none.
Result<History> read_history(std::istream& lines);

}  // namespace abc2::registers
