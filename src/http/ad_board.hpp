// AdBoard: the ads that pages show, served from the memory of one event loop.
//
// A campaign is loaded when its ad is first asked for, followed through the WatchHub from then on, and looked at again
// at least every limits::ad_stale_longest while it is being asked for. What is on air is decided by the clock and what
// has been read, so that ads go on being served, and change on time, while the store fails.
// The answers are put together whenever something changes, not when somebody asks.
//
// Lives on one event loop: everything is called there, except the constructor and the destructor, which run while the
// loop does not. What is given to the constructor is borrowed.
#pragma once
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/metrics.hpp"
#include "http/encode.hpp"
#include "http/service.hpp"
#include "market/market.hpp"
#include "store/watch_hub.hpp"

namespace abc2::http {

// What the place for an ad shows.
struct AdShown {
  enum class Reason : std::uint8_t {
    sold,        // the ad of a slot
    not_sold,    // no slot is on air: the fallback, if there is one
    unreadable,  // a slot is on air, but its ad could not be read yet
  };
  Reason reason = Reason::not_sold;
  std::uint64_t slot = 0;  // 0: the fallback or nothing
  std::string buyer;
  std::optional<Time> starts_at, ends_at;
  std::optional<Time> changes_at;
  // Of the picture; no image: nothing is shown.
  std::string image, link, hover_text;
};

class AdBoard {
 public:
  struct Parts {
    market::Market& market;
    market::ImageLibrary& images;
    store::WatchHub& hub;
    runtime::Runtime& runtime;
    Metrics& metrics;
  };
  AdBoard(Parts parts, Executor loop);
  ~AdBoard();

  // Appends the whole answer to "/ads/bob/1.json" or ".html" and returns true if it is in memory.
  bool answer_now(const Place& place, std::string_view target, std::string& out);

  // A campaign's ad as it is now, loaded if necessary. Errors: not_found; the store's, if it is not in memory.
  struct Pages {
    Response json;
    Response frame;
  };
  Task<Result<Pages>> pages(std::string seller, std::uint64_t campaign);

  // Where a click on what the place showed as `slot` (0: the fallback) leads; also of a slot that was on air before.
  // Errors: not_found, the store's.
  Task<Result<std::string>> link_of(std::string seller, std::uint64_t campaign, std::uint64_t slot);

  // Whether `slot` is on air, or has been within limits::click_after_view. Errors: not_found (the campaign), the
  // store's.
  Task<Result<bool>> was_shown(std::string seller, std::uint64_t campaign, std::uint64_t slot);

  // An image, kept in memory with the others that were asked for last. Errors: not_found, the store's.
  struct Picture {
    std::shared_ptr<const std::string> bytes;
    std::string media_type;
  };
  Task<Result<Picture>> image(std::string sha256);

  // How many campaigns and how many bytes of images are in memory.
  [[nodiscard]] std::size_t campaigns() const { return ads_.size(); }
  [[nodiscard]] std::size_t image_bytes() const { return image_bytes_; }

 private:
  struct Ad;
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
  };
  using Ads = std::unordered_map<std::string, std::shared_ptr<Ad>, Hash, std::equal_to<>>;

  Task<Result<std::shared_ptr<Ad>>> find(std::string seller, std::uint64_t campaign);
  void keep_fresh(const std::shared_ptr<Ad>& ad, Time now);
  void start_refresh(const std::shared_ptr<Ad>& ad);
  static Task<void> refresh_behind(AdBoard* board, std::shared_ptr<Ad> ad);
  Task<Result<void>> refresh(std::shared_ptr<Ad> ad);
  Task<Result<void>> load_pictures(std::shared_ptr<Ad> ad, Time now);
  void render(Ad& ad, Time now);
  void make_room();

  const Parts parts_;
  const Executor loop_;
  Ads ads_;  // by "/ads/bob/1"
  struct Kept {
    Picture picture;
    std::list<std::string>::iterator used;
  };
  std::unordered_map<std::string, Kept> images_;
  std::list<std::string> used_images_;  // the last used first
  std::size_t image_bytes_ = 0;
  Counter& served_;
  Counter& refresh_errors_;
};

// What the two answers say. Pure.
Response ad_json_response(std::string_view seller, std::uint64_t campaign, const market::Campaign& place,
                          const AdShown& shown);
Response ad_frame_response(std::string_view seller, std::uint64_t campaign, const market::Campaign& place,
                           const AdShown& shown);

// The script that pages include.
std::string_view embed_script_text();

}  // namespace abc2::http
