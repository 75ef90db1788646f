#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "web/http/http_message.hpp"
#include "web/http/url.hpp"

namespace samoyed::web {

/// What the site has, one for each address.
enum class Place {
  form,
  add,
  remove,
  sign_in,
  sign_out,
  asset,
  icon,
  alive,
  ready,
  classify,
  workers,
  worker,
  server_metadata,
  server_live,
  server_ready,
  model_metadata,
  model_ready,
  infer,
  api,
  openapi,
  metrics,
  workers_events,
  jobs,
  job,
  job_events,
  results,
  results_csv,
  results_json,
  statistics,
  results_page,
  results_delete,
  thumbnail,
  statistics_page,
};

/// In which form who asks at an address is told what went wrong.
enum class Style {
  page,       ///< A page for a person.
  api,        ///< application/problem+json.
  inference,  ///< As the Open Inference Protocol has it.
};

/// What a request's body is, where the method has one that is wanted.
enum class BodyKind {
  none,      ///< Nothing but what fits in a few kB.
  form,      ///< A picture as multipart/form-data.
  picture,   ///< The same, or the picture's bytes themselves.
  pictures,  ///< Several: a form with one or more fields `file`, or one picture's bytes.
  tensors,   ///< Pictures as the Open Inference Protocol sends them.
};

/// One address of the site, and the rules that hold for all who ask for it.
struct RouteRow {
  /// A path, in which `{name}` stands for one segment; at the end `{name...}` for all that is left,
  /// which may be nothing.
  std::string_view pattern;
  /// As `Allow` lists them.
  std::string_view methods;
  Place place;
  Style style = Style::page;
  BodyKind body = BodyKind::none;
  struct Rules {
    bool any_host = false;  ///< Answers under every host name: probes know none.
    bool admin = false;     ///< Is for who has the admin token, if one is set.
    /// Without a token for this machine and the private networks only.
    bool near = false;
    bool acts_on_get = false;  ///< Changes something even by GET.
  } rules = {};
};

/// All of the site's addresses.
std::span<const RouteRow> route_table();

/// What the request line alone tells: where it leads, or why it leads nowhere.
struct Route {
  std::optional<Problem> problem;
  /// The methods that the address takes; with `method_not_allowed` and without a problem.
  std::string_view allow;
  /// Null with a problem other than `method_not_allowed`.
  const RouteRow* row = nullptr;
  Style style = Style::page;
  /// Into the request's.
  Target target;
  /// What stands in the path for the pattern's `{name}`, neither decoded nor checked.
  std::string_view parameter;

  /// The row of a request that leads somewhere; null for every other.
  const RouteRow* destination() const { return problem ? nullptr : row; }
};

Route find_route(const Request& head);

/// Whether a request changes something or costs work, so that no other site's page may cause it.
bool has_effect(const RouteRow& row, std::string_view method);

/// Whether a request asks for what takes a while, though it brings no pictures.
bool is_errand(const RouteRow& row);

/// Whether a request brings what is wanted in its body: pictures, as far as its head tells.
bool brings_body(const RouteRow& row, std::string_view method);

}  // namespace samoyed::web
