#pragma once

#include "web/routes/request_context.hpp"
#include "web/routes/services.hpp"
#include "web/views/worker_panel.hpp"

namespace samoyed::web {

/// True if the client may see and change the workers: it has the admin token, or none is set.
bool may_see_workers(const Services& services, const RequestContext& context);

/// True if the client has the admin token. Without one set nobody is the operator.
bool is_operator(const Services& services, const RequestContext& context);

/// The workers as far as the client may see them.
WorkersView workers_view(const Services& services, const RequestContext& context);

/// No workers: for clients that may be unknown, and for pages that show none.
WorkersView no_workers_view(const Services& services);

}  // namespace samoyed::web
