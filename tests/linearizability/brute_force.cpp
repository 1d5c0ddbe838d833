#include "brute_force.hpp"

#include <algorithm>

namespace abc2::registers {
namespace {

// A register as it is meant: value and version of what is there. A version that nobody was told may be any.
struct Register {
  bool there = false;
  std::string value;
  std::optional<std::uint64_t> version;
};

bool order_from(const History& all, std::vector<bool> taken, const Register& now, std::vector<std::uint64_t> used);

// Whether it goes on lawfully when `write` is made now.
bool made(const History& all, const std::vector<bool>& taken, const Operation& write,
          const std::vector<std::uint64_t>& used) {
  std::vector<std::optional<std::uint64_t>> versions{write.version};
  if (!write.version) {  // whichever somebody was told of, or one of which nobody was
    for (const auto& other : all)
      if (other.version && other.value == write.value) versions.emplace_back(*other.version);
  }
  return std::ranges::any_of(versions, [&](const auto& version) {
    if (version && std::ranges::find(used, *version) != used.end()) return false;
    auto more = used;
    if (version) more.push_back(*version);
    return order_from(all, taken, {true, *write.value, version}, more);
  });
}

bool order_from(const History& all, std::vector<bool> taken, const Register& now, std::vector<std::uint64_t> used) {
  bool done = true;
  for (std::size_t i = 0; i < all.size(); ++i)
    done = done && (taken[i] || all[i].outcome == Outcome::unknown || all[i].outcome == Outcome::error);
  if (done) return true;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const Operation& one = all[i];
    if (taken[i] || one.outcome == Outcome::error) continue;
    bool too_early = false;  // somebody who has not been taken had ended before it started
    for (std::size_t j = 0; j < all.size(); ++j)
      too_early = too_early || (!taken[j] && all[j].outcome != Outcome::unknown && all[j].outcome != Outcome::error &&
                                all[j].end < one.start);
    if (too_early) continue;
    taken[i] = true;
    bool lawful = false;
    if (one.verb == Verb::get) {
      const bool is_so = one.value ? now.there && now.value == *one.value && now.version == one.version : !now.there;
      lawful = is_so && order_from(all, taken, now, used);
    } else {
      const bool holds = one.verb == Verb::add ? !now.there : now.there && now.version == one.expected;
      if (holds) lawful = made(all, taken, one, used);
      if (!holds && one.outcome == Outcome::rejected) lawful = order_from(all, taken, now, used);
    }
    if (lawful) return true;
    taken[i] = false;
  }
  return false;
}

}  // namespace

bool possible_by_trying(const History& operations) {
  return order_from(operations, std::vector<bool>(operations.size()), {}, {});
}

}  // namespace abc2::registers
