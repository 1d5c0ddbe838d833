#include "bitcoin/settings.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "bitcoin/http_post.hpp"
#include "bitcoin/json.hpp"

namespace abc2::bitcoin {
namespace {

constexpr std::size_t kMostFileBytes = 64 * 1024;

Result<std::string> read_file(const std::filesystem::path& path, bool secret) {
  struct stat found{};
  if (::stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode))
    return Error(Code::invalid_argument, path.string() + " cannot be read");
  if (secret && (found.st_mode & (S_IRWXG | S_IRWXO)) != 0)
    return Error(Code::invalid_argument,
                 path.string() + " holds a secret that others on this machine can read: chmod 600 " + path.string());
  std::ifstream file(path, std::ios::binary);
  std::string text(kMostFileBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (file.bad() || text.empty()) return Error(Code::invalid_argument, path.string() + " cannot be read, or is empty");
  if (text.size() > kMostFileBytes) return Error(Code::invalid_argument, path.string() + " is too long");
  return text;
}

// The first line of a file with a secret.
Result<std::string> read_secret(const std::filesystem::path& path) {
  TRY(auto text, read_file(path, true));
  text.resize(std::min(text.size(), text.find_first_of("\r\n")));
  return text;
}

// The members of one object: what is asked for is checked, and what nobody asked for is refused.
class Members {
 public:
  Members(const Json& json, std::string where) : json_(json), where_(std::move(where)) {
    if (json.kind != Json::Kind::object) fail(where_ + " must be an object");
  }

  const Json& take(const std::string& name) {
    asked_.insert(name);
    return json_[name];
  }
  std::string text(const std::string& name, std::string otherwise = {}) {
    const Json& value = take(name);
    if (value.kind == Json::Kind::null) return otherwise;
    auto read = text_of(value, where_ + "." + name);
    if (!read) return fail(read.error().message()), otherwise;
    return read.value();
  }
  std::int64_t integer(const std::string& name, std::int64_t otherwise, std::int64_t least, std::int64_t most) {
    const Json& value = take(name);
    if (value.kind == Json::Kind::null) return otherwise;
    const auto read = integer_of(value, where_ + "." + name);
    if (!read || read.value() < least || read.value() > most)
      return fail(where_ + "." + name + " must be a whole number from " + std::to_string(least) + " to " +
                  std::to_string(most)),
             otherwise;
    return read.value();
  }
  Satoshi money(const std::string& name, Satoshi otherwise) {
    return Satoshi(integer(name, otherwise.value(), 0, Satoshi::kMax));
  }
  const std::vector<Json>& list(const std::string& name) {
    const Json& value = take(name);
    if (value.kind != Json::Kind::list && value.kind != Json::Kind::null) fail(where_ + "." + name + " must be a list");
    return value.items;
  }
  void fail(std::string what) {
    if (error_.empty()) error_ = std::move(what);
  }
  Result<void> done() {
    for (const auto& [name, value] : json_.members)
      if (!asked_.contains(name)) fail(where_ + "." + name + " is not known here");
    if (!error_.empty()) return Error(Code::invalid_argument, error_);
    return success();
  }

 private:
  const Json& json_;
  std::string where_;
  std::set<std::string> asked_;
  std::string error_;
};

Result<RpcNode> read_node(const Json& json, const std::string& where, const std::filesystem::path& folder) {
  Members members(json, where);
  RpcNode node;
  node.name = members.text("name");
  node.url = members.text("url");
  node.user = members.text("user");
  const std::string password_file = members.text("password_file");
  const std::string cookie_file = members.text("cookie_file");
  const std::string ca_file = members.text("ca_file");
  TRY_VOID(members.done());
  if (node.name.empty()) return Error(Code::invalid_argument, where + ".name is missing");
  const auto url = parse_http_url(node.url);
  if (!url) return Error(Code::invalid_argument, where + ".url: " + url.error().message());
  if (node.user.empty() != password_file.empty())
    return Error(Code::invalid_argument, where + " needs both user and password_file, or neither");
  if (!node.user.empty() && !cookie_file.empty())
    return Error(Code::invalid_argument, where + " has either a cookie_file or user and password_file");
  if (!password_file.empty()) {
    TRY(node.password, read_secret(folder / password_file));
  }
  if (!ca_file.empty()) {
    node.ca_file = (folder / ca_file).string();
    TRY_VOID(read_file(node.ca_file, false));
  }
  if (!cookie_file.empty()) node.cookie_file = (folder / cookie_file).string();
  return node;
}

Result<std::vector<Confirmations>> read_confirmations(const std::vector<Json>& lines, const std::string& where) {
  std::vector<Confirmations> table;
  for (const auto& line : lines) {
    Members members(line, where);
    Confirmations one;
    one.amount = members.money("from_sat", Satoshi(0));
    one.needed = static_cast<std::uint32_t>(members.integer("needed", 0, 1, kMostConfirmations));
    TRY_VOID(members.done());
    table.push_back(one);
  }
  TRY_VOID(check_confirmations(table));
  return table;
}

Result<ExtendedKey> read_hot_key(const std::filesystem::path& path, Network network) {
  TRY(auto text, read_secret(path));
  auto key = ExtendedKey::parse(market::Secret(std::move(text)).view());
  if (!key)
    return Error(Code::invalid_argument, path.string() +
                                             " holds no extended key: it is the private key of the "
                                             "hot wallet's account, m/84'/0'/0' (xprv, zprv)");
  const auto fits = Payouts::check_key(network, key.value());
  if (!fits) return Error(Code::invalid_argument, path.string() + ": " + fits.error().message());
  return key;
}

Result<void> read_withdrawals(const Json& json, const std::filesystem::path& folder, BitcoinSettings& settings) {
  Members members(json, "withdrawals");
  WithdrawalTerms terms;
  terms.fee = members.money("fee_sat", terms.fee);
  terms.least = members.money("least_sat", terms.least);
  terms.approval_from = members.money("approval_from_sat", terms.approval_from);
  PayoutSettings& payouts = settings.payouts;
  payouts.least_rate = members.money("least_rate_sat_per_kvb", payouts.least_rate);
  payouts.most_rate = members.money("most_rate_sat_per_kvb", payouts.most_rate);
  payouts.final_after = members.integer("final_after", payouts.final_after, 1, kMostConfirmations);
  const std::string key_file = members.text("key_file");
  TRY_VOID(members.done());
  if (payouts.least_rate < Satoshi(1) || payouts.most_rate < payouts.least_rate)
    return Error(Code::invalid_argument, "withdrawals: the limits of the fee rate exclude each other");
  if (!key_file.empty()) {
    TRY(settings.hot_key, read_hot_key(folder / key_file, settings.network));
  }
  settings.withdrawals = terms;
  return success();
}

}  // namespace

Result<BitcoinSettings> read_settings(const std::string& path) {
  const std::filesystem::path folder = std::filesystem::path(path).parent_path();
  TRY(const auto text, read_file(path, false));
  const auto json = parse_json(text);
  if (!json) return Error(Code::invalid_argument, path + " is no JSON: " + json.error().message());
  const auto in_file = [&](const Error& error) { return Error(Code::invalid_argument, path + ": " + error.message()); };

  BitcoinSettings settings;
  if (json.value().kind != Json::Kind::object) return in_file(Error(Code::invalid_argument, "it must be an object"));
  Members members(json.value(), "settings");
  const auto network = parse_network(members.text("network"));
  if (!network) return in_file(Error(Code::invalid_argument, "network: " + network.error().message()));
  settings.network = settings.watcher.network = settings.payouts.network = network.value();
  const auto& nodes = members.list("nodes");
  const Json& deposits = members.take("deposits");
  const Json& withdrawals = members.take("withdrawals");
  settings.watcher.every = Milliseconds(members.integer("look_every_ms", 1'000, 10, 600'000));
  settings.payouts.every = Milliseconds(members.integer("pay_every_ms", 10'000, 10, 600'000));
  settings.watcher.begin_below_tip = members.integer("begin_below_tip", 10, 0, 10'000'000);
  if (const auto done = members.done(); !done) return in_file(done.error());

  if (nodes.empty() || nodes.size() > RpcNodes::most_nodes)
    return in_file(Error(Code::invalid_argument, "nodes: from 1 to " + std::to_string(RpcNodes::most_nodes)));
  std::set<std::string> names;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    auto node = read_node(nodes[i], "nodes[" + std::to_string(i) + "]", folder);
    if (!node) return in_file(node.error());
    if (!names.insert(node.value().name).second)
      return in_file(Error(Code::invalid_argument, "two nodes have the name '" + node.value().name + "'"));
    settings.nodes.push_back(std::move(node).value());
  }
  if (deposits.kind != Json::Kind::null) {
    Members terms(deposits, "deposits");
    settings.watcher.least = terms.money("least_sat", settings.watcher.least);
    const auto& table = terms.list("confirmations");
    if (const auto done = terms.done(); !done) return in_file(done.error());
    if (!table.empty()) {
      auto read = read_confirmations(table, "deposits.confirmations");
      if (!read) return in_file(read.error());
      settings.watcher.confirmations = std::move(read).value();
    }
  }
  if (withdrawals.kind != Json::Kind::null) {
    if (const auto done = read_withdrawals(withdrawals, folder, settings); !done) return in_file(done.error());
  }
  return settings;
}

}  // namespace abc2::bitcoin
