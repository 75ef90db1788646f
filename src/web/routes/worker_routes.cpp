#include "web/routes/worker_routes.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "samoyed/io/ip_text.hpp"
#include "web/http/bounded_json.hpp"
#include "web/http/responses.hpp"
#include "web/http/url.hpp"
#include "web/views/api_json.hpp"

namespace samoyed::web {
namespace {

/// Of `/add` and `/del`.
constexpr std::size_t verb_length = 4;

using Json = nlohmann::ordered_json;

Problem unknown_worker(const std::string& name) {
  return {Reason::unknown_worker, name + " is not in the list."};
}

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

Response WorkerRoutes::list(const Request& request, const Visit& visit) const {
  if (request.method != "POST") {
    return json_response(200, workers_json(context_.view_for(visit)));
  }
  const auto body = parse_bounded_json(request.body);
  const auto address = body && body->is_object() ? body->find("address") : Json::const_iterator();
  if (!body || !body->is_object() || address == body->end() || !address->is_string()) {
    return context_.refuse({Reason::bad_parameter, "Send {\"address\": \"HOST:PORT\"}."},
                           Style::api, visit);
  }
  return put_and_show(address->get_ref<const std::string&>(), visit);
}

Response WorkerRoutes::one(const Route& route, const Request& request, const Visit& visit) const {
  const std::string text = percent_decode(route.parameter).value_or("");
  if (request.method == "POST") return put_and_show(text, visit);
  const auto address = protocol::parse_address(text);
  if (!address) return context_.refuse(bad_address(), Style::api, visit);
  if (request.method != "DELETE") return show(*address, visit);
  const std::string name = protocol::to_string(*address);
  if (!context_.workers().remove(*address)) {
    return context_.refuse(unknown_worker(name), Style::api, visit);
  }
  return json_response(200, Json({{"address", name}, {"deleted", true}}).dump());
}

Response WorkerRoutes::put_and_show(std::string_view text, const Visit& visit) const {
  const auto address = protocol::parse_address(text);
  if (!address) return context_.refuse(bad_address(), Style::api, visit);
  if (const auto problem = put(*address)) return context_.refuse(*problem, Style::api, visit);
  return show(*address, visit);
}

Response WorkerRoutes::show(const protocol::Address& address, const Visit& visit) const {
  const WorkersView view = context_.view_for(visit);
  const auto row = std::ranges::find_if(view.rows, [&](const dispatcher::WorkerRow& candidate) {
    return candidate.worker.address == address;
  });
  if (row != view.rows.end()) return json_response(200, worker_json(*row, view));
  return context_.refuse(unknown_worker(protocol::to_string(address)), Style::api, visit);
}

std::optional<Problem> WorkerRoutes::put(const protocol::Address& address) const {
  if (io::is_ip_literal(address.host) && !context_.rules().worker_allowed(address.host)) {
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
  const Problem problem = unknown_worker(name);
  Response response = html_response(
      problem.status(),
      message_page(problem.status(), "Unknown worker", problem.sentence, context_.view_for(visit)));
  give_reason(response, problem.reason);
  return response;
}

Response WorkerRoutes::done_page(std::string_view heading, std::string_view sentence,
                                 const Visit& visit) const {
  return html_response(200, message_page(200, heading, sentence, context_.view_for(visit)));
}

}  // namespace samoyed::web
