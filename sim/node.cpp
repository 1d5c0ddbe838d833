#include "sim/node.hpp"

#include <boost/json.hpp>

#include "market/keys.hpp"

namespace abc2::sim {
namespace {

using market::Balance;
using market::Campaign;
namespace keys = market::keys;

boost::json::object told(std::string_view did, const Result<void>& outcome) {
  boost::json::object answer{{"did", did}};
  answer["outcome"] = outcome ? "ok" : to_string(outcome.error().code());
  if (!outcome) answer["message"] = outcome.error().message();
  return answer;
}

template <class T>
Result<void> plain(const Result<T>& result) {
  if (result) return success();
  return result.error();
}

std::shared_ptr<Node> open_node(World& world) {
  auto node = std::make_shared<Node>(world);
  world.kept.push_back(node);
  return node;
}

bool asks_again(Code code) {
  return code == Code::undecided || code == Code::account_held || code == Code::unavailable || code == Code::too_busy;
}

boost::json::object told(const market::Order& order, const Result<market::Bought>& bought) {
  boost::json::object answer = told("buy", plain(bought));
  answer["request"] = order.request;
  answer["buyer"] = order.buyer;
  if (bought) {
    answer["outcome"] = "bought";
    answer["slot"] = bought.value().slot;
    answer["price"] = bought.value().sale.price.value();
  }
  return answer;
}

Task<void> buy(World& world, std::shared_ptr<Node> node, market::Order order, int times) {
  for (;; --times) {
    const auto bought = co_await node->market.purchases.buy(order);
    if (!bought && times > 1 && asks_again(bought.error().code())) continue;
    world.answer(boost::json::serialize(told(order, bought)));
    co_return;
  }
}

// As a client does whose answer got lost: the very same request, at once.
Task<void> buy_and_ask_again(World& world, std::shared_ptr<Node> node, market::Order order) {
  const auto bought = co_await node->market.purchases.buy(order);
  world.answer(boost::json::serialize(told(order, bought)));
  if (!bought) co_return;
  const auto again = co_await node->market.purchases.buy(order);
  boost::json::object second = told("ask again", plain(again));
  second["asks_again"] = !again && asks_again(again.error().code());
  second["same"] = again && again.value().slot == bought.value().slot && again.value().repeated;
  world.answer(boost::json::serialize(second));
}

Task<void> log_in(World& world, std::shared_ptr<Node> node, std::string user) {
  const auto settled = co_await node->market.purchases.settle_account(std::move(user));
  if (!settled) world.answer(boost::json::serialize(told("log in", settled)));
}

Task<void> recover(World& world, std::shared_ptr<Node> node, std::string campaign) {
  const auto recovered = co_await node->market.purchases.sales().recover(std::move(campaign), limits::recovery_grace);
  if (!recovered) world.answer(boost::json::serialize(told("recover", plain(recovered))));
}

Task<void> fund(World& world, std::shared_ptr<Node> node, std::string id, std::string user, Satoshi amount) {
  const auto funded = co_await node->market.money.fund(id, std::move(user), amount);
  boost::json::object answer = told("fund", plain(funded));
  answer["id"] = id;
  world.answer(boost::json::serialize(answer));
}

Task<void> credit(World& world, std::shared_ptr<Node> node, std::string id, std::string user) {
  const auto credited = co_await node->market.money.credit_deposit(std::move(id), std::move(user));
  if (!credited) world.answer(boost::json::serialize(told("credit", plain(credited))));
}

Task<void> collect(World& world, std::shared_ptr<Node> node, std::string user, bool fees) {
  const auto collected = fees ? co_await node->market.money.collect_fees(std::move(user))
                              : co_await node->market.money.collect_earnings(std::move(user), 1);
  if (!collected) world.answer(boost::json::serialize(told("collect", plain(collected))));
}

Task<void> withdraw(World& world, std::shared_ptr<Node> node, std::string user, std::string attempt, Satoshi amount) {
  const auto made = co_await node->market.withdrawals.request({user, attempt, "address", amount, Satoshi(1), false});
  boost::json::object answer = told("withdraw", plain(made));
  answer["user"] = user;
  answer["attempt"] = attempt;
  world.answer(boost::json::serialize(answer));
}

Task<void> cancel(World& world, std::shared_ptr<Node> node, std::string user, std::string attempt) {
  const auto cancelled = co_await node->market.withdrawals.cancel(std::move(user), std::move(attempt));
  if (!cancelled) world.answer(boost::json::serialize(told("cancel", plain(cancelled))));
}

Task<void> clean_up(World& world) {
  const auto deposits = co_await world.store.scan("deposit/", "", limits::scan_items);
  if (journal::kept(journal::Rule::r7_never_deleted)) co_return;
  for (const auto& item : deposits.value().items) {
    const auto deposit = store::decode<market::Deposit>(item.document.value);
    if (!deposit.value().credited) continue;
    const auto removed = co_await world.store.remove(item.key);
    if (!removed) co_return;
  }
}

Task<void> sweep(std::shared_ptr<Node> node, Time void_until) {
  // What fails is swept again, in the next round: recovery sees to that.
  const auto swept = co_await node->market.recover_now(void_until);
  if (!swept) co_return;
}

Task<void> change_password(World& world, std::shared_ptr<Node> node, std::string user, std::string to) {
  const auto changed = co_await node->market.accounts.change_password(user, market::Secret(std::string("old-password")),
                                                                      market::Secret(std::string(to)), "");
  boost::json::object answer = told("password", changed);
  answer["user"] = user;
  answer["password"] = to;
  world.answer(boost::json::serialize(answer));
}

Task<void> log_in_with(World& world, std::shared_ptr<Node> node, std::string user, std::string password) {
  const auto session = co_await node->market.accounts.login(std::move(user), market::Secret(std::string(password)), "");
  if (!session && session.error().code() != Code::unauthenticated)
    world.answer(boost::json::serialize(told("log in", plain(session))));
}

Task<void> register_user(World& world, std::shared_ptr<Node> node, std::string user, std::string password) {
  const auto made = co_await node->market.accounts.register_user(user, market::Secret(std::string(password)));
  boost::json::object answer = told("password", plain(made));
  answer["user"] = user;
  answer["password"] = password;
  world.answer(boost::json::serialize(answer));
}

void tell_added(World& world, const std::string& key, const std::string& attempt, const Result<std::uint64_t>& made) {
  boost::json::object answer = told("add", plain(made));
  answer["key"] = key;
  answer["attempt"] = attempt;
  if (made) answer["number"] = made.value();
  world.answer(boost::json::serialize(answer));
}

Task<void> add_ad(World& world, std::shared_ptr<Node> node, std::string user, std::string attempt) {
  const market::FillerDraft draft{attempt, "i", "https://a.example/", "", "books"};
  const auto made = co_await node->market.fillers.create(user, draft);
  tell_added(world, "filler/" + user + "/", attempt, made);
}

Task<void> add_campaign(World& world, std::shared_ptr<Node> node, std::string user, std::string attempt) {
  market::CampaignDraft draft;
  draft.attempt = attempt;
  draft.title = "t";
  draft.page = "https://s.example/";
  draft.width_px = draft.height_px = 1;
  draft.floor = Satoshi(floor_sat);
  const auto made = co_await node->market.campaigns.create(user, draft);
  tell_added(world, "campaign/" + user + "/", attempt, made);
}

Task<void> recover_with(World& world, std::shared_ptr<Node> node) {
  // Complains of what it cannot finish.
  const auto failed = co_await node->market.recover_now(Time::max());
  Result<void> outcome = plain(failed);
  if (failed && failed.value() > 0) outcome = Error(Code::undecided, "documents that it could not repair");
  if (!outcome) world.answer(boost::json::serialize(told("recovery", outcome)));
}

template <class Document>
void put(Scenario& scenario, const store::Key& key, const Document& document) {
  scenario.start[key] = store::encode(document);
}

const store::Key& campaign_key() {
  static const store::Key key = keys::campaign(seller, 1);
  return key;
}

}  // namespace

Task<Result<std::string>> PlainHasher::hash(market::Secret password) {
  co_return std::string(password.view()) + "#" + runtime::random_hex(runtime_, 2);
}

Task<Result<bool>> PlainHasher::verify(std::optional<std::string> hash, market::Secret password) {
  co_return hash && hash->substr(0, hash->find('#')) == password.view();
}

Task<Result<market::ImageInfo>> PlainImages::check(std::shared_ptr<const std::string>) {
  co_return market::ImageInfo{"image/png", 1, 1};
}

Node::Node(World& world)
    : hasher(world.runtime),
      images(world.store, image_checker),
      market(world.store, world.runtime, hasher, images, metrics, {.fee_basis_points = fee_basis_points}) {}

void has_campaign(Scenario& scenario) {
  Campaign campaign;
  campaign.floor = Satoshi(floor_sat);
  campaign.slot_length_ms = Milliseconds(std::chrono::hours(24)).count();
  put(scenario, campaign_key(), campaign);
  put(scenario, keys::campaigns(seller), market::CampaignList{1});
  scenario.expected.fee_basis_points = fee_basis_points;
}

void has_account(Scenario& scenario, const std::string& user, std::int64_t money) {
  Balance balance;
  balance.money = Satoshi(money);
  put(scenario, keys::balance(user), balance);
}

void has_buyer(Scenario& scenario, const std::string& user, std::int64_t money) {
  has_account(scenario, user, money);
  put(scenario, keys::filler(user, 1), market::Filler());
  scenario.fixed = {"filler/"};
  put(scenario, keys::fillers(user), market::FillerList{1});
}

void has_deposit(Scenario& scenario, const std::string& id, const std::string& user, std::int64_t amount) {
  put(scenario, keys::deposit(id), market::Deposit{user, Satoshi(amount), "operator", Process::first_time, false});
}

void has_password(Scenario& scenario, const std::string& user) {
  put(scenario, keys::credentials(user), market::Credentials{"old-password#0000", Process::first_time});
}

void has_void(Scenario& scenario, std::uint64_t slot) {
  put(scenario, keys::slot(campaign_key(), slot), market::Slot{"11111111-attempt", std::nullopt});
}

namespace {
journal::Plan next_sale(const Scenario& scenario, const std::string& user) {
  const auto read = [&]<class T>(const store::Key& key, T) {
    return store::Versioned<T>{store::decode<T>(scenario.start.at(key)).value(), store::Version(1)};
  };
  const auto campaign = read(campaign_key(), Campaign());
  const std::uint64_t slot = campaign.value.last + 1;
  return market::decide_sale(order(user, "r" + std::to_string(slot), slot), std::to_string(slot) + "0000000-attempt",
                             campaign, read(keys::balance(user), Balance()), market::Filler(), fee_basis_points,
                             Process::first_time)
      .value();
}
}  // namespace

void has_sale(Scenario& scenario, const std::string& user, std::int64_t money) {
  has_buyer(scenario, user, money);
  for (const auto& write : next_sale(scenario, user).writes) scenario.start[write.key] = write.value;
}

void has_unsettled_sale(Scenario& scenario, const std::string& user, std::int64_t money) {
  has_buyer(scenario, user, money);
  const auto plan = next_sale(scenario, user);
  for (const std::size_t write : {plan.lock, plan.fill()})
    scenario.start[plan.writes[write].key] = plan.writes[write].value;
}

market::Order order(const std::string& buyer, const std::string& request, std::uint64_t slot) {
  return {buyer, seller, 1, slot, request, 1, Satoshi(1000)};
}

void add(Scenario& scenario, Actor actor) {
  if (actor.seed == 0) actor.seed = scenario.actors.size() + 1;
  scenario.actors.push_back(std::move(actor));
}

Actor buys(Scenario& scenario, const std::string& name, market::Order order, int times) {
  OrderTerms& terms = scenario.expected.orders[order.request];
  terms = {order.buyer, order.highest_price.value(), terms.buyer.empty() ? 1 : terms.carriers + 1};
  return {name, [order, times](World& world) { return buy(world, open_node(world), order, times); }};
}

Actor buys_and_asks_again(Scenario& scenario, const std::string& name, market::Order order) {
  scenario.expected.orders[order.request] = {order.buyer, order.highest_price.value(), 1};
  return {name, [order](World& world) { return buy_and_ask_again(world, open_node(world), order); }};
}

Actor logs_in(const std::string& user) {
  return {user + "'s login", [user](World& world) { return log_in(world, open_node(world), user); }};
}

Actor recovers(const std::string& name) {
  return {name, [](World& world) { return recover(world, open_node(world), campaign_key()); }};
}

Actor funds(const std::string& name, const std::string& id, const std::string& user, std::int64_t amount) {
  return {name, [=](World& world) { return fund(world, open_node(world), id, user, Satoshi(amount)); }};
}

Actor credits(const std::string& name, const std::string& id, const std::string& user) {
  return {name, [=](World& world) { return credit(world, open_node(world), id, user); }};
}

Actor collects_earnings(const std::string& name) {
  return {name, [](World& world) { return collect(world, open_node(world), seller, false); }};
}

Actor collects_fees(const std::string& user) {
  return {user + " collects fees", [user](World& world) { return collect(world, open_node(world), user, true); }};
}

Actor withdraws(const std::string& name, const std::string& user, const std::string& attempt, std::int64_t amount) {
  return {name, [=](World& world) { return withdraw(world, open_node(world), user, attempt, Satoshi(amount)); }};
}

Actor cancels_withdrawal(const std::string& name, const std::string& user, const std::string& attempt) {
  return {name, [=](World& world) { return cancel(world, open_node(world), user, attempt); }};
}

Actor cleans_up() {
  return {"housekeeper", [](World& world) { return clean_up(world); }};
}

Actor sweeps() {
  Actor actor{"sweep", [](World& world) { return sweep(open_node(world), Process::first_time + limits::hold_is_old); }};
  actor.clock_ahead = 2 * limits::hold_is_old;
  return actor;
}

Actor changes_password(const std::string& name, const std::string& user, const std::string& to) {
  return {name, [=](World& world) { return change_password(world, open_node(world), user, to); }};
}

Actor logs_in_with(const std::string& name, const std::string& user, const std::string& password) {
  return {name, [=](World& world) { return log_in_with(world, open_node(world), user, password); }};
}

Actor registers(const std::string& name, const std::string& user, const std::string& password) {
  return {name, [=](World& world) { return register_user(world, open_node(world), user, password); }};
}

Actor adds_ad(const std::string& name, const std::string& user, const std::string& attempt) {
  return {name, [=](World& world) { return add_ad(world, open_node(world), user, attempt); }};
}

Actor adds_campaign(const std::string& name, const std::string& user, const std::string& attempt) {
  return {name, [=](World& world) { return add_campaign(world, open_node(world), user, attempt); }};
}

Task<void> recover_all(World& world) { return recover_with(world, open_node(world)); }

}  // namespace abc2::sim
