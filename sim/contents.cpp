#include "sim/contents.hpp"

#include <algorithm>

#include "base/check.hpp"

namespace abc2::sim {

std::size_t Operations::Hash::operator()(const Operation& operation) const {
  const std::uint64_t first = std::uint64_t{operation.key} << 32 | operation.value;
  return mixed(mixed(first) + (std::uint64_t{operation.number} << 8 | static_cast<std::uint64_t>(operation.verb)));
}

OperationId Operations::number(const Operation& operation) {
  const auto [found, added] = numbers_.try_emplace(operation, static_cast<OperationId>(operations_.size()));
  if (added) operations_.push_back(operation);
  return found->second;
}

ContentsId AllContents::number(std::vector<StoredText> documents) {
  std::ranges::sort(documents);
  std::uint64_t hash = documents.size();
  for (const auto& document : documents)
    hash = mixed(mixed(hash + (std::uint64_t{document.key} << 32 | document.value)) + document.version);
  auto& same_hash = by_hash_[hash];
  for (const ContentsId id : same_hash)
    if (all_[id] == documents) return id;
  const auto id = static_cast<ContentsId>(all_.size());
  all_.push_back(std::move(documents));
  same_hash.push_back(id);
  return id;
}

const StoredText* AllContents::find(ContentsId id, TextId key) const {
  const auto& documents = all_[id];
  const auto at = std::ranges::lower_bound(documents, key, {}, &StoredText::key);
  return at != documents.end() && at->key == key ? &*at : nullptr;
}

AllContents::Executed AllContents::execute(ContentsId before, OperationId operation) {
  const std::uint64_t both = std::uint64_t{before} << 32 | operation;
  if (const auto found = executed_.find(both); found != executed_.end()) return found->second;
  const Executed executed = compute(before, operations_[operation]);
  executed_.emplace(both, executed);
  return executed;
}

AllContents::Executed AllContents::compute(ContentsId before, const Operation& operation) {
  const StoredText* now = find(before, operation.key);
  const auto written = [&](std::uint32_t version) -> Executed {
    std::vector<StoredText> next = all_[before];
    std::erase_if(next, [&](const StoredText& document) { return document.key == operation.key; });
    if (operation.verb != Verb::remove) next.push_back({operation.key, operation.value, version});
    return {number(std::move(next)), {Reply::Kind::applied, 0, version}};
  };
  const Executed rejected{before, {Reply::Kind::rejected, 0, 0}};
  switch (operation.verb) {
    case Verb::get:
      if (!now) return {before, {Reply::Kind::absent, 0, 0}};
      return {before, {Reply::Kind::found, now->value, now->version}};
    case Verb::add: return now ? rejected : written(1);
    case Verb::replace: return now && now->version == operation.number ? written(now->version + 1) : rejected;
    case Verb::remove: return now ? written(0) : rejected;
    case Verb::list: return {before, list(before, operation)};
    case Verb::sleep: return {before, {Reply::Kind::woken, 0, 0}};
    case Verb::commit: {
      ContentsId after = before;
      for (const auto& write : writes_of_commit(texts_[operation.value])) {
        const Executed part = compute(after, write);  // of another key than those before it
        if (part.reply.kind == Reply::Kind::rejected) return rejected;
        after = part.after;
      }
      return {after, {Reply::Kind::applied, 0, 0}};
    }
  }
  ABC2_CHECK(false, "a verb that does not exist");
}

Reply AllContents::list(ContentsId id, const Operation& operation) {
  const std::string& prefix = texts_[operation.key];
  const std::string& after = texts_[operation.value];
  std::vector<std::string_view> keys;
  for (const auto& document : all_[id]) {
    const std::string& key = texts_[document.key];
    if (key.starts_with(prefix) && key > after) keys.push_back(key);
  }
  std::ranges::sort(keys);
  std::string lines;
  for (std::size_t i = 0; i < keys.size() && i < operation.number; ++i) lines.append(keys[i]) += '\n';
  if (keys.size() > operation.number) lines += "...\n";
  return {Reply::Kind::keys, texts_.number(lines), 0};
}

bool AllContents::may_apply(ContentsId id, OperationId write, bool removes) const {
  if (removes) return true;
  const Operation& operation = operations_[write];
  if (operation.verb != Verb::commit) return may_apply(id, operation);
  return std::ranges::all_of(writes_of_commit(texts_[operation.value]),
                             [&](const Operation& part) { return may_apply(id, part); });
}

bool AllContents::may_apply(ContentsId id, const Operation& write) const {
  const StoredText* now = find(id, write.key);
  if (write.verb == Verb::add) return now == nullptr;
  return now && now->version <= write.number;
}

}  // namespace abc2::sim
