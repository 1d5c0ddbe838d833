#include "journal/plan.hpp"

#include <algorithm>

namespace abc2::journal {

std::vector<const ConditionalWrite*> folded(std::span<const ConditionalWrite> writes) {
  std::vector<const ConditionalWrite*> last;
  last.reserve(writes.size());
  for (const auto& write : writes) {
    const auto same = std::ranges::find_if(last, [&](const auto* earlier) { return earlier->key == write.key; });
    if (same == last.end()) {
      last.push_back(&write);
    } else {
      *same = &write;
    }
  }
  return last;
}

}  // namespace abc2::journal
