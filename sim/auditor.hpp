// The auditor: are the books right, and was everybody told the truth? It knows the documents from their JSON alone and
// shares no code with the market: what it finds wrong is not explained away by the same mistake made twice.
//
// What actors answer are JSON objects:
//   {"did":"buy","request":"r1","buyer":"a","outcome":"bought","slot":1,"price":10}   or "outcome":"slot_taken" ...
//   {"did":"fund","id":"d1","outcome":"ok"}
//   {"did":"add","key":"filler/a/","attempt":"x","outcome":"ok","number":1}
//   {"did":"register","user":"a","password":"p","outcome":"ok"}
//   {"did":"collect",...}
// Pure functions.
#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace abc2::sim {

using Documents = std::map<std::string, std::string>;  // by key

struct OrderTerms {
  std::string buyer;
  std::int64_t highest_price = 0;
  unsigned carriers = 1;  // how many actors bring this request
};

// What the auditor knows of a scenario beside its documents.
struct Expectations {
  std::map<std::string, OrderTerms> orders;  // by request
  std::int64_t fee_basis_points = 0;
  // Deposits of bitcoin, by id: what they are entitled to in the end.
  std::map<std::string, std::int64_t> entitled;
  bool removes = false;  // somebody deletes documents, which is no finding by itself here
};

// The first thing that is wrong after everything was recovered; empty if nothing is.
std::string audit_books(const Documents& start, const Documents& end, const Expectations& expected);

// The first thing that is wrong at any moment, before recovery: what is promised in every state. A settled slot has its
// receipt and was paid; nothing is paid twice; what is marked as credited or collected is in a ledger.
std::string audit_always(const Documents& start, const Documents& now, const Expectations& expected);

// The first untruth in what clients were told, given where it ended; empty if there is none.
std::string audit_answers(const Documents& end, const std::vector<std::string>& answers, const Expectations& expected);

// What a person wants to know of a document, in a few words: "money 10, held for slot 1 (attempt 3f2a)".
std::string in_words(const std::string& key, const std::string& value);

}  // namespace abc2::sim
