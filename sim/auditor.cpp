#include "sim/auditor.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <set>
#include <utility>

#include "sim/auditor_bitcoin.hpp"

namespace abc2::sim {
namespace {

namespace json = boost::json;

// A creation that is repeated is found among so many of the newest of its user: what the documents of the API promise.
constexpr std::int64_t requests_remembered = 16;

std::int64_t integer(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_int64() ? value->get_int64() : 0;
}

std::string text(const json::object& object, const char* name) {
  const json::value* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::string padded(std::int64_t number) {
  std::string digits = std::to_string(number);
  return digits.size() < 10 ? std::string(10 - digits.size(), '0') + digits : digits;
}

std::string number(std::int64_t value) { return std::to_string(value); }

// The parts of a key: {"slot", "s", "0000000001", "0000000002"}.
std::vector<std::string> parts(const std::string& key) {
  std::vector<std::string> out(1);
  for (const char c : key) c == '/' ? void(out.emplace_back()) : void(out.back() += c);
  return out;
}

struct LedgerLine {
  std::string user, kind, reference;
  std::int64_t amount = 0;
};

class Books {
 public:
  Books(const Documents& start, const Documents& end, const Expectations& expected)
      : expected_(expected), start_(parse(start)), end_(parse(end)) {}

  std::string finding() {
    for (const auto check :
         {&Books::accounts, &Books::credentials, &Books::campaigns, &Books::purchases, &Books::credits,
          &Books::withdrawals, &Books::bitcoin, &Books::lists, &Books::kept_documents}) {
      if (std::string found = (this->*check)(); !found.empty()) return found;
    }
    return {};
  }

  std::string finding_at_any_moment() {
    at_rest_ = false;
    for (const auto check : {&Books::accounts, &Books::campaigns, &Books::purchases, &Books::credits,
                             &Books::withdrawals, &Books::bitcoin}) {
      if (std::string found = (this->*check)(); !found.empty()) return found;
    }
    return {};
  }

 private:
  static Objects parse(const Documents& documents) {
    Objects objects;
    for (const auto& [key, value] : documents) objects.emplace(key, json::parse(value).as_object());
    return objects;
  }
  const json::object* find(const std::string& key) const {
    const auto found = end_.find(key);
    return found == end_.end() ? nullptr : &found->second;
  }
  std::vector<std::pair<std::string, const json::object*>> all(const std::string& prefix) const {
    std::vector<std::pair<std::string, const json::object*>> found;
    for (const auto& [key, object] : end_)
      if (key.starts_with(prefix)) found.emplace_back(key, &object);
    return found;
  }

  // Every balance: nothing left hanging, and every satoshi has its line.
  std::string accounts() {
    for (const auto& [key, balance] : all("balance/")) {
      const std::string user = key.substr(key.find('/') + 1);
      if (at_rest_ && balance->contains("hold"))
        return user + " is held for ever: " + json::serialize(balance->at("hold"));
      if (at_rest_ && balance->contains("pending")) return user + " has a credit pending for ever";
      std::int64_t money = 0, last = 0;
      if (const auto before = start_.find(key); before != start_.end()) {
        money = integer(before->second, "money_sat");
        last = 16 * integer(before->second, "pages");
        for (const auto& line : before->second.at("recent").as_array()) last = integer(line.as_object(), "number");
      }
      const std::int64_t known = last;
      std::vector<const json::object*> lines;
      for (std::int64_t page = 1; page <= integer(*balance, "pages"); ++page) {
        const json::object* full = find("ledger/" + user + "/" + padded(page));
        if (!full) return "page " + number(page) + " of " + user + "'s ledger is missing";
        for (const auto& line : full->at("entries").as_array()) lines.push_back(&line.as_object());
      }
      for (const auto& line : balance->at("recent").as_array()) lines.push_back(&line.as_object());
      std::int64_t expected_number = 1;
      for (const json::object* line : lines) {
        if (integer(*line, "number") != expected_number++) return user + "'s ledger is not numbered without gaps";
        if (integer(*line, "number") <= known) continue;
        money += integer(*line, "amount_sat");
        if (money < 0) return user + " was overdrawn";
        if (money != integer(*line, "after_sat")) return user + "'s ledger does not add up";
        ledger_.push_back({user, text(*line, "kind"), text(*line, "reference"), integer(*line, "amount_sat")});
      }
      if (money != integer(*balance, "money_sat"))
        return user + " has " + number(integer(*balance, "money_sat")) + ", but the ledger says " + number(money);
    }
    return {};
  }

  std::string credentials() {
    for (const auto& [key, object] : all("credentials/")) {
      const std::string user = key.substr(key.find('/') + 1);
      if (!find("balance/" + user)) return user + " has credentials, but no balance";
    }
    return {};
  }

  std::string campaigns() {
    for (const auto& [key, campaign] : all("campaign/")) {
      const std::string rest = key.substr(key.find('/'));
      const std::int64_t last = integer(*campaign, "last");
      std::int64_t sold = 0, earned = 0, fees = 0;
      const json::object* before = nullptr;  // the sale before
      for (std::int64_t n = 1; n <= last || find("slot" + rest + "/" + padded(n)); ++n) {
        const json::object* slot = find("slot" + rest + "/" + padded(n));
        if (n > last && !at_rest_) break;  // on its way
        if (n > last && slot->contains("sale"))
          return "slot " + number(n) + " was sold to " + text(slot->at("sale").as_object(), "buyer") +
                 ", but is never settled: nobody is charged for it";
        if (n > last) return "the campaign says " + number(last) + " for ever, but slot " + number(n) + " is there";
        if (!slot) {
          if (expected_.removes) continue;
          return "the campaign is past slot " + number(n) + ", which is not there";
        }
        if (!slot->contains("sale")) continue;
        const json::object& sale = slot->at("sale").as_object();
        const std::string which = "slot " + number(n);
        if (std::string wrong = terms(which, sale, *campaign, before); !wrong.empty()) return wrong;
        const json::object* receipt = find("transaction" + rest + "/" + padded(n));
        if (!receipt) return which + " was sold without a receipt";
        if (text(*receipt, "buyer") != text(sale, "buyer") || text(*receipt, "attempt") != text(*slot, "attempt") ||
            integer(*receipt, "price_sat") != integer(sale, "price_sat") ||
            integer(*receipt, "fee_sat") != integer(sale, "fee_sat"))
          return "the receipt of " + which + " is another one's";
        sales_.emplace("transaction" + rest + "/" + padded(n), &sale);
        ++sold;
        earned += integer(sale, "price_sat") - integer(sale, "fee_sat");
        fees += integer(sale, "fee_sat");
        before = &sale;
      }
      if (integer(*campaign, "sold") != sold)
        return "the campaign says that " + number(integer(*campaign, "sold")) + " slots were sold, but " +
               number(sold) + " were";
      if (integer(*campaign, "earned_sat") != earned)
        return "the campaign has earned " + number(integer(*campaign, "earned_sat")) + ", should have " +
               number(earned);
      if (integer(*campaign, "fees_sat") != fees)
        return "the campaign's fees are " + number(integer(*campaign, "fees_sat")) + ", should be " + number(fees);
    }
    return {};
  }

  // The price falls in a straight line from twice the last one to the floor, and is rounded up.
  std::string terms(const std::string& which, const json::object& sale, const json::object& campaign,
                    const json::object* before) {
    const std::int64_t floor = integer(campaign, "floor_sat"), at = integer(sale, "bought_at_ms");
    std::int64_t price = floor, starts = at;
    if (before) {
      const std::int64_t bought = integer(*before, "bought_at_ms"), ends = integer(*before, "ends_at_ms");
      if (at < bought) return which + " was bought before the one before it";
      if (at < ends) {
        const std::int64_t above = (2 * integer(*before, "price_sat") - floor) * (ends - at), whole = ends - bought;
        price = floor + above / whole + (above % whole ? 1 : 0);
        starts = ends;
      }
    }
    if (integer(sale, "price_sat") != price)
      return which + " was sold for " + number(integer(sale, "price_sat")) + ", the price was " + number(price);
    if (integer(sale, "starts_at_ms") != starts ||
        integer(sale, "ends_at_ms") != starts + integer(campaign, "slot_length_ms"))
      return which + " runs at another time than was sold";
    const std::int64_t fee = (price * expected_.fee_basis_points + 9999) / 10000;
    if (integer(sale, "fee_sat") != fee) return which + " has a wrong fee";
    const std::string request = text(sale, "request");
    if (const auto order = expected_.orders.find(request); order != expected_.orders.end()) {
      if (price > order->second.highest_price)
        return which + " was sold for " + number(price) + ", more than the " + number(order->second.highest_price) +
               " that the buyer accepts";
      if (text(sale, "buyer") != order->second.buyer) return which + " was sold to somebody who did not ask for it";
    }
    if (!requests_.emplace(text(sale, "buyer") + " " + request).second)
      return "the request " + request + " was bought twice";
    return {};
  }

  // Each sale is paid exactly once, by its buyer; nothing else is paid.
  std::string purchases() {
    std::map<std::string, int> paid;
    for (const auto& line : ledger_) {
      if (line.kind != "purchase") continue;
      const auto sale = sales_.find(line.reference);
      if (sale == sales_.end() && !at_rest_) continue;  // it is not settled yet
      if (sale == sales_.end() || text(*sale->second, "buyer") != line.user)
        return line.user + " was charged for " + line.reference + ", which was not sold to them";
      if (line.amount != -integer(*sale->second, "price_sat")) return line.user + " was charged a wrong price";
      if (++paid[line.reference] > 1) return line.user + " was charged twice for " + line.reference;
    }
    for (const auto& [reference, sale] : sales_) {
      const bool in_start = start_.contains(reference);  // settled before the scenario begins
      if (!in_start && paid[reference] == 0) return text(*sale, "buyer") + " was never charged for " + reference;
    }
    return {};
  }

  std::string credits() {
    std::map<std::string, int> credited;
    std::map<std::string, std::int64_t> earnings, fees;
    std::map<std::string, BookedDeposit> booked;
    for (const auto& line : ledger_) {
      if (line.kind == "deposit" || line.kind == "reversal") {
        const json::object* deposit = find(line.reference);
        if (deposit && deposit->contains("on_chain") && text(*deposit, "user") == line.user) {
          booked[line.reference].amounts.push_back(line.amount);
          continue;
        }
        if (line.kind == "reversal") return line.user + " lost money for " + line.reference;
        if (!deposit && !expected_.removes) return line.reference + " is gone";
        if (deposit && (text(*deposit, "user") != line.user || integer(*deposit, "amount_sat") != line.amount))
          return line.reference + " was credited wrongly";
        if (++credited[line.reference] > 1) return line.reference + " was credited twice";
      }
      if (line.kind == "earnings") {
        if (parts(line.reference)[1] != line.user) return line.user + " has the earnings of " + line.reference;
        earnings[line.reference] += line.amount;
      }
      if (line.kind == "fees") fees[line.reference] += line.amount;
    }
    for (const auto& [key, deposit] : all("deposit/")) {
      if (deposit->contains("on_chain")) {
        const auto before = start_.find(key);
        const json::object* owner = find("balance/" + text(*deposit, "user"));
        booked[key].there = owner ? integer(*owner, "money_sat") : 0;
        if (std::string wrong = audit_chain_deposit(key, *deposit, before == start_.end() ? nullptr : &before->second,
                                                    booked[key], expected_, at_rest_);
            !wrong.empty())
          return wrong;
        continue;
      }
      if (start_.contains(key) && start_.at(key).at("credited").as_bool()) continue;
      if (!at_rest_ && !deposit->at("credited").as_bool()) continue;
      if (!deposit->at("credited").as_bool()) return key + " is never credited";
      if (credited[key] != 1) return key + " is marked as credited, but is in no ledger";
    }
    for (const auto& [key, campaign] : all("campaign/")) {
      const auto collected = [&](const char* name, const std::map<std::string, std::int64_t>& sums) {
        const auto before = start_.find(key);
        const std::int64_t was = before == start_.end() ? 0 : integer(before->second, name);
        const auto sum = sums.find(key);
        const std::int64_t paid = sum == sums.end() ? 0 : sum->second;
        // The money moves first, and then the campaign says so.
        if (integer(*campaign, name) - was == paid || (!at_rest_ && integer(*campaign, name) - was < paid))
          return std::string();
        return key + " says that " + number(integer(*campaign, name) - was) + " were collected, but " + number(paid) +
               " were paid out";
      };
      if (std::string wrong = collected("collected_sat", earnings); !wrong.empty()) return wrong;
      if (std::string wrong = collected("fees_collected_sat", fees); !wrong.empty()) return wrong;
      if (integer(*campaign, "collected_sat") > integer(*campaign, "earned_sat") ||
          integer(*campaign, "fees_collected_sat") > integer(*campaign, "fees_sat"))
        return key + " paid out more than it earned";
    }
    return {};
  }

  // Each withdrawal was paid for exactly once, and what was cancelled came back exactly once, and nothing else did.
  std::string withdrawals() {
    std::map<std::string, int> paid, refunded;
    for (const auto& line : ledger_) {
      if (line.kind != "withdrawal" && line.kind != "refund") continue;
      const bool refund = line.kind == "refund";
      const json::object* withdrawal = find(line.reference);
      if (!withdrawal && !at_rest_ && !refund) continue;  // the account pays first
      if (!withdrawal) return line.user + " paid for " + line.reference + ", which is not there";
      const std::int64_t whole = integer(*withdrawal, "amount_sat") + integer(*withdrawal, "fee_sat");
      if (text(*withdrawal, "user") != line.user || line.amount != (refund ? whole : -whole))
        return line.reference + " was booked wrongly";
      if (refund && text(*withdrawal, "state") != "cancelled") return line.reference + " came back uncancelled";
      if (++(refund ? refunded : paid)[line.reference] > 1) return line.reference + " was booked twice";
    }
    for (const auto& [key, withdrawal] : all("withdrawal/")) {
      const bool back = withdrawal->at("refunded").as_bool();
      const auto before = start_.find(key);
      if (before != start_.end() && before->second.at("refunded").as_bool()) continue;
      if (before == start_.end() && paid[key] != 1) return key + " was never paid for";
      if (back && refunded[key] != 1) return key + " is marked as refunded, but is in no ledger";
      if (at_rest_ && text(*withdrawal, "state") == "cancelled" && !back) return key + " is never refunded";
    }
    return {};
  }

  std::string bitcoin() { return audit_bitcoin(end_, at_rest_); }

  // Ads and campaigns are listed without gaps, and no request made two of them while its first was among the newest.
  std::string lists() {
    for (const auto& [head_prefix, entry_prefix] :
         {std::pair(std::string("fillers/"), std::string("filler/")), {"campaigns/", "campaign/"}}) {
      std::map<std::string, std::int64_t> most;
      std::map<std::string, std::int64_t> attempts;  // where each was made last
      for (const auto& [key, entry] : all(entry_prefix)) {
        const auto path = parts(key);
        if (path.back() != padded(++most[path[1]])) return key + " comes after a gap";
        const auto [made, first] = attempts.try_emplace(path[1] + " " + text(*entry, "attempt"), most[path[1]]);
        if (!first && most[path[1]] - std::exchange(made->second, most[path[1]]) <= requests_remembered)
          return "the request " + text(*entry, "attempt") + " made two of " + entry_prefix + path[1];
      }
      for (const auto& [user, last] : most) {
        const json::object* head = find(head_prefix + user);
        if (!head || integer(*head, "last") != last) return entry_prefix + user + ": an entry is never listed";
      }
      for (const auto& [key, head] : all(head_prefix))
        if (key != "fees/account" && integer(*head, "last") != most[parts(key)[1]])
          return key + " lists what is not there";
    }
    return {};
  }

  // What is only ever added is as it was.
  std::string kept_documents() {
    for (const auto& [key, object] : start_) {
      const json::object* now = find(key);
      if (!now && !expected_.removes) return key + " is gone";
      const std::string kind = parts(key)[0];
      const bool fixed =
          kind == "slot" || kind == "transaction" || kind == "ledger" || kind == "filler" || kind == "node";
      if (now && fixed && *now != object) return key + " was changed";
    }
    return {};
  }

  const Expectations& expected_;
  bool at_rest_ = true;  // everything was recovered
  Objects start_, end_;
  std::vector<LedgerLine> ledger_;                    // of what happened since the start
  std::map<std::string, const json::object*> sales_;  // by receipt
  std::set<std::string> requests_;
};

// The slot that a request has, if it has one.
const json::object* sale_of(const std::map<std::string, json::object>& slots, const std::string& buyer,
                            const std::string& request, std::int64_t& number) {
  for (const auto& [key, slot] : slots) {
    if (!slot.contains("sale")) continue;
    const json::object& sale = slot.at("sale").as_object();
    if (text(sale, "buyer") != buyer || text(sale, "request") != request) continue;
    number = std::stoll(parts(key).back());
    return &sale;
  }
  return nullptr;
}

std::string audit_purchase(const std::map<std::string, json::object>& slots, const std::string& request,
                           const std::vector<json::object>& answers, const OrderTerms& order) {
  std::int64_t slot = 0;
  const json::object* sale = sale_of(slots, order.buyer, request, slot);
  unsigned refused = 0;
  for (const auto& answer : answers) {
    const std::string outcome = text(answer, "outcome");
    if (outcome == "bought") {
      if (!sale) return order.buyer + " was told that " + request + " was bought, but it was not";
      if (integer(answer, "slot") != slot || integer(answer, "price") != integer(*sale, "price_sat"))
        return order.buyer + " was told of slot " + number(integer(answer, "slot")) + " for " +
               number(integer(answer, "price")) + ", but bought slot " + number(slot) + " for " +
               number(integer(*sale, "price_sat"));
    } else if (outcome == "corrupt" || outcome == "newer_schema") {
      return order.buyer + " was told that the store is damaged: " + text(answer, "message");
    } else if (outcome != "undecided") {
      ++refused;
    }
  }
  if (refused == order.carriers && sale)
    return order.buyer + " was told that nothing was charged for " + request + " (" + text(answers.front(), "outcome") +
           "), but slot " + number(slot) + " was";
  return {};
}

}  // namespace

std::string audit_books(const Documents& start, const Documents& end, const Expectations& expected) {
  return Books(start, end, expected).finding();
}

std::string audit_always(const Documents& start, const Documents& now, const Expectations& expected) {
  return Books(start, now, expected).finding_at_any_moment();
}

std::string audit_answers(const Documents& end, const std::vector<std::string>& answers, const Expectations& expected) {
  std::map<std::string, std::vector<json::object>> purchases;
  for (const auto& answer : answers) {
    const json::object object = json::parse(answer).as_object();
    const std::string did = text(object, "did"), outcome = text(object, "outcome");
    if (did == "buy") {
      purchases[text(object, "request")].push_back(object);
      continue;
    }
    if (outcome == "corrupt" || outcome == "newer_schema")
      return "somebody was told that the store is damaged: " + text(object, "message");
    // What was acknowledged is never refused afterwards; at most it is not known for a moment.
    if (did == "ask again" && !object.at("same").as_bool() && !object.at("asks_again").as_bool())
      return "a purchase was confirmed, and the same request was then answered: " + outcome + " (" +
             text(object, "message") + ")";
    if (outcome != "ok") continue;
    if (did == "fund" && !expected.removes) {
      const auto deposit = end.find("deposit/" + text(object, "id"));
      if (deposit == end.end()) return "a credit was confirmed, but there is none";
    }
    if (std::string wrong = audit_bitcoin_answer(end, object); !wrong.empty()) return wrong;
    if (did == "withdraw" && !end.contains("withdrawal/" + text(object, "user") + "/" + text(object, "attempt")))
      return "a withdrawal was confirmed, but there is none";
    if (did == "add") {
      const auto entry = end.find(text(object, "key") + padded(integer(object, "number")));
      if (entry == end.end() || text(json::parse(entry->second).as_object(), "attempt") != text(object, "attempt"))
        return text(object, "key") + ": the number that was answered is another one's";
    }
    if (did == "password") {
      const auto found = end.find("credentials/" + text(object, "user"));
      if (found == end.end() ||
          !text(json::parse(found->second).as_object(), "password_hash").starts_with(text(object, "password") + "#"))
        return "the password that " + text(object, "user") + " was told to have does not open the account";
    }
  }
  if (purchases.empty()) return {};
  std::map<std::string, json::object> slots;
  for (const auto& [key, value] : end)
    if (key.starts_with("slot/")) slots.emplace(key, json::parse(value).as_object());
  for (const auto& [request, told] : purchases) {
    const auto order = expected.orders.find(request);
    if (order == expected.orders.end()) return "an order of nobody: " + request;
    if (std::string wrong = audit_purchase(slots, request, told, order->second); !wrong.empty()) return wrong;
  }
  return {};
}

std::string in_words(const std::string& key, const std::string& value) {
  json::error_code failed;
  const json::value parsed = json::parse(value, failed);
  if (failed || !parsed.is_object()) return value;
  const json::object& object = parsed.get_object();
  if (std::string words = bitcoin_in_words(key, object); !words.empty()) return words;
  const std::string kind = parts(key)[0];
  const auto attempt = [](const json::object& of) { return "attempt " + text(of, "attempt").substr(0, 4); };
  if (kind == "balance") {
    std::string words = "money " + number(integer(object, "money_sat"));
    if (const auto* hold = object.if_contains("hold"))
      words +=
          ", held for slot " + number(integer(hold->as_object(), "number")) + " (" + attempt(hold->as_object()) + ")";
    if (const auto* pending = object.if_contains("pending"))
      words += ", pending " + text(pending->as_object(), "reference");
    return words;
  }
  if (kind == "slot") {
    if (!object.contains("sale")) return "void";
    const json::object& sale = object.at("sale").as_object();
    return "filled by " + text(sale, "buyer") + " for " + number(integer(sale, "price_sat")) + " (" + attempt(object) +
           ")";
  }
  if (kind == "campaign") {
    std::string words = "last " + number(integer(object, "last")) + ", earned " + number(integer(object, "earned_sat"));
    if (integer(object, "collected_sat")) words += ", collected " + number(integer(object, "collected_sat"));
    return words;
  }
  if (kind == "transaction") return "the receipt of " + text(object, "buyer");
  if (kind == "deposit") {
    std::string words =
        number(integer(object, "amount_sat")) + (object.at("credited").as_bool() ? ", credited" : ", not credited");
    if (const auto* on_chain = object.if_contains("on_chain")) {
      const json::object& chain = on_chain->as_object();
      words += ", " + text(chain, "state") + " by step " + number(integer(chain, "step")) + ", entitled to " +
               number(integer(chain, "entitled_sat")) + ", booked " + number(integer(chain, "booked_sat"));
    }
    return words;
  }
  if (kind == "fillers" || kind == "campaigns") return "last " + number(integer(object, "last"));
  if (kind == "fees") return "user " + text(object, "user");
  if (kind == "filler") return attempt(object);
  if (kind == "credentials") return text(object, "password_hash");
  return number(static_cast<std::int64_t>(value.size())) + " bytes";
}

}  // namespace abc2::sim
