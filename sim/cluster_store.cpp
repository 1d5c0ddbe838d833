#include "sim/cluster_store.hpp"

#include <algorithm>

#include "base/limits.hpp"

namespace abc2::sim {
namespace {

constexpr std::size_t kRemembered = 60;

std::uint64_t hash(std::string_view text) {
  std::uint64_t value = text.size();
  for (const char c : text) value = (value ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return mixed(value);
}

std::string told(const StoreCall& call) {
  if (call.verb != StoreCall::Verb::commit) return call.key + " {" + in_words(call.key, call.value) + "}";
  std::string text;
  for (const auto& write : call.writes)
    text += (text.empty() ? "" : "; ") + write.key + " {" + in_words(write.key, write.value) + "}";
  return text;
}

}  // namespace

Documents ClusterStore::documents() const {
  Documents out;
  for (const auto& [key, document] : documents_) out.emplace(key, document.value);
  return out;
}

const std::string* ClusterStore::find(const store::Key& key) const {
  const auto found = documents_.find(key);
  return found == documents_.end() ? nullptr : &found->second.value;
}

void ClusterStore::send(StoreCall call, bool cut_off, std::function<void(StoreAnswer)> answer) {
  ++counts_.calls;
  ++counts_.by_origin[static_cast<std::size_t>(call.origin)];
  if (swallow && swallow(call)) return;
  const bool write = call.writing();
  Dice dice = dice_.another();
  const auto one_way = [&] {
    if (dice.chance(weather.slow)) return dice.between(weather.usual_most, weather.slowest);
    return dice.between(weather.usual_least, weather.usual_most);
  };
  const Micros there = one_way(), back = one_way();
  StoreAnswer failed;
  failed.failed = true;
  if (cut_off || agenda_.now() < out_until || dice.chance(weather.error)) {
    ++counts_.errors;
    // Half of them learn at once that nobody is there; a write that waited for its answer may have been sent.
    if (write && dice.chance(500)) return agenda_.after(weather.time_out, [answer] { answer({}); });
    return agenda_.after(there, [answer, failed] { answer(failed); });
  }
  if (write && dice.chance(weather.lost)) {
    ++counts_.lost;
    return agenda_.after(weather.time_out, [answer] { answer({}); });
  }
  const bool reply_lost = write && dice.chance(weather.reply_lost);
  const bool late = write && !reply_lost && dice.chance(weather.late);
  const bool echo = write && dice.chance(weather.echo);
  const Micros lands = late ? dice.between(weather.usual_least, weather.latest) : there;
  counts_.replies_lost += reply_lost;
  counts_.late += late;
  last_landing_ = std::max(last_landing_, agenda_.now() + lands);
  if (reply_lost || late) agenda_.after(weather.time_out, [answer] { answer({}); });
  agenda_.after(lands,
                [this, call = std::move(call), answer = std::move(answer), back, echo, told = reply_lost || late] {
                  StoreAnswer found = carry_out(call);
                  if (told) return;
                  if (echo && found.outcome.kind() == store::WriteOutcome::Kind::applied) {
                    ++counts_.echoes;
                    found.outcome = store::WriteOutcome::rejected();
                  }
                  agenda_.after(back, [answer, found = std::move(found)] { answer(found); });
                });
}

// Whether the condition of an add or a replace is given.
bool ClusterStore::holds(const StoreCall& write) const {
  const auto found = documents_.find(write.key);
  if (write.verb == StoreCall::Verb::add) return found == documents_.end();
  return found != documents_.end() && found->second.version == write.number;
}

store::Version ClusterStore::apply(const StoreCall& write) {
  Document& document = documents_[write.key];
  if (document.version > 0)
    document.before = store::Stored{std::move(document.value), store::Version(document.version)};
  document.value = write.value;
  const store::Version version(++document.version);
  if (on_write) on_write(write);
  return version;
}

StoreAnswer ClusterStore::carry_out(const StoreCall& call) {
  StoreAnswer answer;
  const auto found = documents_.find(call.key);
  const bool there = found != documents_.end();
  switch (call.verb) {
    case StoreCall::Verb::get:
      if (!there) break;
      answer.found = store::Stored{found->second.value, store::Version(found->second.version)};
      if (call.stale && found->second.before && dice_.chance(300)) {
        ++counts_.stale;
        answer.found = found->second.before;
      }
      break;
    case StoreCall::Verb::add:
    case StoreCall::Verb::replace:
      ++counts_.writes;
      answer.outcome = holds(call) ? store::WriteOutcome::applied(apply(call)) : store::WriteOutcome::rejected();
      break;
    case StoreCall::Verb::commit: {
      ++counts_.writes;
      std::vector<StoreCall> parts;
      for (const auto& write : call.writes)
        parts.push_back({write.expected ? StoreCall::Verb::replace : StoreCall::Verb::add, call.node, call.origin,
                         false, write.key, write.value, write.expected ? write.expected->token() : 0});
      answer.outcome = store::WriteOutcome::rejected();
      if (!std::ranges::all_of(parts, [&](const StoreCall& part) { return holds(part); })) break;
      for (const auto& part : parts) answer.outcome = store::WriteOutcome::applied(apply(part));
      break;
    }
    case StoreCall::Verb::scan: {
      auto at = documents_.upper_bound(std::max(call.key, call.value));
      if (call.value < call.key) at = documents_.lower_bound(call.key);
      for (; at != documents_.end() && at->first.starts_with(call.key); ++at) {
        if (answer.page.items.size() == std::min<std::uint64_t>(call.number, limits::scan_items)) {
          answer.page.more = true;
          break;
        }
        answer.page.items.push_back({at->first, {at->second.value, store::Version(at->second.version)}});
      }
      break;
    }
  }
  remember(call, answer);
  return answer;
}

void ClusterStore::remember(const StoreCall& call, const StoreAnswer& answer) {
  constexpr const char* names[] = {"get", "add", "replace", "scan", "commit"};
  const bool write = call.writing();
  const std::uint64_t outcome = write ? static_cast<std::uint64_t>(answer.outcome.kind()) : answer.found.has_value();
  for (const auto& each : call.writes) digest_ = mixed(digest_ + hash(each.key) + 3 * hash(each.value));
  digest_ = mixed(digest_ + hash(call.key) + 3 * hash(call.value) + 5 * static_cast<std::uint64_t>(call.verb) +
                  7 * outcome + static_cast<std::uint64_t>(agenda_.now().count()));
  if (!write) return;
  if (ring_.size() < kRemembered) ring_.resize(kRemembered);
  ring_[ring_next_++ % kRemembered] = std::to_string(agenda_.now().count() / 1000) +
                                      " ms: " + names[static_cast<std::size_t>(call.verb)] + " " + told(call) + ": " +
                                      std::string(to_string(answer.outcome.kind()));
}

std::vector<std::string> ClusterStore::last_calls() const {
  std::vector<std::string> calls;
  for (std::size_t i = 0; i < ring_.size(); ++i) {
    const auto& call = ring_[(ring_next_ + i) % ring_.size()];
    if (!call.empty()) calls.push_back(call);
  }
  return calls;
}

}  // namespace abc2::sim
