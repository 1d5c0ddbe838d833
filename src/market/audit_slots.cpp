// A2 to A4: each slot, its receipt and its buyer's ledger say the same. Slots and receipts are streamed side by side.
#include "market/audit_book.hpp"
#include "market/keys.hpp"

namespace abc2::market::audit_detail {

Task<Result<CampaignFacts*>> Book::campaign_of(store::Key key) {
  const auto [at, added] = campaigns_.try_emplace(key);
  CampaignFacts& facts = at->second;
  if (added) {
    // Made since the campaigns were read, when it had sold and brought in nothing; or missing.
    facts.key = key;
    const std::string_view owner = keys::rest(key);
    facts.seller = std::string(owner.substr(0, owner.find('/')));
    CO_TRY(const auto now, co_await fresh<Campaign>(key));
    facts.exists = now.exists;
    facts.readable = now.value.has_value();
    if (now.value) {
      facts.floor = now.value->floor;
      facts.slot_length_ms = now.value->slot_length_ms;
    }
  }
  co_return &facts;
}

Task<Result<void>> Book::read_slots() {
  Scanner slots(store_, pace_, "slot/"), receipts(store_, pace_, "transaction/");
  std::optional<Walk> walk;
  std::string owner;
  for (;;) {
    CO_TRY(const bool more_receipts, co_await receipts.more());
    CO_TRY(const bool more_slots, co_await slots.more());
    if (!more_receipts && !more_slots) break;
    // The two have the same keys but for their kind, and so the same order.
    const std::string_view slot_rest = more_slots ? keys::rest(slots.front().key) : std::string_view();
    const std::string_view receipt_rest = more_receipts ? keys::rest(receipts.front().key) : std::string_view();
    const bool take_slot_now = more_slots && (!more_receipts || slot_rest <= receipt_rest);
    const bool take_receipt_now = more_receipts && (!more_slots || receipt_rest <= slot_rest);
    std::optional<store::ScanItem> slot, receipt;
    if (take_slot_now) {
      slot = std::move(slots.front());
      slots.pop();
    }
    if (take_receipt_now) {
      receipt = std::move(receipts.front());
      receipts.pop();
    }
    const store::Key key = slot ? slot->key : receipt->key;
    const auto numbered = split_number(key);
    if (!numbered || numbered->owner.find('/') == std::string::npos) {
      find(4, key, "its key is not of a campaign and a number");
      continue;
    }
    if (!walk || numbered->owner != owner) {
      if (walk) {
        CO_TRY_VOID(co_await end_walk(&*walk));
      }
      owner = numbered->owner;
      CO_TRY(CampaignFacts * campaign, co_await campaign_of("campaign/" + owner));
      campaign->walked = true;
      walk = Walk{.campaign = campaign, .fresh_last = campaign->last};
    }
    CO_TRY_VOID(co_await take_slot(&*walk, numbered->number, std::move(slot), std::move(receipt)));
  }
  if (walk) {
    CO_TRY_VOID(co_await end_walk(&*walk));
  }
  for (auto& [key, campaign] : campaigns_) {
    if (campaign.walked || !campaign.readable) continue;
    Walk none{.campaign = &campaign, .fresh_last = campaign.last};
    CO_TRY_VOID(co_await end_walk(&none));
  }
  for (const auto& [receipt, line] : purchases_)
    find(2, document_of(line),
         "entry " + std::to_string(line.number) + " of '" + accounts_[line.account].user + "' charges " + receipt +
             ", but there is neither that receipt nor its slot");
  co_return success();
}

// Whether the number is beyond what the campaign can have sold.
Task<Result<bool>> Book::beyond(Walk* walk, std::uint64_t number) {
  if (number <= walk->fresh_last + 1) co_return false;
  CO_TRY(const auto now, co_await fresh<Campaign>(walk->campaign->key));
  if (!now.value) co_return false;  // cannot be read, which was said
  walk->fresh_last = now.value->last;
  co_return number > walk->fresh_last + 1;
}

// The slots from the walk's next to before `number` were not seen.
Task<Result<void>> Book::pass_gap(Walk* walk, std::uint64_t number) {
  constexpr std::uint64_t most = 1000;
  const store::Key& campaign = walk->campaign->key;
  while (walk->next < number) {
    const std::uint64_t missing = walk->next;
    const store::Key key = keys::slot(campaign, missing);
    CO_TRY(auto slot, co_await store_.get(key));
    if (slot) {  // it was added since its page was read
      CO_TRY(auto receipt, co_await store_.get(keys::transaction(campaign, missing)));
      std::optional<store::ScanItem> with;
      if (receipt) with = store::ScanItem{keys::transaction(campaign, missing), std::move(*receipt)};
      CO_TRY_VOID(co_await take_slot(walk, missing, store::ScanItem{key, std::move(*slot)}, std::move(with)));
      continue;
    }
    const bool many = number - missing > most;
    find(4, key,
         "it does not exist, though slots after it do" +
             (many ? ", nor do the " + std::to_string(number - missing - 1) + " after it" : std::string()));
    skip(*walk, missing);
    if (many) walk->next = number;
  }
  co_return success();
}

// Slot `number` is not known: what builds on it is not checked.
void Book::skip(Walk& walk, std::uint64_t number) {
  purchases_.erase(keys::transaction(walk.campaign->key, number));
  if (number <= walk.campaign->last) walk.complete = false;
  walk.chain = false;
  walk.last.reset();
  walk.next = std::max(walk.next, number + 1);
}

Task<Result<void>> Book::take_slot(Walk* walk, std::uint64_t number, std::optional<store::ScanItem> slot_item,
                                   std::optional<store::ScanItem> receipt_item) {
  const CampaignFacts& campaign = *walk->campaign;
  const store::Key slot_key = keys::slot(campaign.key, number);
  const store::Key receipt_key = keys::transaction(campaign.key, number);
  if (!campaign.readable) {
    if (!campaign.exists) find(4, campaign.key, "it does not exist, though it has slots or receipts");
    purchases_.erase(receipt_key);
    co_return success();
  }
  const auto charge = purchases_.find(receipt_key);
  const bool charged = charge != purchases_.end();
  if (!slot_item) {
    CO_TRY(auto stored, co_await store_.get(slot_key));
    if (stored) slot_item = store::ScanItem{slot_key, std::move(*stored)};
  }
  if (!slot_item) {
    if (charged) {
      CO_TRY_VOID(co_await pass_gap(walk, number));
      find(4, slot_key, "it does not exist, though its receipt does, and its buyer was charged");
      skip(*walk, number);
    } else if (number <= campaign.last) {
      disagree(4, slot_key, receipt_key, slot_key + " does not exist, though it has a receipt and is settled");
      skip(*walk, number);
    } else {
      find(2, receipt_key, "it is a receipt for a slot that does not exist");
    }
    co_return success();
  }
  CO_TRY(const bool too_far, co_await beyond(walk, number));
  if (too_far) {
    const std::string text = "campaign " + campaign.key + " has settled " + std::to_string(walk->fresh_last) +
                             " slots, but " + slot_key + " exists";
    find(4, charged ? campaign.key : slot_key, text);
    if (!charged) co_return success();
  }
  CO_TRY_VOID(co_await pass_gap(walk, number));

  const auto slot = decode<Slot>(slot_key, slot_item->document, true);
  std::optional<Transaction> receipt;
  if (receipt_item) receipt = decode<Transaction>(receipt_key, receipt_item->document, true);
  if (!slot) {
    skip(*walk, number);
    co_return success();
  }
  walk->next = number + 1;
  if (slot->voided()) {
    ++report_.voids;
    if (number > campaign.last) ++report_.in_flight;
    if (charged) find(3, slot_key, "it is void, but its buyer was charged");
    if (receipt && !charged) find(2, receipt_key, "it is a receipt for a slot that is void");
    purchases_.erase(receipt_key);
    co_return success();
  }
  if (!receipt && !receipt_item && (charged || number <= campaign.last)) {
    CO_TRY(const auto now, co_await fresh<Transaction>(receipt_key));
    receipt = now.value;
    if (!now.exists) find(3, receipt_key, "it does not exist, though its slot is sold and paid");
  }
  auto taken = co_await take_sale(walk, number, *slot, std::move(receipt));
  co_return taken;
}

Task<Result<void>> Book::take_sale(Walk* walk, std::uint64_t number, Slot slot, std::optional<Transaction> receipt) {
  const CampaignFacts& campaign = *walk->campaign;
  const bool settled = number <= campaign.last;
  const store::Key slot_key = keys::slot(campaign.key, number);
  std::optional<Line> line;
  if (const auto charge = purchases_.find(keys::transaction(campaign.key, number)); charge != purchases_.end()) {
    line = charge->second;
    purchases_.erase(charge);
  }
  ++report_.slots_sold;
  if (receipt) check_receipt(*walk, number, slot, *receipt);
  Sale sale = believed(*walk, number, slot, receipt, line);
  if (!line) {
    if (settled && ledger_open(sale.buyer))
      find(3, keys::balance(sale.buyer), "its ledger has no purchase of " + slot_key + ", which it has bought");
    if (!settled) {
      CO_TRY(const bool fine, co_await charged_or_held(sale.buyer, {campaign.key, number}, slot.attempt));
      if (!fine)
        find(3, slot_key, "it is sold, but " + keys::balance(sale.buyer) + " is neither held for it nor was charged");
    }
  }
  check_price(*walk, number, sale);
  if (!settled) ++report_.in_flight;
  if (!settled && line) {  // paid, and not in what the campaign says yet
    earned_ += Sum(sale.price.value()) - sale.fee.value();
    fees_ += sale.fee.value();
  }
  ++walk->sold_in_all;
  if (settled) {
    ++walk->sold;
    walk->earned += Sum(sale.price.value()) - sale.fee.value();
    walk->fees += sale.fee.value();
    walk->receipt_fees += (receipt ? receipt->fee : sale.fee).value();
    walk->settled = walk->last;
  }
  co_return success();
}

Task<Result<void>> Book::end_walk(Walk* walk) {
  const CampaignFacts& campaign = *walk->campaign;
  if (!campaign.readable) co_return success();
  if (walk->next <= campaign.last) {
    const store::Key key = keys::slot(campaign.key, walk->next);
    CO_TRY(const bool there, co_await exists(key));
    if (!there) {
      const bool others_fit = campaign.sold == walk->sold_in_all && walk->earned == campaign.earned.value();
      find(4, others_fit ? campaign.key : key,
           campaign.key + " has settled " + std::to_string(campaign.last) + " slots, but " + key + " does not exist");
      if (!others_fit) walk->complete = false;
    }
  }
  check_sums(*walk);
  co_return success();
}

}  // namespace abc2::market::audit_detail
