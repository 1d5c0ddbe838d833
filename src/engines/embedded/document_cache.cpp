#include "engines/embedded/document_cache.hpp"

#include <functional>
#include <utility>

namespace abc2::engines::embedded {

namespace {

constexpr std::size_t kShards = 64;
constexpr std::size_t kCostOfAnEntry = 160;  // list and map nodes and the document's own block, about

std::uint64_t version_of(const Document& document) { return document ? document->version.token() : 0; }

}  // namespace

DocumentCache::DocumentCache(std::size_t bytes) : shard_bytes_(bytes / kShards), shards_(kShards) {}

DocumentCache::Shard& DocumentCache::shard_of(const store::Key& key) {
  // The low bits choose the bucket within a shard's map.
  return shards_[(std::hash<std::string_view>()(key) >> 32) % kShards];
}

std::size_t DocumentCache::cost(const Entry& entry) {
  return kCostOfAnEntry + entry.key.size() + (entry.document ? entry.document->value.size() : 0);
}

std::optional<Document> DocumentCache::find(const store::Key& key) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.by_key.find(key);
  if (found == shard.by_key.end()) return std::nullopt;
  shard.entries.splice(shard.entries.begin(), shard.entries, found->second);
  return found->second->document;
}

DocumentCache::Ticket DocumentCache::begin_read(const store::Key& key) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  return shard.evictions;
}

void DocumentCache::end_read(const store::Key& key, const Document& found, Ticket ticket) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  const auto place = shard.by_key.find(key);
  if (place != shard.by_key.end()) {
    if (version_of(place->second->document) < version_of(found)) set(shard, *place->second, found);
  } else if (shard.evictions == ticket) {
    set(shard, entry_for(shard, key), found);
  }
  evict(shard);
}

void DocumentCache::write(const store::Key& key, Document written) {
  Shard& shard = shard_of(key);
  const std::lock_guard lock(shard.mutex);
  Entry& entry = entry_for(shard, key);
  if (version_of(entry.document) < version_of(written)) set(shard, entry, std::move(written));
  evict(shard);
}

std::size_t DocumentCache::bytes() const {
  std::size_t sum = 0;
  for (auto& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    sum += shard.bytes;
  }
  return sum;
}

// The entry of `key`, made if need be, as the most recently used.
DocumentCache::Entry& DocumentCache::entry_for(Shard& shard, const store::Key& key) {
  const auto found = shard.by_key.find(key);
  if (found != shard.by_key.end()) {
    shard.entries.splice(shard.entries.begin(), shard.entries, found->second);
    return *found->second;
  }
  Entry& entry = shard.entries.emplace_front(Entry{key, nullptr});
  shard.by_key.emplace(entry.key, shard.entries.begin());
  shard.bytes += cost(entry);
  return entry;
}

void DocumentCache::set(Shard& shard, Entry& entry, Document document) {
  shard.bytes -= cost(entry);
  entry.document = std::move(document);
  shard.bytes += cost(entry);
}

void DocumentCache::evict(Shard& shard) const {
  // The newest stays: it was just asked for.
  for (auto at = shard.entries.end(); shard.bytes > shard_bytes_ && at != shard.entries.begin();) {
    --at;
    if (at == shard.entries.begin()) break;
    shard.bytes -= cost(*at);
    shard.by_key.erase(at->key);
    at = shard.entries.erase(at);
    ++shard.evictions;
  }
}

}  // namespace abc2::engines::embedded
