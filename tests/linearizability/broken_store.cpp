#include "broken_store.hpp"

#include <boost/asio/this_coro.hpp>

namespace abc2::registers {

using store::Key;
using store::ScanPage;
using store::Snapshot;
using store::Value;
using store::Version;
using store::WriteOutcome;

bool BrokenStore::now() {
  const std::lock_guard lock(mutex_);
  return ++asked_ % every_ == 0;
}

Task<Result<Snapshot>> BrokenStore::get(Key key, store::Freshness freshness) {
  if (how_ == Broken::stale_reads && now()) {
    const std::lock_guard lock(mutex_);
    const auto known = found_.find(key);
    if (known != found_.end()) co_return known->second;
  }
  if (how_ == Broken::taken_back) {
    const std::lock_guard lock(mutex_);
    const auto shown = shown_.find(key);
    if (shown != shown_.end() && shown->second.times > 0) {
      --shown->second.times;
      co_return Snapshot(shown->second.document);
    }
  }
  auto found = co_await inner_.get(key, freshness);
  if (how_ == Broken::stale_reads && found) {
    const std::lock_guard lock(mutex_);
    found_.emplace(key, found.value());  // the first that was found stays
  }
  co_return found;
}

Task<Result<WriteOutcome>> BrokenStore::add(Key key, Value value) {
  auto outcome = co_await inner_.add(key, value);
  if (!outcome) co_return outcome;
  const bool rejected = outcome.value().kind() == WriteOutcome::Kind::rejected;
  if (how_ == Broken::double_add && rejected && now()) co_return co_await overwrite(std::move(key), std::move(value));
  if (how_ == Broken::written_and_error && !rejected && now())
    co_return Error(Code::unavailable, "it is said that nothing was written");
  co_return outcome;
}

Task<Result<WriteOutcome>> BrokenStore::replace(Key key, Version expected, Value value) {
  if (how_ == Broken::lost_update && now()) co_return WriteOutcome::applied(Version(expected.token() + 1));
  if (how_ == Broken::taken_back && now()) {
    const Version version(expected.token() + 1);
    const std::lock_guard lock(mutex_);
    shown_.insert_or_assign(key, Shown{{value, version}, 2});
    co_return WriteOutcome::applied(version);
  }
  if (how_ == Broken::late_unknown && now()) {
    runtime_.spawn(co_await boost::asio::this_coro::executor, "late write",
                   replace_later(std::move(key), expected, std::move(value)));
    co_return WriteOutcome::applied(Version(expected.token() + 1));
  }
  auto outcome = co_await inner_.replace(key, expected, value);
  if (!outcome) co_return outcome;
  const auto kind = outcome.value().kind();
  if (how_ == Broken::blind_replace && kind == WriteOutcome::Kind::rejected && now())
    co_return co_await overwrite(std::move(key), std::move(value));
  if (how_ == Broken::same_version && kind == WriteOutcome::Kind::applied && now())
    co_return WriteOutcome::applied(expected);
  if (how_ == Broken::written_and_error && kind == WriteOutcome::Kind::applied && now())
    co_return Error(Code::unavailable, "it is said that nothing was written");
  co_return outcome;
}

// Whatever is there.
Task<Result<WriteOutcome>> BrokenStore::overwrite(Key key, Value value) {
  for (;;) {
    CO_TRY(const auto found, co_await inner_.get(key));
    if (!found) co_return WriteOutcome::rejected();
    CO_TRY(const auto outcome, co_await inner_.replace(key, found->version, value));
    if (outcome.kind() != WriteOutcome::Kind::rejected) co_return outcome;
  }
}

Task<void> BrokenStore::replace_later(Key key, Version expected, Value value) {
  co_await runtime_.sleep(Milliseconds(2));
  const auto outcome = co_await inner_.replace(std::move(key), expected, std::move(value));
  if (!outcome) co_return;  // it was acknowledged, and is lost: so much the worse
}

Task<Result<ScanPage>> BrokenStore::scan(Key prefix, Key after, std::size_t limit) {
  return inner_.scan(std::move(prefix), std::move(after), limit);
}

}  // namespace abc2::registers
