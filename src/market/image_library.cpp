#include "market/image_library.hpp"

#include "market/encoding.hpp"
#include "market/keys.hpp"
#include "market/names.hpp"
#include "market/patiently.hpp"

namespace abc2::market {

Task<Result<StoredImage>> ImageLibrary::add(std::string bytes) {
  const auto shared = std::make_shared<const std::string>(std::move(bytes));
  CO_TRY(auto info, co_await checker_.check(shared));
  StoredImage stored{sha256_hex(*shared), std::move(info)};
  const Image image{stored.info.media_type, stored.info.width_px, stored.info.height_px, to_base64(*shared)};
  CO_TRY_VOID(
      co_await run_patiently(store_, journal::add_once("image", keys::image(stored.sha256), store::encode(image))));
  co_return stored;
}

Task<Result<LoadedImage>> ImageLibrary::load(std::string sha256) {
  const std::string missing = "there is no such image";
  if (!check_sha256(sha256)) co_return Error(Code::not_found, missing);
  const store::Key key = keys::image(sha256);
  CO_TRY(auto found, co_await store::get_existing<Image>(store_, key, missing));
  auto bytes = from_base64(found.value.base64);
  if (!bytes) co_return Error(Code::corrupt, "the document " + key + " cannot be read: " + bytes.error().message());
  LoadedImage loaded;
  loaded.info = {std::move(found.value.media_type), found.value.width_px, found.value.height_px};
  loaded.bytes = std::move(bytes).value();
  co_return loaded;
}

Task<Result<bool>> ImageLibrary::has(std::string sha256) {
  CO_TRY_VOID(check_sha256(sha256));
  CO_TRY(const auto found, co_await store_.get(keys::image(sha256)));
  co_return found.has_value();
}

}  // namespace abc2::market
