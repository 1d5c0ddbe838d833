#include "sim/bitcoin_node.hpp"

#include <boost/json.hpp>

#include "base/check.hpp"
#include "bitcoin/base58.hpp"
#include "bitcoin/test_chain.hpp"
#include "sim/contents.hpp"

namespace abc2::sim {
namespace {

using bitcoin::Hash;
using bitcoin::Network;
using bitcoin::Transaction;
namespace keys = bitcoin::keys;

constexpr const char* kOutside = "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080";

// An account's key of a seed that is written here, as the tests' network writes it.
std::string account_key(char letter, bool is_private) {
  const auto master = bitcoin::ExtendedKey::from_seed(std::string(32, letter)).value();
  const std::string text = is_private ? std::string(master.private_text().view()) : master.public_text();
  std::string bytes = bitcoin::from_base58check(text).value();
  bytes.replace(0, 4, is_private ? std::string("\x04\x35\x83\x94", 4) : std::string("\x04\x35\x87\xCF", 4));
  return bitcoin::to_base58check(bytes);
}

bitcoin::ExtendedKey hot_key() {
  static const std::string text = account_key('h', true);
  return bitcoin::ExtendedKey::parse(text).value();
}

// A script of the hot wallet, or of some user.
std::string script_of_hot(unsigned index) { return bitcoin::p2wpkh(hot_key().derive({0, index}).value().public_key()); }
std::string script_of_user(const std::string& user) {
  return std::string("\0\x14", 2) + bitcoin::hash160("the key of " + user);
}

Transaction paying(const std::string& script, std::int64_t amount) {
  Transaction made;
  bitcoin::Input input;
  input.previous = {bitcoin::sha256(script), 0};
  made.inputs.push_back(input);
  made.outputs.push_back({Satoshi(amount), script});
  return made;
}

// The node of one process.
class SimChain final : public bitcoin::ChainSource {
 public:
  SimChain(World& world, Chain chain, std::int64_t rate) : store_(world.store), chain_(std::move(chain)), rate_(rate) {}

  Task<Result<bitcoin::Tip>> tip() override {
    co_return bitcoin::Tip{static_cast<std::int64_t>(chain_.blocks.size()) - 1, chain_.blocks.back().hash};
  }
  Task<Result<std::optional<Hash>>> hash_at(std::int64_t height) override {
    if (height >= static_cast<std::int64_t>(chain_.blocks.size())) co_return std::optional<Hash>();
    co_return std::optional(chain_.blocks.at(static_cast<std::size_t>(height)).hash);
  }
  Task<Result<std::optional<std::string>>> block(Hash hash) override {
    for (const auto& block : chain_.blocks)
      if (block.hash == hash) co_return std::optional(block.bytes);
    co_return std::optional<std::string>();
  }
  Task<Result<std::vector<Hash>>> mempool() override {
    std::vector<Hash> ids;
    for (const auto& transaction : chain_.memory) ids.push_back(id_of(transaction));
    co_return ids;
  }
  Task<Result<std::optional<std::string>>> transaction(Hash id) override {
    for (const auto& transaction : chain_.memory)
      if (id_of(transaction) == id) co_return std::optional(serialise(transaction));
    co_return std::optional<std::string>();
  }
  Task<Result<bitcoin::Sent>> send(std::string bytes) override {
    const auto transaction = bitcoin::parse_transaction(bytes);
    ABC2_CHECK(transaction, "something was broadcast that is no transaction");
    const boost::json::object document{{"hex", bitcoin::to_hex(bytes)}};
    CO_TRY(const auto sent,
           co_await store_.add("node/" + bitcoin::to_id(id_of(transaction.value())), boost::json::serialize(document)));
    if (sent.kind() == store::WriteOutcome::Kind::unknown)
      co_return Error(Code::unavailable, "the node did not answer");
    co_return bitcoin::Sent{true, {}};
  }
  Task<Result<std::optional<Satoshi>>> fee_rate() override { co_return std::optional(Satoshi(rate_)); }

 private:
  store::Store& store_;
  const Chain chain_;
  const std::int64_t rate_;
};

bitcoin::WatcherSettings watcher_settings() {
  bitcoin::WatcherSettings settings;
  settings.network = Network::regtest;
  settings.confirmations = {{Satoshi(0), 1}};
  settings.least = Satoshi(1);
  return settings;
}

bitcoin::PayoutSettings payout_settings(std::size_t most) {
  bitcoin::PayoutSettings settings;
  settings.network = Network::regtest;
  settings.most_withdrawals = most;
  return settings;
}

// One process: its market, and what it does with bitcoin.
struct BitcoinNode {
  BitcoinNode(World& world, Chain chain, std::int64_t rate, std::size_t most)
      : node(world),
        chain(world, std::move(chain), rate),
        addresses(world.store, world.runtime),
        watcher(world.store, world.runtime, node.market.money, this->chain, watcher_settings()) {
    // Elliptic curves take long, and not every process pays.
    if (rate > 0) payouts.emplace(world.store, world.runtime, this->chain, hot_key(), payout_settings(most));
  }
  Node node;
  SimChain chain;
  bitcoin::Addresses addresses;
  bitcoin::Watcher watcher;
  std::optional<bitcoin::Payouts> payouts;
};

std::shared_ptr<BitcoinNode> open_node(World& world, Chain chain, std::int64_t rate = 0, std::size_t most = 100) {
  auto node = std::make_shared<BitcoinNode>(world, std::move(chain), rate, most);
  world.kept.push_back(node);
  return node;
}

template <class T>
Result<void> plain(const Result<T>& result) {
  if (result) return success();
  return result.error();
}

// What may fail and be tried again is not told: whoever runs in a circle does so.
void tell_damage(World& world, std::string_view did, const Result<void>& outcome) {
  if (outcome || outcome.error().code() != Code::corrupt) return;
  world.answer(boost::json::serialize(boost::json::object{
      {"did", did}, {"outcome", to_string(outcome.error().code())}, {"message", outcome.error().message()}}));
}

Task<void> look(World& world, std::shared_ptr<BitcoinNode> node) {
  const auto looked = co_await node->watcher.look_at_mempool();
  tell_damage(world, "look", looked);
}

Task<void> watch(World& world, std::shared_ptr<BitcoinNode> node, int steps) {
  for (bool more = true; more && steps > 0; --steps) {
    const auto advanced = co_await node->watcher.advance();
    tell_damage(world, "watch", plain(advanced));
    more = advanced && advanced.value();
  }
}

Task<void> visit(World& world, std::shared_ptr<BitcoinNode> node, std::string user) {
  const auto shown = co_await node->addresses.of(user);
  tell_damage(world, "address", plain(shown));
  if (!shown) co_return;
  world.answer(boost::json::serialize(
      boost::json::object{{"did", "address"}, {"outcome", "ok"}, {"user", user}, {"address", shown.value().address}}));
}

Task<void> pay(World& world, std::shared_ptr<BitcoinNode> node) {
  const auto paid = co_await node->payouts->pay();
  tell_damage(world, "pay", plain(paid));
}

Task<void> bump(World& world, std::shared_ptr<BitcoinNode> node) {
  const auto made = co_await node->payouts->bump(1);
  tell_damage(world, "bump", plain(made));
  if (!made) co_return;
  world.answer(boost::json::serialize(
      boost::json::object{{"did", "bump"}, {"outcome", "ok"}, {"transaction", made.value().id}}));
}

void complain(World& world, const Result<void>& outcome) {
  if (!outcome) world.answer("{\"recovery\":" + boost::json::serialize(outcome.error().message()) + "}");
}

Task<void> recover(World& world, std::shared_ptr<BitcoinNode> node, std::shared_ptr<BitcoinRecovery> how) {
  const auto failed = co_await node->node.market.recover_now(Time::max());
  complain(world, plain(failed));
  if (failed && failed.value() > 0) complain(world, Error(Code::undecided, "documents that it could not repair"));
  if (how->chain.blocks.size() > 1) {
    const auto followed = co_await node->watcher.catch_up();
    complain(world, followed);
  }
  for (const auto& user : how->users) {
    const auto shown = co_await node->addresses.of(user);
    complain(world, plain(shown));
  }
  if (!how->pays) co_return;
  const auto paid = co_await node->payouts->pay();
  complain(world, plain(paid));
  const auto findings = co_await bitcoin::audit_payouts(world.store, Network::regtest);
  complain(world, plain(findings));
  if (findings && !findings.value().empty()) complain(world, Error(Code::corrupt, findings.value().front()));
}

template <class Document>
void put(Scenario& scenario, const store::Key& key, const Document& document) {
  scenario.start[key] = store::encode(document);
}

}  // namespace

Chain mined(Chain chain, std::vector<Transaction> transactions, std::uint32_t fork) {
  const auto height = static_cast<std::uint32_t>(chain.blocks.size());
  transactions.insert(transactions.begin(), bitcoin::test::coinbase(1000 * fork + height));
  const Hash previous = chain.blocks.empty() ? Hash{} : chain.blocks.back().hash;
  std::string bytes = bitcoin::test::mined_block(Network::regtest, previous, transactions);
  const Hash hash = bitcoin::sha256d(std::string_view(bytes).substr(0, 80));
  chain.blocks.push_back({hash, std::move(bytes)});
  return chain;
}

const Chain& first_chain() {
  static const Chain chain = mined({});
  return chain;
}

void has_chain(Scenario& scenario) {
  bitcoin::ChainHead head;
  head.block = bitcoin::to_id(first_chain().blocks.back().hash);
  put(scenario, keys::chain(), head);
}

void has_shard(Scenario& scenario) {
  put(scenario, keys::shards(), bitcoin::Shards{Network::regtest, {{account_key('d', false), {"node"}}}});
  scenario.fixed.push_back(keys::shards());
}

Transaction deposit_to(Scenario& scenario, const std::string& user, std::int64_t amount) {
  const std::string script = script_of_user(user);
  put(scenario, keys::script(script), bitcoin::ScriptOwner{user, 0, 0, 1});
  put(scenario, keys::account(user), bitcoin::BitcoinAccount{0, 1, *bitcoin::address_of(Network::regtest, script)});
  return paying(script, amount);
}

std::string deposit_id(const Transaction& transaction) {
  return bitcoin::to_text(bitcoin::OutPoint{id_of(transaction), 0});
}

void has_coin(Scenario& scenario, unsigned number, std::int64_t amount) {
  const Transaction transaction = paying(script_of_hot(number), amount);
  bitcoin::Coin coin;
  coin.amount = Satoshi(amount);
  coin.index = number;
  coin.in_block = true;
  coin.step = 1;
  put(scenario, keys::coin(deposit_id(transaction)), coin);
}

void has_withdrawal(Scenario& scenario, const std::string& user, const std::string& attempt, std::int64_t amount) {
  has_run(scenario, {"withdrawal", [=](World& world) -> Task<void> {
                       auto node = std::make_shared<Node>(world);
                       world.kept.push_back(node);
                       return [](std::shared_ptr<Node> one, market::WithdrawalRequest request) -> Task<void> {
                         const auto made = co_await one->market.withdrawals.request(std::move(request));
                         ABC2_CHECK(made, "a scenario that cannot begin");
                       }(node, {user, attempt, kOutside, Satoshi(amount), Satoshi(100), false});
                     }});
}

void has_run(Scenario& scenario, const Actor& actor, const std::string& until) {
  Texts texts;
  Operations operations;
  AllContents contents(texts, operations);
  std::vector<StoredText> documents;
  for (const auto& [key, value] : scenario.start) documents.push_back({texts.number(key), texts.number(value), 1});
  ContentsId now = contents.number(std::move(documents));
  Process process(texts, actor);
  for (auto pending = process.pending(); !pending.empty(); pending = process.pending()) {
    if (!until.empty() && is_write(pending.front().verb) && texts[pending.front().key] == until) break;
    const auto executed = contents.execute(now, operations.number(pending.front()));
    now = executed.after;
    process.complete(0, executed.reply);
  }
  ABC2_CHECK(process.thrown().empty(), "a scenario that cannot begin");
  for (const auto& document : contents[now]) scenario.start[texts[document.key]] = texts[document.value];
}

Transaction payout_transaction(const Scenario& scenario) {
  const auto payout = store::decode<bitcoin::Payout>(scenario.start.at(keys::payout(1))).value();
  return bitcoin::parse_transaction(bitcoin::from_hex(payout.transactions.back().hex).value()).value();
}

Actor watches(const std::string& name, const Chain& chain, int steps) {
  return {name, [=](World& world) { return watch(world, open_node(world, chain), steps); }};
}

Actor looks(const std::string& name, const Transaction& transaction) {
  Chain chain = first_chain();
  chain.memory = {transaction};
  return {name, [=](World& world) { return look(world, open_node(world, chain)); }};
}

Actor visits(const std::string& name, const std::string& user) {
  return {name, [=](World& world) { return visit(world, open_node(world, first_chain()), user); }};
}

Actor pays(const std::string& name, std::int64_t rate, std::size_t most) {
  return {name, [=](World& world) { return pay(world, open_node(world, first_chain(), rate, most)); }};
}

Actor bumps(const std::string& name, std::int64_t rate) {
  return {name, [=](World& world) { return bump(world, open_node(world, first_chain(), rate)); }};
}

std::function<Task<void>(World& world)> recovers_bitcoin(BitcoinRecovery recovery) {
  const auto how = std::make_shared<BitcoinRecovery>(std::move(recovery));
  return [how](World& world) { return recover(world, open_node(world, how->chain, 1000), how); };
}

}  // namespace abc2::sim
