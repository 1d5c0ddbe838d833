// For tests: a market with bitcoin in memory.
#pragma once
#include <gtest/gtest.h>

#include "bitcoin/addresses.hpp"
#include "bitcoin/base58.hpp"
#include "bitcoin/extended_key.hpp"
#include "bitcoin/test_node.hpp"
#include "bitcoin/watcher.hpp"
#include "market/test_lab.hpp"

namespace abc2::bitcoin::test {

using market::test::FastRuntime;
using market::test::Node;
using market::test::Tools;

// The account key of deposits (tests' own: its private key is derived from a seed that is written here).
inline std::string test_account(char letter) {
  const auto master = ExtendedKey::from_seed(std::string(32, letter));
  // Written as the tests' networks do: the same key under the version bytes of tpub.
  std::string bytes = from_base58check(master.value().public_text()).value();
  bytes.replace(0, 4, std::string("\x04\x35\x87\xCF", 4));
  return to_base58check(bytes);
}

// A process: its market, its addresses and its watcher, on a store that may fail.
struct Process {
  Process(Tools& tools, store::Store& store, ChainSource& source, WatcherSettings settings = {})
      : node(tools, store),
        addresses(store, tools.runtime),
        watcher(store, tools.runtime, node.market.money, source, with_network(std::move(settings)),
                [this](const std::string& event, const store::Key&, const std::string& text) {
                  told.push_back(event + ": " + text);
                }) {}
  static WatcherSettings with_network(WatcherSettings settings) {
    settings.network = Network::regtest;
    return settings;
  }
  std::vector<std::string> told;
  Node node;
  Addresses addresses;
  Watcher watcher;
};

}  // namespace abc2::bitcoin::test
