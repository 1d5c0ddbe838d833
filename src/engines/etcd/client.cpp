#include "engines/etcd/client.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>

#include "base/limits.hpp"
#include "base/marks.hpp"
#include "base/thread_name.hpp"

namespace abc2::engines::etcd {
namespace {

constexpr std::size_t kInFlight = 512;  // at one member
constexpr auto kTick = std::chrono::milliseconds(50);
constexpr auto kLookAtWaiters = std::chrono::milliseconds(100);
constexpr auto kBeforeAnotherAttempt = std::chrono::milliseconds(50);
constexpr auto kBetweenLogins = std::chrono::milliseconds(1000);
constexpr auto kOwnPatience = std::chrono::seconds(5);

static_assert(kLookAtWaiters <= limits::watch_staleness);

constexpr const char* kFull =
    "etcd's database is full (alarm NOSPACE): compact, defragment, raise --quota-backend-bytes if need be, and disarm "
    "the alarm; nothing was written";

}  // namespace

Client::Client(Settings settings, store::WatchWaiters& waiters)
    : settings_(std::move(settings)), waiters_(waiters), watcher_(settings_.prefix, waiters_) {
  for (const auto& address : settings_.members)
    members_.push_back(std::make_unique<Member>(loop_, address, settings_.security));
  thread_ = std::thread([this] { run(); });
}

Client::~Client() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  loop_.wake();
  thread_.join();
}

void Client::enqueue(Request* request) {
  {
    const std::lock_guard lock(mutex_);
    arrived_.push_back(request);
    if (arrived_.size() > 1) return;  // whoever was first wakes it
  }
  loop_.wake();
}

Result<void> Client::wait_ready(std::chrono::milliseconds at_most) {
  std::unique_lock lock(mutex_);
  state_changed_.wait_for(lock, at_most, [this] { return ready_once_ || noted_refused_; });
  if (ready_once_) return success();
  return Error(noted_refused_ ? Code::invalid_argument : Code::unavailable, noted_trouble_);
}

void Client::run() {
  name_thread("abc2 etcd");
  compact_at_ = Clock::now() + settings_.compaction;
  for (;;) {
    const auto now = Clock::now();
    collect();
    bool stopping = false;
    {
      const std::lock_guard lock(mutex_);
      stopping = stopping_;
    }
    look_at_members(now);
    log_in(now);
    watcher_.check_member();
    if (watcher_.take_refusal()) token_.clear();
    if (!stopping && now >= watch_at_) {
      watch_at_ = now + kLookAtWaiters;
      watcher_.tick(now, may_speak() ? choose() : nullptr, token_);
    }
    if (!stopping) compact(now);
    hand_out(now);
    note_state();
    deliveries_.send();
    if (stopping && idle()) break;
    loop_.run(now + kTick);
  }
  stop_own_calls();
  while (own_calls_under_way()) loop_.run(Clock::now() + kTick);
}

void Client::stop_own_calls() {
  for (const auto& member : members_) member->stop();
  authentication_.cancel();
  compaction_.cancel();
  watcher_.stop();
}

bool Client::own_calls_under_way() const {
  return authentication_.under_way() || compaction_.under_way() || watcher_.under_way() ||
         std::ranges::any_of(members_, [](const auto& member) { return member->under_way(); });
}

void Client::collect() {
  const auto deadline = Clock::now() + patience;
  const std::lock_guard lock(mutex_);
  for (Request* request : arrived_) {
    request->owner = this;
    request->deadline = deadline;
    waiting_.push_back(request);
  }
  arrived_.clear();
}

void Client::look_at_members(Clock::time_point now) {
  bool full = false, said = false;
  for (const auto& member : members_) {
    member->look_after(now, token_);
    const auto& status = member->status();
    if (!status) continue;
    if (cluster_ == 0) cluster_ = status->cluster;
    if (status->cluster != cluster_) {
      refusal_ = "the etcd members at " + settings_.servers() +
                 " belong to different clusters: name those of one, and start again if it was restored from a backup";
    }
    full = full || status->full;
    said = said || member->asked_at() > full_since_;
  }
  if (full) {
    full_ = true;
  } else if (said) {
    full_ = false;
  }
}

void Client::log_in(Clock::time_point now) {
  if (settings_.user.empty() || !token_.empty() || authentication_.under_way() || now < log_in_at_) return;
  // Any member that is there: without a token it may not even say how it is.
  const auto there = std::ranges::find_if(members_, [](const auto& member) { return member->channel.connected(); });
  if (there == members_.end()) return;
  std::ranges::rotate(members_, there + 1);  // another one next time
  Member& member = *members_.back();
  log_in_at_ = now + kBetweenLogins;
  authentication_.start(member.channel, wire::kAuthenticate, wire::authenticate(settings_.user, settings_.password),
                        {.deadline = now + kOwnPatience},
                        [this](const Status& status, const std::string& answer) { logged_in(status, answer); });
}

void Client::logged_in(const Status& status, const std::string& answer) {
  if (const auto token = status.ok() ? wire::authenticate_answer(answer) : std::nullopt) {
    token_ = *token;
    ++login_;
    log_in_trouble_.clear();
    return;
  }
  log_in_trouble_ = "etcd does not let the user " + settings_.user + " in: " + to_string(status);
  // Before anything has worked there is no use in waiting for better. Later somebody may be changing a password.
  const bool refused = status.code == StatusCode::invalid_argument || status.code == StatusCode::failed_precondition;
  const std::lock_guard lock(mutex_);
  if (refused && !ready_once_) refusal_ = log_in_trouble_;
}

void Client::compact(Clock::time_point now) {
  if (settings_.compaction.count() == 0 || now < compact_at_ || compaction_.under_way() || !may_speak()) return;
  Member* const member = choose();
  if (!member) return;
  compact_at_ = now + settings_.compaction;
  const std::uint64_t revision = std::exchange(compact_to_, member->status()->revision);
  if (revision == 0 || revision == compact_to_) return;
  compaction_.start(member->channel, wire::kCompact, wire::compact(revision),
                    {.token = token_, .deadline = now + kOwnPatience}, [](const Status& status, const std::string&) {
                      // OUT_OF_RANGE: another process was quicker.
                      if (status.ok()) {
                        ABC2_MARK("etcd: compacted");
                      } else if (status.code != StatusCode::out_of_range) {
                        spdlog::warn("etcd's history could not be compacted: {}", to_string(status));
                      }
                    });
}

Member* Client::choose() {
  Member* best = nullptr;
  for (std::size_t i = 0; i < members_.size(); ++i) {
    Member* const one = members_[(turn_ + i) % members_.size()].get();
    if (one->usable() && one->in_flight.size() < kInFlight && (!best || one->in_flight.size() < best->in_flight.size()))
      best = one;
  }
  ++turn_;
  return refusal_.empty() ? best : nullptr;
}

void Client::hand_out(Clock::time_point now) {
  std::deque<Request*> still;
  for (Request* request : std::exchange(waiting_, {})) {
    if (request->deadline <= now) {
      finish(*request, Error(Code::unavailable, trouble() + "; nothing was written"));
    } else if (full_ && request->kind == Request::Kind::write) {
      finish(*request, Error(Code::unavailable, kFull));
    } else if (Member* member = may_speak() && request->not_before <= now ? choose() : nullptr) {
      send(*request, *member);
    } else {
      still.push_back(request);
    }
  }
  waiting_ = std::move(still);
}

void Client::send(Request& request, Member& member) {
  request.member = &member;
  request.login = login_;
  member.in_flight.insert(&request);
  ++in_flight_;
  member.channel.start(request, request.kind == Request::Kind::write ? wire::kTxn : wire::kRange, request.question,
                       {.token = token_, .deadline = request.deadline});
}

void Client::answered(Request& request, Status status, const std::string& bytes) {
  request.member->in_flight.erase(&request);
  --in_flight_;
  if (status.ok()) {
    take(request, bytes);
  } else {
    take_failure(request, status);
  }
}

void Client::take(Request& request, const std::string& bytes) {
  if (request.kind == Request::Kind::write) {
    if (const auto answer = wire::txn_answer(bytes))
      request.outcome = answer->succeeded ? store::WriteOutcome::applied(store::Version(answer->revision))
                                          : store::WriteOutcome::rejected();
  } else if (auto answer = wire::range_answer(bytes)) {
    request.range = std::move(*answer);
  } else {
    request.range = Error(Code::unavailable, "etcd's answer cannot be read");
  }
  deliveries_.add(request);
}

void Client::take_failure(Request& request, const Status& status) {
  const auto now = Clock::now();
  const Remedy remedy = remedy_of(status);
  if (status.code == StatusCode::unavailable) request.member->doubt(status);
  // Whoever went with an older token learns nothing of this one.
  if (remedy == Remedy::another_token && request.login == login_) token_.clear();
  if (remedy == Remedy::free_the_space) {
    full_ = true;
    full_since_ = now;
  }
  const bool write = request.kind == Request::Kind::write;
  if (write && fate_of_failure(status) == WriteFate::unknown) return deliveries_.add(request);
  const bool again = remedy == Remedy::again || (remedy == Remedy::another_token && !settings_.user.empty());
  if (again && now < request.deadline) {
    request.not_before = now + kBeforeAnotherAttempt;
    waiting_.push_back(&request);
    return;
  }
  request.forbidden = status.code == StatusCode::permission_denied || status.code == StatusCode::unauthenticated ||
                      remedy == Remedy::another_token;
  const Code code = is_too_large(status) ? Code::invalid_argument : Code::unavailable;
  finish(request, Error(code, "etcd: " + to_string(status) + (write ? "; nothing was written" : "")));
}

void Client::finish(Request& request, const Error& error) {
  request.outcome = error;
  request.range = error;
  deliveries_.add(request);
}

std::string Client::trouble() const {
  if (!refusal_.empty()) return refusal_;
  if (!may_speak() && !log_in_trouble_.empty()) return log_in_trouble_;
  std::string text = "etcd cannot be used";
  for (const auto& member : members_) text += "; " + member->address + ": " + member->trouble();
  return text;
}

void Client::note_state() {
  const std::lock_guard lock(mutex_);
  if (ready_once_) return;
  // All of them have been looked at, so that a cluster that is not theirs is found now.
  ready_once_ = may_speak() && std::ranges::all_of(members_, [](const auto& member) { return member->tried(); }) &&
                choose() != nullptr;
  noted_refused_ = !refusal_.empty();
  noted_trouble_ = trouble();
  if (ready_once_ || noted_refused_) state_changed_.notify_all();
}

}  // namespace abc2::engines::etcd
