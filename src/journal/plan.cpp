#include "journal/plan.hpp"

#include <algorithm>

namespace abc2::journal {

std::vector<ConditionalWrite> folded(const Plan& plan) {
  std::vector<ConditionalWrite> out;
  for (const auto& write : plan.writes) {
    const auto same = std::ranges::find(out, write.key, &ConditionalWrite::key);
    if (same == out.end()) {
      out.push_back(write);
    } else {
      same->value = write.value;  // the first condition stands, the last content stays
      same->name = write.name;
    }
  }
  return out;
}

}  // namespace abc2::journal
