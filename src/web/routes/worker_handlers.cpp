#include "web/routes/worker_handlers.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include <asio/this_coro.hpp>
#include <nlohmann/json.hpp>

#include "samoyed/io/ip_text.hpp"
#include "samoyed/protocol/address.hpp"
#include "web/http/bounded_json.hpp"
#include "web/http/event_stream.hpp"
#include "web/http/responses.hpp"
#include "web/http/url.hpp"
#include "web/routes/error_responses.hpp"
#include "web/routes/feeds.hpp"
#include "web/routes/permissions.hpp"
#include "web/views/api_json.hpp"
#include "web/views/pages.hpp"

namespace samoyed::web::workers {
namespace {

using Json = nlohmann::ordered_json;
using protocol::Address;

Problem unknown_worker(const Address& address) {
  return {Reason::unknown_worker, to_string(address) + " is not in the list."};
}

Problem bad_address() {
  return {Reason::bad_address,
          "A worker's address must be " + std::string(protocol::address_syntax) + "."};
}

/// Dispatchers that share the list should know of a change before its client gets the answer.
asio::awaitable<void> share_list(Services& services) {
  if (!services.share_workers) co_return;
  asio::awaitable<void> sharing = services.share_workers();
  co_await std::move(sharing);
}

asio::awaitable<bool> remove_from_list(Services& services, Address address) {
  if (!services.workers.remove(address)) co_return false;
  co_await share_list(services);
  co_return true;
}

/// Adds a worker to the list and has it probed. Returns whether it is new, or an error if it can't
/// be added.
asio::awaitable<std::variant<bool, Problem>> add_to_list(Services& services,
                                                         const RequestContext& context,
                                                         Address address) {
  if (io::is_ip_literal(address.host) && !services.rules.worker_allowed(address.host)) {
    co_return Problem{Reason::address_not_allowed,
                      to_string(address) +
                          " is outside the networks where workers are allowed. To allow it, start "
                          "the dispatcher with --worker-network."};
  }
  const auto result = services.workers.add(address);
  if (result == dispatcher::AddResult::list_full) {
    co_return Problem{Reason::list_full, "The list of workers is full (limit " +
                                             std::to_string(dispatcher::workers_max) +
                                             "). Delete one first."};
  }
  services.workers.hasten_probe(address, context.now);
  co_await share_list(services);
  co_return result == dispatcher::AddResult::added;
}

/// Returns a redirect from a form's request, which has the address in the query, to the path with
/// the address. Returns std::nullopt for other requests.
std::optional<Response> redirect_from_query(std::string_view verb, const RequestContext& context) {
  const auto address = query_value(context.route.query, "address");
  if (!context.route.parameter.empty() || !address) return std::nullopt;
  return redirect(std::string(verb) + percent_encode(trimmed(*address)));
}

std::optional<Address> address_in_path(const RequestContext& context) {
  const auto text = percent_decode(context.route.parameter);
  return text ? protocol::parse_address(*text) : std::nullopt;
}

Response success_page(const Services& services, const RequestContext& context,
                      std::string_view heading, std::string_view sentence) {
  return html_response(200, message_page(200, heading, sentence, workers_view(services, context)));
}

Response worker_response(const Services& services, const RequestContext& context,
                         const Address& address, std::optional<bool> added = std::nullopt) {
  const WorkersView view = workers_view(services, context);
  const auto row = std::ranges::find_if(view.rows, [&](const dispatcher::WorkerRow& candidate) {
    return candidate.worker.address == address;
  });
  if (row == view.rows.end()) return error_response(services, context, unknown_worker(address));
  return json_response(200, worker_json(*row, view, added));
}

asio::awaitable<Response> add_and_show(Services& services, const RequestContext& context,
                                       std::optional<Address> address) {
  if (!address) co_return error_response(services, context, bad_address());
  const auto result = co_await add_to_list(services, context, *address);
  if (const auto* problem = std::get_if<Problem>(&result)) {
    co_return error_response(services, context, *problem);
  }
  co_return worker_response(services, context, *address, std::get<bool>(result));
}

}  // namespace

asio::awaitable<Response> add(Services& services, RequestContext& context) {
  if (auto redirection = redirect_from_query("/add/", context)) co_return std::move(*redirection);
  const auto address = address_in_path(context);
  if (!address) co_return error_response(services, context, bad_address());
  const auto result = co_await add_to_list(services, context, *address);
  if (const auto* problem = std::get_if<Problem>(&result)) {
    co_return error_response(services, context, *problem);
  }
  const bool added = std::get<bool>(result);
  const std::string sentence =
      to_string(*address) + (added ? " is in the list." : " is already in the list.");
  co_return success_page(services, context, "Add worker successful", sentence);
}

asio::awaitable<Response> remove(Services& services, RequestContext& context) {
  if (auto redirection = redirect_from_query("/del/", context)) co_return std::move(*redirection);
  const auto address = address_in_path(context);
  if (!address) co_return error_response(services, context, bad_address());
  if (co_await remove_from_list(services, *address)) {
    const std::string sentence = to_string(*address) + " is no longer in the list.";
    co_return success_page(services, context, "Delete worker successful", sentence);
  }
  const Problem problem = unknown_worker(*address);
  Response response = html_response(
      problem.status(), message_page(problem.status(), "Unknown worker", problem.sentence,
                                     workers_view(services, context)));
  give_reason(response, problem.reason);
  co_return response;
}

asio::awaitable<Response> probe_by_form(Services& services, RequestContext& context) {
  const auto address = address_in_path(context);
  if (!address) co_return error_response(services, context, bad_address());
  if (!services.workers.hasten_probe(*address, context.now)) {
    co_return error_response(services, context, unknown_worker(*address));
  }
  co_return success_page(services, context, "Trying to reach the worker",
                         "The list of workers shows whether " + to_string(*address) +
                             " answers. It is ready again after two answers, a second apart.");
}

asio::awaitable<Response> probe(Services& services, RequestContext& context) {
  const auto address = address_in_path(context);
  if (!address) co_return error_response(services, context, bad_address());
  if (!services.workers.hasten_probe(*address, context.now)) {
    co_return error_response(services, context, unknown_worker(*address));
  }
  co_return worker_response(services, context, *address);
}

asio::awaitable<Response> list(Services& services, RequestContext& context) {
  co_return json_response(200, workers_json(workers_view(services, context)));
}

asio::awaitable<Response> create(Services& services, RequestContext& context) {
  const auto body = parse_bounded_json(context.request.body);
  const auto address = body && body->is_object() ? body->find("address") : Json::const_iterator();
  if (!body || !body->is_object() || address == body->end() || !address->is_string()) {
    const Problem problem{Reason::bad_parameter, "Send {\"address\": \"HOST:PORT\"}."};
    co_return error_response(services, context, problem);
  }
  const auto parsed = protocol::parse_address(address->get_ref<const std::string&>());
  co_return co_await add_and_show(services, context, parsed);
}

asio::awaitable<Response> put(Services& services, RequestContext& context) {
  co_return co_await add_and_show(services, context, address_in_path(context));
}

asio::awaitable<Response> show(Services& services, RequestContext& context) {
  const auto address = address_in_path(context);
  if (!address) co_return error_response(services, context, bad_address());
  co_return worker_response(services, context, *address);
}

asio::awaitable<Response> destroy(Services& services, RequestContext& context) {
  const auto address = address_in_path(context);
  if (!address) co_return error_response(services, context, bad_address());
  if (!co_await remove_from_list(services, *address)) {
    co_return error_response(services, context, unknown_worker(*address));
  }
  const Json answer = {{"address", to_string(*address)}, {"deleted", true}};
  co_return json_response(200, answer.dump());
}

asio::awaitable<Response> watch(Services& services, RequestContext& context) {
  const auto executor = co_await asio::this_coro::executor;
  const auto shown = workers_view(services, context).shown;
  co_return event_stream(feed_of_workers(executor, services.worker_events, shown));
}

}  // namespace samoyed::web::workers
