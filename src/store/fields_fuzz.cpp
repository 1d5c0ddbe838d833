// Whatever the text: what is read as canonical is read the same as any JSON, and written again as it was.
#include "store/test_sample.hpp"

namespace {

void require(bool kept) {
  if (!kept) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace abc2::store;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto any = detail::decode_any<testing::Plain>(text);
  if (testing::Plain read; detail::CanonicalReader(text).document(read)) {
    require(any && read == any.value());
    require(encode(read) == text);
  }
  if (any) {
    const auto again = decode<testing::Plain>(encode(any.value()));
    require(again && again.value() == any.value());
  }
  return 0;
}
