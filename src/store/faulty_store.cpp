#include "store/faulty_store.hpp"

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>

namespace abc2::store {

namespace {

using Clock = std::chrono::steady_clock;
using Timer = boost::asio::basic_waitable_timer<Clock, boost::asio::wait_traits<Clock>, Executor>;

// Suspends until the event loop is destroyed.
Task<void> never_return() {
  const Executor executor = co_await boost::asio::this_coro::executor;
  for (;;) {
    Timer timer(executor, Clock::time_point::max());
    co_await timer.async_wait(boost::asio::use_awaitable_t<Executor>());
  }
}

bool is_write(Verb verb) { return verb == Verb::add || verb == Verb::replace || verb == Verb::commit; }
bool can_fail_so(Verb verb, Fault fault) {
  return is_write(verb) || fault == Fault::none || fault == Fault::error || fault == Fault::crash_before ||
         fault == Fault::crash_after;
}

std::string joined(const std::vector<Key>& keys) {
  std::string text;
  for (const auto& key : keys) text += (text.empty() ? "" : " ") + key;
  return text;
}

std::string describe(const Result<WriteOutcome>& answer) {
  if (!answer) return "error " + std::string(to_string(answer.error().code()));
  return std::string(to_string(answer.value().kind()));
}

}  // namespace

std::string_view to_string(Verb verb) {
  switch (verb) {
    case Verb::get: return "get";
    case Verb::add: return "add";
    case Verb::replace: return "replace";
    case Verb::commit: return "commit";
    case Verb::scan: return "scan";
    case Verb::watch: return "watch";
  }
  return "unnamed";
}

std::string_view to_string(Fault fault) {
  switch (fault) {
    case Fault::none: return "none";
    case Fault::error: return "error";
    case Fault::unknown_lost: return "unknown_lost";
    case Fault::unknown_landed: return "unknown_landed";
    case Fault::unknown_later: return "unknown_later";
    case Fault::echo: return "echo";
    case Fault::crash_before: return "crash_before";
    case Fault::crash_after: return "crash_after";
  }
  return "unnamed";
}

std::function<bool(const Key&)> key_is(Key key) {
  return [key = std::move(key)](const Key& asked) { return asked == key; };
}
std::function<bool(const Key&)> key_prefix(Key prefix) {
  return [prefix = std::move(prefix)](const Key& asked) { return asked.starts_with(prefix); };
}

FaultyStore::FaultyStore(Store& inner, runtime::Runtime& runtime) : Store(runtime), inner_(inner) {}

void FaultyStore::arm(FaultRule rule) {
  const std::lock_guard lock(mutex_);
  rules_.push_back(std::move(rule));
}

void FaultyStore::randomize(std::uint64_t seed, FaultOdds odds) {
  const std::lock_guard lock(mutex_);
  random_state_ = seed;
  odds_ = odds;
}

void FaultyStore::crash_at_write(std::size_t k, Crash when) {
  const std::lock_guard lock(mutex_);
  ABC2_CHECK(k > writes_, "that write has been called for already");
  // Two verbs share one count, so that this is no rule for arm(): fault_of() looks at the count of writes.
  FaultRule rule{.fault = when == Crash::before ? Fault::crash_before : Fault::crash_after};
  rule.key = [this, k](const Key&) { return writes_ == k; };
  rules_.insert(rules_.begin(), std::move(rule));
}

void FaultyStore::heal() {
  const std::lock_guard lock(mutex_);
  rules_.clear();
  odds_ = {};
}

void FaultyStore::on_crash(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  on_crash_ = std::move(callback);
}

bool FaultyStore::crashed() const {
  const std::lock_guard lock(mutex_);
  return crashed_;
}

std::vector<FaultyStore::Call> FaultyStore::calls() const {
  const std::lock_guard lock(mutex_);
  return calls_;
}

std::size_t FaultyStore::writes() const {
  const std::lock_guard lock(mutex_);
  return writes_;
}

std::optional<FaultyStore::Call> FaultyStore::last_write() const {
  const std::lock_guard lock(mutex_);
  if (!last_write_) return std::nullopt;
  return calls_[*last_write_];
}

std::string FaultyStore::log() const {
  std::string text;
  for (const auto& call : calls()) {
    text += std::string(to_string(call.verb)) + " " + call.key;
    if (call.fault != Fault::none) text += ", fault " + std::string(to_string(call.fault));
    if (call.happened) text += ", in truth " + std::string(to_string(*call.happened));
    text += call.answer.empty() ? ": never answered\n" : ": " + call.answer + "\n";
  }
  return text;
}

std::size_t FaultyStore::late_writes() const {
  const std::lock_guard lock(mutex_);
  return late_.size();
}

Task<std::size_t> FaultyStore::land_late_writes() {
  std::vector<std::pair<Verb, Sending>> due;
  {
    const std::lock_guard lock(mutex_);
    due.swap(late_);
  }
  std::size_t applied = 0;
  for (auto& [verb, sending] : due) {
    auto outcome = co_await send(verb, std::move(sending));
    if (outcome && outcome.value().kind() == WriteOutcome::Kind::applied) ++applied;
  }
  co_return applied;
}

FaultyStore::Decision FaultyStore::decide(Verb verb, const std::vector<Key>& keys) {
  const std::lock_guard lock(mutex_);
  if (is_write(verb)) ++writes_;
  const Fault fault = crashed_ ? Fault::crash_before : fault_of(verb, keys);
  calls_.push_back({.verb = verb, .key = joined(keys), .fault = fault, .answer = {}});
  return {calls_.size() - 1, fault};
}

Fault FaultyStore::fault_of(Verb verb, const std::vector<Key>& keys) {
  for (auto& rule : rules_) {
    if (rule.times == 0 || (rule.verb && *rule.verb != verb) || !can_fail_so(verb, rule.fault)) continue;
    if (rule.key && std::ranges::none_of(keys, rule.key)) continue;
    if (rule.skip > 0) {
      --rule.skip;
      continue;
    }
    if (rule.times != FaultRule::always) --rule.times;
    return rule.fault;
  }
  return chance(verb);
}

Fault FaultyStore::chance(Verb verb) {
  // SplitMix64: small, well mixed, and the same on every machine.
  random_state_ += 0x9e3779b97f4a7c15;
  std::uint64_t mixed = random_state_;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  std::uint64_t draw = (mixed ^ (mixed >> 31)) % 1000;
  for (const auto& [fault, odds] :
       {std::pair(Fault::error, odds_.error), std::pair(Fault::unknown_lost, odds_.unknown_lost),
        std::pair(Fault::unknown_landed, odds_.unknown_landed), std::pair(Fault::unknown_later, odds_.unknown_later),
        std::pair(Fault::echo, odds_.echo)}) {
    if (draw < odds) return can_fail_so(verb, fault) ? fault : Fault::none;
    draw -= odds;
  }
  return Fault::none;
}

void FaultyStore::crash() {
  std::function<void()> callback;
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(crashed_, true)) return;
    callback = on_crash_;
  }
  if (callback) callback();
}

void FaultyStore::answered(std::size_t call, std::string answer) {
  const std::lock_guard lock(mutex_);
  calls_[call].answer = std::move(answer);
}

// Carries a write out in the inner store and notes what it did. What a commit has applied is given no version.
Task<Result<WriteOutcome>> FaultyStore::send(Verb verb, Sending sending) {
  const std::size_t call = sending.call;
  Result<WriteOutcome> outcome = WriteOutcome::unknown();
  if (verb == Verb::commit) {
    auto committed = co_await inner_.commit(std::move(sending.writes));
    if (!committed) {
      outcome = std::move(committed).error();
    } else if (committed.value() == WriteOutcome::Kind::applied) {
      outcome = WriteOutcome::applied(Version(0));
    } else if (committed.value() == WriteOutcome::Kind::rejected) {
      outcome = WriteOutcome::rejected();
    }
  } else {
    Write& write = sending.writes.front();
    outcome = write.expected ? co_await inner_.replace(std::move(write.key), *write.expected, std::move(write.value))
                             : co_await inner_.add(std::move(write.key), std::move(write.value));
  }
  const std::lock_guard lock(mutex_);
  if (outcome) {
    calls_[call].happened = outcome.value().kind();
    last_write_ = call;
  }
  co_return outcome;
}

Task<Result<WriteOutcome>> FaultyStore::write(Verb verb, std::vector<Write> writes) {
  std::vector<Key> keys;
  keys.reserve(writes.size());
  for (const auto& write : writes) keys.push_back(write.key);
  const auto [call, fault] = decide(verb, keys);
  Sending sending{std::move(writes), call};
  Result<WriteOutcome> answer = WriteOutcome::unknown();
  switch (fault) {
    case Fault::crash_before:
      crash();
      co_await never_return();
      break;
    case Fault::crash_after:
      answer = co_await send(verb, std::move(sending));
      crash();
      co_await never_return();
      break;
    case Fault::error: answer = Error(Code::unavailable, "the store is down, as the test asked for"); break;
    case Fault::unknown_lost: break;
    case Fault::unknown_later: {
      const std::lock_guard lock(mutex_);
      late_.emplace_back(verb, std::move(sending));
      break;
    }
    case Fault::unknown_landed:
      answer = co_await send(verb, std::move(sending));
      // An error of the inner store is the truth, and is told.
      if (answer) answer = WriteOutcome::unknown();
      break;
    case Fault::echo:
      answer = co_await send(verb, std::move(sending));
      if (answer && answer.value().kind() == WriteOutcome::Kind::applied) answer = WriteOutcome::rejected();
      break;
    case Fault::none: answer = co_await send(verb, std::move(sending)); break;
  }
  // The process may have died, by another call, while this one was under way.
  if (crashed()) co_await never_return();
  answered(call, describe(answer));
  co_return answer;
}

template <class T>
Task<Result<T>> FaultyStore::read(Verb verb, Key key, Task<Result<T>> inner) {
  const Decision decision = decide(verb, {key});
  if (decision.fault == Fault::crash_before || decision.fault == Fault::crash_after) {
    crash();
    co_await never_return();
  }
  if (decision.fault == Fault::error) {
    answered(decision.call, "error unavailable");
    co_return Error(Code::unavailable, "the store is down, as the test asked for");
  }
  auto answer = co_await std::move(inner);
  if (crashed()) co_await never_return();
  answered(decision.call, answer ? "ok" : "error " + std::string(to_string(answer.error().code())));
  co_return answer;
}

Task<Result<Snapshot>> FaultyStore::get(Key key, Freshness freshness) {
  return read(Verb::get, key, inner_.get(key, freshness));
}

Task<Result<WriteOutcome>> FaultyStore::add(Key key, Value value) {
  return write(Verb::add, {Write{std::move(key), std::nullopt, std::move(value)}});
}

Task<Result<WriteOutcome>> FaultyStore::replace(Key key, Version expected, Value value) {
  return write(Verb::replace, {Write{std::move(key), expected, std::move(value)}});
}

Task<Result<WriteOutcome::Kind>> FaultyStore::commit(std::vector<Write> writes) {
  CO_TRY(const auto outcome, co_await write(Verb::commit, std::move(writes)));
  co_return outcome.kind();
}

Task<Result<ScanPage>> FaultyStore::scan(Key prefix, Key after, std::size_t limit) {
  return read(Verb::scan, prefix, inner_.scan(prefix, std::move(after), limit));
}

Task<Result<Snapshot>> FaultyStore::watch(Key key, std::optional<Version> seen, Milliseconds at_most) {
  return read(Verb::watch, key, inner_.watch(key, seen, at_most));
}

}  // namespace abc2::store
