// What the parsers of transactions and of blocks share. Internal to them.
#pragma once
#include "bitcoin/transaction.hpp"
#include "bitcoin/wire.hpp"

namespace abc2::bitcoin::parsing {

// One transaction, with more behind it; worth something only if the cursor has not failed.
Transaction transaction(wire::Cursor& cursor);

}  // namespace abc2::bitcoin::parsing
