// What an audit gathers and compares: internal to market/audit*.cpp. The checks A1-A9 are described in audit.hpp.
//
// Everything is read in an order in which what follows from a document is read after it. Where the order does not
// help, the document that must show the consequence is read once more before anything is reported: then a finding is
// wrong in any market, live or not, but for holds and promises, which may be about to be dropped.
#pragma once
#include <deque>
#include <map>
#include <set>
#include <unordered_map>
#include <vector>

#include "market/audit.hpp"
#include "market/documents.hpp"

namespace abc2::market::audit_detail {

// A sum over all documents, which may be nonsense if they are: never overflows.
__extension__ using Sum = __int128;
std::string to_text(Sum sum);
// Nearest amount that can be represented.
Satoshi to_satoshi(Sum sum);

// How fast an audit reads: at most `per_second` documents, in sleeps of a tenth of a second; 0: as fast as it goes.
class Pace {
 public:
  Pace(runtime::Runtime& runtime, std::size_t per_second) : runtime_(runtime), per_second_(per_second) {}
  // `documents` were read. Errors: unavailable (the runtime is stopping).
  Task<Result<void>> keep(std::size_t documents);

 private:
  runtime::Runtime& runtime_;
  const std::size_t per_second_;
  std::size_t read_ = 0;  // since the last sleep
};

// The documents under a prefix, one after another.
class Scanner {
 public:
  Scanner(store::Store& store, Pace& pace, store::Key prefix)
      : store_(store), pace_(pace), prefix_(std::move(prefix)) {}
  // Whether there is one more: front().
  Task<Result<bool>> more();
  store::ScanItem& front() { return items_.front(); }
  void pop() { items_.pop_front(); }

 private:
  store::Store& store_;
  Pace& pace_;
  store::Key prefix_, after_;
  std::deque<store::ScanItem> items_;
  bool last_page_ = false;
};

// "slot/bob/0000000001/0000000002" is number 2 of "bob/0000000001". nullopt: it does not end in a number as keys do.
struct NumberedKey {
  std::string owner;
  std::uint64_t number = 0;
};
std::optional<NumberedKey> split_number(const store::Key& key);

// A line in a ledger.
struct Line {
  std::size_t account = 0;
  std::uint64_t number = 0;
  Satoshi amount;
  Time at{};
};

struct Account {
  std::string user;
  bool known = false;  // the balance exists and could be read
  bool whole = true;   // all of its ledger could be read
  bool sound = true;   // its ledger adds up
  Satoshi money;
  std::optional<journal::Hold> hold;
  std::optional<journal::Pending> pending;
  std::uint64_t pages = 0;
  std::vector<LedgerEntry> recent;  // until they are folded
  std::uint64_t next_page = 1;
  std::uint64_t lines = 0;  // folded
  Sum sum = 0;
};

// A campaign as it was read first; one that was made later began with zeroes.
struct CampaignFacts {
  store::Key key;
  std::string seller;
  bool exists = false;
  bool readable = false;
  bool walked = false;
  std::uint64_t last = 0, sold = 0;
  std::optional<LastSale> last_sale;
  Satoshi earned, collected, fees, fees_collected;
  Satoshi floor;
  std::int64_t slot_length_ms = 0;
};

struct DepositFacts {
  bool readable = false;
  std::string user;
  Satoshi amount;
  bool credited = false;
  std::optional<Line> line{};
};

// What ledgers say was collected from a campaign.
struct Collected {
  Sum earnings = 0, fees = 0;
};

struct Walk;  // through the slots of one campaign

class Book {
 public:
  // `per_second`: see Pace.
  Book(store::Store& store, runtime::Runtime& runtime, std::size_t per_second)
      : store_(store), pace_(runtime, per_second) {}
  // Reads and checks everything. Once.
  Task<Result<AuditReport>> read(Time now);

 private:
  // --- audit_book.cpp
  void find(int check, store::Key document, std::string what);
  // Two documents contradict each other: both are named, but for the ledger of an account that does not add up: then
  // it alone is.
  void disagree(int check, const store::Key& a, const store::Key& b, const std::string& what);
  // A document of money that cannot be read is a finding, and leaves the sums unknown.
  template <store::Document T>
  std::optional<T> decode(const store::Key& key, const store::Stored& stored, bool of_money) {
    ++report_.documents;
    auto document = store::decode<T>(stored.value);
    if (document) return std::move(document).value();
    find(0, key, document.error().message());
    if (of_money) sums_known_ = false;
    return std::nullopt;
  }
  // The document as it is now.
  template <store::Document T>
  struct Fresh {
    bool exists = false;
    std::optional<T> value;  // none: it does not exist, or cannot be read, which is found
  };
  template <store::Document T>
  Task<Result<Fresh<T>>> fresh(store::Key key) {
    CO_TRY(const auto stored, co_await store_.get(key));
    Fresh<T> now;
    if (stored) {
      now.exists = true;
      auto document = store::decode<T>(stored->value);
      if (!document) find(0, key, document.error().message());
      if (document) now.value = std::move(document).value();
    }
    co_return now;
  }
  Task<Result<bool>> exists(store::Key key);

  // --- audit_lists.cpp: A8
  struct Series {
    int check = 8;
    std::string head_type, entry_type;
    std::map<std::string, std::uint64_t> heads{};  // user -> last
    std::set<std::string> unreadable{};            // heads
    std::map<std::string, std::uint64_t> next{};   // user -> number after the highest entry
    std::vector<store::Key> missing{};
  };
  template <store::Document T>
  Task<Result<void>> read_heads(Series* series);
  void take_entry(Series& series, const store::Key& key);
  template <store::Document Head>
  Task<Result<void>> check_series(Series* series);
  Task<Result<void>> read_campaigns();
  Task<Result<void>> read_ads();
  template <store::Document T>
  Task<Result<void>> read_plain(store::Key prefix);

  // --- audit_accounts.cpp: A1
  Task<Result<void>> read_accounts();
  std::size_t account_of(const std::string& user);
  Task<Result<void>> take_page(store::ScanItem item);
  void take_line(std::size_t account, const LedgerEntry& entry);
  void finish_account(std::size_t account);
  // Whether the user's ledger lies open: what it does not say did not happen.
  bool ledger_open(const std::string& user) const;
  // The document in which the line lies.
  store::Key document_of(const Line& line) const;
  // Whether the user's ledger has the purchase, or the hold of the attempt is there, now.
  Task<Result<bool>> charged_or_held(std::string user, journal::Position at, std::string attempt);

  // --- audit_credits.cpp: A5, A6; audit_holds.cpp: A7
  Task<Result<void>> read_deposits();
  Task<Result<void>> check_deposits();
  void check_deposit_line(const store::Key& key, const std::string& user, Satoshi amount, const Line& line);
  Task<Result<void>> check_collected();
  Task<Result<void>> check_fees_account();
  Task<Result<void>> check_holds();
  Task<Result<void>> check_hold(std::size_t account);
  void check_promise(std::size_t account);
  Task<Result<Sum>> check_collected_of(CampaignFacts* campaign, LedgerKind kind, Sum booked);
  // The promise of `kind` that refers to the document, of whoever made it.
  const journal::Pending* promise_of(std::string_view kind, const store::Key& reference) const;

  // --- audit_bitcoin.cpp: A5 of bitcoin deposits, A10
  // Whether a deposit's key is that of an output of a transaction, which may come and go and come again.
  static bool is_outpoint(const store::Key& key);
  void take_move(std::size_t account, const LedgerEntry& entry);
  Task<Result<void>> read_withdrawals();
  Task<Result<void>> check_moves();
  Task<Result<void>> check_move(store::Key key, std::string user, Sum booked);
  Task<Result<bool>> explained(store::Key key, std::string user, Sum booked);

  // --- audit_slots.cpp: A2, A3, A4
  Task<Result<void>> read_slots();
  Task<Result<CampaignFacts*>> campaign_of(store::Key key);
  Task<Result<void>> take_slot(Walk* walk, std::uint64_t number, std::optional<store::ScanItem> slot,
                               std::optional<store::ScanItem> receipt);
  Task<Result<bool>> beyond(Walk* walk, std::uint64_t number);
  Task<Result<void>> pass_gap(Walk* walk, std::uint64_t number);
  void skip(Walk& walk, std::uint64_t number);
  Task<Result<void>> take_sale(Walk* walk, std::uint64_t number, Slot slot, std::optional<Transaction> receipt);
  Task<Result<void>> end_walk(Walk* walk);

  // --- audit_money.cpp: A9, and what one document of a sale says of another
  void check_receipt(Walk& walk, std::uint64_t number, const Slot& slot, const Transaction& receipt);
  Sale believed(const Walk& walk, std::uint64_t number, const Slot& slot, const std::optional<Transaction>& receipt,
                const std::optional<Line>& line);
  void check_price(Walk& walk, std::uint64_t number, Sale& sale);
  void check_sums(const Walk& walk);
  void check_money();

  store::Store& store_;
  Pace pace_;
  AuditReport report_;
  std::vector<Account> accounts_;
  std::unordered_map<std::string, std::size_t> account_index_;
  std::set<store::Key> unsound_;  // balances whose ledgers do not add up
  std::map<store::Key, CampaignFacts> campaigns_;
  std::map<store::Key, DepositFacts> deposits_;
  std::map<store::Key, std::optional<Line>>
      strange_deposits_;                            // lines for deposits that were not there when they were read
  std::unordered_map<store::Key, Line> purchases_;  // by receipt; taken out when the slot is seen
  std::map<store::Key, Collected> collected_;       // by campaign
  std::map<std::size_t, Line> fees_lines_;          // the first for each account that collected fees
  std::map<std::pair<std::string, store::Key>, std::size_t> promises_;  // by kind and reference: the account
  // What ledgers have booked for deposits of bitcoin and for withdrawals, by their key: whose, and how much.
  std::map<store::Key, std::map<std::string, Sum>> moves_;
  std::string fees_user_;
  // For A9:
  Sum paid_out_ = 0;  // withdrawals that were not refunded
  Sum money_ = 0, put_in_ = 0, earned_ = 0, fees_ = 0, collected_earnings_ = 0, collected_fees_ = 0;
  bool sums_known_ = true;  // false once a document of money cannot be read
};

// One campaign's slots, in their order.
struct Walk {
  CampaignFacts* campaign = nullptr;
  std::uint64_t next = 1;  // number after the highest slot seen
  std::uint64_t sold = 0, sold_in_all = 0;
  Sum earned = 0, fees = 0;                    // as the slots say, of those that are settled
  Sum receipt_fees = 0;                        // as the receipts say
  std::vector<std::uint64_t> fee_conflicts{};  // slots whose fee is not their receipt's
  std::optional<LastSale> last{};              // the sale before, as it should be
  std::optional<LastSale> settled{};           // the last that is settled
  bool chain = true;                           // the sale before is known
  bool complete = true;                        // every settled slot was there and could be read
  std::optional<Satoshi> first_price{};
  std::optional<Milliseconds> first_length{};
  std::uint64_t fresh_last = 0;  // the campaign's last, as it was read again
};

}  // namespace abc2::market::audit_detail
