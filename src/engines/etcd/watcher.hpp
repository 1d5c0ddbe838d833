// Watcher: follows in etcd the documents that somebody waits for, all of them over one stream, and wakes who waits.
//
// Each key is remembered with the revision up to which it has been followed. When the stream breaks, the next one, to
// whichever member, goes on from there; when the history has been compacted meanwhile, from now on, and who waits looks
// again. A key is followed for a while longer than somebody waits for it: most who waited will wait again.
//
// All on the client's thread.
#pragma once
#include <string>
#include <unordered_map>

#include "engines/etcd/member.hpp"
#include "engines/etcd/rpc.hpp"
#include "store/watch_waiters.hpp"

namespace abc2::engines::etcd {

class Watcher final : public Stream {
 public:
  // Both outlive it. `prefix` stands before each key in etcd.
  Watcher(std::string prefix, store::WatchWaiters& waiters) : prefix_(std::move(prefix)), waiters_(waiters) {}

  // Follows what is waited for now. `member`: where a new stream may go, if there is none; null: nowhere.
  void tick(Clock::time_point now, Member* member, const std::string& token);
  // Ends the stream, if it goes to a member that must not be used any more.
  void check_member();
  void stop() { cancel(); }
  [[nodiscard]] bool under_way() const { return member_ != nullptr; }
  // Whether etcd would not let us, since the last call: the token may be too old.
  [[nodiscard]] bool take_refusal() { return std::exchange(refused_, false); }

 private:
  struct Followed {
    std::int64_t id = 0;          // in this stream; 0: not yet followed in it
    std::uint64_t next = 0;       // the revision from which on nothing has been seen; 0: from now on
    Clock::time_point wanted_at;  // when somebody last waited
  };
  void follow(const store::Key& key, Followed& followed);
  void received(std::string message) override;
  void ended(Status status) override;

  const std::string prefix_;
  store::WatchWaiters& waiters_;
  Member* member_ = nullptr;  // to which the stream goes
  Clock::time_point open_at_{};
  std::int64_t last_id_ = 0;
  std::unordered_map<store::Key, Followed> followed_;
  std::unordered_map<std::int64_t, store::Key> keys_;  // by the ids of this stream
  bool refused_ = false;
};

}  // namespace abc2::engines::etcd
