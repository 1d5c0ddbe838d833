// Metrics: counters, gauges and histograms, and their text in the format that Prometheus reads.
//
//   Metrics metrics;
//   Counter& bought = metrics.counter("abc2_purchases_total", "Purchases by outcome.", {{"outcome", "bought"}});
//   bought.add();                                     // lock-free, a few nanoseconds
//   Histogram& latency = metrics.histogram("abc2_store_seconds", "Time of a store operation.", {{"verb", "get"}});
//   latency.observe(std::chrono::microseconds(40));
//   std::string text = metrics.text();                // what GET /metrics answers
//
// Who counts asks for its counter once and keeps the reference: a metric lives as long as its Metrics and never moves.
// The same name and labels give the same metric. A name keeps one kind and one help text: asking for a counter where
// a gauge exists is our own mistake and aborts.
// Label values come from small fixed sets (outcomes, verbs, routes), never from a user: every value costs memory for
// ever. Thread-safe: all of it; changing a metric takes no lock.
#pragma once
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace abc2 {

using Labels = std::vector<std::pair<std::string, std::string>>;

// Only grows. Spread over cache lines, so that threads that count the same thing do not wait for each other.
class Counter {
 public:
  void add(std::uint64_t count = 1) { shards_[shard()].value.fetch_add(count, std::memory_order_relaxed); }
  [[nodiscard]] std::uint64_t value() const;

 private:
  static constexpr std::size_t kShards = 8;
  struct alignas(64) Shard {
    std::atomic<std::uint64_t> value{0};
  };
  static std::size_t shard();
  std::array<Shard, kShards> shards_;
};

// Goes up and down.
class Gauge {
 public:
  void set(std::int64_t value) { value_.store(value, std::memory_order_relaxed); }
  void add(std::int64_t change) { value_.fetch_add(change, std::memory_order_relaxed); }
  [[nodiscard]] std::int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::int64_t> value_{0};
};

// How long something took: counts in buckets from 10 us to 10 s, their sum and their number.
class Histogram {
 public:
  // Upper bounds of the buckets in microseconds; what is longer counts in the last one only.
  static constexpr std::array<std::int64_t, 16> bounds_us = {10,      25,        50,        100,       250,    500,
                                                             1'000,   2'500,     5'000,     10'000,    25'000, 100'000,
                                                             250'000, 1'000'000, 2'500'000, 10'000'000};

  void observe(std::chrono::nanoseconds duration);
  [[nodiscard]] std::uint64_t count() const;

 private:
  friend class Metrics;
  std::array<std::atomic<std::uint64_t>, bounds_us.size() + 1> buckets_{};
  std::atomic<std::int64_t> sum_ns_{0};
};

class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Names end in their unit: `_total` for counters, `_seconds` for histograms.
  Counter& counter(std::string_view name, std::string_view help, const Labels& labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, const Labels& labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, const Labels& labels = {});

  // `refresh` is called before each text(), by its caller's thread, to bring gauges up to date. It must be quick and
  // must stay callable as long as this object lives.
  void before_text(std::function<void()> refresh);

  // Everything, in the text format of Prometheus (version 0.0.4), in the order of names and labels.
  [[nodiscard]] std::string text() const;

 private:
  struct Family;
  Family& family(std::string_view name, std::string_view help, int kind);

  mutable std::mutex mutex_;  // the maps; never held while a metric changes or a refresh runs
  std::map<std::string, std::unique_ptr<Family>, std::less<>> families_;
  std::vector<std::function<void()>> refreshes_;
};

}  // namespace abc2
