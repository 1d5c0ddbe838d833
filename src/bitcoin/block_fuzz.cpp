// Whatever the bytes: parsing ends; what it takes has one id for each transaction. The first byte chooses the network.
#include "bitcoin/block.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace abc2::bitcoin;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto parsed = parse_block(static_cast<Network>(data[0] % 4), bytes);
  if (parsed && (parsed.value().ids.size() != parsed.value().transactions.size() || parsed.value().ids.empty()))
    __builtin_trap();
  return 0;
}
