// For the market's tests: every operation that writes, with the writes that it makes, in their order and by name.
#pragma once
#include "market/test_town.hpp"

namespace abc2::market::test {

// An operation as a user, an operator or recovery asks for it. It may be asked for again.
struct Operation {
  std::string name;
  Documents (*before)(Tools&);
  Task<Result<void>> (*run)(Node*);
  std::vector<std::string> writes;  // "lock (replace balance/ann)": the name of the step, and the write
  std::string actor = "ann";
  bool repairs = false;  // it only finishes what was begun, as recovery does
  std::string (*more_state)(const Documents&, Tools&) = nullptr;
  bool side_by_side = false;  // it does several things at once: on a server their order is that of its answers
};

inline const char* kOld = "a long password";
inline const char* kNew = "another password";

template <class T>
Task<Result<void>> without_value(Task<Result<T>> task) {
  CO_TRY_VOID(co_await std::move(task));
  co_return success();
}

// ---------------------------------------------------------------------------------------------- what is there before

inline Documents logged_in(Tools& tools) {
  engines::TestStore memory(tools.runtime);
  fill(memory, new_town(tools));
  Node node(tools, memory);
  node.run(node.market.accounts.login("ann", Secret::of(kOld), "a browser"));
  return dump(memory);
}
inline Documents half_registered(Tools& tools) {
  engines::TestStore memory(tools.runtime);
  fill(memory, new_town(tools));
  Node node(tools, memory);
  node.run(node.market.accounts.register_user("dora", Secret::of(kOld)));
  Documents all = dump(memory);
  all.erase(keys::balance("dora"));
  return all;
}
// ann's ledger is full up to the next page.
inline Documents full_ledger(Tools& tools) {
  engines::TestStore memory(tools.runtime);
  fill(memory, new_town(tools));
  Node node(tools, memory);
  for (std::size_t i = 1; i < limits::ledger_page; ++i)
    node.run(node.market.money.fund("more-" + std::to_string(i), "ann", Satoshi(10)));
  return dump(memory);
}
inline Documents held(Tools& tools) {
  Documents town = new_town(tools);
  leave_hold(town, tools, "ann", 7);
  return town;
}
// Slot 1 is void, and the campaign does not say so yet.
inline Documents voided(Tools& tools) {
  Documents town = new_town(tools);
  town[keys::slot(kCampaign, 1)] = store::encode(SaleKind::void_entry({kCampaign, 1}, "of somebody"));
  return town;
}
// Slot 1 is ann's, and nothing after it was written.
inline Documents unsettled(Tools& tools) {
  engines::TestStore memory(tools.runtime);
  fill(memory, new_town(tools));
  store::FaultyStore dying(memory, tools.runtime);
  dying.crash_at_write(2, store::Crash::after);
  Node node(tools, dying);
  if (run_until_crash(dying, to_the_end(node.market.purchases.buy(order("ann", 1, 7)), &tools.runtime)))
    throw std::runtime_error("the purchase ran through");
  return dump(memory);
}
inline Documents sold(Tools& tools) {
  engines::TestStore memory(tools.runtime);
  fill(memory, new_town(tools));
  Node node(tools, memory);
  node.run(node.market.purchases.buy(order("ann", 1, 7)));
  return dump(memory);
}
// One of everything that can be left half-done.
inline Documents neglected(Tools& tools) {
  Documents town = unsettled(tools);
  leave_hold(town, tools, "bob", 8);
  town[keys::credentials("dora")] = town.at(keys::credentials("ann"));
  town[keys::deposit("late")] = store::encode(Deposit{"sue", Satoshi(5), "operator", {}, false});
  auto second = document<Filler>(town, keys::filler("ann", 1));
  second.attempt = uuid(3);
  town[keys::filler("ann", 2)] = store::encode(second);
  return town;
}

// ------------------------------------------------------------------------------------------------------- what is done

inline Task<Result<void>> do_register(Node* node) {
  return without_value(node->market.accounts.register_user("carl", Secret::of(kOld)));
}
inline Task<Result<void>> do_login(Node* node) {
  return without_value(node->market.accounts.login("ann", Secret::of(kOld), "a browser"));
}
inline Task<Result<void>> do_complete(Node* node) {
  return without_value(node->market.accounts.login("dora", Secret::of(kOld), "a browser"));
}
inline Task<Result<void>> do_password(Node* node) {
  return node->market.accounts.change_password("ann", Secret::of(kOld), Secret::of(kNew), "");
}
inline Task<Result<void>> do_filler(Node* node) {
  // An image that nobody has uploaded before: bytes after the end of a PNG change its hash.
  return without_value(
      node->market.fillers.create("ann", {uuid(11), other_image(), "https://example.org/b", "Come", "books"}));
}
inline Task<Result<void>> do_campaign(Node* node) {
  CampaignDraft draft;
  draft.attempt = uuid(12);
  draft.title = "Bottom of the page";
  draft.page = "https://example.org/page";
  draft.width_px = draft.height_px = 100;
  draft.floor = Satoshi(500);
  return without_value(node->market.campaigns.create("sue", draft));
}
inline Task<Result<void>> do_fund(Node* node) {
  return without_value(node->market.money.fund("x", "ann", Satoshi(123)));
}
inline Task<Result<void>> do_buy(Node* node) { return without_value(node->market.purchases.buy(order("ann", 1, 7))); }
inline Task<Result<void>> do_earnings(Node* node) {
  return without_value(node->market.money.collect_earnings("sue", 1));
}
inline Task<Result<void>> do_fees(Node* node) { return without_value(node->market.money.collect_fees("opa")); }
inline Task<Result<void>> do_resolve(Node* node) { return node->market.purchases.settle_account("ann"); }
inline Task<Result<void>> do_recover(Node* node) {
  return without_value(node->market.purchases.sales().recover(kCampaign, limits::recovery_grace));
}
inline Task<Result<void>> do_sweep(Node* node) {
  CO_TRY(const auto failed, co_await node->market.recover_now(Time::max()));
  if (failed != 0) co_return Error(Code::undecided, std::to_string(failed) + " documents could not be repaired");
  co_return success();
}

inline std::string logged_in_state(const Documents& all, Tools&) {
  const bool ann = all.contains(keys::sessions("ann")), dora = all.contains(keys::sessions("dora"));
  return std::string("sessions:") + (ann ? " ann" : "") + (dora ? " dora" : "");
}
inline std::string password_state(const Documents& all, Tools& tools) {
  const auto hash = document<Credentials>(all, keys::credentials("ann")).password_hash;
  const bool is_new = runtime::run_blocking(tools.hasher.verify(hash, Secret::of(kNew))).value();
  const bool is_old = runtime::run_blocking(tools.hasher.verify(hash, Secret::of(kOld))).value();
  return std::string("password:") + (is_new ? " new" : "") + (is_old ? " old" : "");
}

inline std::vector<Operation> operations() {
  const std::string ann = "balance/ann", bob = "balance/bob", sue = "balance/sue", campaign = kCampaign;
  const std::string slot1 = keys::slot(kCampaign, 1), slot2 = keys::slot(kCampaign, 2);
  const std::string paid1 = keys::transaction(kCampaign, 1), paid2 = keys::transaction(kCampaign, 2);
  const auto add = [](const std::string& step, const std::string& key) { return step + " (add " + key + ")"; };
  const auto cas = [](const std::string& step, const std::string& key) { return step + " (replace " + key + ")"; };
  std::vector<std::string> purchase = {cas("lock", ann), add("fill", slot1), add("receipt", paid1), cas("debit", ann),
                                       cas("advance", campaign)};
  std::vector<std::string> with_page = purchase;
  with_page.insert(with_page.begin(), add("page", keys::ledger_page("ann", 1)));
  return {
      {"registration",
       new_town,
       do_register,
       {add("credentials", "credentials/carl"), add("balance", "balance/carl")},
       "carl"},
      {"login", new_town, do_login, {add("session", "sessions/ann")}, "ann", false, logged_in_state},
      {"login that completes a registration",
       half_registered,
       do_complete,
       {add("balance", "balance/dora"), add("session", "sessions/dora")},
       "dora",
       false,
       logged_in_state},
      {"password change",
       logged_in,
       do_password,
       {cas("sessions ended", "sessions/ann"), cas("password", "credentials/ann")},
       "ann",
       false,
       password_state},
      {"filler creation",
       new_town,
       do_filler,
       {add("image", keys::image(sha256_hex(other_image()))), add("entry", keys::filler("ann", 2)),
        cas("list", keys::fillers("ann"))}},
      {"campaign creation",
       new_town,
       do_campaign,
       {add("entry", keys::campaign("sue", 2)), cas("list", keys::campaigns("sue"))},
       "sue"},
      {"fund",
       new_town,
       do_fund,
       {add("deposit", "deposit/x"), cas("credit", ann), cas("mark", "deposit/x"), cas("drop", ann)}},
      {"purchase", new_town, do_buy, purchase},
      {"purchase with a ledger page", full_ledger, do_buy, with_page},
      {"purchase that is resumed", held, do_buy, {purchase.begin() + 1, purchase.end()}},
      {"purchase that meets a void",
       voided,
       do_buy,
       {cas("lock", ann), add("fill, rejected", slot1), cas("release", ann), cas("advance over the void", campaign),
        cas("lock again", ann), add("fill", slot2), add("receipt", paid2), cas("debit", ann),
        cas("advance", campaign)}},
      {"collecting earnings", sold, do_earnings, {cas("credit", sue), cas("mark", campaign), cas("drop", sue)}, "sue"},
      {"collecting fees",
       sold,
       do_fees,
       {add("fees account", "fees/account"), cas("credit", "balance/opa"), cas("mark", campaign),
        cas("drop", "balance/opa")},
       "opa"},
      {"resolving a hold", held, do_resolve, {add("void", slot1), cas("release", ann)}, "ann", true},
      {"recovery of a purchase", unsettled, do_recover, {purchase.begin() + 2, purchase.end()}, "ann", true},
      {"sweep",
       neglected,
       do_sweep,
       {add("receipt", paid1), cas("debit", ann), cas("advance", campaign), cas("release", bob), cas("credit", sue),
        cas("mark", "deposit/late"), cas("drop", sue), add("balance", "balance/dora"),
        cas("list", keys::fillers("ann"))},
       "ann",
       true,
       nullptr,
       true},
  };
}

}  // namespace abc2::market::test
