#include "engines/memory/memory_store.hpp"

#include <algorithm>
#include <utility>

#include "base/limits.hpp"

namespace abc2::engines {

using store::Key;
using store::ScanPage;
using store::Snapshot;
using store::Stored;
using store::Value;
using store::Version;
using store::WriteOutcome;

namespace {

using Documents = std::map<Key, Stored>;

Result<ScanPage> page_of(const Documents& documents, const Key& prefix, const Key& after, std::size_t limit) {
  if (limit == 0) return Error(Code::invalid_argument, "a page of a scan must have room for a document");
  const std::size_t room = std::min(limit, limits::scan_items);
  ScanPage page;
  // `after` may lie before the prefix's range, in it, or behind it.
  auto at = after < prefix ? documents.lower_bound(prefix) : documents.upper_bound(after);
  for (; at != documents.end() && at->first.starts_with(prefix); ++at) {
    if (page.items.size() == room) {
      page.more = true;
      break;
    }
    page.items.push_back({at->first, at->second});
  }
  return page;
}

class Copy final : public store::View {
 public:
  explicit Copy(Documents documents) : documents_(std::move(documents)) {}
  Task<Result<ScanPage>> scan(Key prefix, Key after, std::size_t limit) override {
    co_return page_of(documents_, prefix, after, limit);
  }

 private:
  const Documents documents_;
};

}  // namespace

Task<Result<Snapshot>> MemoryStore::get(Key key, store::Freshness) {
  CO_TRY_VOID(store::check_key(key));
  const std::lock_guard lock(mutex_);
  const auto found = documents_.find(key);
  if (found == documents_.end()) co_return Snapshot();
  co_return Snapshot(found->second);
}

Task<Result<WriteOutcome>> MemoryStore::add(Key key, Value value) {
  CO_TRY_VOID(store::check_key(key));
  CO_TRY_VOID(store::check_value(key, value));
  constexpr Version first(1);
  {
    const std::lock_guard lock(mutex_);
    const auto [place, inserted] = documents_.try_emplace(key, Stored{std::move(value), first});
    if (!inserted) co_return WriteOutcome::rejected();
  }
  waiters_.wake(key);
  co_return WriteOutcome::applied(first);
}

Task<Result<WriteOutcome>> MemoryStore::replace(Key key, Version expected, Value value) {
  CO_TRY_VOID(store::check_key(key));
  CO_TRY_VOID(store::check_value(key, value));
  const Version next(expected.token() + 1);
  {
    const std::lock_guard lock(mutex_);
    const auto found = documents_.find(key);
    if (found == documents_.end() || found->second.version != expected) co_return WriteOutcome::rejected();
    found->second = Stored{std::move(value), next};
  }
  waiters_.wake(key);
  co_return WriteOutcome::applied(next);
}

Task<Result<WriteOutcome::Kind>> MemoryStore::commit(std::vector<store::Write> writes) {
  if (!settings_.commits) {
    auto refused = co_await Store::commit(std::move(writes));
    co_return refused;
  }
  CO_TRY_VOID(store::check_commit(writes));
  {
    const std::lock_guard lock(mutex_);
    for (const auto& write : writes) {
      const auto found = documents_.find(write.key);
      const bool there = found != documents_.end();
      if (write.expected ? !there || found->second.version != *write.expected : there)
        co_return WriteOutcome::Kind::rejected;
    }
    for (auto& write : writes) {
      const Version next(write.expected ? write.expected->token() + 1 : 1);
      documents_.insert_or_assign(write.key, Stored{std::move(write.value), next});
    }
  }
  for (const auto& write : writes) waiters_.wake(write.key);
  co_return WriteOutcome::Kind::applied;
}

Task<Result<ScanPage>> MemoryStore::scan(Key prefix, Key after, std::size_t limit) {
  const std::lock_guard lock(mutex_);
  co_return page_of(documents_, prefix, after, limit);
}

Task<Result<std::unique_ptr<store::View>>> MemoryStore::view() {
  const std::lock_guard lock(mutex_);
  co_return std::make_unique<Copy>(documents_);
}

Task<Result<Snapshot>> MemoryStore::watch(Key key, std::optional<Version> seen, Milliseconds at_most) {
  return store::watch_pushed(*this, runtime_, waiters_, std::move(key), seen, at_most);
}

}  // namespace abc2::engines
