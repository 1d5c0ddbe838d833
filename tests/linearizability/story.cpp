#include "story.hpp"

#include <algorithm>
#include <cstdio>

#include "search.hpp"

namespace abc2::registers {
namespace {

constexpr std::size_t kLast = 6;    // operations of the order that are told
constexpr std::size_t kNeeded = 8;  // and of what has none

std::string quoted(const std::optional<std::string>& value, std::optional<std::uint64_t> version) {
  if (!value) return "absent";
  return "\"" + *value + "\"" + (version ? " version " + std::to_string(*version) : "");
}

std::string sentence(const Operation& operation, std::int64_t zero) {
  std::string text = operation.client + " " + std::string(to_string(operation.verb));
  if (operation.verb == Verb::get) {
    text += operation.outcome == Outcome::read ? ": " + quoted(operation.value, operation.version) : ": error";
  } else {
    if (operation.expected) text += " of version " + std::to_string(*operation.expected) + " by";
    text += " " + quoted(operation.value, {}) + ": " + std::string(to_string(operation.outcome));
    if (operation.version) text += ", version " + std::to_string(*operation.version);
  }
  char times[80];
  std::snprintf(times, sizeof times, "  %12.6f to %12.6f ms  ", static_cast<double>(operation.start - zero) / 1e6,
                static_cast<double>(operation.end - zero) / 1e6);
  return times + text + "\n";
}

}  // namespace

std::string tell(const Finding& finding, const History& operations, const History& known) {
  std::int64_t zero = operations.front().start;
  for (const auto& operation : operations) zero = std::min(zero, operation.start);
  std::string text = "the document " + finding.key + " is not linearizable; this has no order:\n";
  // As it was answered in the end, though what ended after the misfit was not yet known.
  History needed;
  for (const auto& operation : operations)
    if (std::ranges::any_of(finding.needed, [&](const Operation& one) {
          return one.client == operation.client && one.start == operation.start && one.verb == operation.verb;
        }))
      needed.push_back(operation);
  std::ranges::sort(needed, {}, &Operation::start);
  const std::size_t left_out = needed.size() > kNeeded ? needed.size() - kNeeded : 0;
  if (left_out != 0) text += "  ... " + std::to_string(left_out) + " more, which made the first of these\n";
  for (std::size_t i = left_out; i < needed.size(); ++i) text += sentence(needed[i], zero);
  if (const auto order = find_order(finding.needed, Echoes::lawful); !order.why.empty())
    text += "  because " + order.why + "\n";

  History before;  // all but the misfit, and the gets that were answered in the same nanosecond
  for (const auto& operation : known)
    if (operation.outcome == Outcome::unknown || operation.end < finding.misfit.end) before.push_back(operation);
  const auto order = find_order(before, Echoes::lawful);
  if (!order.found) return text;
  text += "of " + std::to_string(operations.size()) + " operations the first " + std::to_string(order.order.size()) +
          " have an order, which ends with\n";
  const std::size_t from = order.order.size() > kLast ? order.order.size() - kLast : 0;
  for (std::size_t i = from; i < order.order.size(); ++i) text += sentence(before[order.order[i]], zero);
  return text + "and then nowhere has a place\n" + sentence(finding.misfit, zero);
}

}  // namespace abc2::registers
