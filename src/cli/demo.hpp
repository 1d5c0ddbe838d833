// The demo's data: sellers, campaigns, ads with pictures, buyers with money, a few purchases; all made through the
// market's own functions. Made again, it finds what is there and adds only what is missing.
#pragma once
#include "market/market.hpp"

namespace abc2::cli {

inline constexpr const char* kDemoPassword = "demo-password";

// Errors: of the market.
Task<Result<void>> seed_demo(market::Market* market, runtime::Runtime* runtime);

}  // namespace abc2::cli
