// Whatever the bytes: parsing ends, and what it takes is written again as it was.
#include "bitcoin/transaction.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace abc2::bitcoin;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto parsed = parse_transaction(bytes);
  if (parsed && (serialise(parsed.value()) != bytes || virtual_size(parsed.value()) > std::int64_t(size)))
    __builtin_trap();
  return 0;
}
