#pragma once

#include <optional>
#include <string>

#include "samoyed/protocol/address.hpp"
#include "web/route_context.hpp"

namespace samoyed::web {

/// Adding and deleting workers: /add/HOST:PORT and /del/HOST:PORT.
class WorkerRoutes {
 public:
  /// The context must outlive it.
  explicit WorkerRoutes(const RouteContext& context) : context_(context) {}

  /// Adds or deletes, as the route says; where the address stands in the query instead, a redirection
  /// to the path that has it.
  Response change(const Route& route, const Visit& visit) const;

 private:
  Response add(const protocol::Address& address, const Visit& visit) const;
  Response remove(const protocol::Address& address, const Visit& visit) const;
  /// Puts a worker into the list; why that can't be, otherwise.
  std::optional<Problem> put(const protocol::Address& address) const;
  Response done_page(std::string_view heading, std::string_view sentence, const Visit& visit) const;

  const RouteContext& context_;
};

}  // namespace samoyed::web
