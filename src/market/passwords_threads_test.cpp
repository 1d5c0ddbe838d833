#include "market/passwords.hpp"

#include <gtest/gtest.h>

#include <future>

#include "market/encoding.hpp"
#include "runtime/blocking.hpp"

namespace abc2::market {
namespace {

using runtime::run_blocking;

TEST(Secret, WipesWhereItCameFrom) {
  std::string text = "a password that is too long for the string itself";
  const std::string_view where(text.data(), text.size());
  const Secret secret(std::move(text));
  EXPECT_EQ(secret.view(), "a password that is too long for the string itself");
  EXPECT_EQ(where, std::string(where.size(), '\0'));
  std::string small = "short";
  const std::string_view inside(small.data(), small.size());
  const Secret other(std::move(small));
  EXPECT_EQ(other.view(), "short");
  EXPECT_EQ(inside, std::string(5, '\0'));
}

TEST(Secret, MovesAndCopiesWhenAsked) {
  Secret one = Secret::of("first");
  Secret two = one.copy();
  EXPECT_EQ(two.view(), one.view());
  Secret three = std::move(one);
  EXPECT_EQ(three.view(), "first");
  three = Secret::of("second");
  EXPECT_EQ(three.view(), "second");
  EXPECT_EQ(two.view(), "first");
  EXPECT_EQ(Secret().view(), "");
}

TEST(Passwords, HashAndVerify) {
  runtime::WorkerPool pool(1, 8);
  Argon2Hasher hasher(pool, Argon2Hasher::Cost::minimum);
  const auto hash = run_blocking(hasher.hash(Secret::of("correct horse"))).value();
  EXPECT_TRUE(hash.starts_with("$argon2id$")) << hash;
  EXPECT_TRUE(run_blocking(hasher.verify(hash, Secret::of("correct horse"))).value());
  EXPECT_FALSE(run_blocking(hasher.verify(hash, Secret::of("correct horsf"))).value());
  EXPECT_FALSE(run_blocking(hasher.verify(std::nullopt, Secret::of("nobody's password"))).value());
  EXPECT_NE(run_blocking(hasher.hash(Secret::of("correct horse"))).value(), hash) << "the salt is not fresh";
}

TEST(Passwords, AHashOfAnotherCostVerifies) {
  runtime::WorkerPool pool(1, 8);
  Argon2Hasher cheap(pool, Argon2Hasher::Cost::minimum);
  Argon2Hasher dear(pool, Argon2Hasher::Cost::interactive);
  const auto hash = run_blocking(dear.hash(Secret::of("correct horse"))).value();
  EXPECT_NE(hash.find("m=65536"), std::string::npos) << hash;
  EXPECT_TRUE(run_blocking(cheap.verify(hash, Secret::of("correct horse"))).value());
}

TEST(Passwords, WhatIsNoHashIsCorrupt) {
  runtime::WorkerPool pool(1, 8);
  Argon2Hasher hasher(pool, Argon2Hasher::Cost::minimum);
  for (const char* hash : {"", "x", "$argon2id$v=19$m=8,t=1,p=1$", "$2a$10$abcdefghijklmnopqrstuv"}) {
    const auto verified = run_blocking(hasher.verify(hash, Secret::of("correct horse")));
    ASSERT_FALSE(verified) << hash;
    EXPECT_EQ(verified.error().code(), Code::corrupt);
  }
}

TEST(Passwords, AFullQueueSaysSo) {
  runtime::WorkerPool pool(1, 0);
  Argon2Hasher hasher(pool, Argon2Hasher::Cost::minimum);
  std::promise<void> started, release;
  std::thread busy([&] {
    // Without a queue the pool refuses what comes before its thread is ready.
    for (bool accepted = false; !accepted;) {
      const auto ran = run_blocking(pool.run([&] {
        started.set_value();
        release.get_future().wait();
        return 0;
      }));
      accepted = ran.has_value();
    }
  });
  started.get_future().wait();
  EXPECT_EQ(run_blocking(hasher.hash(Secret::of("12345678"))).error().code(), Code::too_busy);
  EXPECT_EQ(run_blocking(hasher.verify("x", Secret::of("12345678"))).error().code(), Code::too_busy);
  release.set_value();
  busy.join();
}

TEST(Encoding, Sha256) {
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(Encoding, Base64) {
  const std::pair<const char*, const char*> cases[] = {{"", ""},        {"f", "Zg=="},        {"fo", "Zm8="},
                                                       {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}, {"\xfb\xff\xfe", "+//+"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(to_base64(bytes), text);
    EXPECT_EQ(from_base64(text).value(), bytes);
  }
  EXPECT_EQ(to_base64url("\xfb\xff"), "-_8");
  EXPECT_EQ(from_base64url("-_8").value(), "\xfb\xff");
  for (const char* text : {"Zg", "Zg=", "Zh==", "Zm9v\n", "Zm9v ", "Z", "====", "Zm9v=", "-_8="})
    EXPECT_FALSE(from_base64(text)) << text;
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(from_base64(to_base64(all)).value(), all);
}

TEST(Encoding, Comparison) {
  EXPECT_TRUE(equal_in_constant_time("", ""));
  EXPECT_TRUE(equal_in_constant_time("abc", "abc"));
  EXPECT_FALSE(equal_in_constant_time("abc", "abd"));
  EXPECT_FALSE(equal_in_constant_time("abc", "ab"));
}

}  // namespace
}  // namespace abc2::market
