// The market's documents, as they lie in the store. Who writes which, and when, is in ARCHITECTURE.md.
//
// A change of what is here is a change of a format: raise the schema of the document. Values are plain data.
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/limits.hpp"
#include "journal/documents.hpp"

namespace abc2::market {

// ------------------------------------------------------------------------------------------------- accounts

// credentials/<user>: ADD at registration, which decides who has the name; CAS on a password change.
struct Credentials {
  static constexpr std::string_view type = "credentials";
  static constexpr int schema = 1;
  std::string password_hash;  // argon2id in libsodium's text form, with its salt and cost
  Time created_at{};
  static void fields(auto& self, auto&& field) {
    field("password_hash", self.password_hash);
    field("created_at_ms", self.created_at);
  }
};

// A login or an API key. Only the hash of the secret is stored.
struct Access {
  std::string id;           // public, to name it in lists and revoke it
  std::string secret_hash;  // SHA-256 of the secret, hexadecimal
  std::string label;        // where from, or what for
  Time created_at{};
  std::optional<Time> expires_at;  // sessions expire, API keys do not
  static void fields(auto& self, auto&& field) {
    field("id", self.id);
    field("secret_hash", self.secret_hash);
    field("label", self.label);
    field("created_at_ms", self.created_at);
    field("expires_at_ms", self.expires_at);
  }
};

// sessions/<user>: CAS by the user's own actions.
struct Sessions {
  static constexpr std::string_view type = "sessions";
  static constexpr int schema = 1;
  std::vector<Access> sessions;  // the newest last
  std::vector<Access> api_keys;
  static void fields(auto& self, auto&& field) {
    field("sessions", self.sessions);
    field("api_keys", self.api_keys);
  }
};

// ---------------------------------------------------------------------------------------------------- money

enum class LedgerKind : std::uint8_t { deposit, purchase, earnings, fees, reversal, withdrawal, refund };

struct LedgerEntry {
  std::uint64_t number = 0;  // from 1, without gaps
  Time at{};
  LedgerKind kind = LedgerKind::deposit;
  Satoshi amount;        // what was added; negative: taken
  Satoshi after;         // the money after it
  store::Key reference;  // the document that is the reason
  static void fields(auto& self, auto&& field) {
    field("number", self.number);
    field("at_ms", self.at);
    field("kind", self.kind);
    field("amount_sat", self.amount);
    field("after_sat", self.after);
    field("reference", self.reference);
  }
  friend bool operator==(const LedgerEntry&, const LedgerEntry&) = default;
};

// balance/<user>: the holder of the user's attempts, and the head of the user's ledger. CAS by everybody who moves
// the user's money. Each change of `money` appends an entry to `recent` in the same CAS.
struct Balance {
  static constexpr std::string_view type = "balance";
  static constexpr int schema = 1;
  Satoshi money;
  std::optional<journal::Hold> hold;
  std::optional<journal::Pending> pending;
  std::uint64_t pages = 0;          // full ledger pages, from 1, that were taken out of `recent`
  std::vector<LedgerEntry> recent;  // the ledger after those pages
  static void fields(auto& self, auto&& field) {
    field("money_sat", self.money);
    field("hold", self.hold);
    field("pending", self.pending);
    field("pages", self.pages);
    field("recent", self.recent);
  }
  friend bool operator==(const Balance&, const Balance&) = default;
};

// ledger/<user>/<page>: ADD only; exactly limits::ledger_page entries.
struct LedgerPage {
  static constexpr std::string_view type = "ledger";
  static constexpr int schema = 1;
  std::vector<LedgerEntry> entries;
  static void fields(auto& self, auto&& field) { field("entries", self.entries); }
};

// Where a deposit of bitcoin stands in the chain, by whoever watches it. `step` orders what watchers say: what an
// earlier step of the chain's journal says never overwrites what a later one has said.
struct OnChain {
  enum class State : std::uint8_t {
    seen,      // in the memory of a node, in no block
    in_block,  // of the chain as it is followed
    orphaned,  // it was in a block that the chain has left
  };
  State state = State::seen;
  std::string address;
  std::uint64_t step = 0;    // 0: no block yet
  std::int64_t height = 0;   // of the block that it is, or was, in
  std::string block;         // its hash
  std::uint32_t needed = 0;  // confirmations before it is credited
  Satoshi entitled;          // what it shall bring to the account: nothing, the amount, or nothing any more
  Satoshi booked;            // what it has brought, by the account's ledger; above `entitled`, the rest is owed
  std::uint64_t moves = 0;   // how often the ledger was changed for it
  static void fields(auto& self, auto&& field) {
    field("state", self.state);
    field("address", self.address);
    field("step", self.step);
    field("height", self.height);
    field("block", self.block);
    field("needed", self.needed);
    field("entitled_sat", self.entitled);
    field("booked_sat", self.booked);
    field("moves", self.moves);
  }
  friend bool operator==(const OnChain&, const OnChain&) = default;
};

// deposit/<id>: money that came in. ADD, then one CAS from confirmed to credited. Of bitcoin: deposit/<txid>:<vout>.
struct Deposit {
  static constexpr std::string_view type = "deposit";
  static constexpr int schema = 1;
  std::string user;
  Satoshi amount;
  std::string source;  // "operator" or "bitcoin"
  Time at{};
  bool credited = false;              // the whole amount is in the account now
  std::optional<OnChain> on_chain{};  // of bitcoin: when it is credited, and taken back
  static void fields(auto& self, auto&& field) {
    field("user", self.user);
    field("amount_sat", self.amount);
    field("source", self.source);
    field("at_ms", self.at);
    field("credited", self.credited);
    field("on_chain", self.on_chain);
  }
  friend bool operator==(const Deposit&, const Deposit&) = default;
};

// withdrawal/<user>/<attempt>: ADD once the balance has paid, with the promise of the whole request; then CAS. Its
// state only ever goes forward: a payment that could be made again would be.
struct Withdrawal {
  static constexpr std::string_view type = "withdrawal";
  static constexpr int schema = 1;
  enum class State : std::uint8_t {
    waiting,    // for the operator's approval
    approved,   // to be paid with the next payout
    claimed,    // for payout `payout`, or a later one: being signed
    signed_,    // `payout` pays it, and nothing else ever will
    final_,     // and is in the chain to stay
    cancelled,  // instead of being claimed: the money goes back
  };
  std::string user;
  std::string address;
  Satoshi amount;  // that the address gets
  Satoshi fee;     // that the account paid besides
  Time at{};
  State state = State::waiting;
  std::uint64_t payout = 0;
  bool refunded = false;  // of a cancelled one: the money is back
  static void fields(auto& self, auto&& field) {
    field("user", self.user);
    field("address", self.address);
    field("amount_sat", self.amount);
    field("fee_sat", self.fee);
    field("at_ms", self.at);
    field("state", self.state);
    field("payout", self.payout);
    field("refunded", self.refunded);
  }
  friend bool operator==(const Withdrawal&, const Withdrawal&) = default;
};

// ------------------------------------------------------------------------------------------------------ ads

// filler/<user>/<n>: ADD only.
struct Filler {
  static constexpr std::string_view type = "filler";
  static constexpr int schema = 1;
  std::string attempt;
  std::string image;       // SHA-256 of the image's bytes, hexadecimal: image/<sha256>
  std::string image_type;  // "image/png"
  std::uint32_t width_px = 0, height_px = 0;
  std::string link;
  std::string hover_text;
  std::string category;
  Time created_at{};
  static void fields(auto& self, auto&& field) {
    field("attempt", self.attempt);
    field("image", self.image);
    field("image_type", self.image_type);
    field("width_px", self.width_px);
    field("height_px", self.height_px);
    field("link", self.link);
    field("hover_text", self.hover_text);
    field("category", self.category);
    field("created_at_ms", self.created_at);
  }
};

// fillers/<user>: the head that lists them.
struct FillerList {
  static constexpr std::string_view type = "fillers";
  static constexpr int schema = 1;
  std::uint64_t last = 0;
  static void fields(auto& self, auto&& field) { field("last", self.last); }
};

// image/<sha256>: ADD only; the same image of two users is one document.
struct Image {
  static constexpr std::string_view type = "image";
  static constexpr int schema = 1;
  std::string media_type;
  std::uint32_t width_px = 0, height_px = 0;
  std::string base64;
  static void fields(auto& self, auto&& field) {
    field("media_type", self.media_type);
    field("width_px", self.width_px);
    field("height_px", self.height_px);
    field("base64", self.base64);
  }
};

// -------------------------------------------------------------------------------------------------- campaigns

// What the seller's page shows while no slot is sold.
struct Fallback {
  std::string image;  // SHA-256, of an image that was uploaded
  std::string link;
  std::string hover_text;
  static void fields(auto& self, auto&& field) {
    field("image", self.image);
    field("link", self.link);
    field("hover_text", self.hover_text);
  }
};

// The sale that the price now follows from.
struct LastSale {
  Satoshi price;
  Time bought_at{};
  Time starts_at{};
  Time ends_at{};
  static void fields(auto& self, auto&& field) {
    field("price_sat", self.price);
    field("bought_at_ms", self.bought_at);
    field("starts_at_ms", self.starts_at);
    field("ends_at_ms", self.ends_at);
  }
  friend bool operator==(const LastSale&, const LastSale&) = default;
};

// campaign/<seller>/<c>: the head of the journal of its slots, and an entry of the seller's list. CAS only, after the
// ADD that made it.
struct Campaign {
  static constexpr std::string_view type = "campaign";
  static constexpr int schema = 1;
  std::string attempt;  // of its creation
  std::string title;
  std::string about;                          // what the page is about
  std::string page;                           // where the ad will show, a link
  std::uint32_t width_px = 0, height_px = 0;  // of the place for the ad
  std::vector<std::string> refused_categories;
  Satoshi floor;
  std::int64_t slot_length_ms = 0;
  std::optional<Fallback> fallback;
  Time created_at{};
  // The journal:
  std::uint64_t last = 0;             // number of the last slot that is settled
  std::uint64_t sold = 0;             // how many of them are filled
  std::optional<LastSale> last_sale;  // of the last filled one
  Satoshi earned, collected;          // by the seller, ever
  Satoshi fees, fees_collected;       // by the operator, ever
  static void fields(auto& self, auto&& field) {
    field("attempt", self.attempt);
    field("title", self.title);
    field("about", self.about);
    field("page", self.page);
    field("width_px", self.width_px);
    field("height_px", self.height_px);
    field("refused_categories", self.refused_categories);
    field("floor_sat", self.floor);
    field("slot_length_ms", self.slot_length_ms);
    field("fallback", self.fallback);
    field("created_at_ms", self.created_at);
    field("last", self.last);
    field("sold", self.sold);
    field("last_sale", self.last_sale);
    field("earned_sat", self.earned);
    field("collected_sat", self.collected);
    field("fees_sat", self.fees);
    field("fees_collected_sat", self.fees_collected);
  }
};

// campaigns/<seller>: the head that lists them.
struct CampaignList {
  static constexpr std::string_view type = "campaigns";
  static constexpr int schema = 1;
  std::uint64_t last = 0;
  static void fields(auto& self, auto&& field) { field("last", self.last); }
};

// What a filled slot says.
struct Sale {
  std::string buyer;
  std::string request;       // the id that the buyer chose for the purchase, however often it was asked for
  std::uint64_t filler = 0;  // filler/<buyer>/<filler>
  Satoshi price;
  Satoshi fee;  // the operator's part of the price
  Time bought_at{};
  Time starts_at{};
  Time ends_at{};
  static void fields(auto& self, auto&& field) {
    field("buyer", self.buyer);
    field("request", self.request);
    field("filler", self.filler);
    field("price_sat", self.price);
    field("fee_sat", self.fee);
    field("bought_at_ms", self.bought_at);
    field("starts_at_ms", self.starts_at);
    field("ends_at_ms", self.ends_at);
  }
  friend bool operator==(const Sale&, const Sale&) = default;
};

// slot/<seller>/<c>/<n>: ADD only, never changed, never deleted (R7): filled, or void.
struct Slot {
  static constexpr std::string_view type = "slot";
  static constexpr int schema = 1;
  std::string attempt;       // fresh for each try (R1)
  std::optional<Sale> sale;  // none: void, the number is used up and nobody has it
  [[nodiscard]] bool voided() const { return !sale; }
  static void fields(auto& self, auto&& field) {
    field("attempt", self.attempt);
    field("sale", self.sale);
  }
};

// fees/account: ADD only: who gets the operator's fees. One account for ever, since money that is due by one document
// can be credited exactly once only to one holder.
struct FeesAccount {
  static constexpr std::string_view type = "fees_account";
  static constexpr int schema = 1;
  std::string user;
  static void fields(auto& self, auto&& field) { field("user", self.user); }
};

// transaction/<seller>/<c>/<n>: ADD only: the receipt.
struct Transaction {
  static constexpr std::string_view type = "transaction";
  static constexpr int schema = 1;
  std::string attempt;
  std::string buyer;
  std::string seller;
  Satoshi price;
  Satoshi fee;
  Time at{};
  static void fields(auto& self, auto&& field) {
    field("attempt", self.attempt);
    field("buyer", self.buyer);
    field("seller", self.seller);
    field("price_sat", self.price);
    field("fee_sat", self.fee);
    field("at_ms", self.at);
  }
  friend bool operator==(const Transaction&, const Transaction&) = default;
};

}  // namespace abc2::market

template <>
struct abc2::store::EnumText<abc2::market::LedgerKind> {
  static constexpr std::array<std::string_view, 7> names{"deposit",  "purchase",   "earnings", "fees",
                                                         "reversal", "withdrawal", "refund"};
};
template <>
struct abc2::store::EnumText<abc2::market::OnChain::State> {
  static constexpr std::array<std::string_view, 3> names{"seen", "in_block", "orphaned"};
};
template <>
struct abc2::store::EnumText<abc2::market::Withdrawal::State> {
  static constexpr std::array<std::string_view, 6> names{"waiting", "approved", "claimed",
                                                         "signed",  "final",    "cancelled"};
};
