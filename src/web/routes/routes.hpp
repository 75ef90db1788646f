#pragma once

#include <optional>
#include <span>
#include <utility>
#include <variant>

#include "web/routes/errand.hpp"
#include "web/routes/inference_routes.hpp"
#include "web/routes/page_routes.hpp"
#include "web/routes/picture_routes.hpp"
#include "web/routes/result_routes.hpp"
#include "web/routes/route_context.hpp"
#include "web/routes/route_table.hpp"
#include "web/routes/statistics_routes.hpp"
#include "web/routes/storage_routes.hpp"
#include "web/routes/upload.hpp"
#include "web/routes/worker_routes.hpp"

namespace samoyed::web {

/// What is answered to which request: all rules of the site, without I/O. route_table.cpp lists the
/// addresses, the classes named ...Routes answer for a group of them each.
///
/// A request passes, in this order: the host's name, the path and the method, no other site's page
/// behind it, the admin token where it is needed, the body's size.
///
/// Thread rule: one thread, AdminGate's.
class Routes {
 public:
  /// The references must outlive it.
  Routes(dispatcher::WorkerList& workers, AdminGate& gate, RouteRules rules)
      : context_(workers, gate, std::move(rules)) {}
  Routes(const Routes&) = delete;
  Routes& operator=(const Routes&) = delete;

  /// Whether a request's body is worth reading; an answer if it isn't.
  std::optional<Response> consider(const Request& head, const Visit& visit) const;

  /// Whether it brings pictures, as far as its head tells.
  bool is_upload(const Request& head) const;

  /// The answer to a whole request, or what is to be done first.
  std::variant<Response, Upload, Errand> route(const Request& request, const Visit& visit) const;

  /// The answer to an upload: `previews` and `outcomes` are of its pictures, in order; the latter up to the
  /// first failure, or where `stops_at_failure` says no, all of them.
  Response answer(const Upload& upload, std::span<const Preview> previews,
                  std::span<const dispatcher::Outcome> outcomes, const Visit& visit) const;

  /// The answers to errands, and to pictures among the jobs. Not made safe yet: see `sent`.
  const StorageRoutes& storage() const { return storage_; }
  const ResultRoutes& results() const { return results_; }
  const StatisticsRoutes& statistics() const { return statistics_; }
  Response api_refusal(const Problem& problem, const Visit& visit) const;
  Response refusal_of_stream(const Visit& visit) const;
  /// An answer of those as it is sent.
  static Response sent(Response response);

  /// The workers as a server-sent event.
  std::string workers_event(const Visit& visit) const;

  /// The answer to a request that was refused before it reached a route. Shows nothing of the
  /// workers: who asked, and for which site, may not be known.
  Response refusal(const Request& head, const Problem& problem, const Visit& visit) const;

 private:
  std::optional<Response> find_fault(const Route& route, const Request& head,
                                     const Visit& visit) const;
  std::optional<Response> find_stranger(const Route& route, const Request& head,
                                        const Visit& visit) const;
  std::variant<Errand, Problem> plan(const Route& route, const Request& request,
                                     const Visit& visit) const;
  Response carry_out(const Route& route, const Request& request, const Visit& visit) const;

  const RouteContext context_;
  const PageRoutes pages_{context_};
  const WorkerRoutes workers_{context_};
  const PictureRoutes pictures_{context_};
  const InferenceRoutes inference_{context_};
  const StorageRoutes storage_{context_};
  const ResultRoutes results_{context_};
  const StatisticsRoutes statistics_{context_};
};

}  // namespace samoyed::web
