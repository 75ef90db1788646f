#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "dispatcher/history/sqlite.hpp"

/// Giving a visitor's results and jobs to another id, in pieces between which other transactions
/// get their turn. The database remembers an adoption until everything has moved and the visitor
/// has learned the new id. So one that an error or a crash interrupts goes on later, and a visitor
/// who went away meanwhile can still get a new id. All throw StorageError. Those that change data
/// must run within a transaction.
namespace samoyed::dispatcher {

/// The most results and jobs that are moved in one transaction, which takes a few milliseconds.
inline constexpr std::size_t adopted_rows_max = 200;

/// Returns whether `begin_adoption` would begin one: the visitor has results or jobs to move, or
/// its adoption began but its new id was never given to anyone.
bool can_adopt(Database& database, const std::string& former, Adopted adopted);

/// Remembers that results and jobs of the visitor `former` go to `visitor`, an id without any. If
/// they go to an id already that was never given to anyone, they go to `visitor` instead. Returns
/// false, and does nothing, if there is nothing to adopt.
bool begin_adoption(Database& database, const std::string& former, const std::string& visitor,
                    Adopted adopted);

/// Moves at most `count` results and jobs of the adoptions that have not ended or, if `visitor` is
/// set, of those by it. Jobs in progress are moved too: their results follow them. What is being
/// removed isn't moved. Returns how many it moved: fewer than `count` if none are left.
std::uint64_t resume_adoptions(Database& database, std::size_t count,
                               const std::optional<std::string>& visitor = std::nullopt);

/// Remembers that somebody has learned the id that adopted `former`, so nobody else may get it.
void give_adoption(Database& database, const std::string& former);

/// Forgets ended adoptions by ids that were never given to anyone and have no results or jobs left.
void forget_adoptions(Database& database);

}  // namespace samoyed::dispatcher
