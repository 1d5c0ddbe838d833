// What one document says of another's money, and A9: the sum of all.
#include <algorithm>

#include "market/audit_book.hpp"
#include "market/keys.hpp"
#include "market/pricing.hpp"

namespace abc2::market::audit_detail {
namespace {

// What slot, receipt and ledger all say of a sale.
struct Witness {
  std::string buyer;
  Satoshi price;
  Time at{};
  friend bool operator==(const Witness&, const Witness&) = default;
  [[nodiscard]] std::string text() const {
    return "'" + buyer + "' bought it for " + price.to_string() + " satoshi at " + std::to_string(to_unix_ms(at));
  }
};

// Whether differences of times and twice the price can be computed: checked before they are.
bool sane(const Sale& sale) {
  const auto possible = [](Time time) { return to_unix_ms(time) >= 0 && to_unix_ms(time) <= 1'000'000'000'000'000; };
  return possible(sale.bought_at) && possible(sale.starts_at) && possible(sale.ends_at) &&
         sale.bought_at <= sale.starts_at && sale.starts_at < sale.ends_at && sale.price > Satoshi(0) &&
         sale.price.value() <= limits::price_max_sat;
}

}  // namespace

void Book::check_receipt(Walk& walk, std::uint64_t number, const Slot& slot, const Transaction& receipt) {
  const store::Key slot_key = keys::slot(walk.campaign->key, number);
  const store::Key receipt_key = keys::transaction(walk.campaign->key, number);
  if (slot.attempt != receipt.attempt)
    disagree(2, receipt_key, slot_key,
             receipt_key + " is of attempt " + receipt.attempt + ", but " + slot_key + " of attempt " + slot.attempt);
  if (receipt.seller != walk.campaign->seller) find(2, receipt_key, "it says that '" + receipt.seller + "' sold it");
  // Which of the two is wrong is decided by what the campaign has got: see check_sums.
  if (slot.sale->fee != receipt.fee) walk.fee_conflicts.push_back(number);
}

// The sale, as most documents describe it; those that say otherwise are found.
Sale Book::believed(const Walk& walk, std::uint64_t number, const Slot& slot, const std::optional<Transaction>& receipt,
                    const std::optional<Line>& line) {
  Sale sale = *slot.sale;
  const store::Key slot_key = keys::slot(walk.campaign->key, number);
  const store::Key receipt_key = keys::transaction(walk.campaign->key, number);
  const Witness by_slot{sale.buyer, sale.price, sale.bought_at};
  std::optional<Witness> by_receipt, by_line;
  if (receipt) by_receipt = Witness{receipt->buyer, receipt->price, receipt->at};
  if (line) by_line = Witness{accounts_[line->account].user, -line->amount, line->at};
  const store::Key ledger = line ? document_of(*line) : store::Key();
  const auto differ = [](const std::string& a, const Witness& in_a, const std::string& b, const Witness& in_b) {
    return a + " says that " + in_a.text() + ", but " + b + " that " + in_b.text();
  };
  const bool receipt_fits = !by_receipt || by_receipt == by_slot, line_fits = !by_line || by_line == by_slot;
  if (receipt_fits && line_fits) return sale;
  if (by_receipt && by_line && by_receipt == by_line) {
    find(3, slot_key, differ(slot_key, by_slot, receipt_key + " and " + ledger, *by_receipt));
    sale.buyer = receipt->buyer;
    sale.price = receipt->price;
    sale.bought_at = receipt->at;
    return sale;
  }
  if (!receipt_fits && by_line && line_fits) {
    find(2, receipt_key, differ(receipt_key, *by_receipt, slot_key + " and " + ledger, by_slot));
  } else if (!line_fits && by_receipt && receipt_fits) {
    find(2, ledger, differ(ledger, *by_line, slot_key + " and " + receipt_key, by_slot));
  } else {
    if (!receipt_fits) disagree(2, receipt_key, slot_key, differ(receipt_key, *by_receipt, slot_key, by_slot));
    if (!line_fits) disagree(2, ledger, slot_key, differ(ledger, *by_line, slot_key, by_slot));
  }
  return sale;
}

// Corrects the sale to what follows from the one before it, so that one that is wrong makes no other look so.
void Book::check_price(Walk& walk, std::uint64_t number, Sale& sale) {
  const CampaignFacts& campaign = *walk.campaign;
  const store::Key key = keys::slot(campaign.key, number);
  if (sale.fee < Satoshi(0) || sale.fee > sale.price) find(3, key, "its fee is " + sale.fee.to_string());
  if (!sane(sale)) {
    find(3, key, "its price or its times cannot be");
    walk.last.reset();
    walk.chain = false;
    return;
  }
  const bool first = walk.chain && !walk.last;
  const auto as_last = [](const Sale& s) { return LastSale{s.price, s.bought_at, s.starts_at, s.ends_at}; };
  if (!walk.chain) {  // nothing is known of the one before
    walk.chain = true;
    walk.last = as_last(sale);
    return;
  }
  const Milliseconds length = sale.ends_at - sale.starts_at, usual(campaign.slot_length_ms);
  if (first) {
    walk.first_price = sale.price;
    walk.first_length = length;
    // A campaign's floor and slot length are not written anywhere else.
    if (sale.price != campaign.floor)
      disagree(3, campaign.key, key,
               key + " is the first and was sold for " + sale.price.to_string() + ", but the floor of " + campaign.key +
                   " is " + campaign.floor.to_string());
    if (length != usual)
      disagree(3, campaign.key, key,
               key + " lasts " + std::to_string(length.count()) + " ms, but slots of " + campaign.key + " last " +
                   std::to_string(usual.count()));
    if (sale.starts_at != sale.bought_at) find(3, key, "it is the first and did not start when it was bought");
    sale.starts_at = sale.bought_at;
    sale.ends_at = sale.starts_at + length;
    walk.last = as_last(sale);
    return;
  }
  const auto fits = [&](Satoshi floor) { return offer(floor, walk.last, sale.bought_at).price == sale.price; };
  const Satoshi floor = std::clamp(campaign.floor, Satoshi(1), Satoshi(limits::price_max_sat));
  if (sale.bought_at < walk.last->bought_at) find(3, key, "it was bought before the one before it");
  if (!fits(floor) && !(walk.first_price && fits(*walk.first_price)))
    find(3, key,
         "it was sold for " + sale.price.to_string() + ", but its price was " +
             offer(floor, walk.last, sale.bought_at).price.to_string());
  const Time starts = offer(floor, walk.last, sale.bought_at).starts_at;
  if (sale.starts_at != starts)
    find(3, key,
         "it starts at " + std::to_string(to_unix_ms(sale.starts_at)) + ", but what was sold before it makes " +
             std::to_string(to_unix_ms(starts)));
  if (sale.starts_at == starts && length != usual && length != walk.first_length)
    find(3, key,
         "it lasts " + std::to_string(length.count()) + " ms, but slots of its campaign last " +
             std::to_string(usual.count()));
  sale.starts_at = starts;
  sale.ends_at = starts + (walk.first_length == usual || !walk.first_length ? usual : *walk.first_length);
  walk.last = as_last(sale);
}

void Book::check_sums(const Walk& walk) {
  const CampaignFacts& campaign = *walk.campaign;
  if (!walk.complete) return;
  const auto fits = [&](Sum earned, Sum fees) {
    return campaign.earned.value() == earned && campaign.fees.value() == fees;
  };
  const bool slots_fit = fits(walk.earned, walk.fees);
  const bool receipts_fit = fits(walk.earned + walk.fees - walk.receipt_fees, walk.receipt_fees);
  for (const std::uint64_t number : walk.fee_conflicts) {
    const store::Key slot = keys::slot(campaign.key, number), receipt = keys::transaction(campaign.key, number);
    const std::string text = "the fees that " + slot + " and " + receipt + " say differ";
    if (slots_fit || !receipts_fit) find(2, receipt, text);
    if (receipts_fit || !slots_fit) find(3, slot, text);
  }
  if (!slots_fit && !receipts_fit)
    find(4, campaign.key,
         "it has earned " + campaign.earned.to_string() + " and " + campaign.fees.to_string() +
             " of fees, but its slots make " + to_text(walk.earned) + " and " + to_text(walk.fees));
  if (campaign.sold != walk.sold)
    find(4, campaign.key,
         "it has sold " + std::to_string(campaign.sold) + " slots, but " + std::to_string(walk.sold) +
             " of those up to " + std::to_string(campaign.last) + " are sold");
  if (campaign.last_sale != walk.settled)
    find(4, campaign.key, "the last sale that it tells of is not its last slot's");
}

void Book::check_money() {
  const Sum earnings = earned_ - collected_earnings_, fees = fees_ - collected_fees_;
  report_.put_in = to_satoshi(put_in_);
  report_.balances = to_satoshi(money_);
  report_.earnings_to_collect = to_satoshi(earnings);
  report_.fees_to_collect = to_satoshi(fees);
  report_.paid_out = to_satoshi(paid_out_);
  if (!sums_known_ || put_in_ == money_ + earnings + fees + paid_out_) return;
  find(9, "all",
       to_text(put_in_) + " satoshi were put in, but balances have " + to_text(money_) + " and there are " +
           to_text(earnings) + " of earnings and " + to_text(fees) + " of fees to collect, and " + to_text(paid_out_) +
           " were paid out: " + to_text(money_ + earnings + fees + paid_out_ - put_in_) + " too many");
}

}  // namespace abc2::market::audit_detail
