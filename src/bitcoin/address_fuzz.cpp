// Whatever the text: it ends; an address that is taken is the address of its script, and of no other network's form.
#include "bitcoin/address.hpp"
#include "bitcoin/extended_key.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace abc2::bitcoin;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const Network network : {Network::main, Network::test, Network::signet, Network::regtest}) {
    const auto script = script_of(network, text);
    if (!script) continue;
    const auto again = address_of(network, script.value());
    if (!again || script_of(network, *again).value() != script.value()) __builtin_trap();
  }
  const auto key = ExtendedKey::parse(text);
  if (key && key.value().is_private() && key.value().private_text().view() != text) __builtin_trap();
  if (key && !key.value().is_private() && key.value().public_text() != text) __builtin_trap();
  return 0;
}
