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
#include <mutex>

#include "bitcoin/address.hpp"
#include "bitcoin/chain_source.hpp"
#include "bitcoin/http_post.hpp"
#include "bitcoin/json.hpp"

namespace abc2::bitcoin {

struct RpcNode {
  std::string url;                 // http://host:port or https://host:port
  std::string user{}, password{};  // either both,
  std::string cookie_file{};       // or a file with "user:password", read for each call: nodes renew it
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
  // `nodes` are asked in turn: the one that answered last goes on, until it does not.
  RpcNodes(Network network, std::vector<RpcNode> nodes, RpcSettings settings = {});

  Task<Result<Tip>> tip() override;
  Task<Result<std::optional<Hash>>> hash_at(std::int64_t height) override;
  Task<Result<std::optional<std::string>>> block(Hash hash) override;
  Task<Result<std::vector<Hash>>> mempool() override;
  Task<Result<std::optional<std::string>>> transaction(Hash id) override;
  Task<Result<Sent>> send(std::string transaction) override;
  Task<Result<std::optional<Satoshi>>> fee_rate() override;

  // `params` is the text of a JSON list. Errors: unavailable, naming what each node said.
  Task<Result<RpcAnswer>> call(std::string method, std::string params);

 private:
  Task<Result<RpcAnswer>> call_one(RpcNode node, std::string method, std::string params);

  const Network network_;
  const std::vector<RpcNode> nodes_;
  const RpcSettings settings_;
  std::atomic<std::size_t> current_{0};
};

}  // namespace abc2::bitcoin
