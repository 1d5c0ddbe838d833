#include "ledger.hpp"

#include <algorithm>
#include <set>

#include "runtime/blocking.hpp"

namespace abc2::store_crash {

void Ledger::note(const Record& record) {
  auto& document = documents_[record.key];
  switch (record.kind) {
    case Kind::sent:
      ++sent_;
      document.sent.emplace(record.version + 1, record.stamp);
      break;
    case Kind::applied: {
      ++answered_;
      ++acknowledged_;
      told(record.key, record.version, record.stamp);
      const auto [from, to] = document.sent.equal_range(record.version);
      if (std::none_of(from, to, [&](const auto& sent) { return sent.second == record.stamp; }))
        wrong_.push_back(key_name(record.key) + ": acknowledged as version " + std::to_string(record.version) +
                         ", which is not the one after what it replaced");
      break;
    }
    case Kind::rejected:
      ++answered_;
      // Something newer is there, whatever it is.
      document.at_least = std::max(document.at_least, record.version + 1);
      break;
    case Kind::seen: told(record.key, record.version, record.stamp); break;
    case Kind::begun:
    case Kind::opened: break;
    case Kind::failed: wrong_.push_back("the storm failed, see its message"); break;
  }
}

void Ledger::told(std::uint32_t key, std::uint64_t version, std::uint64_t stamp) {
  if (version == 0) return;
  auto& document = documents_[key];
  document.at_least = std::max(document.at_least, version);
  const auto [place, first] = document.told.emplace(version, stamp);
  if (!first && place->second != stamp)
    wrong_.push_back(key_name(key) + ": two writes were version " + std::to_string(version));
}

std::vector<std::string> Ledger::check(store::Store& store) {
  std::set<std::uint32_t> found;
  store::Key after;
  for (;;) {
    const auto page = runtime::run_blocking(store.scan("", after, 1000));
    if (!page) return {"a scan failed: " + page.error().message()};
    for (const auto& item : page.value().items) {
      const auto key = static_cast<std::uint32_t>(std::stoul(item.key.substr(key_name(0).size() - 1)));
      const auto stamp = stamp_of(item.document.value);
      const auto document = documents_.find(key);
      if (!stamp || document == documents_.end()) {
        wrong_.push_back(item.key + ": holds what nobody wrote");
        continue;
      }
      found.insert(key);
      check(key, document->second, item.document.version.token(), *stamp);
    }
    if (!page.value().more) break;
    after = page.value().items.back().key;
  }
  for (auto& [key, document] : documents_)
    if (!found.contains(key)) check(key, document, 0, 0);
  sent_ = answered_ = 0;
  return std::exchange(wrong_, {});
}

void Ledger::check(std::uint32_t key, Document& document, std::uint64_t version, std::uint64_t stamp) {
  const auto complain = [&](const std::string& what) {
    wrong_.push_back(key_name(key) + ": version " + std::to_string(version) + " after the crash, " +
                     std::to_string(document.version) + " before the storm; " + what);
  };
  if (version < document.at_least) complain("but somebody was told of version " + std::to_string(document.at_least));
  if (version < document.version) complain("so it went back");
  if (version == document.version && stamp != document.stamp) complain("the same, but its value changed");
  if (const auto told = document.told.find(version); told != document.told.end() && told->second != stamp)
    complain("whose acknowledged value was another");
  if (version > document.version) {
    const auto [from, to] = document.sent.equal_range(version);
    if (std::none_of(from, to, [&](const auto& sent) { return sent.second == stamp; }))
      complain("by a write that was never sent");
    if (!document.told.contains(version)) ++landed_unanswered_;
  }
  for (auto step = document.version + 1; step < version; ++step)
    if (!document.sent.contains(step)) complain("but nobody sent a version " + std::to_string(step));
  for (const auto& [made, its_stamp] : document.sent)
    if (made > version) ++lost_unanswered_;
  document.version = document.at_least = version;
  document.stamp = stamp;
  document.told.clear();
  document.sent.clear();
}

}  // namespace abc2::store_crash
