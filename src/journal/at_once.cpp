#include "journal/at_once.hpp"

#include <algorithm>

namespace abc2::journal {

std::optional<std::vector<store::Write>> as_commit(const store::Store& store,
                                                   std::span<const ConditionalWrite> writes) {
  if (!store.commits()) return std::nullopt;
  std::vector<store::Write> together;
  together.reserve(writes.size());
  for (const auto* write : folded(writes)) {
    const auto first = std::ranges::find(writes, write->key, &ConditionalWrite::key);
    const auto* read = std::get_if<store::Version>(&first->condition);
    ABC2_CHECK(read || std::holds_alternative<Absent>(first->condition), "a commit cannot build on its own writes");
    together.push_back({write->key, read ? std::optional(*read) : std::nullopt, write->value});
  }
  if (!store::check_commit(together)) return std::nullopt;
  return together;
}

std::optional<std::vector<store::Write>> as_commit(const store::Store& store,
                                                   std::initializer_list<ConditionalWrite> writes) {
  return as_commit(store, std::span(writes.begin(), writes.size()));
}

}  // namespace abc2::journal
