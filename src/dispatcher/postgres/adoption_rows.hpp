#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dispatcher/libpq/connection.hpp"

/// Giving a visitor's results and jobs to another id, in pieces, so that no transaction is long.
/// The database remembers an adoption until everything has moved and the visitor has learned the
/// new id. So any dispatcher goes on with one that was interrupted, and a visitor who went away
/// meanwhile can still get a new id. All throw StorageError.
namespace samoyed::dispatcher::postgres {

/// Returns whether `begin_adoption` would begin one: the visitor has results or jobs to move, or
/// its adoption began but its new id was never given to anyone.
bool can_adopt(Connection& connection, const std::string& former);

/// Remembers that results and jobs of the visitor `former` go to `visitor`, an id without any, and
/// moves the first piece. If they go to an id already that was never given to anyone, they go to
/// `visitor` instead. Returns false, and does nothing, if there is nothing to adopt.
bool begin_adoption(Connection& connection, const std::string& former, const std::string& visitor);

/// Moves a piece of the adoptions that have not ended or, if `visitor` is set, of those by it. Jobs
/// in progress are moved too: their results follow them. What is being removed isn't moved. Returns
/// whether something may be left.
bool continue_adoptions(Connection& connection,
                        const std::optional<std::string>& visitor = std::nullopt);

/// Remembers that somebody has learned the id that adopted `former`, so nobody else may get it.
/// Must run within a transaction.
void give_adoption(Connection& connection, const std::string& former);

/// Forgets ended adoptions by ids that were never given to anyone and have no results or jobs left.
void forget_adoptions(Connection& connection);

}  // namespace samoyed::dispatcher::postgres
