// ObservedStore: measures every operation of another store and changes nothing else.
//
//   ObservedStore store(engine, runtime, metrics);
//
// What it writes into the metrics:
//   abc2_store_seconds{verb}                  how long operations took (watch excepted: it waits on purpose)
//   abc2_store_operations_total{verb,outcome} applied, rejected, unknown for writes; ok for reads; error for both
// Holds references: the store, the runtime and the metrics must outlive it. Thread-safe as the store below is.
#pragma once
#include <array>

#include "base/metrics.hpp"
#include "store/store.hpp"

namespace abc2::store {

class ObservedStore final : public Store {
 public:
  ObservedStore(Store& observed, runtime::Runtime& runtime, Metrics& metrics);

  Task<Result<Snapshot>> get(Key key, Freshness freshness) override;
  Task<Result<WriteOutcome>> add(Key key, Value value) override;
  Task<Result<WriteOutcome>> replace(Key key, Version expected, Value value) override;
  [[nodiscard]] bool commits() const override { return observed_.commits(); }
  Task<Result<WriteOutcome::Kind>> commit(std::vector<Write> writes) override;
  Task<Result<ScanPage>> scan(Key prefix, Key after, std::size_t limit) override;
  Task<Result<std::unique_ptr<View>>> view() override;
  Task<Result<Snapshot>> watch(Key key, std::optional<Version> seen, Milliseconds at_most) override;
  [[nodiscard]] bool exclusive() const override { return observed_.exclusive(); }

 private:
  struct ReadMetrics {
    Histogram& seconds;
    Counter& ok;
    Counter& error;
  };
  struct WriteMetrics {
    Histogram& seconds;
    std::array<Counter*, 3> by_kind;  // indexed by WriteOutcome::Kind
    Counter& error;
  };
  static ReadMetrics read_metrics(Metrics& metrics, const char* verb);
  static WriteMetrics write_metrics(Metrics& metrics, const char* verb);

  Store& observed_;
  ReadMetrics get_;
  ReadMetrics scan_;
  WriteMetrics add_;
  WriteMetrics replace_;
  WriteMetrics commit_;
  Counter& watch_ok_;
  Counter& watch_error_;
};

}  // namespace abc2::store
