#include "engines/embedded/embedded_store.hpp"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <fstream>
#include <utility>

#include "base/limits.hpp"
#include "engines/embedded/database.hpp"
#include "engines/embedded/document_cache.hpp"
#include "engines/embedded/readers.hpp"
#include "engines/embedded/requests.hpp"
#include "engines/embedded/writer.hpp"
#include "store/watch_waiters.hpp"

namespace abc2::engines {

using embedded::Document;
using store::Key;
using store::ScanPage;
using store::Snapshot;
using store::Value;
using store::Version;
using store::WriteOutcome;

namespace {

Error broken() { return {Code::unavailable, "a commit has failed, and the store must be opened again"}; }

Snapshot to_snapshot(const Document& document) { return document ? Snapshot(*document) : Snapshot(); }

}  // namespace

std::size_t EmbeddedStore::usual_cache_bytes() {
  constexpr std::uint64_t least = 64u << 20;
  auto memory = static_cast<std::uint64_t>(std::max(0L, sysconf(_SC_PHYS_PAGES))) *
                static_cast<std::uint64_t>(std::max(0L, sysconf(_SC_PAGESIZE)));
  // What a container allows, if it says a number (cgroup v2).
  std::ifstream limit("/sys/fs/cgroup/memory.max");
  if (std::uint64_t allowed = 0; limit >> allowed) memory = std::min(memory, allowed);
  return std::max(least, memory / 8);
}

struct EmbeddedStore::Parts {
  Parts(std::unique_ptr<embedded::Database> its_database, const Settings& settings)
      : database(std::move(its_database)),
        cache(settings.cache_bytes),
        visible(database->view()),
        readers(*database, cache, visible, settings.reader_threads),
        writer(*database, cache, visible, waiters) {}

  // Of that view, or of what may be seen now if it is null.
  Task<Result<ScanPage>> scan(std::shared_ptr<const embedded::View> view, Key prefix, Key after, std::size_t limit);

  std::unique_ptr<embedded::Database> database;
  embedded::DocumentCache cache;
  embedded::Visible visible;
  store::WatchWaiters waiters;
  std::atomic<std::uint64_t> hits = 0;
  std::atomic<std::uint64_t> misses = 0;
  // Last, so that they end first, and answer everybody before anything that they use goes.
  embedded::Readers readers;
  embedded::Writer writer;
};

EmbeddedStore::EmbeddedStore(runtime::Runtime& runtime, std::unique_ptr<Parts> parts)
    : Store(runtime), parts_(std::move(parts)) {}

EmbeddedStore::~EmbeddedStore() = default;

Result<std::unique_ptr<EmbeddedStore>> EmbeddedStore::open(runtime::Runtime& runtime, Settings settings) {
  TRY(auto database, embedded::Database::open(settings.directory, settings.block_cache_bytes));
  auto parts = std::make_unique<Parts>(std::move(database), settings);
  return std::unique_ptr<EmbeddedStore>(new EmbeddedStore(runtime, std::move(parts)));
}

Task<Result<Snapshot>> EmbeddedStore::get(Key key, store::Freshness) {
  CO_TRY_VOID(store::check_key(key));
  if (parts_->writer.broken()) co_return broken();
  parts_->visible.pass();
  if (auto cached = parts_->cache.find(key)) {
    parts_->hits.fetch_add(1, std::memory_order_relaxed);
    co_return to_snapshot(*cached);
  }
  parts_->misses.fetch_add(1, std::memory_order_relaxed);
  embedded::ReadRequest request(std::move(key));
  co_await runtime::suspend(request, [this, &request] { parts_->readers.enqueue(&request); });
  CO_TRY(auto document, std::move(request.answer));
  co_return to_snapshot(document);
}

Task<Result<WriteOutcome>> EmbeddedStore::add(Key key, Value value) {
  return write(std::move(key), std::nullopt, std::move(value));
}

Task<Result<WriteOutcome>> EmbeddedStore::replace(Key key, Version expected, Value value) {
  return write(std::move(key), expected, std::move(value));
}

Task<Result<WriteOutcome>> EmbeddedStore::write(Key key, std::optional<Version> expected, Value value) {
  CO_TRY_VOID(store::check_key(key));
  CO_TRY_VOID(store::check_value(key, value));
  if (parts_->writer.broken()) co_return broken();
  store::Write write{std::move(key), expected, std::move(value)};
  embedded::WriteRequest request({&write, 1});
  co_await runtime::suspend(request, [this, &request] { parts_->writer.enqueue(&request); });
  CO_TRY(const auto outcome, std::move(request.outcome));
  switch (outcome) {
    case WriteOutcome::Kind::applied: co_return WriteOutcome::applied(request.first_version);
    case WriteOutcome::Kind::rejected: co_return WriteOutcome::rejected();
    case WriteOutcome::Kind::unknown: co_return WriteOutcome::unknown();
  }
  ABC2_CHECK(false, "a write has three outcomes");
}

Task<Result<WriteOutcome::Kind>> EmbeddedStore::commit(std::vector<store::Write> writes) {
  CO_TRY_VOID(store::check_commit(writes));
  if (parts_->writer.broken()) co_return broken();
  embedded::WriteRequest request(writes);
  co_await runtime::suspend(request, [this, &request] { parts_->writer.enqueue(&request); });
  co_return std::move(request.outcome);
}

Task<Result<ScanPage>> EmbeddedStore::scan(Key prefix, Key after, std::size_t limit) {
  return parts_->scan(nullptr, std::move(prefix), std::move(after), limit);
}

// What may be seen when it is made, read by the threads that read all else.
class EmbeddedStore::KeptView final : public store::View {
 public:
  explicit KeptView(Parts& parts) : parts_(parts), view_(parts.visible.view()) {}
  Task<Result<ScanPage>> scan(Key prefix, Key after, std::size_t limit) override {
    return parts_.scan(view_, std::move(prefix), std::move(after), limit);
  }

 private:
  Parts& parts_;
  const std::shared_ptr<const embedded::View> view_;
};

Task<Result<std::unique_ptr<store::View>>> EmbeddedStore::view() {
  if (parts_->writer.broken()) co_return broken();
  co_return std::make_unique<KeptView>(*parts_);
}

Task<Result<ScanPage>> EmbeddedStore::Parts::scan(std::shared_ptr<const embedded::View> view, Key prefix, Key after,
                                                  std::size_t limit) {
  if (limit == 0) co_return Error(Code::invalid_argument, "a page of a scan must have room for a document");
  if (writer.broken()) co_return broken();
  embedded::ScanRequest request;
  request.prefix = std::move(prefix);
  request.after = std::move(after);
  request.limit = std::min(limit, limits::scan_items);
  request.view = std::move(view);
  co_await runtime::suspend(request, [this, &request] { readers.enqueue(&request); });
  CO_TRY(auto found, std::move(request.answer));
  ScanPage page;
  page.more = found.more;
  page.items.reserve(found.items.size());
  for (auto& item : found.items) page.items.push_back({std::move(item.key), *item.document});
  co_return page;
}

Task<Result<Snapshot>> EmbeddedStore::watch(Key key, std::optional<Version> seen, Milliseconds at_most) {
  return store::watch_pushed(*this, runtime_, parts_->waiters, std::move(key), seen, at_most);
}

EmbeddedStore::Stats EmbeddedStore::stats() const {
  const auto& counters = parts_->writer.counters();
  Stats stats;
  stats.groups = counters.groups;
  stats.changes = counters.changes;
  stats.applied = counters.applied;
  stats.rejected = counters.rejected;
  stats.bytes = counters.bytes;
  stats.largest_group = counters.largest_group;
  stats.cache_hits = parts_->hits;
  stats.cache_misses = parts_->misses;
  stats.cache_bytes = parts_->cache.bytes();
  stats.broken = parts_->writer.broken();
  return stats;
}

}  // namespace abc2::engines
