#pragma once

#include <string>

#include "dispatcher/history/sqlite.hpp"

/// The mark of the last transaction with persistent tasks. It is written in that transaction, so it
/// tells later whether the transaction was committed. All throw StorageError.
namespace samoyed::dispatcher {

void create_commit_mark(Database& database);
void set_commit_mark(Database& database, const std::string& mark);
/// Returns an empty text if no mark was set.
std::string commit_mark(Database& database);

}  // namespace samoyed::dispatcher
