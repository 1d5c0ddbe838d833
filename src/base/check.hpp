// ABC2_CHECK: an assertion that stays on in every build, for our own mistakes only.
// Data from a user, a peer or a disk is checked and refused with an error, never asserted.
#pragma once

namespace abc2 {

// Prints the place and the reason to standard error and aborts.
[[noreturn]] void check_failed(const char* condition, const char* why, const char* file, int line);

}  // namespace abc2

#define ABC2_CHECK(condition, why) \
  (static_cast<bool>(condition) ? void() : ::abc2::check_failed(#condition, why, __FILE__, __LINE__))
