// Error: what went wrong, as a value: a code that callers act on and a sentence for the person who reads it.
//
// There is a code only where some caller behaves differently for it; each is also the stable `code` of the HTTP
// problem document that reports it, so names must not change once released. A message says what was wrong and what
// to do; it never holds a secret.
#pragma once
#include <string>
#include <string_view>
#include <utility>

namespace abc2 {

enum class Code {
  invalid_argument,    // the caller must change the request
  not_found,           // no such thing
  already_exists,      // the name is taken
  unauthenticated,     // who are you
  forbidden,           // not yours
  newer_schema,        // a document was written by a later version of this program
  corrupt,             // a document or a directory cannot be what we wrote
  unavailable,         // nothing was written; try again later
  undecided,           // the outcome is unknown yet; repeat the very same request (same attempt)
  too_busy,            // a bounded queue is full; try again later
  in_use,              // another process has the directory
  slot_taken,          // somebody else has the slot
  price_above_limit,   // the price now is higher than the caller accepts
  insufficient_funds,  // the balance does not cover the price
  account_held,        // a hold is there; its resolution has been started
  attempt_ended,       // this attempt was given up (void) and can never succeed; nothing was charged
  category_refused,    // the campaign does not take ads of this category
  conflict,            // a document kept changing under us, or differs from what the same request said before
  limit_reached,       // a named limit would be exceeded
};

// The stable text of a code: "slot_taken".
std::string_view to_string(Code code);

class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  [[nodiscard]] Code code() const { return code_; }
  [[nodiscard]] const std::string& message() const { return message_; }
  // "while reading balance/alice: <message>", keeping the code.
  [[nodiscard]] Error within(std::string_view context) const { return {code_, std::string(context) + ": " + message_}; }

 private:
  Code code_;
  std::string message_;
};

}  // namespace abc2
