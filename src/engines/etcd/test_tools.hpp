// What the tests of this engine share.
#pragma once
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>

#include "engines/etcd/etcd_store.hpp"
#include "runtime/asio_runtime.hpp"
#include "runtime/blocking.hpp"

namespace abc2::engines::etcd::testing {

inline std::unique_ptr<EtcdStore> must_open(runtime::Runtime& runtime, const std::string& url) {
  auto opened = EtcdStore::open(runtime, url);
  if (!opened) throw std::runtime_error(opened.error().message());
  return std::move(opened).value();
}

inline std::string answer_of(const Result<store::WriteOutcome>& outcome) {
  return std::string(outcome ? to_string(outcome.value().kind()) : to_string(outcome.error().code()));
}

struct EtcdTest : ::testing::Test {
  runtime::AsioRuntime runtime;
};

}  // namespace abc2::engines::etcd::testing
