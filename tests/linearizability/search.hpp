// The search for an order of one document's operations. See checker.hpp for what an order has to keep to.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "history.hpp"

namespace abc2::registers {

enum class Echoes : std::uint8_t { none, lawful };  // of rejected writes that have been made

struct Order {
  bool found = false;
  std::string why;                 // if it is clear without a search that there is none, or if it was given up
  std::vector<std::size_t> order;  // if found: indices of the operations; of unknown writes those that it has made
};

// Of operations on one key.
Order find_order(const History& operations, Echoes echoes);

// What everybody knew at that moment: without what starts later, and what ends later without its answer.
History until(const History& operations, std::int64_t moment);

}  // namespace abc2::registers
