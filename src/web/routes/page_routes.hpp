#pragma once

#include "web/routes/route_context.hpp"

namespace samoyed::web {

/// The form, what belongs to every page, signing in and out, and the two probes.
class PageRoutes {
 public:
  /// The context must outlive it.
  explicit PageRoutes(const RouteContext& context) : context_(context) {}

  Response form(const Visit& visit) const;
  /// The API's description: for a person, and for programs.
  Response api(const Visit& visit) const;
  Response openapi(const Request& request) const;
  /// The dispatcher's numbers.
  Response metrics() const;
  /// A file of that name.
  Response asset(std::string_view name, const Request& request, const Visit& visit) const;
  Response sign_in(const Request& request, const Visit& visit) const;
  Response sign_out(const Request& request) const;
  Response alive() const;
  /// 200 while a worker is in rotation and the server goes on.
  Response ready(const Visit& visit) const;

 private:
  const RouteContext& context_;
};

}  // namespace samoyed::web
