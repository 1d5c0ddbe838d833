#include "journal/rules.hpp"

#ifdef ABC2_RULE_SWITCHES
namespace abc2::journal {
namespace {
std::uint32_t switched_off = 0;
constexpr std::uint32_t bit(Rule rule) { return 1u << static_cast<unsigned>(rule); }
}  // namespace

bool kept(Rule rule) { return !(switched_off & bit(rule)); }
void set_kept(Rule rule, bool on) { on ? switched_off &= ~bit(rule) : switched_off |= bit(rule); }

}  // namespace abc2::journal
#endif
