#pragma once

#include <optional>
#include <string>

#include "samoyed/protocol/address.hpp"
#include "web/routes/route_context.hpp"

namespace samoyed::web {

/// The list of workers: /add/HOST:PORT and /del/HOST:PORT, and /api/v1/workers.
class WorkerRoutes {
 public:
  /// The context must outlive it.
  explicit WorkerRoutes(const RouteContext& context) : context_(context) {}

  /// Adds or deletes, as the route says; where the address stands in the query instead, a redirection
  /// to the path that has it.
  Response change(const Route& route, const Visit& visit) const;

  /// The same for programs: GET, POST and DELETE of /api/v1/workers and what is below it.
  Response list(const Request& request, const Visit& visit) const;
  Response one(const Route& route, const Request& request, const Visit& visit) const;

 private:
  Response add(const protocol::Address& address, const Visit& visit) const;
  Response remove(const protocol::Address& address, const Visit& visit) const;
  /// Puts a worker into the list; why that can't be, otherwise.
  std::optional<Problem> put(const protocol::Address& address) const;
  Response put_and_show(std::string_view text, const Visit& visit) const;
  Response show(const protocol::Address& address, const Visit& visit) const;
  Response done_page(std::string_view heading, std::string_view sentence, const Visit& visit) const;

  const RouteContext& context_;
};

}  // namespace samoyed::web
