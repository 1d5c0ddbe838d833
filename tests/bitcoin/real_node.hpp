// A real bitcoin node for tests, and a miner who has money on it.
//
//   RealNode node;                              // starts it; ends with this object
//   Miner miner(node);                          // 440 blocks: segwit is active
//   auto id = miner.pay({{50'000_sat, script}});
//   miner.mine(3);
#pragma once
#include <sys/types.h>

#include "bitcoin/block.hpp"
#include "bitcoin/extended_key.hpp"
#include "bitcoin/rpc.hpp"
#include "runtime/blocking.hpp"

namespace abc2::bitcoin::test {

class RealNode {
 public:
  // Starts it, and installs it first if need be. Throws when that fails.
  RealNode();
  ~RealNode();
  RealNode(const RealNode&) = delete;
  RealNode& operator=(const RealNode&) = delete;

  [[nodiscard]] RpcNode address() const;
  // The result; throws what the node says otherwise.
  Json call(const std::string& method, const std::string& params = "[]");
  [[nodiscard]] std::int64_t height();
  // Serialised, of the heights from `from` on.
  std::vector<std::string> blocks(std::int64_t from);
  // Gives it blocks of another node: those on a higher branch make it leave its own.
  void submit(const std::vector<std::string>& blocks);

 private:
  pid_t process_ = 0;
  int input_ = -1;
  int port_ = 0;
};

class Miner {
 public:
  explicit Miner(RealNode& node) : node_(&node) { mine(440); }
  void mine(int count);
  // Signs and sends it; it spends one coinbase and pays the rest back to the miner. Returns what was sent.
  Transaction pay(std::vector<Output> outputs);
  void move_to(RealNode& node) { node_ = &node; }

 private:
  RealNode* node_;
  ExtendedKey key_ = ExtendedKey::from_seed(std::string(32, 'm')).value();
  std::vector<std::pair<OutPoint, Satoshi>> coins_;  // the oldest first
  std::size_t next_ = 0;
};

}  // namespace abc2::bitcoin::test
