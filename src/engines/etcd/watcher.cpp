#include "engines/etcd/watcher.hpp"

#include <algorithm>

#include "base/marks.hpp"

namespace abc2::engines::etcd {
namespace {

constexpr auto kFollowLonger = std::chrono::seconds(10);
constexpr auto kPause = std::chrono::milliseconds(200);
constexpr auto kPauseIfRefused = std::chrono::seconds(1);

}  // namespace

void Watcher::tick(Clock::time_point now, Member* member, const std::string& token) {
  for (const auto& key : waiters_.keys()) followed_[key].wanted_at = now;
  std::erase_if(followed_, [&](const auto& entry) {
    const auto& [key, followed] = entry;
    if (now - followed.wanted_at < kFollowLonger) return false;
    if (followed.id != 0) {
      keys_.erase(followed.id);
      send(wire::end_watch(followed.id));
    }
    return true;
  });
  if (!member_) {
    if (followed_.empty() || !member || now < open_at_) return;
    member_ = member;
    member_->channel.open(*this, wire::kWatch, {.token = token});
  }
  for (auto& [key, followed] : followed_)
    if (followed.id == 0) follow(key, followed);
}

void Watcher::follow(const store::Key& key, Followed& followed) {
  if (followed.next != 0) ABC2_MARK("etcd: a watch goes on where it was");
  followed.id = ++last_id_;
  keys_.emplace(followed.id, key);
  send(wire::watch(followed.id, prefix_ + key, followed.next));
}

void Watcher::check_member() {
  if (member_ && !member_->usable()) cancel();
}

void Watcher::received(std::string message) {
  const auto answer = wire::watch_answer(message);
  if (!answer) return cancel();
  const auto found = keys_.find(answer->id);
  if (answer->ended && !answer->compacted && (answer->created || found != keys_.end())) {
    // Not let: with a fresh token, perhaps.
    refused_ = true;
    return cancel();
  }
  if (found == keys_.end()) return;  // the last of one that was ended
  const store::Key& key = found->second;
  Followed& followed = followed_[key];
  if (answer->compacted) {
    ABC2_MARK("etcd: a watch met a compaction");
    followed.id = 0;
    followed.next = 0;
    const store::Key again = key;
    keys_.erase(found);
    return follow(again, followed);
  }
  if (answer->created && followed.next == 0) {
    followed.next = answer->revision + 1;
    waiters_.wake(key);  // they looked before it was followed
  }
  if (answer->last_written == 0) return;
  ABC2_MARK("etcd: a watch tells");
  followed.next = std::max(followed.next, answer->last_written + 1);
  waiters_.wake(key);
}

void Watcher::ended(Status) {
  member_ = nullptr;
  open_at_ = Clock::now() + (refused_ ? Clock::duration(kPauseIfRefused) : kPause);
  keys_.clear();
  for (auto& [key, followed] : followed_) followed.id = 0;
  // Whoever waits looks, and learns whether the store can be read at all.
  waiters_.wake_all();
}

}  // namespace abc2::engines::etcd
