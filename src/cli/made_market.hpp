// MadeMarket: the documents of a market of any size, as pure functions of that size, for `abc2 bench`. None of it is
// kept in memory: who bought which slot, when and for how much follows from the slot's number among all slots, and
// which slots an account bought from the account's, so that slots and ledgers can be made each in the order of their
// keys.
//
//   MadeMarket made({.accounts = 1000, .campaigns = 100, .slots = 5000}, now);
//   const auto [seller, number] = made.place(7);
//
// Accounts, campaigns and slots are counted from 0 here. Each account has money, an ad and an API key. Ten campaigns
// belong to a seller, who is one of the accounts. The slots are spread evenly over the campaigns; the last account buys
// each hundredth of them, the others the rest in turn. Every second slot of a campaign is bought while the one before
// it lasts, for more than the floor; all of them were over an hour before `now`, or about that with very many in one.
//
// Immutable, and so thread-safe.
#pragma once
#include "market/documents.hpp"

namespace abc2::cli {

struct MarketSize {
  std::size_t accounts = 10'000;  // at least two
  std::size_t campaigns = 1'000;  // at least one
  std::size_t slots = 0;          // sold and settled
};

class MadeMarket {
 public:
  MadeMarket(MarketSize size, Time now);

  [[nodiscard]] const MarketSize& size() const { return size_; }

  static std::string user(std::size_t account);
  static std::string token(std::size_t account);  // its API key
  struct Place {
    std::string seller;
    std::uint64_t number;
  };
  static Place place(std::size_t campaign);
  static store::Key campaign_key(std::size_t campaign);
  [[nodiscard]] std::size_t sellers() const;  // they are the first accounts
  [[nodiscard]] std::uint64_t campaigns_of(std::size_t seller) const;

  // --- what there is to an account
  [[nodiscard]] market::Credentials credentials() const;
  [[nodiscard]] market::Sessions sessions(std::size_t account) const;
  [[nodiscard]] market::Filler filler() const;
  [[nodiscard]] static market::Image image();
  [[nodiscard]] store::Key image_key() const;
  static store::Key deposit_key(std::size_t account);
  [[nodiscard]] market::Deposit deposit(std::size_t account) const;

  // The account's ledger from its beginning, entry by entry.
  class Ledger {
   public:
    Ledger(const MadeMarket& made, std::size_t account) : made_(made), account_(account) {}
    [[nodiscard]] std::uint64_t entries() const;  // in all: at least one
    // To be called so often.
    market::LedgerEntry next();

   private:
    const MadeMarket& made_;
    std::size_t account_;
    std::uint64_t said_ = 0;
    Satoshi money_;
  };
  // How many full pages are not in the balance any more.
  static std::uint64_t pages(std::uint64_t entries) { return (entries - 1) / limits::ledger_page; }

  // --- campaigns and what they sold; `slot` is the slot's number among all slots
  [[nodiscard]] market::Campaign campaign(std::size_t campaign) const;
  [[nodiscard]] std::size_t slots_of(std::size_t campaign) const;
  [[nodiscard]] std::size_t first_slot_of(std::size_t campaign) const;
  struct Sold {
    std::size_t campaign;
    std::uint64_t number;  // in the campaign, from 1
    std::size_t buyer;
    market::Slot slot;
    [[nodiscard]] market::Transaction receipt() const;
  };
  [[nodiscard]] Sold sold(std::size_t slot) const;

 private:
  struct Deal {  // when and for how much
    Satoshi price, fee;
    Time bought_at, starts_at, ends_at;
  };
  [[nodiscard]] Deal deal(std::size_t campaign, std::uint64_t number) const;
  [[nodiscard]] std::size_t campaign_of(std::size_t slot) const;
  [[nodiscard]] std::size_t buyer_of(std::size_t slot) const;
  [[nodiscard]] std::uint64_t purchases_of(std::size_t account) const;
  [[nodiscard]] std::size_t purchase_of(std::size_t account, std::uint64_t which) const;  // a slot

  MarketSize size_;
  Time began_;  // everything
  std::string image_hash_;
};

}  // namespace abc2::cli
