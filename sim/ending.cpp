#include "sim/ending.hpp"

#include <algorithm>

#include "sim/process.hpp"

namespace abc2::sim {
namespace {

constexpr int kMostRounds = 6;            // of recovery, each until nothing is left to do
constexpr std::size_t kMostSteps = 2000;  // of one round
// Recovery comes when every hold is old, by whatever clock.
constexpr Milliseconds kLater = std::chrono::hours(24 * 1000);

}  // namespace

Ending::Ending(const Scenario& scenario, Texts& texts, Operations& operations, AllContents& contents, ContentsId start)
    : scenario_(scenario), texts_(texts), operations_(operations), contents_(contents) {
  start_ = documents(start);
}

Documents Ending::documents(ContentsId id) const {
  Documents out;
  for (const auto& document : contents_[id]) out.emplace(texts_[document.key], texts_[document.value]);
  return out;
}

const Ending::Recovered& Ending::recover(ContentsId before) {
  const auto [at, added] = recovered_.try_emplace(before);
  Recovered& recovered = at->second;
  if (!added) return recovered;
  recovered.after = before;
  for (int round = 1;; ++round) {
    const ContentsId at_first = recovered.after;
    const Actor actor{"recovery", scenario_.recovery, 1000u + static_cast<std::uint64_t>(round), kLater,
                      scenario_.form == Form::commits};
    Process process(texts_, actor);
    std::size_t steps = 0;
    for (auto pending = process.pending(); !pending.empty(); pending = process.pending()) {
      if (++steps > kMostSteps) {
        recovered.complaint = "recovery goes on for ever";
        return recovered;
      }
      const OperationId operation = operations_.number(pending.front());
      const auto executed = contents_.execute(recovered.after, operation);
      if (executed.after != recovered.after) recovered.writes.push_back(operation);
      recovered.after = executed.after;
      process.complete(0, executed.reply);
    }
    if (!process.thrown().empty()) recovered.complaint = "recovery threw: " + process.thrown();
    if (recovered.after != at_first) {
      if (round < kMostRounds) continue;
      recovered.complaint = "recovery changes something in every round";
    } else if (!process.answers().empty()) {
      recovered.complaint = "recovery complains: " + process.answers().front();
    }
    return recovered;
  }
}

const std::string& Ending::books(ContentsId end) {
  const auto [at, added] = books_.try_emplace(end);
  if (added) at->second = audit_books(start_, documents(end), scenario_.expected);
  return at->second;
}

const std::string& Ending::always(ContentsId contents) {
  const auto [at, added] = always_.try_emplace(contents);
  if (added) at->second = audit_always(start_, documents(contents), scenario_.expected);
  return at->second;
}

Ending::Verdict Ending::judge(ContentsId contents, std::vector<OperationId> flying,
                              const std::vector<TextId>& answers) {
  const Recovered& recovered = recover(contents);
  Verdict verdict;
  verdict.end = recovered.after;
  verdict.recovered = recovered.writes;
  verdict.finding = books(recovered.after);
  if (verdict.finding.empty()) verdict.finding = recovered.complaint;
  if (verdict.finding.empty()) {
    const auto [at, added] = answers_.try_emplace({recovered.after, answers});
    if (added) {
      std::vector<std::string> texts;
      for (const TextId answer : answers) texts.push_back(texts_[answer]);
      at->second = audit_answers(documents(recovered.after), texts, scenario_.expected);
    }
    verdict.finding = at->second;
  }
  if (!verdict.finding.empty()) return verdict;
  for (std::size_t i = 0; i < flying.size(); ++i) {
    const auto landed = contents_.execute(recovered.after, flying[i]);
    if (landed.after == recovered.after) continue;
    std::vector<OperationId> rest = flying;
    rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
    Verdict later = judge(landed.after, std::move(rest), answers);
    if (later.finding.empty()) continue;
    later.landed.insert(later.landed.begin(), flying[i]);
    later.recovered = verdict.recovered;
    return later;
  }
  return verdict;
}

}  // namespace abc2::sim
