#include "sim/cluster.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>
#include <set>

#include "sim/cluster_client.hpp"
#include "sim/cluster_node.hpp"

namespace abc2::sim {
namespace {

constexpr Micros kSecond{1'000'000};
constexpr Micros kPatience{5'000'000};  // of a client, before it asks another node
constexpr unsigned kMostTimes = 5;      // that a client asks

class Cluster {
 public:
  explicit Cluster(const ClusterPlan& plan)
      : plan_(plan), dice_(mixed(plan.seed) + plan.luck), store_(agenda_, dice_.another()), nodes_(plan.nodes) {
    expected_.fee_basis_points = fee_basis_points;
    store_.on_write = [this](const StoreCall& call) {
      check_write(call.key);
      if (call.key.starts_with("campaign/")) check_advance(call);
      fall_after(call.node);
    };
  }

  ClusterOutcome run() {
    for (std::uint32_t i = 0; i < plan_.nodes; ++i) start(i);
    for (const Request& request : plan_.requests) {
      asked_.push_back(std::make_shared<Asked>());
      asked_.back()->request = &request;
      asked_.back()->user = &users_.try_emplace(request.user, ClusterUser(user_name(request.user))).first->second;
    }
    for (std::size_t i = 0; i < plan_.requests.size(); ++i)
      agenda_.after(plan_.requests[i].at, [this, i] { begin(i); });
    agenda_.after(plan_.calm_until, [this] { trouble(); });

    for (Micros until = kSecond; until <= plan_.trouble_until && outcome_.violation.empty(); until += kSecond) {
      while (agenda_.step(until) && outcome_.violation.empty()) {
      }
      if (until.count() % (5 * kSecond.count()) == 0) note(audit_always({}, store_.documents(), expected_));
    }
    calm();
    settle();
    outcome_.digest = store_.digest();
    outcome_.simulated = agenda_.now();
    outcome_.store = store_.counts();
    if (!outcome_.violation.empty()) report();
    return std::move(outcome_);
  }

 private:
  // ------------------------------------------------------------------------------------------------- nodes
  void start(std::uint32_t i) {
    const NodeClock clock{
        plan_.clocks_jump ? Milliseconds(static_cast<std::int64_t>(dice_.below(4000)) - 2000) : Milliseconds(0),
        static_cast<std::int64_t>(dice_.below(1000)) - 500};
    const bool commits = plan_.form == Form::mixed ? dice_.chance(500) : plan_.form == Form::commits;
    nodes_[i] = std::make_unique<ClusterNode>(
        agenda_, store_,
        NodeSettings{i, dice_.roll(), clock, plan_.nodes, plan_.sweep_per_second, plan_.recovers, commits});
    nodes_[i]->start();
  }

  void crash(std::uint32_t i) {
    if (!in_trouble_ || !nodes_[i]) return;
    ++outcome_.crashes;
    nodes_[i].reset();
    agenda_.after(dice_.between(Micros(50'000), 10 * kSecond), [this, i] {
      if (nodes_[i]) return;
      start(i);
      // A node that has just come back may fall in the middle of its recovery.
      if (in_trouble_ && dice_.chance(300))
        agenda_.after(dice_.between(Micros(1'000), Micros(300'000)), [this, i] { crash(i); });
    });
  }

  void crash_again_and_again(std::uint32_t i) {
    if (!in_trouble_) return;
    agenda_.after(dice_.between(Micros(0), 2 * plan_.crash_every), [this, i] {
      crash(i);
      crash_again_and_again(i);
    });
  }

  // Just before or just after the node hears of its write.
  void fall_after(std::uint32_t i) {
    if (in_trouble_ && dice_.chance(plan_.crash_at_write))
      agenda_.after(dice_.between(Micros(0), 3 * store_.weather.usual_most), [this, i] { crash(i); });
  }

  void trouble() {
    in_trouble_ = true;
    store_.weather = plan_.weather;
    for (std::uint32_t i = 0; i < plan_.nodes; ++i) {
      crash_again_and_again(i);
      cut_off(i);
      jump(i);
    }
    outage();
  }

  void outage() {
    agenda_.after(dice_.between(kSecond, 2 * plan_.outage_every), [this] {
      if (!in_trouble_) return;
      ++outcome_.outages;
      store_.out_until = agenda_.now() + dice_.between(Micros(100'000), 4 * kSecond);
      outage();
    });
  }

  void cut_off(std::uint32_t i) {
    agenda_.after(dice_.between(kSecond, 2 * plan_.outage_every), [this, i] {
      if (!in_trouble_) return;
      if (nodes_[i]) nodes_[i]->cut_off = true;
      agenda_.after(dice_.between(Micros(10'000), 3 * kSecond), [this, i] {
        if (nodes_[i]) nodes_[i]->cut_off = false;
      });
      cut_off(i);
    });
  }

  void jump(std::uint32_t i) {
    if (!plan_.clocks_jump) return;
    agenda_.after(dice_.between(5 * kSecond, 40 * kSecond), [this, i] {
      if (!in_trouble_) return;
      if (nodes_[i]) {
        ++outcome_.jumps;
        const std::int64_t most_ms = 3'600'000;
        nodes_[i]->set_clock({Milliseconds(static_cast<std::int64_t>(dice_.below(2 * most_ms)) - most_ms),
                              nodes_[i]->clock().drift_ppm});
      }
      jump(i);
    });
  }

  // Nothing fails any more, but what is in flight may still land.
  void calm() {
    in_trouble_ = false;
    store_.weather = {};
    store_.out_until = agenda_.now();
    for (std::uint32_t i = 0; i < plan_.nodes; ++i) {
      if (!nodes_[i]) start(i);
      nodes_[i]->cut_off = false;
      nodes_[i]->set_clock({});
    }
  }

  // ----------------------------------------------------------------------------------------------- clients
  void begin(std::size_t i) {
    const Request& request = plan_.requests[i];
    const std::size_t which = request.replay.value_or(i);
    send(which, request.node);
    if (request.twice) send(which, request.node + 1);
  }

  void send(std::size_t i, std::uint32_t node) {
    const auto asked = asked_[i];
    const Request& request = *asked->request;
    const std::uint32_t at = node % plan_.nodes;
    if (!nodes_[at]) {  // nobody answers there
      agenda_.after(dice_.between(Micros(100'000), kSecond), [this, i, at] { send(i, at + 1); });
      return;
    }
    ++asked->times;
    ++outcome_.sent;
    const bool again = asked->times < kMostTimes;
    if (request.wish == Wish::buy) {
      // Each time may be told something else of it: nothing came of it only if all of them say so.
      expected_.orders[request_id(request.id)] = {asked->user->name, request.amount, asked->times};
    }
    auto heard = std::make_shared<bool>(false);
    agenda_.after(kPatience, [this, i, at, heard, again] {
      if (!*heard && again && !asked_[i]->answered) send(i, at + 1);
    });
    nodes_[at]->serve(serve_request(nodes_[at].get(), asked, [this, i, at, heard, again](Told told) {
      if (*heard) return;
      *heard = true;
      hear(i, at, again, told);
    }));
  }

  void hear(std::size_t i, std::uint32_t node, bool again, const Told& told) {
    ++outcome_.answers[told.what];
    answers_.push_back(told.answer);
    if (!told.untrue.empty()) note(told.untrue);
    if (!told.viewed.empty()) ++viewed_[told.viewed];
    if (!told.again) asked_[i]->answered = true;
    if (told.again && again) agenda_.after(dice_.between(Micros(50'000), kSecond), [this, i, node] { send(i, node); });
  }

  // ------------------------------------------------------------------------------------------------ checks
  void check_write(const store::Key& key) {
    const bool fixed = key.starts_with("slot/") || key.starts_with("transaction/") || key.starts_with("ledger/") ||
                       key.starts_with("filler/") || key.starts_with("fees/");
    if (fixed && !written_once_.insert(key).second) note("something overwrites " + key + ", which is never changed");
  }

  // R5, at the very moment: a campaign that is past a slot says that the slot was paid.
  void check_advance(const StoreCall& call) {
    std::string last = std::to_string(boost::json::parse(call.value).at("last").to_number<std::uint64_t>());
    last.insert(0, 10 - std::min<std::size_t>(10, last.size()), '0');
    const std::string* slot = store_.find("slot" + call.key.substr(call.key.find('/')) + "/" + last);
    if (!slot) return;  // of a new campaign; that no settled slot is missing is the auditor's
    const auto entry = boost::json::parse(*slot);
    const auto* sale = entry.as_object().if_contains("sale");
    if (!sale) return;
    const std::string buyer(sale->at("buyer").as_string()), attempt(entry.at("attempt").as_string());
    const std::string* balance = store_.find("balance/" + buyer);
    if (balance && balance->find(attempt) != std::string::npos)
      note(call.key + " is past slot " + last + ", which " + buyer + " has not paid");
  }

  void note(const std::string& wrong) {
    if (wrong.empty() || !outcome_.violation.empty()) return;
    outcome_.violation = wrong;
    outcome_.failed_at = agenda_.now();
  }

  void settle() {
    const Micros quiet = std::max(agenda_.now(), store_.last_landing());  // when nothing can go wrong any more
    for (Micros until = agenda_.now() + kSecond / 4; outcome_.violation.empty(); until += kSecond / 4) {
      while (agenda_.step(until) && outcome_.violation.empty()) {
      }
      if (until < quiet) continue;
      const Documents documents = store_.documents();
      note(audit_always({}, documents, expected_));
      const std::string finding = audit_books({}, documents, expected_);
      if (finding.empty()) break;
      if (until > quiet + settle_bound)
        note("not settled " + std::to_string(settle_bound / kSecond) + " s after the last fault: " + finding);
    }
    outcome_.settled_in = std::max(Micros(0), agenda_.now() - quiet);
    if (!outcome_.violation.empty()) return;
    // Whoever asks now is answered; nothing is on its way any more.
    for (const Micros until = agenda_.now() + settle_bound; agenda_.step(until) && outcome_.violation.empty();) {
    }
    check_end();
  }

  void check_end() {
    // A look is no purchase: what it was told says nothing of one.
    std::erase_if(answers_,
                  [](const std::string& answer) { return answer.find("\"did\":\"look\"") != std::string::npos; });
    const Documents documents = store_.documents();
    note(audit_always({}, documents, expected_));
    note(audit_books({}, documents, expected_));
    note(audit_answers(documents, answers_, expected_));
    for (const auto& [number, user] : users_) note(user.audit(documents));
    check_views(documents);
    if (outcome_.violation.empty()) audit_ourselves();
  }

  // What a node counted and could not write before it fell is lost; nothing is counted twice.
  void check_views(const Documents& documents) {
    std::map<std::string, std::uint64_t> counted;
    for (const auto& [key, value] : documents) {
      if (!key.starts_with("stats/")) continue;
      const std::string seller = key.substr(6, key.find('/', 6) - 6);
      const auto hour = boost::json::parse(value);
      for (const auto& slot : hour.at("slots").as_array())
        counted[seller] += slot.at("views").to_number<std::uint64_t>();
    }
    for (const auto& [seller, views] : counted)
      if (views > viewed_[seller]) note("more views of " + seller + "'s ads are counted than there were");
  }

  // The market's own audit must agree.
  void audit_ourselves() {
    std::optional<market::AuditReport> report;
    nodes_[0]->serve(look(nodes_[0].get(), &report));
    const Micros until = agenda_.now() + 10 * kSecond;
    while (!report && agenda_.step(until)) {
    }
    if (!report) return note("the market's own audit does not come to an end");
    if (!report->passed())
      note("the market's own audit: " + report->findings[0].document + " " + report->findings[0].what);
  }

  static Task<void> look(ClusterNode* node, std::optional<market::AuditReport>* report) {
    auto found = co_await node->market().audit.look();
    if (found) *report = std::move(found).value();
  }

  void report() {
    outcome_.report = in_words(plan_) + "the last writes:\n";
    for (const auto& call : store_.last_calls()) outcome_.report += "  " + call + "\n";
    outcome_.report += "=> " + outcome_.violation + "\n";
  }

  const ClusterPlan& plan_;
  Dice dice_;
  Agenda agenda_;
  ClusterStore store_;
  std::map<std::uint32_t, ClusterUser> users_;
  std::vector<std::shared_ptr<Asked>> asked_;
  std::vector<std::unique_ptr<ClusterNode>> nodes_;
  std::map<std::string, std::uint64_t> viewed_;  // by seller
  std::vector<std::string> answers_;
  std::set<store::Key> written_once_;
  Expectations expected_;
  ClusterOutcome outcome_;
  bool in_trouble_ = false;
};

}  // namespace

ClusterOutcome run_cluster(const ClusterPlan& plan) { return Cluster(plan).run(); }

}  // namespace abc2::sim
