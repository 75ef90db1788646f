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
  return {services.workers.snapshot(), shown, services.storage_available(),
          services.workers.models()};
}

WorkersView no_workers_view(const Services& services) {
  return {services.workers.snapshot(), Shown::nothing, services.storage_available(),
          services.workers.models()};
}

}  // namespace samoyed::web
