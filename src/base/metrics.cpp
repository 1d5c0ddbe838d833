#include "base/metrics.hpp"

#include <algorithm>
#include <cstdio>

#include "base/check.hpp"

namespace abc2 {

namespace {

enum Kind { kCounter, kGauge, kHistogram };

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\\\";
    else if (c == '"')
      out += "\\\"";
    else if (c == '\n')
      out += "\\n";
    else
      out += c;
  }
  return out;
}

// a="b",c="d" - in the order of the labels' names, so that the same labels always give the same text.
std::string label_text(Labels labels) {
  std::sort(labels.begin(), labels.end());
  std::string out;
  for (const auto& [name, value] : labels) {
    if (!out.empty()) out += ',';
    out += name + "=\"" + escaped(value) + '"';
  }
  return out;
}

std::string in_braces(const std::string& labels) { return labels.empty() ? std::string() : '{' + labels + '}'; }

std::string seconds(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.9g", value);
  return text.data();
}

}  // namespace

std::size_t Counter::shard() {
  static std::atomic<std::size_t> threads{0};
  thread_local const std::size_t mine = threads.fetch_add(1, std::memory_order_relaxed) % kShards;
  return mine;
}

std::uint64_t Counter::value() const {
  std::uint64_t sum = 0;
  for (const Shard& shard : shards_) sum += shard.value.load(std::memory_order_relaxed);
  return sum;
}

void Histogram::observe(std::chrono::nanoseconds duration) {
  const std::int64_t us = (duration.count() + 999) / 1000;
  const auto bound = std::lower_bound(bounds_us.begin(), bounds_us.end(), us);
  buckets_[static_cast<std::size_t>(bound - bounds_us.begin())].fetch_add(1, std::memory_order_relaxed);
  sum_ns_.fetch_add(duration.count(), std::memory_order_relaxed);
}

std::uint64_t Histogram::count() const {
  std::uint64_t sum = 0;
  for (const auto& bucket : buckets_) sum += bucket.load(std::memory_order_relaxed);
  return sum;
}

struct Metrics::Family {
  std::string help;
  int kind;
  std::map<std::string, std::unique_ptr<Counter>> counters;  // by the text of their labels
  std::map<std::string, std::unique_ptr<Gauge>> gauges;
  std::map<std::string, std::unique_ptr<Histogram>> histograms;
};

Metrics::Metrics() = default;
Metrics::~Metrics() = default;

Metrics::Family& Metrics::family(std::string_view name, std::string_view help, int kind) {
  auto found = families_.find(name);
  if (found == families_.end()) {
    auto made = std::make_unique<Family>();
    made->help = help;
    made->kind = kind;
    found = families_.emplace(std::string(name), std::move(made)).first;
  }
  ABC2_CHECK(found->second->kind == kind, "a metric's name has one kind");
  return *found->second;
}

Counter& Metrics::counter(std::string_view name, std::string_view help, const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  auto& made = family(name, help, kCounter).counters[label_text(labels)];
  if (!made) made = std::make_unique<Counter>();
  return *made;
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help, const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  auto& made = family(name, help, kGauge).gauges[label_text(labels)];
  if (!made) made = std::make_unique<Gauge>();
  return *made;
}

Histogram& Metrics::histogram(std::string_view name, std::string_view help, const Labels& labels) {
  const std::scoped_lock lock(mutex_);
  auto& made = family(name, help, kHistogram).histograms[label_text(labels)];
  if (!made) made = std::make_unique<Histogram>();
  return *made;
}

void Metrics::before_text(std::function<void()> refresh) {
  const std::scoped_lock lock(mutex_);
  refreshes_.push_back(std::move(refresh));
}

std::string Metrics::text() const {
  std::vector<std::function<void()>> refreshes;
  {
    const std::scoped_lock lock(mutex_);
    refreshes = refreshes_;
  }
  for (const auto& refresh : refreshes) refresh();

  const std::scoped_lock lock(mutex_);
  std::string out;
  for (const auto& [name, family] : families_) {
    constexpr std::array kinds = {"counter", "gauge", "histogram"};
    out += "# HELP " + name + ' ' + family->help + '\n';
    out += "# TYPE " + name + ' ' + kinds[static_cast<std::size_t>(family->kind)] + '\n';
    for (const auto& [labels, metric] : family->counters) {
      out += name + in_braces(labels) + ' ' + std::to_string(metric->value()) + '\n';
    }
    for (const auto& [labels, metric] : family->gauges) {
      out += name + in_braces(labels) + ' ' + std::to_string(metric->value()) + '\n';
    }
    for (const auto& [labels, metric] : family->histograms) {
      const std::string before = labels.empty() ? "" : labels + ',';
      std::uint64_t seen = 0;
      for (std::size_t i = 0; i < Histogram::bounds_us.size(); ++i) {
        seen += metric->buckets_[i].load(std::memory_order_relaxed);
        out += name + "_bucket{" + before + "le=\"" + seconds(static_cast<double>(Histogram::bounds_us[i]) / 1e6) +
               "\"} " + std::to_string(seen) + '\n';
      }
      seen += metric->buckets_.back().load(std::memory_order_relaxed);
      out += name + "_bucket{" + before + "le=\"+Inf\"} " + std::to_string(seen) + '\n';
      const auto sum_ns = static_cast<double>(metric->sum_ns_.load(std::memory_order_relaxed));
      out += name + "_sum" + in_braces(labels) + ' ' + seconds(sum_ns / 1e9) + '\n';
      out += name + "_count" + in_braces(labels) + ' ' + std::to_string(seen) + '\n';
    }
  }
  return out;
}

}  // namespace abc2
