#include "market/fillers.hpp"

#include <algorithm>

#include "market/keys.hpp"
#include "market/names.hpp"

namespace abc2::market {

store::Key FillerKind::entry_key(const store::Key& head, std::uint64_t number) {
  return keys::filler(keys::rest(head), number);
}

Task<Result<std::uint64_t>> Fillers::create(std::string user, FillerDraft draft) {
  CO_TRY_VOID(check_user_name(user));
  if (draft.attempt.empty()) draft.attempt = runtime::random_uuid(runtime_);
  CO_TRY_VOID(check_attempt(draft.attempt));
  CO_TRY_VOID(check_link("link", draft.link));
  CO_TRY_VOID(check_hover_text(draft.hover_text));
  CO_TRY_VOID(check_category(draft.category));
  CO_TRY(auto image, co_await images_.add(std::move(draft.image)));

  Filler filler;
  filler.attempt = std::move(draft.attempt);
  filler.image = std::move(image.sha256);
  filler.image_type = std::move(image.info.media_type);
  filler.width_px = image.info.width_px;
  filler.height_px = image.info.height_px;
  filler.link = std::move(draft.link);
  filler.hover_text = std::move(draft.hover_text);
  filler.category = std::move(draft.category);
  filler.created_at = runtime_.now();
  CO_TRY(const std::uint64_t number,
         co_await list_.append(keys::fillers(user), filler, limits::fillers_per_user, limits::repeat_window));

  CO_TRY(const Filler made, co_await get(std::move(user), number));
  filler.created_at = made.created_at;
  if (store::encode(made) != store::encode(filler))
    co_return Error(Code::conflict, "this attempt has made another ad (number " + std::to_string(number) +
                                        "); use a new attempt for a new ad");
  co_return number;
}

Task<Result<Filler>> Fillers::get(std::string user, std::uint64_t number) {
  const std::string missing = "there is no ad number " + std::to_string(number) + " of '" + user + "'";
  if (!check_user_name(user) || number == 0) co_return Error(Code::not_found, missing);
  CO_TRY(auto found, co_await store::get_existing<Filler>(store_, keys::filler(user, number), missing));
  co_return std::move(found.value);
}

Task<Result<NumberedPage<Filler>>> Fillers::list(std::string user, std::uint64_t before, std::size_t limit) {
  auto page = co_await list_page<FillerKind>(store_, keys::fillers(user), before, limit);
  co_return page;
}

Task<Result<void>> Fillers::list_missing(std::string user) {
  CO_TRY_VOID(co_await list_.list_missing(keys::fillers(user)));
  co_return success();
}

}  // namespace abc2::market
