#include "journal/at_once.hpp"

namespace abc2::journal {

std::optional<std::vector<store::Write>> as_commit(const store::Store& store, std::vector<ConditionalWrite> writes) {
  if (!store.commits()) return std::nullopt;
  std::vector<store::Write> together;
  for (auto& write : folded(std::move(writes))) {
    const auto* read = std::get_if<store::Version>(&write.condition);
    ABC2_CHECK(read || std::holds_alternative<Absent>(write.condition), "a commit cannot build on its own writes");
    together.push_back({std::move(write.key), read ? std::optional(*read) : std::nullopt, std::move(write.value)});
  }
  if (!store::check_commit(together)) return std::nullopt;
  return together;
}

}  // namespace abc2::journal
