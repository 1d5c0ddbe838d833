#include "sim/explore_command.hpp"

#include <algorithm>
#include <charconv>
#include <iomanip>
#include <iostream>
#include <optional>

#include "sim/explorer.hpp"
#include "sim/scenarios.hpp"
#include "sim/switches.hpp"

namespace abc2::sim {
namespace {

constexpr const char* kHelp =
    R"(abc2 explore [SCENARIO]... [--without RULE] [--form FORM] [--longer] [--states N] [--progress] [--list]

Runs the market's own coroutines in every order of their steps, with crashes, lost replies and other faults at every
point, and audits the books wherever a run can end. Without SCENARIO: all of them.

  --without RULE   leaves a rule out, to see what it prevents (R1 to R9, or a guard: see --list)
  --faults C,U,E,F,J   so many crashes, unknown outcomes, echoes, errors and jumps of a clock in one run
  --form FORM      how processes write: in steps, in commits, or mixed, every second one in commits; all of them, if not
                   given
  --processes N    only the first N of each scenario's processes
  --longer         more faults; takes minutes to hours and some gigabytes of memory
  --states N       gives up after N distinct states of a scenario
  --progress       says now and then how far it is
  --list           which scenarios and rules there are

Exit status: 0 if everything holds, or with --without if the violation is found; 1 if not; 2 for wrong arguments.
)";

void list(std::ostream& out) {
  out << "scenarios:\n";
  for (const auto& scenario : all_scenarios())
    out << "  " << std::left << std::setw(24) << scenario.name << scenario.about << "\n";
  out << "rules:\n";
  for (const auto& rule : switches()) out << "  " << std::left << std::setw(24) << rule.name << rule.what << "\n";
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3)
    digits.insert(static_cast<std::size_t>(at), ",");
  return digits;
}

std::string faults(const Budget& budget) {
  std::string text;
  const auto say = [&](unsigned count, const char* one, const char* many) {
    if (count == 0) return;
    text += (text.empty() ? "" : ", ") + std::to_string(count) + " " + (count == 1 ? one : many);
  };
  say(budget.crashes, "crash", "crashes");
  say(budget.unknowns, "unknown", "unknowns");
  say(budget.echoes, "echo", "echoes");
  say(budget.errors, "error", "errors");
  say(budget.jumps, "jump", "jumps");
  return text.empty() ? "no faults" : text;
}

template <class Number>
bool parse_number(const std::optional<std::string>& text, Number& number) {
  if (!text || text->empty()) return false;
  const char* end = text->data() + text->size();
  return std::from_chars(text->data(), end, number).ptr == end;
}

std::optional<Budget> parse_budget(const std::string& text) {
  Budget budget;
  std::size_t at = 0;
  for (std::uint8_t* count : {&budget.crashes, &budget.unknowns, &budget.echoes, &budget.errors, &budget.jumps}) {
    if (at >= text.size() || text[at] < '0' || text[at] > '3') return std::nullopt;
    *count = static_cast<std::uint8_t>(text[at] - '0');
    if (++at < text.size() && text[at++] != ',') return std::nullopt;
  }
  return at == text.size() ? std::optional(budget) : std::nullopt;
}

}  // namespace

int explore_command(const ExploreOptions& options, std::ostream& out) {
  if (options.list) {
    list(out);
    return 0;
  }
  std::vector<std::string> wanted = options.scenarios;
  std::optional<Without> without;
  if (!options.without.empty()) {
    const auto found = std::ranges::find(switches(), options.without, &Switch::name);
    if (found == switches().end()) {
      out << "there is no rule '" << options.without << "'; --list says which there are\n";
      return 2;
    }
    if (wanted.empty()) wanted = found->found_in;
    out << "without " << found->name << ": " << found->what << "\n";
    without.emplace(*found);
  }
  const std::vector<Scenario> all = all_scenarios();
  for (const auto& name : wanted) {
    if (std::ranges::count(all, name, &Scenario::name) > 0) continue;
    out << "there is no scenario '" << name << "'; --list says which there are\n";
    return 2;
  }

  bool found = false, complete = true;
  std::uint64_t states = 0;
  std::chrono::milliseconds took{0};
  for (const Scenario& plain : all)
    for (const Form form : forms_of(plain)) {
      if (options.form && *options.form != form) continue;
      Scenario scenario = in_form(plain, form);
      if (options.longer) scenario.budget = scenario.longer;
      if (options.budget) scenario.budget = *options.budget;
      if (!wanted.empty() && std::ranges::count(wanted, scenario.name) == 0) continue;
      if (scenario.actors.size() > options.processes) scenario.actors.resize(options.processes);
      ExploreSettings settings;
      settings.most_states = options.most_states;
      if (options.progress)
        settings.progress = [](std::uint64_t seen, std::uint64_t waiting) {
          std::cerr << "  " << grouped(seen) << " states, " << grouped(waiting) << " of them not looked at yet\n";
        };
      const Explored explored = explore(scenario, settings);
      const std::string verdict = !explored.violation.empty() ? "VIOLATED" : explored.complete ? "holds" : "unfinished";
      out << std::left << std::setw(24) << scenario.name << std::setw(9) << to_string(form) << std::setw(11) << verdict
          << std::right << std::setw(12) << grouped(explored.states) << " states " << std::setw(8) << std::fixed
          << std::setprecision(1) << static_cast<double>(explored.took.count()) / 1000 << " s   "
          << scenario.actors.size() << " processes, " << faults(scenario.budget) << "\n"
          << explored.story << std::flush;
      if (options.progress)
        std::cerr << "  " << grouped(explored.steps) << " steps, " << grouped(explored.endings) << " endings, "
                  << grouped(explored.contents) << " contents of the store, " << grouped(explored.histories)
                  << " histories, for which coroutines ran " << grouped(explored.coroutines_run) << " times\n";
      found |= !explored.violation.empty();
      complete &= explored.complete;
      states += explored.states;
      took += explored.took;
    }
  out << grouped(states) << " distinct states in " << static_cast<double>(took.count()) / 1000 << " s\n";
  if (without) return found ? 0 : 1;
  return found || !complete ? 1 : 0;
}

int explore_main(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& errors) {
  ExploreOptions options;
  for (auto at = arguments.begin(); at != arguments.end(); ++at) {
    const auto value = [&](const char* name) -> std::optional<std::string> {
      const std::string with_equals = std::string(name) + "=";
      if (at->starts_with(with_equals)) return at->substr(with_equals.size());
      if (*at == name && at + 1 != arguments.end()) return *++at;
      return std::nullopt;
    };
    if (*at == "--help" || *at == "-h") {
      out << kHelp;
      return 0;
    }
    if (*at == "--longer") {
      options.longer = true;
    } else if (*at == "--list") {
      options.list = true;
    } else if (*at == "--progress") {
      options.progress = true;
    } else if (at->starts_with("--without")) {
      const auto rule = value("--without");
      if (!rule) {
        errors << "--without needs the name of a rule; --list says which there are\n";
        return 2;
      }
      options.without = *rule;
    } else if (at->starts_with("--faults")) {
      const auto counts = value("--faults");
      options.budget = counts ? parse_budget(*counts) : std::nullopt;
      if (!options.budget) {
        errors << "--faults needs five numbers from 0 to 3 with commas between them: 1,1,0,0,0\n";
        return 2;
      }
    } else if (at->starts_with("--states")) {
      if (!parse_number(value("--states"), options.most_states)) {
        errors << "--states needs a number\n";
        return 2;
      }
    } else if (at->starts_with("--form")) {
      const auto name = value("--form");
      const auto* form = std::ranges::find(all_forms, name.value_or(""), [](Form each) { return to_string(each); });
      if (form == std::end(all_forms)) {
        errors << "--form is steps, commits or mixed\n";
        return 2;
      }
      options.form = *form;
    } else if (at->starts_with("--processes")) {
      if (!parse_number(value("--processes"), options.processes)) {
        errors << "--processes needs a number\n";
        return 2;
      }
    } else if (at->starts_with("-")) {
      errors << "there is no option " << *at << "; --help says which there are\n";
      return 2;
    } else {
      options.scenarios.push_back(*at);
    }
  }
  return explore_command(options, out);
}

}  // namespace abc2::sim
