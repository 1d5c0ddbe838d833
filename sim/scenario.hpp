// Scenario: a few actors, what they find, and what may go wrong: everything that an exploration starts from.
#pragma once
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/auditor.hpp"
#include "sim/process.hpp"

namespace abc2::sim {

// How often each may happen in one run.
struct Budget {
  std::uint8_t crashes = 0;   // a process ends, before or after any of its steps
  std::uint8_t unknowns = 0;  // the outcome of a write stays unknown: it lands at any later time, or never
  std::uint8_t echoes = 0;    // a write is applied, and reported rejected
  std::uint8_t errors = 0;    // a store call fails for certain
  std::uint8_t jumps = 0;     // the clock of a process jumps
  friend bool operator==(const Budget&, const Budget&) = default;
};

// How the processes write: one document at a time, all that belongs together in one commit, or some so and some so.
enum class Form : std::uint8_t { steps, commits, mixed };
inline constexpr Form all_forms[] = {Form::steps, Form::commits, Form::mixed};
constexpr std::string_view to_string(Form form) {
  return form == Form::steps ? "steps" : form == Form::commits ? "commits" : "mixed";
}

struct Scenario {
  std::string name;
  Form form = Form::steps;
  std::string about;          // one sentence
  Documents start;            // by key
  std::vector<Actor> actors;  // at most most_actors
  Budget budget;
  Budget longer;                    // of the longer run
  Budget in_commits;                // of the run in commits, which has fewer steps and can afford more
  bool has_commits = true;          // false: no process writes two documents that a commit would put together
  std::vector<std::string> fixed;   // prefixes of keys that nobody writes: see Explorer
  std::vector<Milliseconds> jumps;  // that a clock may make
  // Ends what the actors left, as the program does: the user's next action, recoverer, sweep. Answers only to
  // complain. Runs alone, as often as it changes anything.
  std::function<Task<void>(World& world)> recovery;
  Expectations expected;
  std::uint64_t least_states = 0;  // that `budget` must lead to, in steps: with fewer it has lost what it was for

  static constexpr std::size_t most_actors = 4;
  static constexpr std::size_t most_in_flight = 3;  // the most `unknowns`
};

// The forms in which a scenario differs.
std::span<const Form> forms_of(const Scenario& scenario);
// The scenario in another form than steps. Mixed, every second process has commits, and recovery has none.
Scenario in_form(Scenario scenario, Form form);

}  // namespace abc2::sim
