#include "cli/open_store.hpp"

#include <gtest/gtest.h>

#include "runtime/asio_runtime.hpp"

namespace abc2::cli {
namespace {

TEST(OpenStore, PasswordsAreNotLogged) {
  EXPECT_EQ(loggable_store("embedded:/var/lib/abc2"), "embedded:/var/lib/abc2");
  EXPECT_EQ(loggable_store("postgres://abc2:s:e@cret@h1,h2/db?password=x&sslmode=require"), "postgres://abc2@h1,h2/db");
  EXPECT_EQ(loggable_store("postgres://abc2@h1:5432/db"), "postgres://abc2@h1:5432/db");
  EXPECT_EQ(loggable_store("postgres://h1:5432/db"), "postgres://h1:5432/db");
  EXPECT_EQ(loggable_store("etcd://abc2:secret@h1:2379,h2:2379/market?key=f"), "etcd://abc2@h1:2379,h2:2379/market");
  EXPECT_EQ(loggable_store("etcd://h1:2379,h2:2379"), "etcd://h1:2379,h2:2379");
  EXPECT_EQ(loggable_store("etcd://abc2:se?cret@h1:2379"), "etcd://abc2") << "a password that was not encoded";
}

TEST(OpenStore, WhatNamesNoStoreIsSaid) {
  runtime::AsioRuntime runtime;
  for (const char* url : {"", "embedded", "nothing:x", "memory:x", "mysql://u:secret@h/db", "postgres://u:secret@[h",
                          "etcd://u:secret@", "etcd://u:se?secret@h"}) {
    const auto store = open_store(url, runtime);
    ASSERT_FALSE(store) << url;
    EXPECT_EQ(store.error().code(), Code::invalid_argument) << url;
    EXPECT_EQ(store.error().message().find("secret"), std::string::npos) << url;
  }
}

}  // namespace
}  // namespace abc2::cli
