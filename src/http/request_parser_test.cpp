#include "http/request_parser.hpp"

#include <gtest/gtest.h>

namespace abc2::http {
namespace {

using State = RequestParser::State;

// Feeds `text` in pieces of that size; returns what was left over.
std::string feed(RequestParser& parser, std::string_view text, std::size_t piece) {
  std::string waiting;
  for (std::size_t at = 0; at < text.size();) {
    const auto length = std::min(piece, text.size() - at);
    waiting += text.substr(at, length);
    at += length;
    for (std::size_t used = 1; used > 0 && (parser.state() == State::head || parser.state() == State::body);) {
      used = parser.feed(waiting);
      waiting.erase(0, used);
    }
  }
  return waiting;
}

TEST(RequestParser, WhateverThePieces) {
  const std::string text =
      "\r\nPOST /a?b=c HTTP/1.1\r\nHost: x\r\nX-Y:  z \r\nTransfer-Encoding: "
      "chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n"
      "Host: trailer\r\n\r\nGET";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    RequestParser parser({});
    EXPECT_EQ(feed(parser, text, piece), "GET") << piece;
    ASSERT_EQ(parser.state(), State::done) << piece;
    EXPECT_EQ(parser.body(), "abcde");
  }
}

TEST(RequestParser, TheHeadAsItCame) {
  RequestParser parser({});
  const std::string text = "GET /x HTTP/1.1\r\nHOST: a\r\nX: 1\r\nx: 2\r\n\r\n";
  EXPECT_EQ(parser.feed(text), text.size());
  ASSERT_EQ(parser.state(), State::done);
  EXPECT_EQ(parser.view().method, Method::get);
  EXPECT_EQ(parser.view().target, "/x");
  EXPECT_EQ(parser.view().header("host"), "a");
  EXPECT_TRUE(parser.view().keep_alive);
  const Request request = own(parser.view());
  EXPECT_EQ(request.header("x"), "1");
  EXPECT_EQ(request.headers.size(), 3u);
}

// Where a version should be, the end of the line: Beast waits for the rest of it, which never comes.
TEST(RequestParser, AHeadThatEndsInItsVersion) {
  for (const char* text : {"GET / H\r\n\r\n", "e x HTT\r\n\r\n", "e x \r\n\r\n", "e \xff\xff e \xff\r\n\r\n"}) {
    RequestParser parser({});
    parser.feed(text);
    ASSERT_EQ(parser.state(), State::failed) << text;
    EXPECT_EQ(parser.failure_status(), 400) << text;
  }
}

TEST(RequestParser, FieldsAfterABodyAreNotHeaders) {
  RequestParser parser({});
  const std::string text =
      "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: Bearer x\r\n\r\n";
  EXPECT_EQ(parser.feed(text), text.size());
  ASSERT_EQ(parser.state(), State::done);
  EXPECT_EQ(parser.view().header("authorization"), "");
}

TEST(RequestParser, Limits) {
  RequestParser parser({.header_bytes = 64, .body_bytes = 4});
  const std::string fits = "GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(64 - 32, 'x') + "\r\n\r\n";
  ASSERT_EQ(fits.size(), 64u);
  parser.feed(fits);
  EXPECT_EQ(parser.state(), State::done);
  parser.reset();
  parser.feed("X" + fits);
  EXPECT_EQ(parser.failure_status(), 431);
  parser.reset();
  parser.feed(std::string(65, 'G'));
  EXPECT_EQ(parser.failure_status(), 431);
  parser.reset();
  parser.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(parser.failure_status(), 413);
}

}  // namespace
}  // namespace abc2::http
