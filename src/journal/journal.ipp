// The implementation of journal/journal.hpp: templates, included by it alone.
#pragma once

namespace abc2::journal {

// ------------------------------------------------------------------------------------------------ pure decisions

template <class Kind>
Plan Journal<Kind>::plan(store::Key head_key, const store::Versioned<Head>& head, store::Key holder_key,
                         const store::Versioned<Holder>& holder, Entry entry, Time now,
                         std::vector<Receipt> preparations, Holder prepared) {
  const Position at{head_key, head.value.last + 1};
  Plan plan;
  plan.holder = holder_key;
  plan.hold = Hold{std::string(Kind::name), at.head, at.number, entry.attempt, now, store::RawJson{}};
  plan.hold.entry.text = store::encode(entry);

  auto receipts = Kind::receipts(at, entry);
  plan.writes.reserve(preparations.size() + receipts.size() + 4);
  for (auto& add : preparations)
    plan.writes.push_back({std::move(add.name), std::move(add.key), Absent{}, std::move(add.value)});

  plan.lock = plan.writes.size();
  Holder locked = std::move(prepared);
  locked.hold = plan.hold;
  plan.writes.push_back({"lock", holder_key, holder.version, store::encode(locked)});
  plan.writes.push_back({"fill", Kind::entry_key(at), Absent{}, plan.hold.entry.text});

  for (auto& receipt : receipts)
    plan.writes.push_back({std::move(receipt.name), std::move(receipt.key), Absent{}, std::move(receipt.value)});
  Holder debited = Kind::debited(std::move(locked), at, entry);
  debited.hold.reset();
  plan.writes.push_back({"debit", holder_key, MadeBy{plan.lock}, store::encode(debited)});
  Head advanced = Kind::advanced(head.value, at, entry);
  advanced.last = at.number;
  plan.writes.push_back({"advance", head_key, head.version, store::encode(advanced)});
  return plan;
}

template <class Kind>
Decision Journal<Kind>::decision(const Entry& entry, const store::Key& holder, const Hold& mine) {
  if (entry.voided()) return Decision::voided;
  // R1. The holder counts as well: attempt ids are chosen by clients, and two of them may choose the same.
  const bool same_holder = Kind::holder_key(entry) == holder || !kept(Rule::holder_counts);
  const bool same = same_holder && (entry.attempt == mine.attempt || !kept(Rule::r1_attempts));
  return same ? Decision::ours : Decision::others;
}

template <class Kind>
Step Journal<Kind>::debit(store::Key holder, Hold mine, Entry entry) {
  return change<Holder>("debit", std::move(holder),
                        [mine = std::move(mine), entry = std::move(entry)](const Holder& now) -> std::optional<Holder> {
                          // R1, R2: done when this attempt's hold is gone, and only this attempt is charged.
                          if (!same_attempt(now.hold, mine)) return std::nullopt;
                          Holder next = Kind::debited(now, mine.position(), entry);
                          next.hold.reset();
                          return next;
                        });
}

template <class Kind>
Step Journal<Kind>::release(store::Key holder, Hold mine) {
  return change<Holder>("release", std::move(holder),
                        [mine = std::move(mine)](const Holder& now) -> std::optional<Holder> {
                          if (!same_attempt(now.hold, mine)) return std::nullopt;
                          Holder next = now;
                          next.hold.reset();
                          return next;
                        });
}

template <class Kind>
Step Journal<Kind>::advance(Position at, Entry entry) {
  const store::Key head = at.head;
  return change<Head>("advance", head,
                      [at = std::move(at), entry = std::move(entry)](const Head& now) -> std::optional<Head> {
                        // Only one CAS can take the head from n-1 to n: what it adds is added exactly once.
                        if (now.last + 1 != at.number && kept(Rule::advance_by_one)) return std::nullopt;
                        Head next = entry.voided() ? now : Kind::advanced(now, at, entry);
                        next.last = at.number;
                        return next;
                      });
}

template <class Kind>
std::vector<Step> Journal<Kind>::settling(Position at, Entry entry) {
  std::vector<Step> steps;
  if (!entry.voided()) {
    for (auto& receipt : Kind::receipts(at, entry))
      steps.push_back(add_once(std::move(receipt.name), std::move(receipt.key), std::move(receipt.value)));
    const Hold mine{std::string(Kind::name), at.head, at.number, entry.attempt, {}, {}};
    steps.push_back(debit(Kind::holder_key(entry), mine, entry));
  }
  steps.push_back(advance(std::move(at), std::move(entry)));
  return steps;
}

// -------------------------------------------------------------------------------------------------- the driver

template <class Kind>
Task<Result<store::WriteOutcome>> Journal<Kind>::write(ConditionalWrite write, std::optional<store::Version> made) {
  if (std::holds_alternative<Absent>(write.condition)) {
    auto added = co_await store_.add(std::move(write.key), std::move(write.value));
    co_return added;
  }
  const auto* read = std::get_if<store::Version>(&write.condition);
  if (!read && !kept(Rule::own_lock_version)) {
    CO_TRY(const auto now, co_await store_.get(write.key));
    if (now) made = now->version;
  }
  if (!read && !made) co_return store::WriteOutcome::rejected();  // what it builds on is not there any more
  const store::Version expected = read ? *read : *made;
  auto replaced = co_await store_.replace(std::move(write.key), expected, std::move(write.value));
  co_return replaced;
}

template <class Kind>
Task<Result<Placed>> Journal<Kind>::place(Plan plan) {
  auto together = as_commit(store_, plan.writes);
  if (!together) return place_in_steps(std::move(plan));
  return place_at_once(std::move(plan), *std::move(together));
}

template <class Kind>
Task<Result<Placed>> Journal<Kind>::place_at_once(Plan plan, std::vector<store::Write> writes) {
  using Outcome = store::WriteOutcome::Kind;
  CO_TRY(auto outcome, co_await store_.commit(std::move(writes)));
  if (outcome == Outcome::rejected && plan.lock > 0) {
    // What prepares may be there already, left by an attempt that came no further.
    const auto lock = plan.writes.begin() + static_cast<std::ptrdiff_t>(plan.lock);
    for (auto write = plan.writes.begin(); write != lock; ++write) {
      CO_TRY_VOID(co_await run(store_, add_once(write->name, write->key, write->value)));
    }
    auto rest = as_commit(store_, std::span(plan.writes).subspan(plan.lock));
    if (!rest) co_return Error(Code::conflict, "the store has become another one");
    CO_TRY(outcome, co_await store_.commit(std::move(*rest)));
  }
  if (outcome == Outcome::applied) co_return Placed{Decision::ours, true, std::nullopt};

  if (outcome == Outcome::rejected || !kept(Rule::r4_unknown_fill)) {
    // R9: whose entry is it? It may be ours, and the rejection its echo. Without an entry, nothing of ours can come.
    CO_TRY(const auto entry, co_await entry_at(plan.hold.position()));
    if (!entry && outcome == Outcome::rejected)
      co_return Error(Code::conflict, "a document changed before the entry was added");
    if (!entry) co_return Placed{Decision::others, true, std::nullopt};
    const Decision who = kept(Rule::r9_echo) ? decision(*entry, plan.holder, plan.hold) : Decision::others;
    if (who == Decision::ours) ABC2_MARK("place: own commit found after a rejection");
    co_return Placed{who, true, std::nullopt};
  }
  // R4: unknown: decided at the entry's own key, which is one of the commit's conditions.
  ABC2_MARK("place: commit unknown");
  auto ended = co_await resolve(plan.holder, plan.hold);
  if (!ended)
    co_return Error(Code::undecided, "the outcome of this attempt is not known yet (" + ended.error().message() + ")");
  co_return Placed{ended.value(), true, std::nullopt};
}

template <class Kind>
Task<Result<Placed>> Journal<Kind>::place_in_steps(Plan plan) {
  for (std::size_t i = 0; i < plan.lock; ++i) {
    CO_TRY(const auto prepared, co_await write(plan.writes[i], std::nullopt));
    if (prepared.kind() == store::WriteOutcome::Kind::unknown)
      co_return Error(Code::conflict, "a preparation for the attempt has an unknown outcome");
  }

  CO_TRY(const auto lock, co_await write(plan.writes[plan.lock], std::nullopt));
  if (lock.kind() == store::WriteOutcome::Kind::applied) {
    auto placed = co_await locked(std::move(plan), lock.version());
    co_return placed;
  }

  // R9: the rejection may be the echo of our own write, and the unknown may have landed. What does not show the hold
  // is decided again from a fresh read; its CAS then keeps a late landing out.
  if (!kept(Rule::r9_echo)) co_return Error(Code::conflict, "the holder changed before the hold was placed");
  CO_TRY(const auto snapshot, co_await store_.get(plan.holder));
  CO_TRY(const auto now, store::decode_snapshot<Holder>(plan.holder, snapshot));
  if (!now || !same_attempt(now->value.hold, plan.hold))
    co_return Error(Code::conflict, "the holder changed before the hold was placed");
  ABC2_MARK("place: own lock found after a reply that did not say so");
  std::optional<store::Version> version;
  if (snapshot->value == plan.writes[plan.lock].value || !kept(Rule::own_lock_whole)) version = snapshot->version;
  auto placed = co_await locked(std::move(plan), version);
  co_return placed;
}

template <class Kind>
Task<Result<Placed>> Journal<Kind>::locked(Plan plan, std::optional<store::Version> version) {
  auto filled = co_await write(plan.writes[plan.fill()], std::nullopt);
  if (filled && filled.value().kind() == store::WriteOutcome::Kind::applied)
    co_return Placed{Decision::ours, false, version};

  const Position at = plan.hold.position();
  if (filled && filled.value().kind() == store::WriteOutcome::Kind::rejected) {
    // R9: whose entry is it? It may be ours, and the rejection its echo.
    CO_TRY(const auto entry, co_await entry_at(at));
    if (!entry)
      co_return Error(Code::corrupt, "the entry " + plan.writes[plan.fill()].key + " exists and cannot be read");
    const Decision who = kept(Rule::r9_echo) ? decision(*entry, plan.holder, plan.hold) : Decision::others;
    if (who == Decision::ours) {
      ABC2_MARK("place: own entry found after a rejection");
      co_return Placed{who, false, version};
    }
    CO_TRY_VOID(co_await run(store_, release(plan.holder, plan.hold)));
    co_return Placed{who, true, std::nullopt};
  }

  if (!kept(Rule::r4_unknown_fill) && filled) {
    CO_TRY(const auto entry, co_await entry_at(at));
    if (entry && decision(*entry, plan.holder, plan.hold) == Decision::ours)
      co_return Placed{Decision::ours, false, version};
    CO_TRY_VOID(co_await run(store_, release(plan.holder, plan.hold)));
    co_return Placed{Decision::others, true, std::nullopt};
  }
  // R4: unknown, or not written for certain while the hold is there: decided at the entry's own key.
  ABC2_MARK("place: fill unknown");
  auto ended = co_await resolve(plan.holder, plan.hold);
  if (!ended)
    co_return Error(Code::undecided, "the outcome of this attempt is not known yet (" + ended.error().message() + ")");
  co_return Placed{ended.value(), true, std::nullopt};
}

template <class Kind>
Task<Result<void>> Journal<Kind>::settle(Plan plan, Placed placed) {
  if (placed.settled) co_return success();
  ABC2_CHECK(placed.decision == Decision::ours, "only what is ours is settled by its plan");
  // The writes are tried as planned; from the first that does not fit any more, the steps decide afresh (R2).
  for (std::size_t i = plan.fill() + 1; i < plan.writes.size(); ++i) {
    const std::string name = plan.writes[i].name;
    CO_TRY(const auto outcome, co_await write(std::move(plan.writes[i]), placed.locked));
    if (outcome.kind() == store::WriteOutcome::Kind::applied) continue;
    if (outcome.kind() == store::WriteOutcome::Kind::unknown && (kept(Rule::r5_debit_first) || name != "debit"))
      co_return Error(Code::undecided, "the outcome of the step '" + name + "' is unknown");  // R5
    if (outcome.kind() == store::WriteOutcome::Kind::unknown) continue;
    CO_TRY(auto entry, store::decode<Entry>(plan.hold.entry.text));
    auto steps = settling(plan.hold.position(), std::move(entry));
    const std::size_t done = i - plan.fill() - 1;  // the steps are the plan's writes after the fill, in their order
    if (kept(Rule::r2_read_again) || name == "advance") {
      steps.erase(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(done));
      auto rest = co_await run(store_, std::move(steps));
      co_return rest;
    }
  }
  co_return success();
}

// ------------------------------------------------------------------------------------------------------ recovery

template <class Kind>
auto Journal<Kind>::entry_at(Position at) -> Task<Result<std::optional<Entry>>> {
  CO_TRY(auto found, co_await store::get<Entry>(store_, Kind::entry_key(at)));
  if (!found) co_return std::optional<Entry>();
  co_return std::optional<Entry>(std::move(found->value));
}

template <class Kind>
Task<Result<Decision>> Journal<Kind>::finish(store::Key holder, Hold hold, Entry entry) {
  const Decision who = decision(entry, holder, hold);
  if (who == Decision::ours) {
    ABC2_MARK("resolve: ours");
    CO_TRY_VOID(co_await run(store_, settling(hold.position(), std::move(entry))));
  } else {
    CO_TRY_VOID(co_await run(store_, release(std::move(holder), std::move(hold))));
  }
  co_return who;
}

template <class Kind>
Task<Result<Decision>> Journal<Kind>::resolve(store::Key holder, Hold hold) {
  const Position at = hold.position();
  for (int tries = 0; tries < limits::store_retries; ++tries) {
    CO_TRY(auto entry, co_await entry_at(at));
    if (entry) {
      auto ended = co_await finish(std::move(holder), std::move(hold), std::move(*entry));
      co_return ended;
    }
    if (!kept(Rule::r3_decide_at_key)) {
      CO_TRY_VOID(co_await run(store_, release(std::move(holder), std::move(hold))));
      co_return Decision::voided;
    }
    // R3: absence proves nothing, the driver may only be slow. Taking the number with a void proves it.
    ABC2_MARK("resolve: void added");
    CO_TRY(const auto added,
           co_await store_.add(Kind::entry_key(at), store::encode(Kind::void_entry(at, hold.attempt))));
    if (added.kind() == store::WriteOutcome::Kind::unknown) ABC2_MARK("resolve: void unknown");
  }
  co_return Error(Code::undecided, "the store left the attempt at " + Kind::entry_key(at) + " undecided");
}

template <class Kind>
Task<Result<Decision>> Journal<Kind>::resume(store::Key holder, Hold hold) {
  ABC2_MARK("resume");
  // The entry goes to the very key that decides, with the attempt's own id. While the hold is there the attempt is
  // undecided or ours (R3), so that this can win only what the attempt may still have.
  CO_TRY(const auto added, co_await store_.add(Kind::entry_key(hold.position()), hold.entry.text));
  if (added.kind() == store::WriteOutcome::Kind::unknown) ABC2_MARK("resume: unknown");
  auto ended = co_await resolve(std::move(holder), std::move(hold));
  co_return ended;
}

template <class Kind>
Task<Result<std::optional<Decision>>> Journal<Kind>::decided(store::Key holder, Hold hold) {
  CO_TRY(const auto entry, co_await entry_at(hold.position()));
  if (!entry) co_return std::optional<Decision>();
  co_return std::optional<Decision>(decision(*entry, holder, hold));
}

template <class Kind>
Task<Result<void>> Journal<Kind>::check_charged(Position at, Entry entry) {
  // The receipt comes before the debit, and the debit drops the hold: without a receipt the hold must be there.
  const auto receipts = Kind::receipts(at, entry);
  if (receipts.empty()) co_return success();
  const Hold mine{std::string(Kind::name), at.head, at.number, entry.attempt, {}, {}};
  CO_TRY(const auto before, co_await store_.get(receipts.front().key));
  if (before) co_return success();
  const store::Key holder_key = Kind::holder_key(entry);
  CO_TRY(const auto holder, co_await store::get<Holder>(store_, holder_key));
  if (holder && same_attempt(holder->value.hold, mine)) co_return success();
  CO_TRY(const auto after, co_await store_.get(receipts.front().key));
  if (after && kept(Rule::receipt_read_again)) co_return success();
  co_return Error(Code::corrupt, "the entry " + Kind::entry_key(at) + " was filled, but " + holder_key +
                                     " neither holds it nor was charged for it");
}

template <class Kind>
Task<Result<Recovered>> Journal<Kind>::recover(store::Key head_key, Milliseconds grace) {
  CO_TRY(const auto head, co_await store::get<Head>(store_, head_key));
  if (!head) co_return Recovered::nothing;
  const Position next{head_key, head->value.last + 1};
  CO_TRY(auto entry, co_await entry_at(next));
  if (!entry) co_return Recovered::nothing;

  if (grace > Milliseconds(0)) co_await runtime_.sleep(grace);
  CO_TRY(const auto again, co_await store::get<Head>(store_, head_key));
  if (!again || again->value.last != head->value.last) {
    ABC2_MARK("recover: the driver was only slow");
    co_return Recovered::moved_on;
  }
  const bool voided = entry->voided();
  if (!voided) {
    CO_TRY_VOID(co_await check_charged(next, *entry));
  }
  CO_TRY_VOID(co_await run(store_, settling(next, std::move(*entry))));
  if (voided) {
    ABC2_MARK("recover: passed a void");
  } else {
    ABC2_MARK("recover: settled");
  }
  co_return voided ? Recovered::passed_void : Recovered::settled;
}

}  // namespace abc2::journal
