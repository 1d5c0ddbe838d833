#include "store/store.hpp"

#include "base/limits.hpp"

namespace abc2::store {

std::string_view to_string(WriteOutcome::Kind kind) {
  switch (kind) {
    case WriteOutcome::Kind::applied: return "applied";
    case WriteOutcome::Kind::rejected: return "rejected";
    case WriteOutcome::Kind::unknown: return "unknown";
  }
  return "unnamed";
}

Result<void> check_key(const Key& key) {
  if (key.empty()) return Error(Code::invalid_argument, "a key must have at least one byte");
  if (key.size() > limits::key_bytes)
    return Error(Code::invalid_argument, "a key of " + std::to_string(key.size()) +
                                             " bytes is longer than the limit of " + std::to_string(limits::key_bytes));
  return success();
}

Result<void> check_value(const Key& key, const Value& value) {
  if (value.size() > limits::value_bytes)
    return Error(Code::invalid_argument, "the document " + key + " has " + std::to_string(value.size()) +
                                             " bytes, which is more than the limit of " +
                                             std::to_string(limits::value_bytes));
  return success();
}

Result<void> check_commit(const std::vector<Write>& writes) {
  if (writes.empty() || writes.size() > limits::commit_writes)
    return Error(Code::invalid_argument, "a commit has 1 to " + std::to_string(limits::commit_writes) +
                                             " writes, not " + std::to_string(writes.size()));
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    TRY_VOID(check_key(writes[i].key));
    TRY_VOID(check_value(writes[i].key, writes[i].value));
    bytes += writes[i].key.size() + writes[i].value.size();
    for (std::size_t j = 0; j < i; ++j)
      if (writes[j].key == writes[i].key)
        return Error(Code::invalid_argument, "a commit writes " + writes[i].key + " twice");
  }
  if (bytes > limits::commit_bytes)
    return Error(Code::invalid_argument, "a commit of " + std::to_string(bytes) +
                                             " bytes is larger than the limit of " +
                                             std::to_string(limits::commit_bytes));
  return success();
}

Task<Result<WriteOutcome::Kind>> Store::commit(std::vector<Write>) {
  co_return Error(Code::invalid_argument, "this store changes one document at a time");
}

Task<Result<std::unique_ptr<View>>> Store::view() {
  co_return Error(Code::invalid_argument, "this store cannot show its documents as of one moment");
}

Task<Result<Snapshot>> Store::watch(Key key, std::optional<Version> seen, Milliseconds at_most) {
  for (Milliseconds waited{0};; waited += limits::watch_staleness) {
    CO_TRY(auto now, co_await get(key));
    const bool changed = now.has_value() != seen.has_value() || (now && now->version != *seen);
    if (changed || waited >= at_most || runtime_.stopping()) co_return now;
    co_await runtime_.sleep(limits::watch_staleness);
  }
}

}  // namespace abc2::store
