#include "journal/plan.hpp"

#include <algorithm>

namespace abc2::journal {

std::vector<ConditionalWrite> folded(std::vector<ConditionalWrite> writes) {
  std::vector<ConditionalWrite> out;
  out.reserve(writes.size());
  for (auto& write : writes) {
    const auto same = std::ranges::find(out, write.key, &ConditionalWrite::key);
    if (same == out.end()) {
      out.push_back(std::move(write));
    } else {
      same->value = std::move(write.value);  // the first condition stands, the last content stays
      same->name = std::move(write.name);
    }
  }
  return out;
}

}  // namespace abc2::journal
