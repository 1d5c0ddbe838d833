#include "journal/kinds.hpp"

namespace abc2::journal {
namespace {

template <class Map>
auto find(const Map& map, std::string_view name, const char* what) -> Result<typename Map::mapped_type> {
  if (const auto found = map.find(name); found != map.end()) return found->second;
  return Error(Code::newer_schema, std::string("a ") + what + " of the unknown kind '" + std::string(name) +
                                       "' was found: it was written by a later version; upgrade this one");
}

}  // namespace

Result<JournalKind*> Kinds::journal(std::string_view name) const { return find(journals_, name, "hold"); }
Result<PendingKind*> Kinds::pending(std::string_view name) const { return find(pendings_, name, "pending credit"); }

}  // namespace abc2::journal
