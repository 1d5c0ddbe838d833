#include "checker.hpp"

#include <algorithm>
#include <map>
#include <unordered_set>

#include "search.hpp"
#include "story.hpp"

namespace abc2::registers {
namespace {

bool possible(const History& operations) { return find_order(operations, Echoes::lawful).found; }

// The end at which it first was impossible: whoever ends there is the misfit.
std::size_t misfit_of(const History& operations) {
  std::vector<std::size_t> by_end(operations.size());
  for (std::size_t i = 0; i < by_end.size(); ++i) by_end[i] = i;
  std::ranges::sort(by_end, {}, [&](std::size_t i) { return std::pair(operations[i].end, i); });
  const auto first = std::ranges::partition_point(
      by_end, [&](std::size_t i) { return possible(until(operations, operations[i].end)); });
  return first == by_end.end() ? by_end.back() : *first;
}

// Whether the others are impossible by themselves if they are so with all that is known and without it. Nothing may go
// that another one refers to, nor a write that may be the reason of a rejection.
bool may_go(const History& operations, std::size_t index) {
  const Operation& candidate = operations[index];
  bool says_what_is_expected = false, others_say_it = false;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (i == index) continue;
    const Operation& other = operations[i];
    says_what_is_expected = says_what_is_expected || (candidate.version && other.expected == candidate.version);
    others_say_it = others_say_it || other.version == candidate.version;
    if (candidate.verb == Verb::get) continue;
    if (other.verb == Verb::get && other.value == candidate.value) return false;
    const bool can_be_made = candidate.outcome == Outcome::applied || candidate.outcome == Outcome::unknown;
    if (can_be_made && other.outcome == Outcome::rejected) return false;
  }
  return !says_what_is_expected || others_say_it;
}

// As little of it as is impossible by itself.
History reduced(History operations) {
  for (bool smaller = true; smaller;) {
    smaller = false;
    for (std::size_t i = 0; i < operations.size();) {
      History without = operations;
      without.erase(without.begin() + static_cast<std::ptrdiff_t>(i));
      if (may_go(operations, i) && !possible(without)) {
        operations = std::move(without);
        smaller = true;
      } else {
        ++i;
      }
    }
  }
  return operations;
}

Finding finding_of(const std::string& key, const History& operations) {
  const std::size_t misfit = misfit_of(operations);
  const History known = until(operations, operations[misfit].end);
  Finding finding{.key = key, .misfit = operations[misfit], .needed = reduced(known), .story = {}};
  finding.story = tell(finding, operations, known);
  return finding;
}

void count(const History& operations, Verdict* verdict) {
  std::unordered_set<std::string> seen;
  for (const auto& operation : operations)
    if (operation.verb == Verb::get && operation.value) seen.insert(*operation.value);
  for (const auto& operation : operations) {
    switch (operation.outcome) {
      case Outcome::read: ++verdict->reads; break;
      case Outcome::applied: ++verdict->applied; break;
      case Outcome::rejected: ++verdict->rejected; break;
      case Outcome::error: ++verdict->errors; break;
      case Outcome::unknown:
        ++verdict->unknown;
        if (seen.contains(operation.value.value_or(""))) ++verdict->unknown_applied;
        break;
    }
  }
  verdict->operations += operations.size();
  verdict->most_of_a_document = std::max(verdict->most_of_a_document, operations.size());
  ++verdict->documents;
}

}  // namespace

Verdict check(const History& history) {
  std::map<std::string, History> documents;
  for (const auto& operation : history) documents[operation.key].push_back(operation);
  Verdict verdict;
  for (const auto& [key, operations] : documents) {
    count(operations, &verdict);
    if (find_order(operations, Echoes::none).found) continue;
    if (possible(operations)) {
      ++verdict.echoes;
    } else {
      verdict.findings.push_back(finding_of(key, operations));
    }
  }
  return verdict;
}

std::string to_string(const Verdict& verdict) {
  const auto number = [](std::size_t n) { return std::to_string(n); };
  return number(verdict.operations) + " operations on " + number(verdict.documents) + " documents, at most " +
         number(verdict.most_of_a_document) + " on one: " + number(verdict.reads) + " reads, " +
         number(verdict.applied) + " writes applied, " + number(verdict.rejected) + " rejected, " +
         number(verdict.unknown) + " unknown (" + number(verdict.unknown_applied) + " of them seen), " +
         number(verdict.errors) + " errors; " + number(verdict.echoes) + " documents with an echo";
}

}  // namespace abc2::registers
