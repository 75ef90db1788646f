#include "web/routes/permissions.hpp"

namespace samoyed::web {

using Shown = WorkersView::Shown;
using Verdict = AdminGate::Verdict;

bool may_see_workers(const Services& services, const RequestContext& context) {
  return !services.gate.needed() || context.admin == Verdict::admitted;
}

bool is_operator(const Services& services, const RequestContext& context) {
  return services.gate.needed() && context.admin == Verdict::admitted;
}

ResultDisplay result_display(const Services& services, const RequestContext& context) {
  return {may_see_workers(services, context), context.base_path};
}

WorkersView workers_view(const Services& services, const RequestContext& context) {
  const Shown shown = !services.gate.needed()              ? Shown::open
                      : context.admin == Verdict::admitted ? Shown::signed_in
                                                           : Shown::signed_out;
  return {.rows = services.workers.snapshot(),
          .shown = shown,
          .storage_available = services.storage_available(),
          .models = services.workers.models(),
          .instance_name = services.rules.instance_name,
          .discovery = services.discovery(),
          .unsure_below = services.rules.unsure_below};
}

WorkersView no_workers_view(const Services& services) {
  return {.rows = services.workers.snapshot(),
          .shown = Shown::nothing,
          .storage_available = services.storage_available(),
          .models = services.workers.models(),
          .unsure_below = services.rules.unsure_below};
}

}  // namespace samoyed::web
