// Result<T>: a T, or the Error that kept it from being. Boost.Outcome with a policy that aborts when the wrong side
// is read, so that a forgotten check is found by the first test that meets it.
//
//   Result<int> half(int n) {
//     if (n % 2) return Error(Code::invalid_argument, "an odd number cannot be halved");
//     return n / 2;
//   }
//   TRY(auto quarter, half(half_of_it));              // in a function that returns a Result
//   CO_TRY(auto balance, co_await read_balance(user)); // in a coroutine that returns Task<Result<...>>
//   CO_TRY_VOID(co_await write_it());                  // for Result<void>
// Each expands to several statements: within if and for they need braces.
#pragma once
#include <boost/outcome/result.hpp>  // first: the policy's header does not compile by itself

#include <boost/outcome/policy/terminate.hpp>
#include <boost/outcome/try.hpp>

#include "base/error.hpp"

namespace abc2 {

template <class T>
using Result = boost::outcome_v2::basic_result<T, Error, boost::outcome_v2::policy::terminate>;

// The value of a Result<void>.
inline auto success() { return boost::outcome_v2::success(); }

}  // namespace abc2

#define TRY(declaration, ...) BOOST_OUTCOME_TRY(declaration, __VA_ARGS__)
#define TRY_VOID(...) BOOST_OUTCOME_TRYV(__VA_ARGS__)
#define CO_TRY(declaration, ...) BOOST_OUTCOME_CO_TRY(declaration, __VA_ARGS__)
#define CO_TRY_VOID(...) BOOST_OUTCOME_CO_TRYV(__VA_ARGS__)
