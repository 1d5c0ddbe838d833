#include "sim/histories.hpp"

namespace abc2::sim {
namespace {
constexpr std::size_t kMostLive = 2000;
}

Histories::Histories(Texts& texts, Operations& operations, const std::vector<Actor>& actors)
    : texts_(texts), operations_(operations), actors_(actors) {}

Histories::~Histories() = default;

void Histories::describe(History& history, const Process& process) {
  for (const auto& operation : process.pending()) history.pending.push_back(operations_.number(operation));
  for (const auto& answer : process.answers()) history.answers.push_back(texts_.number(answer));
  history.thrown = texts_.number(process.thrown());
}

HistoryId Histories::begin(std::uint8_t actor) {
  ++coroutines_run_;
  auto process = std::make_unique<Process>(texts_, actors_[actor]);
  History history;
  history.actor = actor;
  describe(history, *process);
  return keep(std::move(history), std::move(process));
}

HistoryId Histories::after(HistoryId before, std::uint8_t index, Reply reply) {
  return grow(before, {index, false, Milliseconds(0), reply});
}

HistoryId Histories::jumped(HistoryId before, Milliseconds jump) {
  return grow(before, {0, true, jump, {Reply::Kind::woken, static_cast<TextId>(jump.count() & 0xffffffff), 0}});
}

HistoryId Histories::ended(HistoryId before) {
  History history = all_[before];
  history.pending.clear();
  return keep_ended(std::move(history));
}

HistoryId Histories::grow(HistoryId before, Event event) {
  const Key key{before, std::uint32_t{event.index} << 1 | (event.jumped ? 1u : 0u), event.reply.packed()};
  if (const auto found = grown_.find(key); found != grown_.end()) return found->second;

  std::unique_ptr<Process> process;
  if (const auto live = live_.find(before); live != live_.end()) {
    process = std::move(live->second);
    live_.erase(live);
  } else {
    process = revive(before);
  }
  event.jumped ? process->jump(event.jump) : process->complete(event.index, event.reply);

  History history;
  history.actor = all_[before].actor;
  history.before = before;
  history.first = false;
  history.event = event;
  describe(history, *process);
  const HistoryId id = history.pending.empty() && history.thrown == 0 ? keep_ended(std::move(history))
                                                                      : keep(std::move(history), std::move(process));
  grown_.emplace(key, id);
  return id;
}

std::unique_ptr<Process> Histories::revive(HistoryId id) {
  ++coroutines_run_;
  std::vector<const Event*> events;
  HistoryId at = id;
  for (; !all_[at].first; at = all_[at].before) events.push_back(&all_[at].event);
  auto process = std::make_unique<Process>(texts_, actors_[all_[at].actor]);
  for (auto event = events.rbegin(); event != events.rend(); ++event)
    (*event)->jumped ? process->jump((*event)->jump) : process->complete((*event)->index, (*event)->reply);
  return process;
}

HistoryId Histories::keep(History history, std::unique_ptr<Process> live) {
  const auto id = static_cast<HistoryId>(all_.size());
  all_.push_back(std::move(history));
  live_.emplace(id, std::move(live));
  live_order_.push_back(id);
  while (live_order_.size() > kMostLive) {
    live_.erase(live_order_.front());
    live_order_.pop_front();
  }
  return id;
}

HistoryId Histories::keep_ended(History history) {
  const auto [found, added] = ended_.try_emplace({history.actor, history.answers}, static_cast<HistoryId>(all_.size()));
  if (added) all_.push_back(std::move(history));
  return found->second;
}

}  // namespace abc2::sim
