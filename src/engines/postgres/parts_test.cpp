#include <gtest/gtest.h>

#include "engines/postgres/binary.hpp"
#include "engines/postgres/settings.hpp"
#include "engines/postgres/verdict.hpp"

namespace abc2::engines::postgres {
namespace {

TEST(PostgresSettings, OursAreTakenOutOfTheUrl) {
  const auto settings = Settings::parse(
      "postgres://u:secret@h1,h2/db?sslmode=require&connections=3&table=t_1&asynchronous_commit=yes&connect_timeout=2");
  ASSERT_TRUE(settings) << settings.error().message();
  EXPECT_EQ(settings.value().url, "postgres://u:secret@h1,h2/db?sslmode=require&connect_timeout=2");
  EXPECT_EQ(settings.value().servers, "h1,h2/db");
  EXPECT_EQ(settings.value().connections, 3u);
  EXPECT_EQ(settings.value().table, "t_1");
  EXPECT_TRUE(settings.value().asynchronous_commit);
  const auto plain = Settings::parse("postgres://u@h/db");
  EXPECT_EQ(plain.value().connections, 8u);
  EXPECT_FALSE(plain.value().asynchronous_commit);
}

TEST(PostgresSettings, WhatMakesNoSenseIsSaidWithoutThePassword) {
  for (const char* bad : {"postgres://u:secret@h/db?connections=0", "postgres://u:secret@h/db?connections=many",
                          "postgres://u:secret@h/db?table=a;drop", "postgres://u:secret@h/db?table=",
                          "postgres://u:secret@h/db?asynchronous_commit=maybe", "postgres://u:sec%ret@h/db",
                          "postgres://u:secret@h/db?nonsense=1", "postgres://u:secret@[h/db"}) {
    const auto settings = Settings::parse(bad);
    ASSERT_FALSE(settings) << bad;
    EXPECT_EQ(settings.error().code(), Code::invalid_argument) << bad;
    EXPECT_EQ(settings.error().message().find("sec"), std::string::npos) << settings.error().message();
  }
}

TEST(PostgresVerdict, OnlyWhatWasRolledBackIsNotWritten) {
  for (const char* state :
       {"23505", "25006", "40001", "40P01", "42P01", "42501", "53100", "54000", "55P03", "22001", "0A000"})
    EXPECT_EQ(fate_of_failure(state), WriteFate::not_written) << state;
  for (const char* state : {"40003", "08006", "57P01", "57P02", "57014", "58030", "XX000", "XX001", "", "99999", "4"})
    EXPECT_EQ(fate_of_failure(state), WriteFate::unknown) << state;
}

TEST(PostgresBinary, Numbers) {
  EXPECT_EQ(binary_bigint(0x0102030405060708), std::string("\1\2\3\4\5\6\7\10"));
  EXPECT_EQ(bigint_of(binary_bigint(1234567890123)), 1234567890123u);
  EXPECT_EQ(bigint_of("123"), 0u);
}

TEST(PostgresBinary, EndsOfPrefixes) {
  EXPECT_EQ(end_of_prefix("slot/"), "slot0");
  EXPECT_EQ(end_of_prefix("a\xff\xff"), "b");
  EXPECT_EQ(end_of_prefix("\xff"), "");
  EXPECT_EQ(end_of_prefix(""), "");
}

}  // namespace
}  // namespace abc2::engines::postgres
