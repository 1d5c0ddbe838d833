// What handlers parse of a request: paths, queries, cookies, origins, JSON bodies.
#include <cstdint>
#include <cstdlib>

#include "http/handlers.hpp"
#include "http/json_body.hpp"
#include "http/log.hpp"
#include "http/router.hpp"
#include "http/security.hpp"
#include "http/text.hpp"

namespace {

const abc2::http::Router& router() {
  static const abc2::http::Router made = [] {
    abc2::http::Router all;
    for (std::size_t i = 0; i < abc2::http::routes().size(); ++i)
      all.add(abc2::http::routes()[i].method, abc2::http::routes()[i].pattern, i);
    return all;
  }();
  return made;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace abc2::http;
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  switch (data[0] % 6) {
    case 0: {
      const auto match = router().match(static_cast<Method>(size % 8), text);
      for (const auto& [name, value] : match.params) {
        if (value.empty() || value.find('\0') != std::string::npos) std::abort();
      }
      break;
    }
    case 1: {
      const auto fields = parse_query(text);
      if (fields && fields.value().size() > kQueryFields) std::abort();
      break;
    }
    case 2: {
      const auto found = cookie(text, kSessionCookie);
      if (found.find(';') != std::string_view::npos) std::abort();
      break;
    }
    case 3: {
      auto body = JsonBody::parse_text(text);
      if (!body) break;
      body.value().text("user");
      body.value().optional_integer("slot_length_ms");
      if (body.value().money("amount_sat") < abc2::Satoshi()) std::abort();
      body.value().optional_texts("refused_categories");
      if (auto inner = body.value().optional_object("fallback")) {
        inner->text("image");
        const auto fine = inner->done();
        if (!fine && fine.error().message().empty()) std::abort();
      }
      const auto done = body.value().done();
      if (!done && done.error().message().empty()) std::abort();
      break;
    }
    case 4: {
      Request request;
      request.method = Method::post;
      request.headers = {{"host", "market.example"}, {"origin", text}, {"authorization", text}};
      // Only our own origin passes.
      if (check_same_origin(request) && !text.empty() && !text.ends_with("://market.example")) std::abort();
      const auto credential = credential_of(request);
      if (credential && credential.value() && credential.value()->from_cookie) std::abort();
      break;
    }
    default: {
      const std::string line = log_line("x", {{"a", text}});
      if (line.find('\n') != std::string::npos) std::abort();
      if (html_escaped(text).find_first_of("<>\"'") != std::string::npos) std::abort();
    }
  }
  return 0;
}
