#include "sim/auditor_bitcoin.hpp"

#include <set>

namespace abc2::sim {
namespace {

namespace json = boost::json;

std::int64_t integer(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_int64() ? value->get_int64() : 0;
}

std::string text(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

const json::array& list(const json::object& object, const char* name) {
  static const json::array none;
  const json::value* value = object.if_contains(name);
  return value && value->is_array() ? value->get_array() : none;
}

std::string number(std::int64_t value) { return std::to_string(value); }

std::string after_last(const std::string& key, char what) { return key.substr(key.rfind(what) + 1); }

const json::object* find(const Objects& documents, const std::string& key) {
  const auto found = documents.find(key);
  return found == documents.end() ? nullptr : &found->second;
}

// Those whose keys begin so, in the order of the keys.
std::vector<std::pair<std::string, const json::object*>> all(const Objects& documents, const std::string& prefix) {
  std::vector<std::pair<std::string, const json::object*>> found;
  for (auto at = documents.lower_bound(prefix); at != documents.end() && at->first.starts_with(prefix); ++at)
    found.emplace_back(at->first, &at->second);
  return found;
}

std::string audit_addresses(const Objects& documents, bool at_rest) {
  std::map<std::string, std::string> shown;  // whose an address is
  for (const auto& [key, account] : all(documents, "bitcoin/account/")) {
    const std::string user = after_last(key, '/'), address = text(*account, "address");
    if (address.empty()) {
      if (at_rest) return user + " never gets an address";
      continue;
    }
    if (!shown.emplace(address, user).second) return user + " has the address of " + shown.at(address);
    bool known = false;
    for (const auto& [script, owner] : all(documents, "bitcoin/script/"))
      known |= text(*owner, "user") == user && integer(*owner, "index") == integer(*account, "index");
    if (!known) return user + " has an address that no watcher knows";
  }
  std::map<std::string, std::int64_t> last;  // of a shard
  for (const auto& [key, entry] : all(documents, "bitcoin/address/")) {
    const std::string shard = key.substr(16, key.rfind('/') - 16), user = text(*entry, "user");
    const std::int64_t index = std::stoll(after_last(key, '/'));
    if (index != ++last[shard]) return key + " comes after a gap";
    const json::object* account = find(documents, "bitcoin/account/" + user);
    if (!account || integer(*account, "index") != index || number(integer(*account, "shard")) != shard)
      return key + " is lost: it is " + user + "'s, who has another";
  }
  for (const auto& [shard, index] : last) {
    const json::object* head = find(documents, "bitcoin/addresses/" + shard);
    if (at_rest && (!head || integer(*head, "last") != index))
      return "an address of shard " + shard + " is not counted";
  }
  return {};
}

std::string audit_payouts(const Objects& documents, bool at_rest) {
  std::map<std::string, std::int64_t> spent, paid, transactions;
  std::map<std::string, std::string> hex;
  const json::object* head = find(documents, "bitcoin/payouts");
  const std::int64_t last = head ? integer(*head, "last") : 0;
  std::int64_t made = 0;
  for (const auto& [key, payout] : all(documents, "bitcoin/payout/")) {
    if (std::stoll(after_last(key, '/')) != ++made) return key + " comes after a gap";
    for (const auto& coin : list(*payout, "coins"))
      if (!spent.emplace(text(coin.as_object(), "outpoint"), made).second)
        return text(coin.as_object(), "outpoint") + " is spent by two payouts";
    for (const auto& one : list(*payout, "withdrawals")) {
      const std::string withdrawal = text(one.as_object(), "withdrawal");
      if (!paid.emplace(withdrawal, made).second) return withdrawal + " is paid by two payouts";
      const json::object* now = find(documents, withdrawal);
      const std::string state = now ? text(*now, "state") : "gone";
      if (state != "claimed" && state != "signed" && state != "final")
        return withdrawal + " is in a payout, and is " + state;
      if (at_rest && (state == "claimed" || integer(*now, "payout") != made))
        return withdrawal + " never says which payout pays it";
    }
    for (const auto& one : list(*payout, "transactions")) {
      transactions[text(one.as_object(), "id")] = made;
      hex[text(one.as_object(), "id")] = text(one.as_object(), "hex");
    }
    if (at_rest && integer(*payout, "height") == 0) {
      const std::string newest = text(list(*payout, "transactions").back().as_object(), "id");
      if (!documents.contains("node/" + newest)) return key + " is never broadcast as it is now";
    }
  }
  if (at_rest && last != made) return "the payout " + number(made) + " is never settled";
  if (last > made) return "the payouts are past one that is not there";
  for (const auto& [key, sent] : all(documents, "node/")) {
    const std::string id = after_last(key, '/');
    if (!transactions.contains(id) || hex[id] != text(*sent, "hex"))
      return "the transaction " + id + " was broadcast, which is in no payout";
    if (transactions[id] > last) return "the transaction " + id + " was broadcast before its payout was settled";
    const json::object* known = find(documents, "bitcoin/sent/" + id);
    if (!known || integer(*known, "payout") != transactions[id])
      return "the transaction " + id + " was broadcast, and no watcher would know it";
  }
  for (const auto& [key, withdrawal] : all(documents, "withdrawal/")) {
    const std::string state = text(*withdrawal, "state");
    if ((state == "signed" || state == "final") && !paid.contains(key))
      return key + " says that it is paid, which no payout says";
    if (at_rest && state == "claimed") return key + " is claimed for ever";
  }
  return {};
}

}  // namespace

std::string audit_bitcoin(const Objects& documents, bool at_rest) {
  std::string found = audit_addresses(documents, at_rest);
  if (found.empty()) found = audit_payouts(documents, at_rest);
  return found;
}

std::string audit_chain_deposit(const std::string& key, const json::object& deposit, const json::object* before,
                                const BookedDeposit& booked, const Expectations& expected, bool at_rest) {
  const auto chain_of = [](const json::object* document) {
    return document && document->contains("on_chain") ? &document->at("on_chain").as_object() : nullptr;
  };
  const json::object& chain = *chain_of(&deposit);
  const json::object* chain_before = chain_of(before);
  const std::int64_t amount = integer(deposit, "amount_sat");
  std::int64_t sum = chain_before ? integer(*chain_before, "booked_sat") : 0;
  std::int64_t moves = chain_before ? integer(*chain_before, "moves") : 0;
  std::int64_t last = 0;
  for (const std::int64_t one : booked.amounts) {
    last = one;
    sum += one;
    ++moves;
    if (sum > amount) return key + " was credited twice";
    if (sum < 0) return key + " was taken back twice";
  }
  // The money moves first, and then the deposit says so.
  const bool on_its_way = !at_rest && moves == integer(chain, "moves") + 1;
  if (!on_its_way && moves != integer(chain, "moves"))
    return key + " says that it was booked " + number(integer(chain, "moves")) + " times, but was " + number(moves) +
           " times";
  if (integer(chain, "booked_sat") != (on_its_way ? sum - last : sum))
    return key + " says that " + number(integer(chain, "booked_sat")) + " are booked, but " + number(sum) + " are";
  if (!at_rest) return {};
  if (deposit.at("credited").as_bool() != (sum == amount)) return key + " says wrongly whether it is credited";
  const std::int64_t entitled = integer(chain, "entitled_sat");
  if (const auto wanted = expected.entitled.find(after_last(key, '/'));
      wanted != expected.entitled.end() && wanted->second != entitled)
    return key + " is entitled to " + number(entitled) + " for ever, and should be to " + number(wanted->second);
  if (sum < entitled) return key + " is never credited";
  if (sum > entitled && booked.there > 0) return key + " is owed, but there is money that is not taken back";
  return {};
}

std::string audit_bitcoin_answer(const Documents& end, const json::object& answer) {
  const std::string did = text(answer, "did");
  if (did == "address") {
    const auto account = end.find("bitcoin/account/" + text(answer, "user"));
    if (account == end.end() || text(json::parse(account->second).as_object(), "address") != text(answer, "address"))
      return text(answer, "user") + " was shown an address that is not theirs";
  }
  if (did == "bump") {
    for (auto at = end.lower_bound("bitcoin/payout/"); at != end.end() && at->first.starts_with("bitcoin/payout/");
         ++at) {
      const json::object payout = json::parse(at->second).as_object();
      for (const auto& one : list(payout, "transactions"))
        if (text(one.as_object(), "id") == text(answer, "transaction")) return {};
    }
    return "the operator was told of a replacement that is in no payout";
  }
  return {};
}

std::string bitcoin_in_words(const std::string& key, const json::object& document) {
  if (key.starts_with("node/")) return "broadcast";
  if (key.starts_with("withdrawal/"))
    return text(document, "state") +
           (integer(document, "payout") ? " for payout " + number(integer(document, "payout")) : "") +
           (document.at("refunded").as_bool() ? ", refunded" : "");
  if (!key.starts_with("bitcoin/")) return {};
  const std::string kind = key.substr(8, key.find('/', 8) - 8);
  if (kind == "chain")
    return "step " + number(integer(document, "last")) + ", block " + text(document, "block").substr(0, 4) +
           " at height " + number(integer(document, "height"));
  if (kind == "step")
    return text(document, "kind") + " block " + text(document, "block").substr(0, 4) + " at height " +
           number(integer(document, "height")) + ", " +
           number(static_cast<std::int64_t>(list(document, "found").size())) + " found, " +
           number(static_cast<std::int64_t>(list(document, "paid").size())) + " paid";
  if (kind == "account")
    return "index " + number(integer(document, "index")) +
           (text(document, "address").empty() ? "" : ", has an address");
  if (kind == "address" || kind == "script") return "of '" + text(document, "user") + "'";
  if (kind == "addresses") return "last " + number(integer(document, "last"));
  if (kind == "coin") return "spent by " + number(integer(document, "spent_by"));
  if (kind == "payouts")
    return "last " + number(integer(document, "last")) + ", final " + number(integer(document, "final_up_to"));
  if (kind == "sent") return "of payout " + number(integer(document, "payout"));
  if (kind == "payout") {
    std::string words;
    for (const auto& one : list(document, "withdrawals")) words += text(one.as_object(), "withdrawal").substr(11) + " ";
    for (const auto& one : list(document, "transactions"))
      words += "by " + text(one.as_object(), "id").substr(0, 4) + " ";
    return words + "at height " + number(integer(document, "height"));
  }
  return {};
}

}  // namespace abc2::sim
