#include "base/marks.hpp"

#include <mutex>
#include <utility>

namespace abc2::marks {
namespace {
std::mutex list_mutex;
Mark* list = nullptr;
}  // namespace

Mark::Mark(std::string_view name) : name_(name) {
  const std::lock_guard lock(list_mutex);
  next_ = std::exchange(list, this);
}

std::map<std::string, std::uint64_t> all() {
  const std::lock_guard lock(list_mutex);
  std::map<std::string, std::uint64_t> counts;
  for (const Mark* mark = list; mark; mark = mark->next_)
    counts[std::string(mark->name_)] += mark->count_.load(std::memory_order_relaxed);
  return counts;
}

std::uint64_t reached(std::string_view name) {
  const auto counts = all();
  const auto found = counts.find(std::string(name));
  return found == counts.end() ? 0 : found->second;
}

}  // namespace abc2::marks
