// DocumentCache: the current documents, and keys known to be absent, in a bounded amount of memory, written through.
//
// What it says is what was written last: a reader that was overtaken by a write cannot put an old state into it.
//   - The writer writes what it has committed, before that is acknowledged.
//   - A reader takes a ticket before it reads the database. Its find is not taken in if anything was evicted from the
//     same shard since: the evicted could have been a newer state of that key.
//   - A newer version always replaces an older one, and never the other way round.
//
// What goes first when there is no room is chosen by second chance (the "clock" of Corbató, 1968): finding a document
// is then one look into a table, which moves nothing.
//
// Thread-safe.
#pragma once
#include <boost/unordered/unordered_flat_set.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>
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
  struct Name {  // a key with its hash, which is computed once
    explicit Name(const store::Key& its_key) : key(its_key), hash(std::hash<std::string_view>()(its_key)) {}
    std::string_view key;
    std::size_t hash;
  };
  struct Entry {
    store::Key key;
    std::size_t hash;
    Document document;
    bool used = false;  // since the hand passed it
  };
  struct Hash {
    using is_transparent = void;
    using is_avalanching = void;
    std::size_t operator()(const Name& name) const { return name.hash; }
    std::size_t operator()(const Entry* entry) const { return entry->hash; }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const Entry* one, const Entry* other) const { return one == other; }  // a key has one entry
    bool operator()(const Name& name, const Entry* entry) const {
      return name.hash == entry->hash && name.key == entry->key;
    }
    bool operator()(const Entry* entry, const Name& name) const { return (*this)(name, entry); }
  };
  struct Shard {
    std::mutex mutex;
    boost::unordered_flat_set<Entry*, Hash, Equal> by_key;
    std::vector<std::unique_ptr<Entry>> entries;  // in a circle
    std::size_t hand = 0;
    std::size_t bytes = 0;
    Ticket evictions = 0;
  };

  Shard& shard_of(const Name& name);
  static std::size_t cost(const Entry& entry);
  static Entry& entry_for(Shard& shard, const Name& name);
  static void set(Shard& shard, Entry& entry, Document document);
  void evict(Shard& shard, const Entry& newest) const;

  std::size_t shard_bytes_;
  mutable std::vector<Shard> shards_;
};

}  // namespace abc2::engines::embedded
