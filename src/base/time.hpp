// Time: a moment in UTC, to the millisecond. In documents and in the API it is an integer of milliseconds since
// 1970-01-01T00:00Z whose name ends in `_ms`.
#pragma once
#include <chrono>
#include <cstdint>

namespace abc2 {

using Milliseconds = std::chrono::milliseconds;
using Time = std::chrono::sys_time<Milliseconds>;

constexpr std::int64_t to_unix_ms(Time time) { return time.time_since_epoch().count(); }
constexpr Time from_unix_ms(std::int64_t ms) { return Time(Milliseconds(ms)); }

}  // namespace abc2
