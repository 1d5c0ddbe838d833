#include "bitcoin/transaction.hpp"

#include <algorithm>
#include <charconv>

#include "bitcoin/parsing.hpp"
#include "bitcoin/wire.hpp"

namespace abc2::bitcoin {

using wire::Cursor;

namespace {

constexpr std::size_t kLeastInput = 32 + 4 + 1 + 4, kLeastOutput = 8 + 1;

Input parse_input(Cursor& cursor) {
  Input input;
  input.previous.transaction = cursor.hash();
  input.previous.index = static_cast<std::uint32_t>(cursor.integer(4));
  input.script = cursor.text();
  input.sequence = static_cast<std::uint32_t>(cursor.integer(4));
  return input;
}

Output parse_output(Cursor& cursor) {
  Output output;
  const std::uint64_t amount = cursor.integer(8);
  output.script = cursor.text();
  if (amount > static_cast<std::uint64_t>(Satoshi::kMax)) {
    cursor.fail();
  } else {
    output.amount = Satoshi(static_cast<std::int64_t>(amount));
  }
  return output;
}

}  // namespace

Transaction parsing::transaction(Cursor& cursor) {
  Transaction out;
  out.version = static_cast<std::int32_t>(static_cast<std::uint32_t>(cursor.integer(4)));
  std::uint64_t inputs = cursor.count(kLeastInput);
  bool witness = false;
  if (inputs == 0) {  // no transaction is without inputs: this is the marker of BIP144
    witness = true;
    if (cursor.integer(1) != 1) cursor.fail();
    inputs = cursor.count(kLeastInput);
  }
  if (inputs == 0) cursor.fail();
  for (std::uint64_t i = 0; i < inputs && !cursor.failed(); ++i) out.inputs.push_back(parse_input(cursor));
  const std::uint64_t outputs = cursor.count(kLeastOutput);
  if (outputs == 0) cursor.fail();
  for (std::uint64_t i = 0; i < outputs && !cursor.failed(); ++i) out.outputs.push_back(parse_output(cursor));
  if (witness) {
    for (auto& input : out.inputs) {
      const std::uint64_t items = cursor.count(1);
      for (std::uint64_t i = 0; i < items && !cursor.failed(); ++i) input.witness.emplace_back(cursor.text());
    }
    // Marked as having witnesses, it must have one: otherwise two texts would be one transaction.
    if (std::ranges::all_of(out.inputs, [](const Input& input) { return input.witness.empty(); })) cursor.fail();
  }
  out.lock_time = static_cast<std::uint32_t>(cursor.integer(4));
  return out;
}

Result<Transaction> parse_transaction(std::string_view bytes) {
  if (bytes.size() > kBlockBytes) return Error(Code::invalid_argument, "no transaction is as long as this");
  Cursor cursor(bytes);
  auto out = parsing::transaction(cursor);
  if (cursor.failed() || cursor.left() != 0)
    return Error(Code::invalid_argument, "these bytes are not a bitcoin transaction");
  return out;
}

std::string serialise(const Transaction& transaction, Witness witness) {
  const bool with = witness == Witness::with &&
                    std::ranges::any_of(transaction.inputs, [](const Input& input) { return !input.witness.empty(); });
  std::string out;
  wire::put(out, static_cast<std::uint32_t>(transaction.version), 4);
  if (with) out += std::string("\0\1", 2);
  wire::put_compact(out, transaction.inputs.size());
  for (const auto& input : transaction.inputs) {
    out += as_bytes(input.previous.transaction);
    wire::put(out, input.previous.index, 4);
    wire::put_text(out, input.script);
    wire::put(out, input.sequence, 4);
  }
  wire::put_compact(out, transaction.outputs.size());
  for (const auto& output : transaction.outputs) {
    wire::put(out, static_cast<std::uint64_t>(output.amount.value()), 8);
    wire::put_text(out, output.script);
  }
  if (with) {
    for (const auto& input : transaction.inputs) {
      wire::put_compact(out, input.witness.size());
      for (const auto& item : input.witness) wire::put_text(out, item);
    }
  }
  wire::put(out, transaction.lock_time, 4);
  return out;
}

Hash id_of(const Transaction& transaction) { return sha256d(serialise(transaction, Witness::without)); }

std::int64_t virtual_size(const Transaction& transaction) {
  const std::size_t weight =
      3 * serialise(transaction, Witness::without).size() + serialise(transaction, Witness::with).size();
  return static_cast<std::int64_t>((weight + 3) / 4);
}

bool is_coinbase(const Transaction& transaction) {
  return transaction.inputs.size() == 1 && transaction.inputs[0].previous == OutPoint{Hash{}, 0xffffffff};
}

std::string to_text(const OutPoint& point) { return to_id(point.transaction) + ':' + std::to_string(point.index); }

Result<OutPoint> parse_outpoint(std::string_view text) {
  const Error wrong(Code::invalid_argument, "an output is named by its transaction's id, ':' and its number");
  OutPoint out;
  if (text.size() < 66 || text[64] != ':') return wrong;
  auto hash = from_id(text.substr(0, 64));
  if (!hash) return wrong;
  out.transaction = hash.value();
  const auto [end, failed] = std::from_chars(text.data() + 65, text.data() + text.size(), out.index);
  if (failed != std::errc() || end != text.data() + text.size() || to_text(out) != text) return wrong;
  return out;
}

}  // namespace abc2::bitcoin
