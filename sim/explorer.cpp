#include "sim/explorer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "base/check.hpp"
#include "sim/ending.hpp"
#include "sim/histories.hpp"
#include "sim/story.hpp"

namespace abc2::sim {
namespace {

constexpr std::size_t kActors = Scenario::most_actors, kFlying = Scenario::most_in_flight;

struct State {
  ContentsId contents = 0;
  std::array<HistoryId, kActors> processes{};
  std::array<OperationId, kFlying> flying{};  // sorted, the unused ones first
  Budget left;
  std::array<std::uint8_t, 3> unused{};  // so that there is no padding to compare
  friend bool operator==(const State&, const State&) = default;
};
static_assert(sizeof(State) == 40 && std::has_unique_object_representations_v<State>);

std::uint64_t hash_of(const State& state) {
  std::array<std::uint64_t, sizeof(State) / 8> words;
  std::memcpy(words.data(), &state, sizeof state);
  std::uint64_t hash = 0;
  for (const std::uint64_t word : words) hash = mixed(hash + word) + 0x9e3779b97f4a7c15;
  return hash;
}

// The states seen so far, each with the one from which it was first reached.
class Seen {
 public:
  Seen() : table_(1 << 16, kEmpty) {}

  // False if it was there.
  bool add(const State& state, std::uint32_t parent, Move move) {
    if (states_.size() * 2 >= table_.size()) grow();
    std::uint32_t& place = find(state);
    if (place != kEmpty) return false;
    place = static_cast<std::uint32_t>(states_.size());
    states_.push_back(state);
    parents_.push_back(parent);
    moves_.push_back(move);
    return true;
  }
  [[nodiscard]] std::size_t size() const { return states_.size(); }
  const State& operator[](std::size_t index) const { return states_[index]; }

  // From the first state to this one.
  [[nodiscard]] std::vector<std::uint32_t> path(std::uint32_t index) const {
    std::vector<std::uint32_t> path;
    for (; index != 0; index = parents_[index]) path.push_back(index);
    std::ranges::reverse(path);
    return path;
  }
  [[nodiscard]] std::uint32_t parent(std::uint32_t index) const { return parents_[index]; }
  [[nodiscard]] Move move(std::uint32_t index) const { return moves_[index]; }

 private:
  static constexpr std::uint32_t kEmpty = 0xffffffff;
  std::uint32_t& find(const State& state) {
    std::size_t at = hash_of(state) & (table_.size() - 1);
    while (table_[at] != kEmpty && states_[table_[at]] != state) at = (at + 1) & (table_.size() - 1);
    return table_[at];
  }
  void grow() {
    table_.assign(table_.size() * 2, kEmpty);
    for (std::uint32_t i = 0; i < states_.size(); ++i) find(states_[i]) = i;
  }

  std::vector<std::uint32_t> table_;
  std::vector<State> states_;
  std::vector<std::uint32_t> parents_;
  std::vector<Move> moves_;
};

class Exploration {
 public:
  Exploration(const Scenario& scenario, const ExploreSettings& settings)
      : scenario_(scenario),
        settings_(settings),
        contents_(texts_, operations_),
        histories_(texts_, operations_, scenario.actors),
        start_(start()),
        ending_(scenario, texts_, operations_, contents_, start_) {}

  Explored run() {
    const auto began = std::chrono::steady_clock::now();
    Explored explored;
    explore(explored);
    explored.states = seen_.size();
    explored.steps = steps_;
    explored.histories = histories_.size();
    explored.contents = contents_.size();
    explored.coroutines_run = histories_.coroutines_run();
    explored.took = std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
    return explored;
  }

 private:
  ContentsId start() {
    std::vector<StoredText> documents;
    for (const auto& [key, value] : scenario_.start) documents.push_back({texts_.number(key), texts_.number(value), 1});
    return contents_.number(std::move(documents));
  }

  void explore(Explored& explored) {
    const Budget& budget = scenario_.budget;
    ABC2_CHECK(scenario_.actors.size() <= kActors && budget.unknowns <= kFlying, "a scenario beyond its limits");
    State first;
    first.contents = start_;
    first.left = budget;
    for (std::size_t i = 0; i < scenario_.actors.size(); ++i)
      first.processes[i] = histories_.begin(static_cast<std::uint8_t>(i));
    seen_.add(first, 0, {});

    for (now_ = 0; now_ < seen_.size(); ++now_) {
      const State state = seen_[now_];  // a copy: the states move while more are added
      if (settings_.progress && now_ % 100'000 == 0) settings_.progress(seen_.size(), seen_.size() - now_);
      bool running = false;
      std::vector<TextId> answers;
      for (std::uint8_t i = 0; i < scenario_.actors.size(); ++i) {
        const History& history = histories_[state.processes[i]];
        answers.insert(answers.end(), history.answers.begin(), history.answers.end());
        running |= !history.pending.empty();
        if (history.thrown != 0) return violated(explored, texts_[history.thrown], {});
      }
      if (const std::string& wrong = ending_.always(state.contents); !wrong.empty())
        return violated(explored, wrong, {});
      // Without a process that runs, or when the power fails for all at once, this is where the run ends.
      if (!running || state.left.crashes > 0) {
        if (!running) ++explored.endings;
        const auto verdict = ending_.judge(state.contents, flying(state), answers);
        if (!verdict.finding.empty()) return violated(explored, verdict.finding, {{running, verdict}});
      }
      for (std::uint8_t i = 0; i < scenario_.actors.size() && violation_.empty(); ++i) moves_of(state, i);
      landings(state);
      if (!violation_.empty()) return violated(explored, violation_, {});
      if (seen_.size() > settings_.most_states) {
        explored.complete = false;
        Story story = story_of(static_cast<std::uint32_t>(seen_.size() - 1));
        story.line("...", "");
        explored.story = story.text();
        return;
      }
    }
  }

  bool fixed(const std::string& key) const {
    return std::ranges::any_of(scenario_.fixed, [&](const auto& prefix) { return key.starts_with(prefix); });
  }

  void moves_of(const State& state, std::uint8_t actor) {
    const auto& history = histories_[state.processes[actor]];
    const std::size_t count = history.pending.size();
    for (std::uint8_t index = 0; index < count; ++index) {
      const OperationId id = histories_[state.processes[actor]].pending[index];
      const Operation& operation = operations_[id];
      const auto executed = contents_.execute(state.contents, id);
      if (executed.after != state.contents && !may_change(operation)) {
        violation_ = "something overwrites " + texts_[operation.key] + ", which is never changed";
        return;
      }
      go(state, {Move::Kind::step, actor, index});
      if (state.left.errors > 0 && operation.verb != Verb::sleep) go(state, {Move::Kind::error, actor, index});
      if (!is_write(operation.verb)) continue;
      if (state.left.unknowns > 0) go(state, {Move::Kind::unknown, actor, index});
      if (state.left.echoes > 0 && executed.reply.kind == Reply::Kind::applied)
        go(state, {Move::Kind::echo, actor, index});
    }
    if (count == 0) return;
    if (state.left.crashes > 0) go(state, {Move::Kind::crash, actor, 0});
    for (std::uint8_t i = 0; state.left.jumps > 0 && i < scenario_.jumps.size(); ++i)
      go(state, {Move::Kind::jump, actor, i});
  }

  void landings(const State& state) {
    for (std::uint8_t i = 0; i < kFlying; ++i)
      if (state.flying[i] != 0 && contents_.execute(state.contents, state.flying[i]).after != state.contents)
        go(state, {Move::Kind::landing, 0, i});
  }

  void go(const State& state, Move move) {
    ++steps_;
    State next = moved(state, move);
    while (const auto actor = independent(next)) next = moved(next, {Move::Kind::step, *actor, 0});
    seen_.add(next, static_cast<std::uint32_t>(now_), move);
  }

  // The operation that a move completes; 0 if it completes none.
  OperationId operation_of(const State& state, Move move) const {
    if (move.kind == Move::Kind::crash || move.kind == Move::Kind::jump) return 0;
    if (move.kind == Move::Kind::landing) return state.flying[move.index];
    return histories_[state.processes[move.actor]].pending[move.index];
  }

  State moved(const State& state, Move move) {
    State next = state;
    HistoryId& process = next.processes[move.actor];
    const OperationId operation = operation_of(state, move);
    const auto executed = operation ? contents_.execute(state.contents, operation) : AllContents::Executed();
    switch (move.kind) {
      case Move::Kind::step:
        next.contents = executed.after;
        process = histories_.after(process, move.index, executed.reply);
        break;
      case Move::Kind::error:
        process = histories_.after(process, move.index, {Reply::Kind::error, 0, 0});
        --next.left.errors;
        break;
      case Move::Kind::unknown:
        process = histories_.after(process, move.index, {Reply::Kind::unknown, 0, 0});
        --next.left.unknowns;
        next.flying[0] = operation;  // the unused places come first
        break;
      case Move::Kind::echo:
        next.contents = executed.after;
        process = histories_.after(process, move.index, {Reply::Kind::rejected, 0, 0});
        --next.left.echoes;
        break;
      case Move::Kind::crash:
        process = histories_.ended(process);
        --next.left.crashes;
        break;
      case Move::Kind::jump:
        process = histories_.jumped(process, scenario_.jumps[move.index]);
        --next.left.jumps;
        break;
      case Move::Kind::landing:
        next.contents = executed.after;
        next.flying[move.index] = 0;
        break;
    }
    for (OperationId& write : next.flying)
      if (write != 0 && !contents_.may_apply(next.contents, write, scenario_.expected.removes)) write = 0;
    std::ranges::sort(next.flying);
    return next;
  }

  // A process whose one step is independent of everything that others may do.
  std::optional<std::uint8_t> independent(const State& state) const {
    for (std::uint8_t i = 0; i < scenario_.actors.size(); ++i) {
      const auto& pending = histories_[state.processes[i]].pending;
      if (pending.size() != 1) continue;
      const Operation& operation = operations_[pending.front()];
      if (operation.verb == Verb::sleep) return i;
      if (operation.verb == Verb::get && state.left.errors == 0 && fixed(texts_[operation.key])) return i;
    }
    return std::nullopt;
  }

  bool may_change(const Operation& operation) const {
    if (operation.verb == Verb::commit)
      return std::ranges::all_of(writes_of_commit(texts_[operation.value]),
                                 [&](const Operation& write) { return may_change(write); });
    const std::string& key = texts_[operation.key];
    if (fixed(key)) return false;
    if (operation.verb != Verb::replace) return true;
    return !(key.starts_with("slot/") || key.starts_with("transaction/") || key.starts_with("ledger/") ||
             key.starts_with("filler/") || key.starts_with("fees/") || key.starts_with("bitcoin/step/") ||
             key.starts_with("bitcoin/address/") || key.starts_with("bitcoin/script/") ||
             key.starts_with("bitcoin/sent/") || key.starts_with("node/"));
  }

  static std::vector<OperationId> flying(const State& state) {
    std::vector<OperationId> writes;
    for (const OperationId write : state.flying)
      if (write != 0) writes.push_back(write);
    return writes;
  }

  struct End {
    bool power_failed;
    Ending::Verdict verdict;
  };
  Story story_of(std::uint32_t last) {
    Story story(scenario_, texts_, operations_);
    const auto tell = [&](const State& before, Move move) {
      const OperationId operation = operation_of(before, move);
      story.tell(move, operation, operation ? contents_.execute(before.contents, operation).reply : Reply());
      const State after = moved(before, move);
      story.answers(move.actor, histories_[before.processes[move.actor]].answers,
                    histories_[after.processes[move.actor]].answers);
      return after;
    };
    for (const std::uint32_t index : seen_.path(last)) {
      State state = tell(seen_[seen_.parent(index)], seen_.move(index));
      while (const auto actor = independent(state)) state = tell(state, {Move::Kind::step, *actor, 0});
    }
    return story;
  }

  void violated(Explored& explored, const std::string& what, const std::optional<End>& end) {
    explored.violation = what;
    Story story = story_of(static_cast<std::uint32_t>(now_));
    if (end) story.end(end->power_failed, end->verdict);
    story.violation(what);
    explored.story = story.text();
  }

  const Scenario& scenario_;
  const ExploreSettings& settings_;
  Texts texts_;
  Operations operations_;
  AllContents contents_;
  Histories histories_;
  ContentsId start_;
  Ending ending_;
  Seen seen_;
  std::size_t now_ = 0;
  std::uint64_t steps_ = 0;
  std::string violation_;
};

}  // namespace

Explored explore(const Scenario& scenario, const ExploreSettings& settings) {
  return Exploration(scenario, settings).run();
}

}  // namespace abc2::sim
