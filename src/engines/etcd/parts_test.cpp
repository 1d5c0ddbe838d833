#include <gtest/gtest.h>

#include "engines/etcd/ranges.hpp"
#include "engines/etcd/settings.hpp"
#include "engines/etcd/verdict.hpp"

namespace abc2::engines::etcd {
namespace {

TEST(EtcdSettings, AllThatAUrlSays) {
  const auto settings = Settings::parse("etcd://abc2:s%3Aecr%40t@h1,[::1]:99,h3:2380/market/eu/?tls=yes&compaction=7");
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(settings.value().members, (std::vector<std::string>{"h1:2379", "[::1]:99", "h3:2380"}));
  EXPECT_EQ(settings.value().servers(), "h1:2379,[::1]:99,h3:2380");
  EXPECT_EQ(settings.value().user, "abc2");
  EXPECT_EQ(settings.value().password, "s:ecr@t");
  EXPECT_EQ(settings.value().prefix, "market/eu/");
  EXPECT_TRUE(settings.value().security.tls);
  EXPECT_EQ(settings.value().compaction, std::chrono::minutes(7));
  const auto plain = Settings::parse("etcd://h1:1/");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain.value().user, "");
  EXPECT_EQ(plain.value().prefix, "abc2/");
  EXPECT_FALSE(plain.value().security.tls);
  EXPECT_EQ(plain.value().compaction, std::chrono::minutes(5));
}

TEST(EtcdSettings, WhatMakesNoSenseIsSaidWithoutThePassword) {
  for (const char* bad : {"etcd:h1",
                          "etcd://",
                          "etcd://u:secret@",
                          "etcd://u:secret@h1,",
                          "etcd://u:secret@h1:0",
                          "etcd://u:secret@h1:70000",
                          "etcd://u:secret@h1:x",
                          "etcd://secret@h1",
                          "etcd://:secret@h1",
                          "etcd://u:sec%ret@h1",
                          "etcd://u:secret%4",
                          "etcd://u:sec@ret@h1",
                          "etcd://u:sec/ret@h1",
                          "etcd://u:sec?ret@h1",
                          "etcd://u:secret@h1/a%20b",
                          "etcd://u:secret@h1/a b",
                          "etcd://u:secret@h1?tls=maybe",
                          "etcd://u:secret@h1?compaction=-1",
                          "etcd://u:secret@h1?compaction=1441",
                          "etcd://u:secret@h1?compaction=",
                          "etcd://u:secret@h1?nonsense=secret",
                          "etcd://u:secret@h1?ca=/nowhere.pem",
                          "etcd://u:secret@h1?ca="}) {
    const auto settings = Settings::parse(bad);
    ASSERT_FALSE(settings) << bad;
    EXPECT_EQ(settings.error().code(), Code::invalid_argument) << bad;
    EXPECT_EQ(settings.error().message().find("sec"), std::string::npos) << settings.error().message();
  }
}

struct Failure {
  StatusCode code;
  const char* message;
  WriteFate fate;
  Remedy remedy;
};

TEST(EtcdVerdict, OnlyWhatWasRefusedBeforeIsNotWritten) {
  constexpr auto none = Remedy::none, again = Remedy::again, token = Remedy::another_token;
  constexpr auto not_written = WriteFate::not_written, unknown = WriteFate::unknown;
  const Failure failures[] = {
      // What gRPC says when it does not know what became of a request.
      {StatusCode::deadline_exceeded, "Deadline Exceeded", unknown, none},
      {StatusCode::unavailable, "Socket closed", unknown, again},
      {StatusCode::unavailable, "failed to connect to all addresses", unknown, again},
      {StatusCode::cancelled, "CANCELLED", unknown, again},
      {StatusCode::internal, "Received RST_STREAM with error code 2", unknown, none},
      {StatusCode::unknown, "Stream removed", unknown, none},
      {StatusCode::resource_exhausted, "Received message larger than max (5 vs. 4)", unknown, none},
      {StatusCode::aborted, "", unknown, none},
      {StatusCode::not_found, "", unknown, none},
      {StatusCode::already_exists, "", unknown, none},
      {static_cast<StatusCode>(99), "", unknown, none},
      // What etcd says of a proposal that it has lost sight of.
      {StatusCode::unavailable, "etcdserver: request timed out", unknown, again},
      {StatusCode::unavailable, "etcdserver: request timed out, possibly due to previous leader failure", unknown,
       again},
      {StatusCode::unavailable, "etcdserver: leader changed", unknown, again},
      {StatusCode::unavailable, "etcdserver: server stopped", unknown, again},
      {StatusCode::data_loss, "etcdserver: corrupt cluster", unknown, none},
      // It says so of the write that filled the database, too, and that one has been carried out.
      {StatusCode::resource_exhausted, "etcdserver: mvcc: database space exceeded", unknown, Remedy::free_the_space},
      // Refused before it was proposed, or before it was carried out.
      {StatusCode::unavailable, "etcdserver: no leader", not_written, again},
      {StatusCode::unavailable, "etcdserver: rpc not supported for learner", not_written, again},
      {StatusCode::unknown, "etcdserver: too many requests", not_written, again},
      {StatusCode::resource_exhausted, "etcdserver: too many requests", not_written, again},
      {StatusCode::unknown, "raft proposal dropped", not_written, again},
      {StatusCode::invalid_argument, "etcdserver: request is too large", not_written, none},
      {StatusCode::resource_exhausted, "grpc: received message larger than max (5 vs. 4)", not_written, none},
      {StatusCode::permission_denied, "etcdserver: permission denied", not_written, none},
      {StatusCode::unauthenticated, "etcdserver: invalid auth token", not_written, token},
      {StatusCode::invalid_argument, "etcdserver: revision of auth store is old", not_written, token},
      {StatusCode::invalid_argument, "etcdserver: user name is empty", not_written, token},
      {StatusCode::failed_precondition, "etcdserver: not leader", not_written, none},
      {StatusCode::out_of_range, "etcdserver: mvcc: required revision has been compacted", not_written, none},
      {StatusCode::unimplemented, "", not_written, none},
  };
  for (const auto& failure : failures) {
    const Status status{failure.code, failure.message};
    EXPECT_EQ(fate_of_failure(status), failure.fate) << to_string(status);
    EXPECT_EQ(remedy_of(status), failure.remedy) << to_string(status);
  }
}

TEST(EtcdRanges, EndsOfPrefixes) {
  EXPECT_EQ(end_of_prefix("abc2/"), "abc20");
  EXPECT_EQ(end_of_prefix("abc2/a\xff\xff"), "abc2/b");
  EXPECT_EQ(end_of_prefix("abc2/\xff"), "abc20");
}

TEST(EtcdRanges, PiecesAreFewAndNotTooLong) {
  EXPECT_EQ(next_piece(1000, 0, 0), 64u);
  EXPECT_EQ(next_piece(10, 0, 0), 10u);
  EXPECT_EQ(next_piece(1000, 64, 64 * 1000), 936u) << "all the rest, of short documents";
  EXPECT_EQ(next_piece(1000, 64, 64 * 100'000), 41u);
  EXPECT_EQ(next_piece(1000, 64, 64u * 1024 * 1024), 8u);
  EXPECT_EQ(next_piece(1000, 999, 999 * 1000), 1u);
}

}  // namespace
}  // namespace abc2::engines::etcd
