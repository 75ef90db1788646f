#include "web/worker_routes.hpp"

#include "samoyed/protocol/ip_text.hpp"
#include "web/responses.hpp"
#include "web/url.hpp"

namespace samoyed::web {
namespace {

/// Of `/add` and `/del`.
constexpr std::size_t verb_length = 4;

Problem bad_address() {
  return {Reason::bad_address,
          "A worker's address is " + std::string(protocol::address_syntax) + "."};
}

}  // namespace

Response WorkerRoutes::change(const Route& route, const Visit& visit) const {
  const std::string_view verb = route.target.path.substr(0, verb_length);
  const auto asked = query_value(route.target.query, "address");
  if (route.parameter.empty() && asked) {
    return redirect(std::string(verb) + "/" + percent_encode(trimmed(*asked)));
  }
  const auto text = percent_decode(route.parameter);
  const auto address = text ? protocol::parse_address(*text) : std::nullopt;
  if (!address) return context_.refuse(bad_address(), Style::page, visit);
  return route.row->place == Place::add ? add(*address, visit) : remove(*address, visit);
}

std::optional<Problem> WorkerRoutes::put(const protocol::Address& address) const {
  if (protocol::is_ip_literal(address.host) && !context_.rules().worker_allowed(address.host)) {
    return Problem{Reason::address_not_allowed,
                   protocol::to_string(address) +
                       " is outside the networks that may hold workers. Start the "
                       "dispatcher with --worker-network to allow it."};
  }
  if (context_.workers().add(address) == dispatcher::AddResult::list_full) {
    return Problem{Reason::list_full, "The list is full: it holds " +
                                          std::to_string(dispatcher::workers_max) + " workers."};
  }
  return std::nullopt;
}

Response WorkerRoutes::add(const protocol::Address& address, const Visit& visit) const {
  if (const auto problem = put(address)) return context_.refuse(*problem, Style::page, visit);
  // Not if it was there before: without a token that would tell whether it had been removed.
  return done_page("Add worker successful", protocol::to_string(address) + " is in the list.",
                   visit);
}

Response WorkerRoutes::remove(const protocol::Address& address, const Visit& visit) const {
  const std::string name = protocol::to_string(address);
  if (context_.workers().remove(address)) {
    return done_page("Delete worker successful", name + " is no longer in the list.", visit);
  }
  const Reason reason = Reason::unknown_worker;
  Response response = html_response(
      status_of(reason), message_page(status_of(reason), "Unknown worker",
                                      name + " is not in the list.", context_.view_for(visit)));
  give_reason(response, reason);
  return response;
}

Response WorkerRoutes::done_page(std::string_view heading, std::string_view sentence,
                                 const Visit& visit) const {
  return html_response(200, message_page(200, heading, sentence, context_.view_for(visit)));
}

}  // namespace samoyed::web
