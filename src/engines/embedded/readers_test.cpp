#include "engines/embedded/readers.hpp"

#include <gtest/gtest.h>

#include "engines/embedded/test_directory.hpp"
#include "runtime/blocking.hpp"

namespace abc2::engines::embedded {
namespace {

Task<Document> read(Readers& readers, store::Key key) {
  ReadRequest request(std::move(key));
  co_await runtime::suspend(request, [&] { readers.enqueue(&request); });
  co_return request.answer.value();
}

Task<Database::Page> scan(Readers& readers) {
  ScanRequest request;
  request.limit = 10;
  co_await runtime::suspend(request, [&] { readers.enqueue(&request); });
  co_return request.answer.value();
}

TEST(Readers, WhatIsCommittedIsSeenWhenItIsPublished) {
  const TestDirectory directory;
  const auto database = Database::open(directory.path(), 1u << 20).value();
  DocumentCache cache(1u << 20);
  Visible visible(database->view());
  Readers readers(*database, cache, visible, 1);
  const store::Key key = "k";
  const store::Value value = "v";
  ASSERT_TRUE(database->commit({{key, value, store::Version(1)}}));
  // On disk, but others of the same commit may still be in the cache as they were.
  EXPECT_EQ(runtime::run_blocking(read(readers, "k")), nullptr);
  EXPECT_TRUE(runtime::run_blocking(scan(readers)).items.empty());

  visible.publish(database->view(),
                  [&] { cache.write(key, std::make_shared<store::Stored>(store::Stored{value, store::Version(1)})); });
  EXPECT_NE(runtime::run_blocking(read(readers, "k")), nullptr);
  EXPECT_EQ(runtime::run_blocking(scan(readers)).items.size(), 1u);
}

}  // namespace
}  // namespace abc2::engines::embedded
