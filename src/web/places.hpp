#pragma once

#include <optional>
#include <string_view>

#include "web/http_message.hpp"
#include "web/url.hpp"

namespace samoyed::web {

/// What the site has.
enum class Place { form, add, remove, sign_in, sign_out, asset, icon, alive, ready };

/// What the request line alone tells: where it leads, or why it leads nowhere.
struct Route {
  std::optional<Problem> problem;
  /// The methods that the place takes; with `method_not_allowed` and without a problem.
  std::string_view allow;
  Place place = Place::form;
  /// Into the request's.
  Target target;
};

Route find_route(const Request& head);

/// Whether a request changes something or costs work, so that no other site's page may cause it.
bool has_effect(Place place, std::string_view method);

}  // namespace samoyed::web
