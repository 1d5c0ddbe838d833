// What postgres://... says: where the servers are, which libpq reads itself, and our own settings among its parameters.
//
//   postgres://abc2:secret@db1,db2/market?sslmode=verify-full&connections=16
//
//   connections=N            how many to the server (8)
//   table=NAME               of the documents (abc2_documents); more than one market may share a database
//   commits=no               changes one document at a time, for relatives of PostgreSQL on which a statement of
//   several
//                            rows is slow, or not one transaction
//   asynchronous_commit=yes  goes on although the server acknowledges before it is durable: a crash of the server may
//                            then take back what buyers were told. Only for trying things out.
#pragma once
#include <string>

#include "base/result.hpp"

namespace abc2::engines::postgres {

struct Settings {
  std::string url;      // without our own settings; with the password: never to be logged
  std::string servers;  // "db1,db2/market": what may be logged
  std::string table = "abc2_documents";
  unsigned connections = 8;
  bool asynchronous_commit = false;
  bool commits = true;

  // Errors: invalid_argument.
  static Result<Settings> parse(const std::string& url);
};

}  // namespace abc2::engines::postgres
