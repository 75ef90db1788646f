#pragma once

#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"
#include "web/views/results_json.hpp"
#include "web/views/worker_panel.hpp"

namespace samoyed::web {

/// Returns how the client sees results.
ResultDisplay result_display(const Services& services, const RequestContext& context);

/// Returns true if the client may see and change the workers: it has the admin token, or none is
/// set.
bool may_see_workers(const Services& services, const RequestContext& context);

/// Returns true if the client has the admin token. If none is set, nobody is the operator.
bool is_operator(const Services& services, const RequestContext& context);

/// Returns the workers that the client may see.
WorkersView workers_view(const Services& services, const RequestContext& context);

/// Returns a view that shows no workers, for clients that may be unknown and for pages without the
/// list of workers.
WorkersView no_workers_view(const Services& services);

}  // namespace samoyed::web
