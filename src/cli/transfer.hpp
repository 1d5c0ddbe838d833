// All documents of a store into a file (export_file.hpp), and back into an empty store of any engine.
//
// What is exported is the state that the store was in at one moment (Store::view), whatever others write meanwhile. A
// scan would be none: what it reads last may have been written long after what it read first. To the market that state
// is a crash of all nodes at that moment, and recovery finishes what it finds begun.
//
// The functions run on an event loop and block it, and are meant for a process that does nothing else.
#pragma once
#include <functional>

#include "cli/export_file.hpp"

namespace abc2::cli {

// What tells the person who waits how far it is; called now and then.
using Progress = std::function<void(const std::string&)>;

// The file is complete, and has its name, on success. Returns how many documents it has.
// Errors: not_found (there are none: it is the wrong store), the store's, of view() too, the writer's.
Task<Result<std::uint64_t>> export_documents(store::Store& store, runtime::Runtime& runtime, ExportWriter* file,
                                             Progress progress);

struct Imported {
  std::uint64_t documents = 0;     // in the file
  std::uint64_t there_before = 0;  // of these, when it began: an earlier import of the same file was interrupted
};

// Adds all documents of the file to `store`. The whole file is checked first, and nothing may be in the store but what
// an import of the same file has written: otherwise nothing is written. If it fails later on, the same again goes on.
// Nobody else may use the store meanwhile.
// Errors: conflict (the store has a document that the file has not, or another), the reader's, the store's.
Task<Result<Imported>> import_documents(store::Store& store, runtime::Runtime& runtime, ExportReader* file,
                                        Progress progress);

}  // namespace abc2::cli
