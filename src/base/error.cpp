#include "base/error.hpp"

namespace abc2 {

std::string_view to_string(Code code) {
  switch (code) {
    case Code::invalid_argument: return "invalid_argument";
    case Code::not_found: return "not_found";
    case Code::already_exists: return "already_exists";
    case Code::unauthenticated: return "unauthenticated";
    case Code::forbidden: return "forbidden";
    case Code::newer_schema: return "newer_schema";
    case Code::corrupt: return "corrupt";
    case Code::unavailable: return "unavailable";
    case Code::undecided: return "undecided";
    case Code::too_busy: return "too_busy";
    case Code::in_use: return "in_use";
    case Code::slot_taken: return "slot_taken";
    case Code::price_above_limit: return "price_above_limit";
    case Code::insufficient_funds: return "insufficient_funds";
    case Code::account_held: return "account_held";
    case Code::attempt_ended: return "attempt_ended";
    case Code::category_refused: return "category_refused";
    case Code::conflict: return "conflict";
    case Code::limit_reached: return "limit_reached";
  }
  return "unnamed";
}

}  // namespace abc2
