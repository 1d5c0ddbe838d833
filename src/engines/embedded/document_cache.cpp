#include "engines/embedded/document_cache.hpp"

#include <utility>

namespace abc2::engines::embedded {

namespace {

constexpr std::size_t kShards = 64;
constexpr std::size_t kCostOfAnEntry = 160;  // the entry, its places in table and circle, the document's block, about

std::uint64_t version_of(const Document& document) { return document ? document->version.token() : 0; }

}  // namespace

DocumentCache::DocumentCache(std::size_t bytes) : shard_bytes_(bytes / kShards), shards_(kShards) {}

DocumentCache::Shard& DocumentCache::shard_of(const Name& name) {
  // Within a shard's table other bits decide, too.
  return shards_[(name.hash >> 32) % kShards];
}

std::size_t DocumentCache::cost(const Entry& entry) {
  return kCostOfAnEntry + entry.key.size() + (entry.document ? entry.document->value.size() : 0);
}

std::optional<Document> DocumentCache::find(const store::Key& key) {
  const Name name(key);
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.by_key.find(name);
  if (found == shard.by_key.end()) return std::nullopt;
  (*found)->used = true;
  return (*found)->document;
}

DocumentCache::Ticket DocumentCache::begin_read(const store::Key& key) {
  Shard& shard = shard_of(Name(key));
  const std::lock_guard lock(shard.mutex);
  return shard.evictions;
}

void DocumentCache::end_read(const store::Key& key, const Document& found, Ticket ticket) {
  const Name name(key);
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  if (shard.evictions != ticket && !shard.by_key.contains(name)) return;
  Entry& entry = entry_for(shard, name);
  if (version_of(entry.document) < version_of(found)) set(shard, entry, found);
  evict(shard, entry);
}

void DocumentCache::write(const store::Key& key, Document written) {
  const Name name(key);
  Shard& shard = shard_of(name);
  const std::lock_guard lock(shard.mutex);
  Entry& entry = entry_for(shard, name);
  if (version_of(entry.document) < version_of(written)) set(shard, entry, std::move(written));
  evict(shard, entry);
}

std::size_t DocumentCache::bytes() const {
  std::size_t sum = 0;
  for (auto& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.bytes;
  }
  return sum;
}

// The entry of that name, made if need be: then it says that the document is absent.
DocumentCache::Entry& DocumentCache::entry_for(Shard& shard, const Name& name) {
  const auto found = shard.by_key.find(name);
  if (found != shard.by_key.end()) return **found;
  Entry& entry = *shard.entries.emplace_back(std::make_unique<Entry>(Entry{store::Key(name.key), name.hash, nullptr}));
  shard.by_key.insert(&entry);
  shard.bytes += cost(entry);
  return entry;
}

void DocumentCache::set(Shard& shard, Entry& entry, Document document) {
  shard.bytes -= cost(entry);
  entry.document = std::move(document);
  shard.bytes += cost(entry);
}

void DocumentCache::evict(Shard& shard, const Entry& newest) const {
  // Once around takes every mark away: it ends.
  while (shard.bytes > shard_bytes_ && shard.entries.size() > 1) {
    if (shard.hand >= shard.entries.size()) shard.hand = 0;
    auto& entry = shard.entries[shard.hand];
    if (entry.get() == &newest || std::exchange(entry->used, false)) {
      ++shard.hand;
      continue;
    }
    shard.bytes -= cost(*entry);
    shard.by_key.erase(entry.get());
    std::swap(entry, shard.entries.back());
    shard.entries.pop_back();
    ++shard.evictions;
  }
}

}  // namespace abc2::engines::embedded
