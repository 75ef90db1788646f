#include "web/routes/page_handlers.hpp"

#include <string>
#include <string_view>
#include <utility>

#include "web/access/session_cookies.hpp"
#include "web/apidoc/api_page.hpp"
#include "web/http/accept.hpp"
#include "web/http/base_path.hpp"
#include "web/http/responses.hpp"
#include "web/http/url.hpp"
#include "web/routes/error_responses.hpp"
#include "web/routes/permissions.hpp"
#include "web/views/assets.hpp"
#include "web/views/pages.hpp"

namespace samoyed::web::pages {
namespace {

/// Browsers keep a file whose address has the version of its content.
constexpr std::string_view forever = "public, max-age=31536000, immutable";
/// They ask each time whether other files have changed, so that a new version of the program is
/// never shown with an old style sheet.
constexpr std::string_view revalidated = "no-cache";

Response asset_response(const Asset& asset, std::string_view caching, const Request& request) {
  const bool compressed = asset.compressed.size() < asset.bytes.size() &&
                          accepts_gzip(find_field(request.fields, "Accept-Encoding"));
  const std::string_view bytes = compressed ? asset.compressed : asset.bytes;
  const std::string tag = entity_tag(bytes);
  Response response{200,
                    {{"Content-Type", std::string(asset.media_type)},
                     {"Cache-Control", std::string(caching)},
                     {"Vary", "Accept-Encoding"},
                     {"ETag", tag}},
                    {}};
  if (matches(find_field(request.fields, "If-None-Match"), tag)) {
    response.status = 304;
    return response;
  }
  if (compressed) response.fields.push_back({"Content-Encoding", "gzip"});
  response.body = bytes;
  return response;
}

Response find_and_show(std::string_view path, const Services& services,
                       const RequestContext& context) {
  const FoundAsset found = find_asset_at(path);
  if (found.asset) {
    return asset_response(*found.asset, found.immutable ? forever : revalidated, context.request);
  }
  return error_response(services, context, {Reason::not_found, "There is no file with this name."});
}

/// Compresses a document of the program. Pages with anything from a request or about a visitor are
/// never compressed: over TLS, the length of an answer that has both a secret and an attacker's
/// text would reveal the secret (BREACH).
Response document_response(CompressedText& document, std::string text, std::string_view media_type,
                           const Request& request) {
  document.set(std::move(text));
  const Asset asset{"", media_type, document.text(), document.compressed()};
  Response response = asset_response(asset, revalidated, request);
  response.body_has_base_path = true;
  return response;
}

/// Returns the page with the error beside the field.
Response sign_in_failed(const Services& services, const RequestContext& context,
                        AdminGate::Verdict verdict) {
  const Problem problem = not_signed_in(verdict);
  WorkersView view = workers_view(services, context);
  view.sign_in_trouble = problem.sentence;
  Response response = html_response(problem.status(), form_page(view));
  add_error_fields(response, problem, context);
  return response;
}

}  // namespace

asio::awaitable<Response> form(Services& services, RequestContext& context) {
  // Browsers may keep it for their back button, but ask for the workers' present states otherwise.
  co_return html_response(200, form_page(workers_view(services, context)), "private, no-cache");
}

asio::awaitable<Response> api(Services& services, RequestContext& context) {
  std::string page = page_below(api_page(no_workers_view(services)), context.base_path);
  co_return document_response(services.api_page, std::move(page), "text/html; charset=utf-8",
                              context.request);
}

asio::awaitable<Response> openapi(Services& services, RequestContext& context) {
  co_return document_response(services.openapi, openapi_json(context.base_path), "application/json",
                              context.request);
}

asio::awaitable<Response> asset(Services& services, RequestContext& context) {
  co_return find_and_show(context.route.parameter, services, context);
}

asio::awaitable<Response> icon(Services& services, RequestContext& context) {
  co_return find_and_show("icon.svg", services, context);
}

asio::awaitable<Response> sign_in(Services& services, RequestContext& context) {
  AdminGate& gate = services.gate;
  if (!gate.needed()) {
    const Problem problem{Reason::not_found,
                          "No admin token is set, so you don't need to sign in."};
    co_return error_response(services, context, problem);
  }
  const auto token = query_value(context.request.body, "token");
  context.renewed_session.clear();
  const auto entered =
      gate.sign_in(token.value_or(""), context.client, context.now, context.time_ms);
  if (const auto* verdict = std::get_if<AdminGate::Verdict>(&entered)) {
    context.admin = *verdict;
    co_return sign_in_failed(services, context, *verdict);
  }
  Response response = redirect("/");
  response.fields.push_back(keep_session(std::get<std::string>(entered), context.https));
  co_return response;
}

asio::awaitable<Response> sign_out(Services& services, RequestContext& context) {
  services.gate.sign_out(context.request.fields, context.time_ms);
  context.renewed_session.clear();
  Response response = redirect("/");
  remove_session(response.fields, context.https);
  co_return response;
}

asio::awaitable<Response> options(Services&, RequestContext& context) {
  co_return Response{204, {{"Allow", context.route.allow}, {"Cache-Control", "no-store"}}, {}};
}

asio::awaitable<Response> alive(Services&, RequestContext&) { co_return text_response(200, "ok"); }

asio::awaitable<Response> ready(Services& services, RequestContext& context) {
  if (services.workers.any_serves() && !context.stopping) {
    const bool complete = services.storage_available();
    co_return text_response(200, complete ? "ok" : "ok, but results and jobs are unavailable");
  }
  const Reason reason = context.stopping ? Reason::stopping : Reason::no_active_worker;
  Response response = text_response(status_of(reason), code_of(reason));
  give_reason(response, reason);
  co_return response;
}

asio::awaitable<Response> metrics(Services& services, RequestContext&) {
  Response response = text_response(200, "");
  response.fields.front().value = metrics_media_type;
  response.body = services.metrics_text();
  co_return response;
}

}  // namespace samoyed::web::pages
