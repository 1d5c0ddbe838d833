// JSON-RPC to bitcoin nodes, in the dialects of Bitcoin Core and of bcoin.
//
//   RpcNodes nodes(runtime, Network::main, {{.url = "http://127.0.0.1:8332", .cookie_file = "/run/bitcoind/.cookie"}});
//   auto tip = co_await nodes.tip();
//
// The dialects: Core reports errors with HTTP 500 (404 for an unknown method), bcoin with 200; Core's fee estimate is
// `feerate`, bcoin's `fee`; bcoin answers sendrawtransaction before its mempool has decided, so that only the chain
// tells whether something was paid. Blocks and transactions are asked for as bytes and parsed here: what differs in
// how nodes describe scripts (`address`, `addresses`) is never looked at.
// Thread-safe.
#pragma once
#include <atomic>
#include "bitcoin/address.hpp"
#include "bitcoin/chain_source.hpp"
#include "bitcoin/http_post.hpp"
#include "bitcoin/json.hpp"

namespace abc2::bitcoin {

struct RpcNode {
  std::string url;                 // http://host:port or https://host:port
  std::string user{}, password{};  // either both,
  std::string cookie_file{};       // or a file with "user:password", read for each call: nodes renew it
  std::string ca_file{};           // of the authorities that its certificate is checked by; empty: the system's
  std::string name{};              // that shards and people call it by
};

// What one node says of itself.
struct NodeState {
  std::string name;
  bool used = true;                    // see RpcNodes::use
  std::optional<std::int64_t> height;  // of its newest block
  std::string trouble;                 // why there is none; empty: there is
};

// The node's own error. Its codes that matter here:
struct RpcError {
  static constexpr std::int64_t not_found = -5, out_of_range = -8, rejected = -26, already_in_chain = -27;
  std::int64_t code = 0;
  std::string message;
};
struct RpcAnswer {
  std::optional<RpcError> error;
  Json result;
};

// What a reply of this HTTP status says. Errors: unavailable (not an answer; the credentials are refused).
Result<RpcAnswer> read_answer(int status, std::string_view body);

struct RpcSettings {
  Milliseconds at_most{30'000};               // for one call
  std::size_t most_bytes = 64 * 1024 * 1024;  // of one reply; a block in hexadecimal has 8 MB at most
};

class RpcNodes final : public ChainSource {
 public:
  static constexpr std::size_t most_nodes = 64;
  // `nodes` are asked in turn: the one that answered last goes on, until it does not. At least one, at most most_nodes.
  RpcNodes(Network network, std::vector<RpcNode> nodes, RpcSettings settings = {});

  Task<Result<Tip>> tip() override;
  Task<Result<std::optional<Hash>>> hash_at(std::int64_t height) override;
  Task<Result<std::optional<std::string>>> block(Hash hash) override;
  Task<Result<std::vector<Hash>>> mempool() override;
  Task<Result<std::optional<std::string>>> transaction(Hash id) override;
  Task<Result<Sent>> send(std::string transaction) override;
  Task<Result<std::optional<Satoshi>>> fee_rate() override;

  // Only the nodes of these names are asked from now on; no names: all of them.
  void use(const std::vector<std::string>& names);
  // Asks every node, also those that are not used; for a few seconds each, since a person is waiting.
  Task<std::vector<NodeState>> states();

  // `params` is the text of a JSON list. Errors: unavailable, naming what each node said.
  Task<Result<RpcAnswer>> call(std::string method, std::string params);

 private:
  Result<Tip> tip_of(const RpcAnswer& answer) const;
  Task<Result<RpcAnswer>> call_one(RpcNode node, std::string method, std::string params, Milliseconds at_most);

  const Network network_;
  const std::vector<RpcNode> nodes_;
  const RpcSettings settings_;
  std::atomic<std::size_t> current_{0};
  std::atomic<std::uint64_t> used_{~std::uint64_t{0}};  // one bit for each node
};

}  // namespace abc2::bitcoin
