// Every limit of the product that more than one folder relies on, by name, in one place.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace abc2::limits {

using namespace std::chrono_literals;

// --- store
inline constexpr std::size_t key_bytes = 512;           // any bytes but none at all
inline constexpr std::size_t value_bytes = 512 * 1024;  // below etcd's 1.5 MiB request limit
inline constexpr std::size_t scan_items = 1000;         // most documents of one page of a scan
inline constexpr std::size_t commit_writes = 16;        // most documents that one commit changes
inline constexpr std::size_t commit_bytes = 1u << 20;  // of their keys and values; a transaction of etcd's is a request
inline constexpr auto watch_staleness = 100ms;         // how old a watched document may be seen

// --- journal
inline constexpr auto recovery_grace = 100ms;       // between finding an unsettled entry and settling it for its driver
inline constexpr auto buyer_grace = 10ms;           // the same, for a buyer who waits for the entry before theirs
inline constexpr auto recovery_dice = 1000ms;       // every node rolls once in this time, with odds of 1 in N
inline constexpr auto recovery_longest = 10'000ms;  // no journal in use stays unlooked-at for longer
inline constexpr auto hold_patience = 1'000ms;  // how long a user's next action waits for an earlier attempt's driver
inline constexpr auto hold_is_old = 10'000ms;   // before that, a hold without an entry may have a live driver
inline constexpr int store_retries = 8;         // how often one request tries again what a store left undecided

// --- market
inline constexpr std::size_t user_name_min_bytes = 2;
inline constexpr std::size_t user_name_bytes = 32;
inline constexpr std::size_t password_min_bytes = 8;
inline constexpr std::size_t password_max_bytes = 256;
inline constexpr std::size_t sessions_per_user = 32;  // the oldest is dropped
inline constexpr std::size_t api_keys_per_user = 32;  // one more is refused
inline constexpr auto session_length = std::chrono::hours(24 * 30);
inline constexpr std::size_t image_bytes = 256 * 1024;
inline constexpr unsigned image_side_pixels = 4096;
inline constexpr std::uint64_t image_pixels = 4u * 1024 * 1024;  // a decoded image needs four bytes for each
inline constexpr unsigned jpeg_scans = 100;                      // each may cost as much as decoding the whole image
inline constexpr std::uint64_t fillers_per_user = 1000;
inline constexpr std::uint64_t campaigns_per_user = 1000;
inline constexpr std::uint64_t repeat_window = 16;  // among so many of the newest a repeated creation finds itself
inline constexpr std::size_t page_items = 100;      // most items of one page of a list
inline constexpr std::size_t access_label_bytes = 100;
inline constexpr std::size_t title_bytes = 120;
inline constexpr std::uint32_t ad_side_pixels = 2000;
inline constexpr std::size_t link_bytes = 2048;
inline constexpr std::size_t hover_text_bytes = 500;
inline constexpr std::size_t about_bytes = 2000;
inline constexpr std::size_t category_bytes = 32;
inline constexpr std::size_t categories_refused = 32;
inline constexpr auto slot_length_min = std::chrono::minutes(1);
inline constexpr auto slot_length_max = std::chrono::hours(24 * 31);
inline constexpr auto slot_length_default = std::chrono::hours(24);
inline constexpr std::int64_t floor_min_sat = 1;
inline constexpr std::int64_t price_max_sat = 2'100'000'000'000'000 / 4;  // so that twice the price is still money
inline constexpr std::int64_t fee_max_basis_points = 5000;
inline constexpr auto ad_stale_longest = 500ms;  // a sold slot is looked for at least so often while its ad is shown
inline constexpr auto statistics_flush = std::chrono::seconds(10);
inline constexpr auto view_again = std::chrono::seconds(30);  // a visitor's views within this count once
inline constexpr auto click_after_view = std::chrono::hours(1);
inline constexpr std::size_t statistics_visitors = 65'536;   // views and clicks remembered, to count none twice
inline constexpr std::size_t statistics_campaigns = 20'000;  // campaigns with counts that wait to be written
inline constexpr std::size_t statistics_slots = 128;         // slots counted in one campaign and hour
inline constexpr std::size_t ledger_page = 16;  // entries that wait in the balance before they become a page

// A decoded image in base64 and its frame must fit in one document.
static_assert(image_bytes * 4 / 3 + 1024 < value_bytes);
static_assert(recovery_grace < recovery_dice && recovery_dice < recovery_longest);
static_assert(recovery_longest <= hold_is_old);
static_assert(password_min_bytes < password_max_bytes);

}  // namespace abc2::limits
