#include "web/routes/page_routes.hpp"

#include <string>

#include "samoyed_web_files.hpp"
#include "web/http/responses.hpp"
#include "web/http/url.hpp"
#include "web/views/api_page.hpp"
#include "web/views/assets.hpp"
#include "web/views/metrics.hpp"

namespace samoyed::web {
namespace {

Response show_asset(const Asset& asset, const Request& request) {
  const std::string tag = entity_tag(asset);
  // Revalidated each time, so that a new version of the program is never mixed with an old style.
  Response response{200,
                    {{"Content-Type", std::string(asset.media_type)},
                     {"Cache-Control", "no-cache"},
                     {"ETag", tag}},
                    {}};
  if (matches(find_field(request.fields, "If-None-Match"), tag)) {
    response.status = 304;
  } else {
    response.body = asset.bytes;
  }
  return response;
}

}  // namespace

Response PageRoutes::form(const Visit& visit) const {
  return html_response(200, form_page(context_.view_for(visit)));
}

Response PageRoutes::api(const Visit& visit) const {
  return html_response(200, api_page(context_.view_for(visit)));
}

Response PageRoutes::openapi(const Request& request) const {
  return show_asset({"openapi.json", "application/json", files::openapi_json}, request);
}

Response PageRoutes::metrics() const {
  Response response = text_response(200, "");
  response.fields.front().value = metrics_media_type;
  response.body = context_.rules().metrics_text();
  return response;
}

Response PageRoutes::asset(std::string_view name, const Request& request,
                           const Visit& visit) const {
  if (const auto* const asset = find_asset(name)) return show_asset(*asset, request);
  return context_.refuse({Reason::not_found, "There is no file of that name."}, Style::page, visit);
}

Response PageRoutes::sign_in(const Request& request, const Visit& visit) const {
  AdminGate& gate = context_.gate();
  if (!gate.needed()) {
    return context_.refuse(
        {Reason::not_found, "No admin token is set: there is nothing to sign in to."}, Style::page,
        visit);
  }
  const auto token = query_value(request.body, "token");
  const auto entered = gate.sign_in(token.value_or(""), visit.client, visit.now);
  if (const auto* verdict = std::get_if<AdminGate::Verdict>(&entered)) {
    Visit outside = visit;
    outside.admin = *verdict;
    return context_.refuse(not_signed_in(*verdict), Style::page, outside);
  }
  Response response = redirect("/");
  response.fields.push_back(
      {"Set-Cookie", std::string(AdminGate::cookie_name) + "=" + std::get<std::string>(entered) +
                         "; Path=/; HttpOnly; SameSite=Strict" + (visit.https ? "; Secure" : "")});
  return response;
}

Response PageRoutes::sign_out(const Request& request) const {
  context_.gate().sign_out(request.fields);
  Response response = redirect("/");
  response.fields.push_back({"Set-Cookie", std::string(AdminGate::cookie_name) +
                                               "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"});
  return response;
}

Response PageRoutes::alive() const { return text_response(200, "ok"); }

Response PageRoutes::ready(const Visit& visit) const {
  if (context_.workers().in_rotation_count() > 0 && !visit.stopping) {
    return text_response(200, "ok");
  }
  const Reason reason = visit.stopping ? Reason::stopping : Reason::no_active_worker;
  Response response = text_response(status_of(reason), word_of(reason));
  give_reason(response, reason);
  return response;
}

}  // namespace samoyed::web
