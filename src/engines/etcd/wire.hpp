// Questions to etcd, and its answers, as bytes: see rpc.proto. No header of protobuf leaves wire.cpp.
//
// An answer that cannot be read is nullopt. Keys are etcd's own, with the prefix.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace abc2::engines::etcd::wire {

inline constexpr const char* kRange = "/etcdserverpb.KV/Range";
inline constexpr const char* kTxn = "/etcdserverpb.KV/Txn";
inline constexpr const char* kCompact = "/etcdserverpb.KV/Compact";
inline constexpr const char* kWatch = "/etcdserverpb.Watch/Watch";
inline constexpr const char* kAuthenticate = "/etcdserverpb.Auth/Authenticate";
inline constexpr const char* kStatus = "/etcdserverpb.Maintenance/Status";

std::string get(const std::string& key, store::Freshness freshness);
// The documents from `first` on and before `end`, as of that revision of the store; 0: as of now.
std::string range(const std::string& first, const std::string& end, std::size_t limit, std::uint64_t revision = 0);
struct RangeAnswer {
  std::vector<store::ScanItem> items;
  bool more = false;
  std::uint64_t revision = 0;  // of the store when it answered
};
std::optional<RangeAnswer> range_answer(const std::string& bytes);

// A put, if the key is absent: its version is 0.
std::string add(const std::string& key, const std::string& value);
// A put, if the key was last written in this revision. Not for revision 0, which in etcd is that of an absent key.
std::string replace(const std::string& key, std::int64_t revision, const std::string& value);
// All of the puts, each on its condition as above. The writes have keys of etcd's, and no expected version is 0.
std::string commit(const std::vector<store::Write>& writes);
struct TxnAnswer {
  bool succeeded = false;
  std::uint64_t revision = 0;  // if it succeeded, of what was written
};
std::optional<TxnAnswer> txn_answer(const std::string& bytes);

std::string compact(std::uint64_t revision);

std::string authenticate(const std::string& user, const std::string& password);
// The token.
std::optional<std::string> authenticate_answer(const std::string& bytes);

struct StatusAnswer {
  std::uint64_t cluster = 0;
  std::uint64_t revision = 0;
  std::string version;  // of the program: "3.4.23"
  bool has_leader = false;
  bool learner = false;
  bool full = false;  // the alarm NOSPACE is on
};
std::optional<StatusAnswer> status_answer(const std::string& bytes);

// From `revision` on; 0: from now on.
std::string watch(std::int64_t id, const std::string& key, std::uint64_t revision);
std::string end_watch(std::int64_t id);
struct WatchAnswer {
  std::int64_t id = 0;
  std::uint64_t revision = 0;  // of the store
  bool created = false;
  bool ended = false;
  bool compacted = false;          // ended, since what it began with has been dropped
  std::string reason;              // of an end
  std::uint64_t last_written = 0;  // the revision of the last event; 0: there is none
};
std::optional<WatchAnswer> watch_answer(const std::string& bytes);

}  // namespace abc2::engines::etcd::wire
