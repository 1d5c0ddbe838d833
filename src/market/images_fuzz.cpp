// Whatever the bytes: the headers' parser and the decoders end without harm, and agree on what they take.
#include "base/limits.hpp"
#include "market/images.hpp"
#include "market/png_chunks.hpp"

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  using namespace abc2;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto header = market::read_image_header(bytes);
  if (header && (header.value().width_px > limits::image_side_pixels || header.value().width_px == 0)) __builtin_trap();
  const auto decoded = market::decode_image(bytes);
  if (decoded && (!header || header.value() != decoded.value())) __builtin_trap();
  const auto png = market::essential_png(bytes);
  if (png && png.value().size() > size) __builtin_trap();
  return 0;
}
