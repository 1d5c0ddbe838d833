// Views: all documents as of one moment.
#include <atomic>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "store/conformance/lab.hpp"

namespace abc2::store::conformance {

namespace {

std::unique_ptr<View> view_of(Lab& lab) {
  auto view = lab.run(lab.store().view());
  if (view) return std::move(view).value();
  ADD_FAILURE() << "there is no view: " << view.error().message();
  throw std::runtime_error(view.error().message());
}

Result<ScanPage> page_of(Lab& lab, View& view, Key prefix, Key after, std::size_t limit) {
  return lab.run(view.scan(std::move(prefix), std::move(after), limit));
}

// "k1=old k2=new"
std::string contents(const Result<ScanPage>& page) {
  if (!page) return std::string(to_string(page.error().code()));
  std::string text;
  for (const auto& item : page.value().items) text += (text.empty() ? "" : " ") + item.key + "=" + item.document.value;
  return text + (page.value().more ? " ..." : "");
}

void shows_one_moment(Lab& lab) {
  std::vector<Version> versions;
  for (const auto* key : {"k1", "k2", "k3", "k4"}) versions.push_back(lab.put(key, "old"));
  const auto view = view_of(lab);
  EXPECT_EQ(contents(page_of(lab, *view, "", "", 2)), "k1=old k2=old ...");
  // Behind what has been read, before it, and between.
  lab.change("k4", versions[3], "new");
  lab.change("k1", versions[0], "new");
  lab.put("k31", "added");
  EXPECT_EQ(contents(page_of(lab, *view, "", "k2", 5)), "k3=old k4=old");
  EXPECT_EQ(contents(page_of(lab, *view, "", "", 5)), "k1=old k2=old k3=old k4=old");
  EXPECT_EQ(page_of(lab, *view, "k4", "", 1).value().items.at(0).document, (Stored{"old", versions[3]}));
  EXPECT_EQ(contents(lab.scan("", "", 5)), "k1=new k2=old k3=old k31=added k4=new");
  EXPECT_EQ(contents(page_of(lab, *view_of(lab), "", "", 5)), "k1=new k2=old k3=old k31=added k4=new");
}

void is_of_its_beginning(Lab& lab) {
  const auto empty = view_of(lab);
  lab.put("k", "");
  EXPECT_EQ(told(page_of(lab, *empty, "", "", 5)), "") << "not of its first page";
}

void has_pages_as_a_scan_has(Lab& lab) {
  for (const auto* key : {"a", "k", "k/", "k/1", "k/2", "k/3", "k0", "\xff", "\xff\xff"}) lab.put(key, "");
  const auto view = view_of(lab);
  EXPECT_EQ(told(page_of(lab, *view, "k/", "", 0)), "invalid_argument");
  EXPECT_EQ(told(page_of(lab, *view, "k/", "", 2)), "k/ k/1 ...");
  EXPECT_EQ(told(page_of(lab, *view, "k/", "k/1", 2)), "k/2 k/3");
  EXPECT_EQ(told(page_of(lab, *view, "k/", "a", 9)), "k/ k/1 k/2 k/3");
  EXPECT_EQ(told(page_of(lab, *view, "k/", "z", 9)), "");
  EXPECT_EQ(told(page_of(lab, *view, "\xff", "", 9)), "\xff \xff\xff");
  EXPECT_EQ(told(page_of(lab, *view, "", "k/3", limits::scan_items + 1)), "k0 \xff \xff\xff");
}

// Writes `first` and, when that has been answered, `second`, each a number higher than before, until told to stop.
Task<void> count_up(Lab& lab, Key first, Key second, const std::atomic<bool>* stop) {
  Store& store = lab.store();
  std::vector<std::pair<Key, Version>> versions;
  for (const auto& key : {first, second}) {
    auto added = co_await store.add(key, "0");
    if (told(added) != "applied") co_return ADD_FAILURE() << key << " " << told(added);
    versions.emplace_back(key, added.value().version());
  }
  for (int i = 1; !*stop; ++i) {
    for (auto& [key, version] : versions) {
      auto written = co_await store.replace(key, version, std::to_string(i));
      if (told(written) != "applied") co_return ADD_FAILURE() << key << " " << told(written);
      version = written.value().version();
      co_await lab.runtime().sleep(Milliseconds(0));  // an engine that never suspends lets the others on
    }
  }
}

// Reads views one document at a time, so that writes come in between. None may show an effect without its cause.
Task<void> look(Store& store, std::vector<std::pair<Key, Key>> pairs, std::atomic<bool>* stop) {
  for (int views = 0; views < 10; ++views) {
    auto view = co_await store.view();
    if (!view) {
      ADD_FAILURE() << view.error().message();
      break;
    }
    std::map<Key, long> counts;
    Key after;
    for (bool more = true; more;) {
      auto page = co_await view.value()->scan("", after, 1);
      if (!page) {
        ADD_FAILURE() << page.error().message();
        break;
      }
      more = page.value().more;
      for (const auto& item : page.value().items) {
        counts[item.key] = std::stol(item.document.value);
        after = item.key;
      }
    }
    for (const auto& [first, second] : pairs) {
      EXPECT_EQ(counts.count(second) > counts.count(first), false) << second << " is there, and no " << first;
      EXPECT_LE(counts[second], counts[first]) << first << " was written before " << second;
      EXPECT_LE(counts[first], counts[second] + 1) << second << " had been answered";
    }
  }
  *stop = true;
}

void is_a_state_that_has_been(Lab& lab) {
  // In the order of the keys, and against it.
  const std::vector<std::pair<Key, Key>> pairs = {{"a", "x"}, {"y", "b"}, {"c", "d"}, {"z", "m"}};
  std::atomic<bool> stop = false;
  for (const auto& [first, second] : pairs) lab.start(count_up(lab, first, second, &stop));
  lab.start(look(lab.store(), pairs, &stop));
  lab.wait();
}

constexpr Case kCases[] = {
    {"ViewShowsOneMoment", shows_one_moment},
    {"ViewIsOfItsBeginning", is_of_its_beginning},
    {"ViewHasPagesAsAScanHas", has_pages_as_a_scan_has},
    {"ViewIsAStateThatHasBeen", is_a_state_that_has_been},
};

}  // namespace

std::span<const Case> view_cases() { return kCases; }

}  // namespace abc2::store::conformance
