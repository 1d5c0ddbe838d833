#include "engines/embedded/document_cache.hpp"

#include <gtest/gtest.h>

#include <string>

namespace abc2::engines::embedded {
namespace {

constexpr std::size_t kPlenty = 64u << 20;

Document document(std::uint64_t version, std::string value = "v") {
  return std::make_shared<const store::Stored>(store::Stored{std::move(value), store::Version(version)});
}

// 0: absent, -1: unknown.
std::int64_t version_in(DocumentCache& cache, const store::Key& key) {
  const auto found = cache.find(key);
  if (!found) return -1;
  return *found ? static_cast<std::int64_t>((*found)->version.token()) : 0;
}

void write(DocumentCache& cache, const store::Key& key, std::uint64_t version) { cache.write(key, document(version)); }

TEST(DocumentCache, RemembersWritesReadsAndAbsence) {
  DocumentCache cache(kPlenty);
  EXPECT_EQ(version_in(cache, "k"), -1);
  write(cache, "k", 1);
  EXPECT_EQ(version_in(cache, "k"), 1);
  cache.end_read("read", document(7), cache.begin_read("read"));
  EXPECT_EQ(version_in(cache, "read"), 7);
  cache.end_read("none", nullptr, cache.begin_read("none"));
  EXPECT_EQ(version_in(cache, "none"), 0);
  write(cache, "none", 1);
  EXPECT_EQ(version_in(cache, "none"), 1);
}

TEST(DocumentCache, ASlowReaderDoesNotBringAnOldStateBack) {
  DocumentCache cache(kPlenty);
  const auto ticket = cache.begin_read("k");
  write(cache, "k", 2);
  cache.end_read("k", document(1), ticket);
  EXPECT_EQ(version_in(cache, "k"), 2);
}

TEST(DocumentCache, ANewerFindReplacesAnOlderState) {
  DocumentCache cache(kPlenty);
  write(cache, "k", 1);
  cache.end_read("k", document(2), cache.begin_read("k"));
  EXPECT_EQ(version_in(cache, "k"), 2);
}

TEST(DocumentCache, StaysWithinItsBytesAndKeepsWhatIsUsed) {
  constexpr std::size_t kBytes = 1u << 20;
  DocumentCache cache(kBytes);
  write(cache, "used", 1);
  for (int i = 0; i < 20'000; ++i) {
    write(cache, std::to_string(i), 1);
    EXPECT_EQ(version_in(cache, "used"), 1);
  }
  EXPECT_LE(cache.bytes(), kBytes);
  EXPECT_GT(cache.bytes(), kBytes / 2);
  EXPECT_EQ(version_in(cache, "0"), -1);
}

TEST(DocumentCache, AReaderThatWasOvertakenByAnEvictionTakesNothingIn) {
  DocumentCache cache(0);  // holds one document a shard
  const auto ticket = cache.begin_read("k");
  write(cache, "k", 2);
  for (int i = 0; i < 1000; ++i) write(cache, std::to_string(i), 1);
  ASSERT_EQ(version_in(cache, "k"), -1) << "evicted";
  cache.end_read("k", document(1), ticket);
  EXPECT_EQ(version_in(cache, "k"), -1);
  cache.end_read("k", document(2), cache.begin_read("k"));
  EXPECT_EQ(version_in(cache, "k"), 2);
}

}  // namespace
}  // namespace abc2::engines::embedded
