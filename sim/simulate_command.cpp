#include "sim/simulate_command.hpp"

#include <charconv>
#include <chrono>
#include <iomanip>
#include <optional>
#include <ostream>
#include <random>

#include "abc2_commit.hpp"
#include "base/marks.hpp"
#include "sim/cluster.hpp"
#include "sim/measure.hpp"
#include "sim/switches.hpp"

namespace abc2::sim {
namespace {

constexpr const char* kHelp =
    R"(abc2 simulate [--seed N] [--runs N] [--fresh N] [--without RULE]
abc2 simulate --measure [--campaigns N] [--svg FILE]

Runs whole clusters in simulated time, with a faulty store, crashing nodes and jumping clocks. The seed decides
everything; a run is the same, write for write, on every machine.

  --seed N         the first seed (1)
  --runs N         so many, with the seeds after it (20)
  --fresh N        and so many with seeds that nobody has chosen (0)
  --marks          fails if a branch of recovery or of an unknown outcome was never reached
  --answers        also says how often clients were told what, and which marks were reached
  --without RULE   leaves a rule out, as abc2 explore does
  --measure        how long recovery takes, and what it costs
  --campaigns N    with up to so many campaigns (1000000, which takes two gigabytes)
  --svg FILE       draws what it costs

Exit status: 0 if nothing failed; 1 if something did; 2 for wrong arguments.
)";

bool parse(const std::string& text, std::uint64_t& number) {
  const char* end = text.data() + text.size();
  return !text.empty() && std::from_chars(text.data(), end, number).ptr == end;
}

void tell(const ClusterPlan& plan, const ClusterOutcome& outcome, std::chrono::milliseconds took, std::ostream& out) {
  const double simulated = static_cast<double>(outcome.simulated.count()) / 1e6;
  const double real = static_cast<double>(took.count()) / 1e3;
  std::uint64_t bought = 0;
  if (const auto found = outcome.answers.find("buy: bought"); found != outcome.answers.end()) bought = found->second;
  out << "seed " << std::left << std::setw(20) << plan.seed << std::right
      << (outcome.violation.empty() ? " holds  " : " FAILS  ") << plan.nodes << " nodes, " << std::setw(4)
      << outcome.sent << " requests, " << std::setw(3) << bought << " bought, " << std::setw(2) << outcome.crashes
      << " crashes, " << outcome.outages << " outages, " << std::setw(6) << outcome.store.calls << " store calls ("
      << outcome.store.lost + outcome.store.replies_lost + outcome.store.late << " unknown, " << outcome.store.echoes
      << " echoes, " << outcome.store.errors << " errors); settled in " << std::fixed << std::setprecision(2)
      << static_cast<double>(outcome.settled_in.count()) / 1e6 << " s; " << std::setprecision(0) << simulated
      << " s in " << std::setprecision(2) << real << " s, " << std::setprecision(0) << simulated / std::max(real, 0.001)
      << " times real time; digest " << std::hex << outcome.digest << std::dec << "\n";
}

}  // namespace

const std::vector<std::string>& marks_to_reach() {
  static const std::vector<std::string> marks{
      "accounts: a hold is left for later",
      "buy: hold left to the sweep",
      "buy: passed a void",
      "buy: refused while held",
      "buy: settling left to recovery",
      "change password: repeated",
      "credit: commit unknown",
      "credit: unknown",
      "holder: pending finished",
      "holder: young hold left alone",
      "list: missing entry listed",
      "list: repeated attempt found",
      "list: unknown",
      "login: recovery left for later",
      "login: the password was changed meanwhile",
      "patiently: undecided, asked again",
      "place: commit unknown",
      "place: fill unknown",
      "place: own commit found after a rejection",
      "place: own entry found after a rejection",
      "place: own lock found after a reply that did not say so",
      "recover: passed a void",
      "recover: settled",
      "recover: the driver was only slow",
      "recoverer: a look failed",
      "register: own credentials found after a rejection",
      "register: repeated",
      "register: unknown",
      "resolve: ours",
      "resolve: void added",
      "resolve: void unknown",
      "resume",
      "resume: unknown",
      "step: rejected, decided again",
      "statistics: a flush failed",
      "statistics: a write was not seen to be applied",
      "statistics: no shared key yet",
      "step: unknown",
      "sweep: a document failed",
      "sweep: a scan failed",
      "withdrawal: commit unknown",
      "withdrawal: unknown",
  };
  return marks;
}

const std::map<std::string, std::string>& marks_left_out() {
  static const std::map<std::string, std::string> marks{
      {"login: the oldest session is dropped", "nothing fails there, and no simulated user logs in so often"},
      {"membership: a dead node's number was taken over", "the simulator says how many nodes there are by itself"},
      {"membership: a round failed", "as above; membership_test.cpp reaches it"},
      {"catalogue: a document cannot be read", "no money is in the catalogue; catalogue_test.cpp is about it"},
      {"catalogue: a scan failed", "as above"},
      {"catalogue: a touched campaign could not be read", "as above"},
      {"audit: two looks differ", "of the audit, not of recovery; audit_live_test.cpp reaches it"},
  };
  return marks;
}

int simulate_main(const std::vector<std::string>& arguments, std::ostream& out, std::ostream& errors) {
  std::uint64_t seed = 1, runs = 20, fresh = 0;
  std::optional<Without> without;
  std::uint64_t campaigns = 1'000'000;
  std::string svg;
  bool answers = false, measures = false, needs_marks = false;
  for (auto at = arguments.begin(); at != arguments.end(); ++at) {
    if (*at == "--help" || *at == "-h") {
      out << kHelp;
      return 0;
    }
    if (*at == "--answers") {
      answers = true;
      continue;
    }
    if (*at == "--marks") {
      needs_marks = true;
      continue;
    }
    if (*at == "--measure") {
      measures = true;
      continue;
    }
    std::uint64_t* const number = *at == "--seed"        ? &seed
                                  : *at == "--runs"      ? &runs
                                  : *at == "--fresh"     ? &fresh
                                  : *at == "--campaigns" ? &campaigns
                                                         : nullptr;
    const std::string& name = *at;
    if (at + 1 == arguments.end() || (!number && name != "--without" && name != "--svg")) {
      errors << "what does " << name << " mean? --help says what there is\n";
      return 2;
    }
    ++at;
    if (number && !parse(*at, *number)) {
      errors << name << " needs a number\n";
      return 2;
    }
    if (number) continue;
    if (name == "--svg") {
      svg = *at;
      continue;
    }
    const Switch* off = find_switch(*at);
    if (!off) {
      errors << "there is no rule '" << *at << "'; abc2 explore --list says which there are\n";
      return 2;
    }
    without.emplace(*off);
  }

  if (measures) return measure(campaigns, svg, out);
  const auto reached_before = marks::all();
  std::vector<std::uint64_t> seeds;
  for (std::uint64_t i = 0; i < runs; ++i) seeds.push_back(seed + i);
  std::random_device device;
  for (std::uint64_t i = 0; i < fresh; ++i) seeds.push_back(std::uint64_t{device()} << 16 | i);
  for (const std::uint64_t one : seeds) {
    const ClusterPlan plan = plan_cluster(one);
    const auto began = std::chrono::steady_clock::now();
    const ClusterOutcome outcome = run_cluster(plan);
    tell(plan, outcome, std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began),
         out);
    for (const auto& [what, times] : outcome.answers)
      if (answers) out << "  " << std::setw(6) << times << " x " << what << "\n";
    out << std::flush;
    if (outcome.violation.empty()) continue;
    out << "=> " << outcome.violation << "\nshrinking it ..." << std::endl;
    const ClusterPlan smaller = shrink(plan, 20'000'000);
    out << "commit " << ABC2_COMMIT << "; shrunk to " << smaller.requests.size() << " of " << plan.requests.size()
        << " requests\n"
        << run_cluster(smaller).report;
    return 1;
  }
  auto reached = marks::all();
  for (const auto& [mark, times] : reached_before) reached[mark] -= times;
  for (const auto& [mark, times] : reached)
    if (answers) out << "  " << std::setw(6) << times << " x mark " << mark << "\n";
  bool all = true;
  for (const auto& mark : marks_to_reach()) {
    if (reached[mark] > 0 || !needs_marks) continue;
    out << "never reached: " << mark << "\n";
    all = false;
  }
  return all ? 0 : 1;
}

}  // namespace abc2::sim
