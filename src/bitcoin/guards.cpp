#include "bitcoin/guards.hpp"

#ifdef ABC2_RULE_SWITCHES
namespace abc2::bitcoin {
namespace {
std::uint32_t switched_off = 0;
constexpr std::uint32_t bit(Guard guard) { return 1u << static_cast<unsigned>(guard); }
}  // namespace

bool kept(Guard guard) { return !(switched_off & bit(guard)); }
void set_kept(Guard guard, bool on) { on ? switched_off &= ~bit(guard) : switched_off |= bit(guard); }

}  // namespace abc2::bitcoin
#endif
