// What a process waits for, and how it is answered: a store call or a timer, as plain data.
//
// Store::scan is taken apart: one step finds the keys, and then each document is a step, since a page is no snapshot.
#pragma once
#include <compare>
#include <cstdint>
#include <vector>

#include "sim/texts.hpp"

namespace abc2::sim {

enum class Verb : std::uint8_t {
  get,
  add,
  replace,
  list,    // key: the prefix, value: the key to start after, number: the limit
  sleep,   // number: milliseconds
  commit,  // value: its writes, as commit_text() puts them; key: of the first of them
  remove,  // no verb of a Store (R7): only for showing what it would cost to have one
};

constexpr bool is_write(Verb verb) {
  return verb == Verb::add || verb == Verb::replace || verb == Verb::remove || verb == Verb::commit;
}

struct Operation {
  Verb verb = Verb::get;
  TextId key = 0;
  TextId value = 0;
  std::uint32_t number = 0;  // replace: the expected version
  friend auto operator<=>(const Operation&, const Operation&) = default;
};

// The writes of a commit as a text, and back: each is an add or a replace.
std::string commit_text(const std::vector<Operation>& writes);
std::vector<Operation> writes_of_commit(const std::string& text);

struct Reply {
  enum class Kind : std::uint8_t {
    absent,
    found,  // get: value and version
    applied,
    rejected,
    unknown,
    error,  // `unavailable`: nothing was and nothing will be written
    keys,   // list: value is the keys, one a line
    woken,
  };
  Kind kind = Kind::absent;
  TextId value = 0;
  std::uint32_t version = 0;
  friend auto operator<=>(const Reply&, const Reply&) = default;

  [[nodiscard]] std::uint64_t packed() const {
    return std::uint64_t{value} << 32 | std::uint64_t{version} << 4 | static_cast<std::uint64_t>(kind);
  }
};

}  // namespace abc2::sim
