#include "bitcoin/rpc.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

#include "base/marks.hpp"
#include "market/encoding.hpp"

namespace abc2::bitcoin {
namespace {

constexpr std::size_t kMostCookieBytes = 1024;
constexpr Milliseconds kStateAtMost{3'000};

Error no_answer(std::string_view why) {
  return {Code::unavailable, "the bitcoin node's answer cannot be used: " + std::string(why)};
}
// What a node said that is not as it should be makes it as good as absent.
Error unusable(const Error& error) { return no_answer(error.message()); }

std::string in_quotes(std::string_view plain) { return "\"" + std::string(plain) + "\""; }

Result<std::string> credentials_of(const RpcNode& node) {
  if (node.cookie_file.empty()) return node.user.empty() ? std::string() : node.user + ":" + node.password;
  std::ifstream file(node.cookie_file, std::ios::binary);
  std::string text(kMostCookieBytes, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  if (text.find(':') == std::string::npos || text.find('\n') != std::string::npos)
    return Error(Code::unavailable, "the cookie file " + node.cookie_file +
                                        " cannot be read or holds no 'user:password': is the node running?");
  return text;
}

Result<std::string> bytes_of(const Json& json, std::string_view what) {
  auto text = text_of(json, what);
  if (!text) return unusable(text.error());
  auto bytes = from_hex(text.value());
  if (!bytes) return unusable(bytes.error());
  return bytes;
}

Result<Hash> hash_of(const Json& json, std::string_view what) {
  auto text = text_of(json, what);
  if (!text) return unusable(text.error());
  auto hash = from_id(text.value());
  if (!hash) return unusable(hash.error());
  return hash;
}

Error refused(const RpcError& error) { return no_answer(error.message + " (code " + std::to_string(error.code) + ")"); }

}  // namespace

Result<RpcAnswer> read_answer(int status, std::string_view body) {
  if (status == 401 || status == 403) return no_answer("it refuses the user and password");
  const auto json = parse_json(body);
  if (!json || json.value().kind != Json::Kind::object)
    return no_answer("HTTP status " + std::to_string(status) + " without JSON");
  const Json& error = json.value()["error"];
  if (error.kind == Json::Kind::object) {
    RpcError said;
    auto code = integer_of(error["code"], "error code");
    if (!code) return unusable(code.error());
    said.code = code.value();
    said.message = error["message"].value.substr(0, 300);
    return RpcAnswer{std::move(said), {}};
  }
  if (error.kind != Json::Kind::null) return no_answer("its error is not an object");
  if (status != 200) return no_answer("HTTP status " + std::to_string(status));
  if (!json.value().members.contains("result")) return no_answer("it has no result");
  return RpcAnswer{std::nullopt, json.value()["result"]};
}

RpcNodes::RpcNodes(Network network, std::vector<RpcNode> nodes, RpcSettings settings)
    : network_(network), nodes_(std::move(nodes)), settings_(settings) {
  ABC2_CHECK(!nodes_.empty() && nodes_.size() <= most_nodes, "there must be bitcoin nodes to be asked, up to 64");
}

void RpcNodes::use(const std::vector<std::string>& names) {
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (names.empty() || std::ranges::find(names, nodes_[i].name) != names.end()) bits |= std::uint64_t{1} << i;
  used_ = bits;
}

Task<Result<RpcAnswer>> RpcNodes::call_one(RpcNode node, std::string method, std::string params, Milliseconds at_most) {
  CO_TRY(auto url, parse_http_url(node.url));
  CO_TRY(const auto credentials, credentials_of(node));
  const std::string authorization = credentials.empty() ? "" : "Basic " + market::to_base64(credentials);
  std::string body = R"({"jsonrpc":"1.0","id":"abc2","method":)" + in_quotes(method) + ",\"params\":" + params + "}";
  CO_TRY(const auto reply, co_await http_post(std::move(url), node.ca_file, authorization, std::move(body),
                                              {at_most, settings_.most_bytes}));
  co_return read_answer(reply.status, reply.body);
}

Task<Result<RpcAnswer>> RpcNodes::call(std::string method, std::string params) {
  std::string why;
  const std::size_t first = current_.load();
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    const std::size_t which = (first + i) % nodes_.size();
    if ((used_.load() >> which & 1) == 0) continue;
    auto answer = co_await call_one(nodes_[which], method, params, settings_.at_most);
    if (answer) {
      if (i > 0) ABC2_MARK("rpc: another node took over");
      current_.store(which);
      co_return answer;
    }
    why += (why.empty() ? "" : "; ") + answer.error().message();
  }
  if (why.empty()) why = "none of the bitcoin nodes of this server is named by a shard";
  co_return Error(Code::unavailable, std::move(why));
}

Result<Tip> RpcNodes::tip_of(const RpcAnswer& answer) const {
  if (answer.error) return refused(*answer.error);
  const std::string& chain = answer.result["chain"].value;
  if (chain != to_string(network_))
    return no_answer("it is of the network '" + chain + "', not " + std::string(to_string(network_)));
  Tip tip;
  auto height = integer_of(answer.result["blocks"], "number of blocks");
  if (!height || height.value() < 0) return no_answer("its number of blocks is none");
  tip.height = height.value();
  TRY(tip.hash, hash_of(answer.result["bestblockhash"], "best block"));
  return tip;
}

Task<Result<Tip>> RpcNodes::tip() {
  CO_TRY(const auto answer, co_await call("getblockchaininfo", "[]"));
  co_return tip_of(answer);
}

Task<std::vector<NodeState>> RpcNodes::states() {
  std::vector<NodeState> all;
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    NodeState state{nodes_[i].name, (used_.load() >> i & 1) != 0, std::nullopt, {}};
    const auto answer =
        co_await call_one(nodes_[i], "getblockchaininfo", "[]", std::min(settings_.at_most, kStateAtMost));
    const auto tip = answer ? tip_of(answer.value()) : Result<Tip>(answer.error());
    if (tip) state.height = tip.value().height;
    if (!tip) state.trouble = tip.error().message();
    all.push_back(std::move(state));
  }
  co_return all;
}

Task<Result<std::optional<Hash>>> RpcNodes::hash_at(std::int64_t height) {
  CO_TRY(const auto answer, co_await call("getblockhash", "[" + std::to_string(height) + "]"));
  if (answer.error && (answer.error->code == RpcError::out_of_range || answer.error->code == -1))
    co_return std::optional<Hash>();
  if (answer.error) co_return refused(*answer.error);
  CO_TRY(const auto hash, hash_of(answer.result, "block hash"));
  co_return std::optional<Hash>(hash);
}

Task<Result<std::optional<std::string>>> RpcNodes::block(Hash hash) {
  CO_TRY(const auto answer, co_await call("getblock", "[" + in_quotes(to_id(hash)) + ",0]"));
  if (answer.error && (answer.error->code == RpcError::not_found || answer.error->code == -1))
    co_return std::optional<std::string>();
  if (answer.error) co_return refused(*answer.error);
  CO_TRY(auto bytes, bytes_of(answer.result, "block"));
  co_return std::optional<std::string>(std::move(bytes));
}

Task<Result<std::vector<Hash>>> RpcNodes::mempool() {
  CO_TRY(const auto answer, co_await call("getrawmempool", "[]"));
  if (answer.error) co_return refused(*answer.error);
  if (answer.result.kind != Json::Kind::list) co_return no_answer("its mempool is not a list");
  std::vector<Hash> ids;
  for (const auto& item : answer.result.items) {
    CO_TRY(ids.emplace_back(), hash_of(item, "transaction id"));
  }
  co_return ids;
}

Task<Result<std::optional<std::string>>> RpcNodes::transaction(Hash id) {
  CO_TRY(const auto answer, co_await call("getrawtransaction", "[" + in_quotes(to_id(id)) + "]"));
  if (answer.error) co_return std::optional<std::string>();  // it has left the mempool since
  CO_TRY(auto bytes, bytes_of(answer.result, "transaction"));
  co_return std::optional<std::string>(std::move(bytes));
}

Task<Result<Sent>> RpcNodes::send(std::string transaction) {
  CO_TRY(const auto answer, co_await call("sendrawtransaction", "[" + in_quotes(to_hex(transaction)) + "]"));
  if (!answer.error) co_return Sent{true, {}};
  const RpcError& error = *answer.error;
  const auto says = [&error](std::string_view text) { return error.message.find(text) != std::string::npos; };
  const bool known = error.code == RpcError::already_in_chain || says("txn-already-in-mempool") ||
                     says("txn-already-known") || says("already in block chain");
  co_return Sent{known, known ? std::string() : error.message};
}

Task<Result<std::optional<Satoshi>>> RpcNodes::fee_rate() {
  CO_TRY(const auto answer, co_await call("estimatesmartfee", "[6]"));
  if (answer.error) co_return std::optional<Satoshi>();
  const Json& core = answer.result["feerate"];
  const Json& rate = core.kind == Json::Kind::number ? core : answer.result["fee"];
  if (rate.kind != Json::Kind::number) co_return std::optional<Satoshi>();
  const auto amount = parse_bitcoin(rate.value);
  if (!amount || amount.value() <= Satoshi(0)) co_return std::optional<Satoshi>();
  co_return std::optional<Satoshi>(amount.value());
}

}  // namespace abc2::bitcoin
