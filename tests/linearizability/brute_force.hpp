// The same question as find_order(), answered by trying everything: for histories of a few operations, as an oracle.
// It shares nothing with the search but the format.
#pragma once
#include "history.hpp"

namespace abc2::registers {

// Of operations on one key: whether some order, with some of the unknown writes left out, is lawful.
bool possible_by_trying(const History& operations);

}  // namespace abc2::registers
