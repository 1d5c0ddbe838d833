// DocumentCache: the current documents, and keys known to be absent, in a bounded amount of memory, written through.
//
// What it says is what was written last: a reader that was overtaken by a write cannot put an old state into it.
//   - The writer writes what it has committed, before that is acknowledged.
//   - A reader takes a ticket before it reads the database. Its find is not taken in if anything was evicted from the
//     same shard since: the evicted could have been a newer state of that key.
//   - A newer version always replaces an older one, and never the other way round.
//
// Thread-safe.
#pragma once
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/store.hpp"

namespace abc2::engines::embedded {

// A document, or null: absent.
using Document = std::shared_ptr<const store::Stored>;

class DocumentCache {
 public:
  // `bytes` bounds keys, values and an estimate of what it takes to keep them; at least the newest documents stay.
  explicit DocumentCache(std::size_t bytes);

  // What is known of `key`; nullopt: nothing is.
  std::optional<Document> find(const store::Key& key);

  using Ticket = std::uint64_t;
  Ticket begin_read(const store::Key& key);
  void end_read(const store::Key& key, const Document& found, Ticket ticket);

  void write(const store::Key& key, Document written);

  [[nodiscard]] std::size_t bytes() const;

 private:
  struct Entry {
    store::Key key;
    Document document;
  };
  struct Shard {
    std::mutex mutex;
    std::list<Entry> entries;  // the most recently used first
    std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key;
    std::size_t bytes = 0;
    Ticket evictions = 0;
  };

  Shard& shard_of(const store::Key& key);
  static std::size_t cost(const Entry& entry);
  static Entry& entry_for(Shard& shard, const store::Key& key);
  static void set(Shard& shard, Entry& entry, Document document);
  void evict(Shard& shard) const;

  std::size_t shard_bytes_;
  mutable std::vector<Shard> shards_;
};

}  // namespace abc2::engines::embedded
