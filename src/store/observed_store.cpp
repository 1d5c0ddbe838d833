#include "store/observed_store.hpp"

#include <chrono>

namespace abc2::store {

namespace {

constexpr const char* kSeconds = "abc2_store_seconds";
constexpr const char* kSecondsHelp = "Time of a store operation by verb.";
constexpr const char* kOperations = "abc2_store_operations_total";
constexpr const char* kOperationsHelp = "Store operations by verb and outcome.";

using Clock = std::chrono::steady_clock;

template <class Read>
void observe_read(Read& read, Clock::time_point began, bool ok) {
  read.seconds.observe(Clock::now() - began);
  (ok ? read.ok : read.error).add();
}

WriteOutcome::Kind kind_of(const WriteOutcome& outcome) { return outcome.kind(); }
WriteOutcome::Kind kind_of(WriteOutcome::Kind outcome) { return outcome; }

template <class Verb, class Outcome>
void observe_write(Verb& verb, Clock::time_point began, const Result<Outcome>& outcome) {
  verb.seconds.observe(Clock::now() - began);
  if (!outcome) {
    verb.error.add();
  } else {
    verb.by_kind[static_cast<std::size_t>(kind_of(outcome.value()))]->add();
  }
}

}  // namespace

ObservedStore::ReadMetrics ObservedStore::read_metrics(Metrics& metrics, const char* verb) {
  return {metrics.histogram(kSeconds, kSecondsHelp, {{"verb", verb}}),
          metrics.counter(kOperations, kOperationsHelp, {{"verb", verb}, {"outcome", "ok"}}),
          metrics.counter(kOperations, kOperationsHelp, {{"verb", verb}, {"outcome", "error"}})};
}

ObservedStore::WriteMetrics ObservedStore::write_metrics(Metrics& metrics, const char* verb) {
  std::array<Counter*, 3> by_kind{};
  for (const auto kind : {WriteOutcome::Kind::applied, WriteOutcome::Kind::rejected, WriteOutcome::Kind::unknown}) {
    by_kind[static_cast<std::size_t>(kind)] =
        &metrics.counter(kOperations, kOperationsHelp, {{"verb", verb}, {"outcome", std::string(to_string(kind))}});
  }
  return {metrics.histogram(kSeconds, kSecondsHelp, {{"verb", verb}}), by_kind,
          metrics.counter(kOperations, kOperationsHelp, {{"verb", verb}, {"outcome", "error"}})};
}

ObservedStore::ObservedStore(Store& observed, runtime::Runtime& runtime, Metrics& metrics)
    : Store(runtime),
      observed_(observed),
      get_(read_metrics(metrics, "get")),
      scan_(read_metrics(metrics, "scan")),
      add_(write_metrics(metrics, "add")),
      replace_(write_metrics(metrics, "replace")),
      commit_(write_metrics(metrics, "commit")),
      watch_ok_(metrics.counter(kOperations, kOperationsHelp, {{"verb", "watch"}, {"outcome", "ok"}})),
      watch_error_(metrics.counter(kOperations, kOperationsHelp, {{"verb", "watch"}, {"outcome", "error"}})) {}

Task<Result<Snapshot>> ObservedStore::get(Key key, Freshness freshness) {
  const auto began = Clock::now();
  auto found = co_await observed_.get(std::move(key), freshness);
  observe_read(get_, began, found.has_value());
  co_return found;
}

Task<Result<WriteOutcome>> ObservedStore::add(Key key, Value value) {
  const auto began = Clock::now();
  auto outcome = co_await observed_.add(std::move(key), std::move(value));
  observe_write(add_, began, outcome);
  co_return outcome;
}

Task<Result<WriteOutcome>> ObservedStore::replace(Key key, Version expected, Value value) {
  const auto began = Clock::now();
  auto outcome = co_await observed_.replace(std::move(key), expected, std::move(value));
  observe_write(replace_, began, outcome);
  co_return outcome;
}

Task<Result<WriteOutcome::Kind>> ObservedStore::commit(std::vector<Write> writes) {
  const auto began = Clock::now();
  auto outcome = co_await observed_.commit(std::move(writes));
  observe_write(commit_, began, outcome);
  co_return outcome;
}

Task<Result<ScanPage>> ObservedStore::scan(Key prefix, Key after, std::size_t limit) {
  const auto began = Clock::now();
  auto page = co_await observed_.scan(std::move(prefix), std::move(after), limit);
  observe_read(scan_, began, page.has_value());
  co_return page;
}

Task<Result<std::unique_ptr<View>>> ObservedStore::view() { return observed_.view(); }

Task<Result<Snapshot>> ObservedStore::watch(Key key, std::optional<Version> seen, Milliseconds at_most) {
  auto found = co_await observed_.watch(std::move(key), seen, at_most);
  (found ? watch_ok_ : watch_error_).add();
  co_return found;
}

}  // namespace abc2::store
